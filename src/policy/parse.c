/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/parse: tokens to syntax, by recursive descent of bounded depth.
 *
 * A function parse_x reads one x and returns true, or reports what is wrong
 * and returns false; then the statement is given up and reading goes on behind
 * it, so that all errors of a file come at once.  The grammar is written down
 * in docs/policy.md and in the comments here.
 */
#include "policy/parse_impl.h"

#include "base/nearest.h"
#include "policy/foreign.h"
#include "policy/manual.h"
#include "policy/parse_ban.h"
#include "policy/parse_firewall.h"
#include "policy/parse_parent.h"
#include "policy/parse_rule.h"
#include "policy/parse_translation.h"
#include "policy/words.h"

#include <errno.h>

static bool
parse_hidden(struct parser *parser)
{
	struct syntax_masquerade *masquerade = parse_masquerade(parser->in);

	if (masquerade != NULL)
		APPEND(parser->masquerades, masquerade);
	return masquerade != NULL;
}

static bool
parse_new_source(struct parser *parser)
{
	struct syntax_snat *snat = parse_snat(parser->in);

	if (snat != NULL)
		APPEND(parser->snats, snat);
	return snat != NULL;
}

static bool
parse_mapped(struct parser *parser)
{
	struct syntax_map *map = parse_map(parser->in);

	if (map != NULL)
		APPEND(parser->maps, map);
	return map != NULL;
}

static bool
parse_spared(struct parser *parser)
{
	struct syntax_never *never = parse_never(parser->in);

	if (never != NULL)
		APPEND(parser->nevers, never);
	return never != NULL;
}

static bool
parse_parent_name(struct parser *parser)
{
	struct syntax_parent *parent = parse_parent(parser->in);

	if (parent == NULL)
		return false;
	APPEND(parser->parents, parent);
	return true;
}

static bool
keep_rule(struct parser *parser, struct syntax_rule *rule)
{
	if (rule == NULL)
		return false;
	APPEND(parser->rules, rule);
	return true;
}

static bool
parse_rule(struct parser *parser)
{
	return keep_rule(parser, parse_filter(parser->in));
}

static bool
parse_rule_report(struct parser *parser)
{
	return keep_rule(parser, parse_report(parser->in));
}

static bool
parse_rule_publish(struct parser *parser)
{
	return keep_rule(parser, parse_publish(parser->in));
}

static bool parse_include(struct parser *parser);

static const struct {
	const char *word;
	bool (*parse)(struct parser *);
	const char *manual;
} statements[] = {
	{ "include", parse_include, MANUAL_INCLUDE },
	{ "zone", parse_zone, MANUAL_ZONES },
	{ "name", parse_name, MANUAL_NAMES },
	{ "list", parse_list, MANUAL_NAMES },
	{ "hours", parse_hours, MANUAL_HOURS },
	{ "service", parse_service_name, MANUAL_NAMES },
	{ "proxy", parse_proxy, MANUAL_PROXY },
	{ "console", parse_console, MANUAL_CONSOLE },
	{ "dns", parse_dns, MANUAL_DNS },
	{ "journal", parse_journal, MANUAL_JOURNAL },
	{ "firewall", parse_firewall, MANUAL_FIREWALL },
	{ "masquerade", parse_hidden, MANUAL_PUBLISH },
	{ "snat", parse_new_source, MANUAL_SOURCES },
	{ "map", parse_mapped, MANUAL_MAPS },
	{ "parent", parse_parent_name, MANUAL_PARENTS },
	{ "never", parse_spared, MANUAL_BANS },
	{ "publish", parse_rule_publish, MANUAL_PUBLISH },
	{ "allow", parse_rule, MANUAL_RULES },
	{ "reject", parse_rule, MANUAL_RULES },
	{ "drop", parse_rule, MANUAL_RULES },
	{ "report", parse_rule_report, MANUAL_REPORTS },
	{ "test", parse_test, MANUAL_TESTS },
};

/* A word of the language that begins a line, but no statement. */
static bool
hint_word_of_statement(struct parser *parser, struct str word)
{
	if (parse_hint_proxy_line(parser, word))
		return true;
	if (syntax_is_setting(word)) {
		report_hint(parser->in->report,
		    "it stands in the braces of 'firewall { ... }'");
		report_see(parser->in->report, MANUAL_FIREWALL);
		return true;
	}
	if (!policy_word_is_reserved(word))
		return false;
	report_hint(parser->in->report,
	    "it belongs to a rule; a statement goes on in the next line only "
	    "behind ',', '->' or '=', and inside braces");
	return true;
}

