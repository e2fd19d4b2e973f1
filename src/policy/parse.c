/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/parse: tokens to syntax, by recursive descent of bounded depth.
 *
 * A function parse_x reads one x and returns true, or reports what is wrong
 * and returns false; then the statement is given up and reading goes on behind
 * it, so that all errors of a file come at once.  The grammar is written down
 * in docs/policy.md and in the comments here.
 */
#include "policy/syntax.h"

#include "base/nearest.h"
#include "policy/foreign.h"
#include "policy/include.h"
#include "policy/manual.h"
#include "policy/parse_ban.h"
#include "policy/parse_choice.h"
#include "policy/parse_console.h"
#include "policy/parse_dns.h"
#include "policy/parse_firewall.h"
#include "policy/parse_journal.h"
#include "policy/parse_listen.h"
#include "policy/parse_parent.h"
#include "policy/parse_rule.h"
#include "policy/parse_servers.h"
#include "policy/parse_translation.h"
#include "policy/reader.h"
#include "policy/words.h"

#include <errno.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Where the next statement of each kind is hung. */
struct parser {
	struct reader *in;
	struct includer *includer; /* NULL: nothing is included */
	struct syntax_tokens **files;
	struct syntax_group **zones, **names;
	struct syntax_list **lists;
	struct syntax_hours **hours;
	struct syntax_service_name **services;
	struct syntax_listen **listens;
	struct syntax_console **consoles;
	struct syntax_dns **dns;
	struct syntax_journal **journals;
	struct syntax_intercept **intercepts;
	struct syntax_choice **choices;
	struct syntax_servers **servers;
	struct syntax_masquerade **masquerades;
	struct syntax_parent **parents;
	struct syntax_snat **snats;
	struct syntax_map **maps;
	struct syntax_setting **settings;
	struct syntax_never **nevers;
	struct syntax_rule **rules;
	struct syntax_test **tests;
};

/* Hangs node on the list whose end is *tail. */
#define APPEND(tail, node) (*(tail) = (node), (tail) = &(node)->next)

/* NAME "=" members; a zone's members are parted by blanks, commas or both. */
static bool
parse_group(struct parser *parser, struct syntax_group ***end,
    const char *name_what, const char *member_what)
{
	struct syntax_group *group =
	    arena_new(parser->in->arena, struct syntax_group);

	if (group == NULL ||
	    !reader_word(parser->in, &group->name, name_what) ||
	    !reader_expect(parser->in, TOKEN_EQUALS, "'='"))
		return false;
	struct syntax_word **tail = &group->members;
	do {
		if (!reader_words(parser->in, tail, member_what))
			return false;
		while (*tail != NULL)
			tail = &(*tail)->next;
	} while (reader_peek(parser->in)->kind == TOKEN_WORD ||
		 reader_peek(parser->in)->kind == TOKEN_OPEN);
	APPEND(*end, group);
	return true;
}

static bool
parse_zone(struct parser *parser)
{
	return parse_group(parser, &parser->zones, "the zone's name",
	    "an interface or a prefix");
}

static bool
parse_name(struct parser *parser)
{
	return parse_group(parser, &parser->names, "a name",
	    "an address, a prefix, a range, a domain or another name");
}

/* list NAME = addresses|domains "FILE" [ "refresh" TIME ] */
static bool
parse_list(struct parser *parser)
{
	struct syntax_list *list =
	    arena_new(parser->in->arena, struct syntax_list);

	if (list == NULL ||
	    !reader_word(parser->in, &list->name, "the list's name") ||
	    !reader_expect(parser->in, TOKEN_EQUALS, "'='") ||
	    !reader_word(parser->in, &list->kind, "'addresses' or 'domains'") ||
	    !reader_string(
		parser->in, &list->file, "the list's file in quotes"))
		return false;
	if (reader_at_word(parser->in, "refresh")) {
		(void)reader_take(parser->in);
		if (!reader_word(parser->in, &list->refresh, "a time, like 1h"))
			return false;
	}
	APPEND(parser->lists, list);
	return true;
}

/* hours NAME = span { "," span } */
static bool
parse_hours(struct parser *parser)
{
	struct syntax_hours *hours =
	    arena_new(parser->in->arena, struct syntax_hours);

	if (hours == NULL ||
	    !reader_word(parser->in, &hours->name, "the name of these hours") ||
	    !reader_expect(parser->in, TOKEN_EQUALS, "'='") ||
	    !reader_spans(parser->in, &hours->spans))
		return false;
	APPEND(parser->hours, hours);
	return true;
}

static bool
parse_service_name(struct parser *parser)
{
	struct syntax_service_name *service =
	    arena_new(parser->in->arena, struct syntax_service_name);

	if (service == NULL ||
	    !reader_word(parser->in, &service->name, "the service's name") ||
	    !reader_expect(parser->in, TOKEN_EQUALS, "'='") ||
	    !reader_services(parser->in, &service->services))
		return false;
	APPEND(parser->services, service);
	return true;
}

