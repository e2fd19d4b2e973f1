/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/parse_parent.h"

static const char protocols[] = "'http', 'https' or 'socks5'";

/* A place where the protocol should be. */
static bool
refuse_no_protocol(struct reader *in)
{
	const struct token *token = reader_peek(in);

	if (token->kind != TOKEN_WORD ||
	    str_find(token->text, ':') == token->text.len)
		return true;
	(void)reader_expected(in, protocols);
	report_hint(in->report, "write what is spoken there: http %.*s",
	    STR_ARG(token->text));
	return false;
}

static bool
parse_authorities(struct reader *in, struct syntax_word *ret)
{
	if (!reader_at_word(in, "ca"))
		return true;
	(void)reader_take(in);
	return reader_string(
	    in, ret, "the file in quotes, like \"corp-ca.pem\"");
}

/* PROTOCOL HOST:PORT [ca "FILE"]; the resolver knows which protocols there are. */
static bool
parse_server(struct reader *in, struct syntax_parent_server ***tail)
{
	struct syntax_parent_server *server =
	    arena_new(in->arena, struct syntax_parent_server);

	if (server == NULL || !refuse_no_protocol(in) ||
	    !reader_word(in, &server->protocol, protocols) ||
	    !reader_word(
		in, &server->at, "HOST:PORT, like proxy.example.com:3128") ||
	    !parse_authorities(in, &server->authorities))
		return false;
	**tail = server;
	*tail = &server->next;
	return true;
}

static bool
refuse_no_comma(struct reader *in)
{
	if (reader_peek(in)->kind != TOKEN_WORD)
		return true;
	(void)reader_expected(in, "',' or the end of the line");
	report_hint(in->report, "the servers of a parent are parted by commas");
	return false;
}

struct syntax_parent *
parse_parent(struct reader *in)
{
	struct syntax_parent *parent =
	    arena_new(in->arena, struct syntax_parent);

	if (parent == NULL ||
	    !reader_word(in, &parent->name, "the parent's name") ||
	    !reader_expect(in, TOKEN_EQUALS, "'='"))
		return NULL;
	struct syntax_parent_server **tail = &parent->servers;
	do {
		if (!parse_server(in, &tail))
			return NULL;
	} while (reader_take_if(in, TOKEN_COMMA));
	return refuse_no_comma(in) ? parent : NULL;
}
