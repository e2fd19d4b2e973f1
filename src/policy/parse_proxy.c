/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/parse_proxy: the block `proxy`.
 */
#include "policy/parse_impl.h"

#include "base/nearest.h"
#include "policy/manual.h"
#include "policy/parse_choice.h"
#include "policy/parse_listen.h"
#include "policy/parse_servers.h"

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

bool
parse_proxy(struct parser *parser)
{
	return parse_block(parser, parse_proxy_line, NULL);
}

bool
parse_hint_proxy_line(struct parser *parser, struct str word)
{
	for (size_t i = 0; i < COUNT_OF(proxy_lines); i++) {
		if (!str_is(word, proxy_lines[i].word))
			continue;
		report_hint(parser->in->report,
		    "it stands in the braces of 'proxy { ... }'");
		report_see(parser->in->report, proxy_lines[i].manual);
		return true;
	}
	return false;
}