static bool
parse_listen(struct parser *parser, const struct token *head)
{
	struct syntax_listen *listen = parse_listen_line(parser->in);

	(void)head;
	if (listen == NULL)
		return false;
	APPEND(parser->listens, listen);
	return true;
}

/* [ "keep" "source" ] */
static bool
parse_keep(struct parser *parser, struct syntax_word *ret)
{
	if (!reader_at_word(parser->in, "keep"))
		return true;
	*ret = reader_word_of(reader_take(parser->in));
	if (!reader_at_word(parser->in, "source"))
		return reader_expected(parser->in, "'source'");
	(void)reader_take(parser->in);
	return true;
}

static bool
parse_intercept(struct parser *parser, const struct token *head)
{
	struct syntax_intercept *intercept =
	    arena_new(parser->in->arena, struct syntax_intercept);

	if (intercept == NULL ||
	    !reader_services(parser->in, &intercept->services) ||
	    !parse_for(parser->in, &intercept->zones) ||
	    !parse_keep(parser, &intercept->keep))
		return false;
	if (reader_at_word(parser->in, "quic"))
		intercept->quic = reader_word_of(reader_take(parser->in));
	intercept->head = reader_word_of(head);
	APPEND(parser->intercepts, intercept);
	return true;
}

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

/* How many braces are open behind the tokens from first to the next one. */
static unsigned
open_braces(const struct parser *parser, const struct token *first)
{
	unsigned depth = 0;

	for (; first < reader_peek(parser->in); first++) {
		depth += first->kind == TOKEN_OPEN;
		depth -= first->kind == TOKEN_CLOSE && depth > 0;
	}
	return depth;
}

/*
 * Gives up the statement that began at first: on behind its line, over whole
 * pairs of braces.  A brace that is not closed ends where a line begins with
 * the next statement.
 */
static void
skip_statement(struct parser *parser, const struct token *first)
{
	unsigned depth = open_braces(parser, first);

	for (;; (void)reader_take(parser->in)) {
		enum token_kind kind = reader_peek(parser->in)->kind;
		if (kind == TOKEN_END ||
		    (kind == TOKEN_NEWLINE && depth == 0) ||
		    (kind == TOKEN_CLOSE && depth == 0) ||
		    (reader_peek(parser->in) > first &&
			reader_at_statement(parser->in)))
			return;
		depth += kind == TOKEN_OPEN;
		depth -= kind == TOKEN_CLOSE;
	}
}

/* "{" { statement NEWLINE } "}", where a line ends each statement. */
static bool
parse_block(struct parser *parser, bool (*parse_line)(struct parser *, void *),
    void *context)
{
	const struct token *open = reader_peek(parser->in);

	if (!reader_expect(parser->in, TOKEN_OPEN, "'{'"))
		return false;
	for (;;) {
		reader_skip_line_ends(parser->in);
		if (reader_take_if(parser->in, TOKEN_CLOSE))
			return true;
		if (reader_peek(parser->in)->kind == TOKEN_END ||
		    reader_at_statement(parser->in))
			return reader_unclosed(parser->in, open, "'}'");
		const struct token *first = reader_peek(parser->in);
		if (!parse_line(parser, context) ||
		    (reader_peek(parser->in)->kind != TOKEN_NEWLINE &&
			reader_peek(parser->in)->kind != TOKEN_CLOSE &&
			!reader_expected(parser->in, "the end of the line")))
			skip_statement(parser, first);
	}
}

static bool
parse_servers_line(struct parser *parser, const struct token *head)
{
	struct syntax_servers *servers = parse_servers(parser->in, head);

	if (servers == NULL)
		return false;
	APPEND(parser->servers, servers);
	return true;
}

/* Either where the proxy's flows come from and go, or a choice of how it
 * works. */
static const struct {
	const char *word;
	bool (*parse)(struct parser *, const struct token *head);
	struct syntax_choice *(*choose)(
	    struct reader *in, const struct token *head);
	const char *manual;
} proxy_lines[] = {
	{ "listen", parse_listen, NULL, MANUAL_PROXY },
	{ "intercept", parse_intercept, NULL, MANUAL_PROXY },
	{ "connections", parse_servers_line, NULL, MANUAL_SERVERS },
	{ "source", parse_servers_line, NULL, MANUAL_SERVERS },
	{ "cache", NULL, parse_cache, MANUAL_CACHE },
	{ "compress", NULL, parse_compress, MANUAL_COMPRESS },
	{ "tell", NULL, parse_tell, MANUAL_PRIVACY },
	{ "private", NULL, parse_private, MANUAL_PRIVACY },
	{ "users", NULL, parse_users, MANUAL_USERS },
	{ "ca", NULL, parse_authority, MANUAL_INSPECTION },
	{ "trust", NULL, parse_authority, MANUAL_INSPECTION },
};

/* The rest of the line that begins with the word of a row. */
static bool
parse_proxy_rest(struct parser *parser, size_t row)
{
	const struct token *head = reader_take(parser->in);

	(void)report_topic(parser->in->report, proxy_lines[row].manual);
	if (proxy_lines[row].parse != NULL)
		return proxy_lines[row].parse(parser, head);
	struct syntax_choice *choice =
	    proxy_lines[row].choose(parser->in, head);
	if (choice != NULL)
		APPEND(parser->choices, choice);
	return choice != NULL;
}

