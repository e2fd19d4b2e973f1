/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times as people write them. */
#include "policy/duration.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static void
numbers_with_a_unit(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -1: refused */
		const char *again;
	} rows[] = {
		{ "30s", 30, "30s" },
		{ "5m", 300, "5m" },
		{ "12h", 43200, "12h" },
		{ "7d", 604800, "7d" },
		{ "365d", 31536000, "365d" },
		{ "0s", 0, "0s" },
		{ "90s", 90, "90s" },
		{ "120s", 120, "2m" },
		{ "36h", 129600, "36h" },
		{ "366d", -1, NULL },
		{ "31536001s", -1, NULL },
		{ "99999999999999999999s", -1, NULL },
		{ "", -1, NULL },
		{ "s", -1, NULL },
		{ "10", -1, NULL },
		{ "10ms", -1, NULL },
		{ "1h30m", -1, NULL },
		{ "1.5h", -1, NULL },
		{ "-1h", -1, NULL },
		{ "1w", -1, NULL },
		{ "1H", -1, NULL },
	};
	struct text out = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *why = NULL;
		int64_t got = -1;
		int rc = duration_parse(str_of(rows[i].text), &got, &why);
		if (rows[i].seconds < 0) {
			assert_int_equal(rc, -EINVAL);
			assert_non_null(why);
			continue;
		}
		assert_int_equal(rc, 0);
		assert_int_equal(got, rows[i].seconds * CLOCK_SECOND);
		text_clear(&out);
		duration_add(got, &out);
		assert_string_equal(out.at, rows[i].again);
	}
	text_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_with_a_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