static bool
unknown_statement(struct parser *parser)
{
	const struct token *token = reader_peek(parser->in);
	struct str word = token->kind == TOKEN_WORD ? token->text : STR("");
	struct nearest nearest;

	(void)reader_expected(parser->in, "a statement");
	if (token->kind == TOKEN_BAD)
		return false;
	const char *foreign = foreign_hint(FOREIGN_STATEMENT, word);
	if (foreign != NULL)
		report_hint(parser->in->report, "%s", foreign);
	if (foreign != NULL || hint_word_of_statement(parser, word))
		return false;
	nearest_begin(&nearest, word);
	for (size_t i = 0; i < COUNT_OF(statements); i++)
		nearest_offer(&nearest, str_of(statements[i].word));
	if (nearest.best.at != NULL)
		report_hint(parser->in->report, "did you mean '%.*s'?",
		    STR_ARG(nearest.best));
	else
		report_hint(parser->in->report,
		    "rules begin with allow, reject or drop, definitions with "
		    "zone or name");
	return false;
}

static bool
parse_statement(struct parser *parser)
{
	(void)report_topic(parser->in->report, MANUAL_FORM);
	for (size_t i = 0; i < COUNT_OF(statements); i++) {
		if (!reader_at_word(parser->in, statements[i].word))
			continue;
		(void)report_topic(parser->in->report, statements[i].manual);
		(void)reader_take(parser->in);
		return statements[i].parse(parser) &&
		       (reader_peek(parser->in)->kind == TOKEN_NEWLINE ||
			   reader_expected(parser->in, "the end of the line"));
	}
	return unknown_statement(parser);
}

static void
parse_all(struct parser *parser)
{
	for (;;) {
		reader_skip_line_ends(parser->in);
		if (reader_peek(parser->in)->kind == TOKEN_END)
			return;
		const struct token *first = reader_peek(parser->in);
		if (parse_statement(parser))
			continue;
		parse_skip_statement(parser, first);
		/* A brace too many belongs to the statement given up. */
		(void)reader_take_if(parser->in, TOKEN_CLOSE);
	}
}

/* 0 or -ENOMEM. */
static int
parse_source(struct parser *parser, const struct source *source)
{
	struct syntax_tokens *file =
	    arena_new(parser->in->arena, struct syntax_tokens);

	if (file == NULL)
		return -ENOMEM;
	APPEND(parser->files, file);
	(void)report_topic(parser->in->report, MANUAL_FORM);
	int rc = policy_lex(source, parser->in->report, &file->tokens);
	parser->in->next = file->tokens.items;
	if (rc == 0)
		parse_all(parser);
	return rc;
}

/* The reader goes through the other file, then on behind the include. */
static bool
parse_included(void *context, const struct source *source)
{
	struct parser *parser = context;
	struct reader *outer = parser->in;
	struct reader in = { .arena = outer->arena, .report = outer->report };

	parser->in = &in;
	const char *topic = report_topic(outer->report, MANUAL_FORM);
	int rc = parse_source(parser, source);
	(void)report_topic(outer->report, topic);
	parser->in = outer;
	if (rc < 0)
		parser->includer->rc = rc;
	return rc == 0;
}

/* "include" string */
static bool
parse_include(struct parser *parser)
{
	struct syntax_word file;

	if (!reader_string(parser->in, &file,
		"the file in quotes, like \"rules/*.policy\""))
		return false;
	return parser->includer == NULL ||
	       include_each(parser->includer, &file, parse_included, parser);
}

int
policy_parse(const struct source *source, struct arena *arena,
    struct report *report, struct includer *includer, struct syntax *ret)
{
	struct reader in = { .arena = arena, .report = report };
	struct parser parser = {
		.in = &in,
		.includer = includer,
		.files = &ret->files,
		.zones = &ret->zones,
		.names = &ret->names,
		.lists = &ret->lists,
		.hours = &ret->hours,
		.services = &ret->services,
		.listens = &ret->listens,
		.intercepts = &ret->intercepts,
		.consoles = &ret->consoles,
		.dns = &ret->dns,
		.journals = &ret->journals,
		.choices = &ret->choices,
		.servers = &ret->servers,
		.masquerades = &ret->masquerades,
		.parents = &ret->parents,
		.snats = &ret->snats,
		.maps = &ret->maps,
		.settings = &ret->settings,
		.nevers = &ret->nevers,
		.rules = &ret->rules,
		.tests = &ret->tests,
	};

	*ret = (struct syntax){ 0 };
	int rc = parse_source(&parser, source);
	return rc < 0 || !arena->full ? rc : -ENOMEM;
}

void
syntax_fini(struct syntax *syntax)
{
	for (struct syntax_tokens *file = syntax->files; file != NULL;
	     file = file->next)
		tokens_fini(&file->tokens);
	*syntax = (struct syntax){ 0 };
}

size_t
syntax_count(const void *first)
{
	size_t count = 0;

	while (first != NULL) {
		memcpy(&first, first, sizeof(first));
		count++;
	}
	return count;
}