/* All of the words would be too long for a line; the manual has them. */
static bool
refuse_proxy_line(struct parser *parser, const struct nearest *nearest)
{
	struct report *report = parser->in->report;

	(void)reader_expected(parser->in, "a line of 'proxy'");
	if (nearest->best.at != NULL)
		report_hint(
		    report, "did you mean '%.*s'?", STR_ARG(nearest->best));
	else
		report_hint(report,
		    "like listen, intercept, source, cache, compress, users "
		    "or ca");
	return false;
}

static bool
parse_proxy_line(struct parser *parser, void *context)
{
	const struct token *head = reader_peek(parser->in);
	struct nearest nearest;

	(void)context;
	(void)report_topic(parser->in->report, MANUAL_PROXY);
	nearest_begin(
	    &nearest, head->kind == TOKEN_WORD ? head->text : STR(""));
	if (head->kind != TOKEN_WORD)
		return refuse_proxy_line(parser, &nearest);
	for (size_t i = 0; i < COUNT_OF(proxy_lines); i++) {
		if (str_is(head->text, proxy_lines[i].word))
			return parse_proxy_rest(parser, i);
		nearest_offer(&nearest, str_of(proxy_lines[i].word));
	}
	return refuse_proxy_line(parser, &nearest);
}

static bool
parse_proxy(struct parser *parser)
{
	return parse_block(parser, parse_proxy_line, NULL);
}

static bool
parse_firewall_line(struct parser *parser, void *context)
{
	struct syntax_setting *setting = parse_setting(parser->in);

	(void)context;
	if (setting != NULL)
		APPEND(parser->settings, setting);
	return setting != NULL;
}

static bool
parse_firewall(struct parser *parser)
{
	return parse_block(parser, parse_firewall_line, NULL);
}

static bool
parse_console_inside(struct parser *parser, void *context)
{
	return parse_console_line(parser->in, context);
}

static bool
parse_console(struct parser *parser)
{
	struct syntax_console *console =
	    arena_new(parser->in->arena, struct syntax_console);

	if (console == NULL)
		return false;
	console->head = reader_word_of(parser->in->next - 1);
	if (!parse_block(parser, parse_console_inside, console))
		return false;
	APPEND(parser->consoles, console);
	return true;
}

static bool
parse_dns_inside(struct parser *parser, void *context)
{
	return parse_dns_line(parser->in, context);
}

static bool
parse_dns(struct parser *parser)
{
	struct syntax_dns *dns =
	    arena_new(parser->in->arena, struct syntax_dns);

	if (dns == NULL)
		return false;
	dns->head = reader_word_of(parser->in->next - 1);
	if (!parse_block(parser, parse_dns_inside, dns))
		return false;
	APPEND(parser->dns, dns);
	return true;
}

static bool
parse_journal_inside(struct parser *parser, void *context)
{
	return parse_journal_line(parser->in, context);
}

static bool
parse_journal(struct parser *parser)
{
	struct syntax_journal *journal =
	    arena_new(parser->in->arena, struct syntax_journal);

	if (journal == NULL)
		return false;
	journal->head = reader_word_of(parser->in->next - 1);
	if (!parse_block(parser, parse_journal_inside, journal))
		return false;
	APPEND(parser->journals, journal);
	return true;
}

/* A case runs to the end of its line; policy/flow_text reads it. */
static bool
parse_case(struct parser *parser, void *context)
{
	struct syntax_case ***tail = context;
	struct syntax_case *kept =
	    arena_new(parser->in->arena, struct syntax_case);
	const struct token *first = reader_peek(parser->in);

	if (kept == NULL)
		return false;
	while (reader_peek(parser->in)->kind != TOKEN_NEWLINE &&
	       reader_peek(parser->in)->kind != TOKEN_CLOSE &&
	       reader_peek(parser->in)->kind != TOKEN_BAD)
		(void)reader_take(parser->in);
	if (reader_peek(parser->in)->kind == TOKEN_BAD)
		return false;
	kept->tokens = first;
	kept->count = (size_t)(reader_peek(parser->in) - first);
	kept->text = reader_text_since(parser->in, first);
	**tail = kept;
	*tail = &kept->next;
	return true;
}

static bool
parse_test(struct parser *parser)
{
	struct syntax_test *test =
	    arena_new(parser->in->arena, struct syntax_test);

	if (test == NULL || !reader_string(parser->in, &test->title,
				"what is tested, in quotes"))
		return false;
	struct syntax_case **cases = &test->cases;
	if (!parse_block(parser, parse_case, &cases))
		return false;
	APPEND(parser->tests, test);
	return true;
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
	for (size_t i = 0; i < COUNT_OF(proxy_lines); i++) {
		if (!str_is(word, proxy_lines[i].word))
			continue;
		report_hint(parser->in->report,
		    "it stands in the braces of 'proxy { ... }'");
		report_see(parser->in->report, proxy_lines[i].manual);
		return true;
	}
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
		skip_statement(parser, first);
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
