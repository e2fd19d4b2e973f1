/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/nearest: which known word is meant, and when none is. */
#include "base/nearest.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct str
nearest_of(struct str wanted, const char *const *words)
{
	struct nearest nearest;

	nearest_begin(&nearest, wanted);
	for (size_t i = 0; words[i] != NULL; i++)
		nearest_offer(&nearest, str_of(words[i]));
	return nearest.best;
}

static void
meant(void **state)
{
	static const struct {
		const char *wanted;
		const char *words[5];
		const char *best; /* NULL: none */
	} rows[] = {
		{ "gest", { "lan", "guest", "wan" }, "guest" },
		{ "guesst", { "lan", "guest" }, "guest" },
		{ "gusst", { "lan", "guest" }, "guest" },
		{ "geust", { "lan", "guest" }, "guest" }, /* a swap is one */
		{ "GUEST", { "guest" }, "guest" },
		{ "lnan", { "wan", "lan" }, "lan" },
		{ "rejcet", { "allow", "reject", "drop" }, "reject" },
		{ "masqurade", { "masquerade" }, "masquerade" },
		{ "guest", { "guest" }, "guest" },
		/* The first of equals. */
		{ "pan", { "lan", "wan" }, "lan" },
		{ "pan", { "wan", "lan" }, "wan" },
		/* A nearer one later wins. */
		{ "prxy", { "pry", "proxy" }, "pry" },
		{ "proxi", { "prox", "proxy", "proxies" }, "prox" },
		{ "intercepd", { "intercepts", "intercept" }, "intercept" },
		/* Too far. */
		{ "xyz", { "lan", "guest" }, NULL },
		{ "host", { "list" }, NULL },
		{ "w\xd0\xb0n", { "wan" }, "wan" },
		{ "all", { "lan" }, NULL },
		{ "a", { "b" }, NULL },
		{ "ab", { "cd" }, NULL },
		{ "ab", { "ac" }, "ac" },
		{ "abc", { "xyz" }, NULL },
		{ "printers", { "guest" }, NULL },
		{ "", { "a", "ab", "abc" }, NULL },
		{ "a", { "" }, NULL },
		{ "", { "" }, NULL },
		{ "word", { NULL }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str best =
		    nearest_of(str_of(rows[i].wanted), rows[i].words);
		if (rows[i].best == NULL)
			assert_null(best.at);
		else if (!str_is(best, rows[i].best))
			fail_msg("'%s' gives '%.*s', want '%s'", rows[i].wanted,
			    STR_ARG(best), rows[i].best);
	}
}

/* How many letters may be wrong in a word of each length. */
static void
how_far(void **state)
{
	static const struct {
		size_t len;
		unsigned wrong;
	} rows[] = { { 1, 0 }, { 2, 1 }, { 4, 1 }, { 5, 2 }, { 8, 3 }, { 9, 3 },
		{ 40, 11 } };
	static const char a[41] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned wrong = 0; wrong <= rows[i].len; wrong++) {
			char word[41];
			memcpy(word, a, sizeof(word));
			memset(word, 'b', wrong);
			word[rows[i].len] = '\0';
			struct str best =
			    nearest_of((struct str){ a, rows[i].len },
				(const char *const[]){ word, NULL });
			assert_int_equal(
			    best.at != NULL, wrong <= rows[i].wrong);
		}
	}
}

/* Longer words are left alone: no table is made for what a peer sent. */
static void
too_long(void **state)
{
	static const char word[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	const char *const same[] = { word, NULL };
	const char *const shorter[] = { word + 1, NULL };

	(void)state;
	assert_int_equal(strlen(word), 41);
	assert_null(nearest_of(str_of(word), same).at);
	assert_null(nearest_of(str_of(word), shorter).at);
	assert_null(nearest_of(str_of(word + 1), same).at);
	assert_non_null(nearest_of(str_of(word + 1), shorter).at);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meant),
		cmocka_unit_test(how_far),
		cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
