/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/path_pattern: spellings of a path that no request's has.
 *
 * Beside the table, what is not refused is held against http/path: it must be
 * the normal form of itself.
 */
#include "policy/path_pattern.h"

#include "http/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define BARE   "a path is compared with this decoded"
#define SMALL  "a path is compared with its encodings in capitals"
#define STRAY  "a path is compared with a bare '%' as %25"
#define ODD    "a path has blanks, and letters beyond ASCII, encoded"
#define DOTS   "'.' and '..' are resolved before a path is compared"
#define BEHIND "a path ends before '?' and '#'"

static void
what_no_path_is_like(void **state)
{
	static const struct {
		const char *pattern, *fault, *better;
	} rows[] = {
		{ "/admin/*", NULL, "/admin/*" },
		{ "*", NULL, "*" },
		{ "*.php", NULL, "*.php" },
		{ "/~me/@you/a,b;c=d/|[]{}^`", NULL,
		    "/~me/@you/a,b;c=d/|[]{}^`" },
		{ "/a%20b%2Fc%C3%BC", NULL, "/a%20b%2Fc%C3%BC" },
		{ "/100%25/%3F%23%2A%22%3B%5C", NULL,
		    "/100%25/%3F%23%2A%22%3B%5C" },
		{ "/%*", NULL, "/%*" },
		{ "/%2*", NULL, "/%2*" },
		{ "/.*/..*/...", NULL, "/.*/..*/..." },
		{ "/%61dm%69n", BARE, "/admin" },
		{ "/users/%40me", BARE, "/users/@me" },
		{ "/a%2fb%c3%BC", SMALL, "/a%2Fb%C3%BC" },
		{ "/%2e%2f", BARE, "/.%2F" },
		{ "/100%", STRAY, "/100%25" },
		{ "/%z1%4", STRAY, "/%25z1%254" },
		{ "/a b", ODD, "/a%20b" },
		{ "/\xc3\xbc*", ODD, "/%C3%BC*" },
		{ "/\t\x7f", ODD, "/%09%7F" },
		{ "/a/../b", DOTS, "" },
		{ "/./b", DOTS, "" },
		{ "/b/.", DOTS, "" },
		{ "*/..", DOTS, "" },
		{ "/search?q=*", BEHIND, "/search" },
		{ "/%61#b", BEHIND, "/a" },
	};
	struct text better = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *fault =
		    path_pattern_fault(str_of(rows[i].pattern), &better);
		if (rows[i].fault == NULL)
			assert_null(fault);
		else
			assert_string_equal(fault, rows[i].fault);
		text_addz(&better, "");
		assert_string_equal(better.at, rows[i].better);
		text_clear(&better);
	}
	text_fini(&better);
}

static size_t
random_path(char *out, size_t max)
{
	static const char bytes[] = "//..%%%24efAFa/;\\@ \xc3*";
	size_t len = 1 + (size_t)rand() % (max - 1);

	out[0] = '/';
	for (size_t i = 1; i < len; i++)
		out[i] = bytes[(size_t)rand() % (sizeof(bytes) - 1)];
	return len;
}

/* And what is meant instead is so, too. */
static void
check_normal(struct str pattern)
{
	struct text better = TEXT_EMPTY, best = TEXT_EMPTY;
	const char *fault = path_pattern_fault(pattern, &better);
	struct arena arena;
	struct str normal;

	arena_init(&arena, 4096);
	if (fault == NULL && !str_holds(pattern, "*")) {
		assert_int_equal(http_path_normal(pattern, &arena, &normal), 0);
		assert_true(str_eq(normal, pattern));
	}
	if (fault != NULL && better.len > 0) {
		const char *other =
		    path_pattern_fault(text_str(&better), &best);
		assert_true(other == NULL || strcmp(other, DOTS) == 0);
	}
	text_fini(&better);
	text_fini(&best);
	arena_fini(&arena);
}

static void
what_is_good_is_normal(void **state)
{
	char bytes[12];

	(void)state;
	srand(26);
	for (int i = 0; i < 200000; i++)
		check_normal(
		    (struct str){ bytes, random_path(bytes, sizeof(bytes)) });
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_no_path_is_like),
		cmocka_unit_test(what_is_good_is_normal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
