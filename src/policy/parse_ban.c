/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/parse_ban.h"

#include "policy/manual.h"

/* The words that stand between what is said, each of them always. */
static bool
take_word(struct reader *in, const char *word, const char *what)
{
	if (reader_at_word(in, word)) {
		(void)reader_take(in);
		return true;
	}
	(void)reader_expected(in, what);
	report_hint(in->report,
	    "the form is: ban 10m after 20 refused in 1m per source");
	return false;
}

static bool
parse_form(struct reader *in, struct syntax_ban *ret)
{
	return reader_word(in, &ret->time, "a time, like 10m") &&
	       take_word(in, "after", "'after'") &&
	       reader_word(in, &ret->count, "how many are refused before") &&
	       take_word(in, "refused", "'refused'") &&
	       take_word(in, "in", "'in' and a time") &&
	       reader_word(in, &ret->within, "a time, like 1m") &&
	       take_word(in, "per", "'per source'") &&
	       take_word(in, "source", "'source'");
}

bool
parse_ban_clause(struct reader *in, struct syntax_ban *ret)
{
	const char *before = report_topic(in->report, MANUAL_BANS);
	bool good = parse_form(in, ret);

	(void)report_topic(in->report, before);
	return good;
}

struct syntax_never *
parse_never(struct reader *in)
{
	struct syntax_never *never = arena_new(in->arena, struct syntax_never);

	if (never == NULL)
		return NULL;
	never->head = reader_word_of(reader_peek(in) - 1);
	if (!reader_at_word(in, "ban")) {
		(void)reader_expected(in, "'ban'");
		report_hint(in->report, "it is said who is never banned: never "
					"ban 192.0.2.7, admins");
		return NULL;
	}
	(void)reader_take(in);
	return reader_words(
		   in, &never->who, "an address, a name, a list or a zone")
		   ? never
		   : NULL;
}
