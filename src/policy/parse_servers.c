/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/parse_servers.h"

static const char per_server[] = "'per server'";

/* Of a rule they are those of sources, here those of servers. */
static bool
parse_per_server(struct reader *in)
{
	if (!reader_at_word(in, "per"))
		return reader_expected(in, per_server);
	(void)reader_take(in);
	if (!reader_at_word(in, "server"))
		return reader_expected(in, "'server'");
	(void)reader_take(in);
	return true;
}

static bool
parse_wait(struct reader *in, struct syntax_word *ret)
{
	if (!reader_at_word(in, "wait"))
		return true;
	(void)reader_take(in);
	return reader_word(in, ret, "a time, like 10s");
}

static bool
parse_connections(struct reader *in, struct syntax_servers *servers)
{
	return reader_word(in, &servers->count, "the number of connections") &&
	       parse_per_server(in) && parse_wait(in, &servers->wait);
}

struct syntax_servers *
parse_servers(struct reader *in, const struct token *head)
{
	struct syntax_servers *servers =
	    arena_new(in->arena, struct syntax_servers);

	if (servers == NULL)
		return NULL;
	servers->head = reader_word_of(head);
	bool good = str_is(head->text, "source")
			? reader_words(in, &servers->source, "an address")
			: parse_connections(in, servers);
	return good ? servers : NULL;
}
