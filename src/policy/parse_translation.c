/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/parse_translation.h"

struct syntax_masquerade *
parse_masquerade(struct reader *in)
{
	struct syntax_masquerade *masquerade =
	    arena_new(in->arena, struct syntax_masquerade);

	if (masquerade == NULL ||
	    !reader_words(in, &masquerade->from, "a zone") ||
	    !reader_expect(in, TOKEN_ARROW, "'->'") ||
	    !reader_words(in, &masquerade->to, "a zone"))
		return NULL;
	return masquerade;
}

static bool
expect_word(struct reader *in, const char *word, const char *what)
{
	if (!reader_at_word(in, word))
		return reader_expected(in, what);
	(void)reader_take(in);
	return true;
}

struct syntax_snat *
parse_snat(struct reader *in)
{
	const struct token *first = reader_peek(in) - 1;
	struct syntax_snat *snat = arena_new(in->arena, struct syntax_snat);

	if (snat == NULL || !reader_words(in, &snat->from,
				"a zone, a name, a list or an address"))
		return NULL;
	if (reader_at_word(in, "except")) {
		(void)reader_take(in);
		if (!reader_words(in, &snat->from_except,
			"a zone, a name, a list or an address"))
			return NULL;
	}
	if (!reader_expect(in, TOKEN_ARROW, "'->'") ||
	    !reader_words(in, &snat->to, "a zone") ||
	    !expect_word(in, "to", "'to' and the new source") ||
	    !reader_words(in, &snat->source, "the new source's address"))
		return NULL;
	snat->head = reader_word_of(first);
	return snat;
}

struct syntax_map *
parse_map(struct reader *in)
{
	struct syntax_map *map = arena_new(in->arena, struct syntax_map);

	if (map == NULL ||
	    !reader_word(in, &map->inside, "an address or a prefix inside") ||
	    !reader_expect(in, TOKEN_EXCHANGE, "'<->'") ||
	    !reader_word(in, &map->outside, "what it is called outside") ||
	    !expect_word(in, "at", "'at' and the zone outside") ||
	    !reader_word(in, &map->zone, "a zone"))
		return NULL;
	return map;
}
