/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes as people write them. */
#include "policy/size.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

#define K UINT64_C(1024)
#define M (K * K)
#define G (K * M)
#define T (K * G)

static void
numbers_with_a_unit(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
		const char *again; /* NULL: refused */
	} rows[] = {
		{ "64K", 64 * K, "64K" },
		{ "512M", 512 * M, "512M" },
		{ "20G", 20 * G, "20G" },
		{ "2T", 2 * T, "2T" },
		{ "1024T", 1024 * T, "1024T" },
		{ "1048576G", 1024 * T, "1024T" },
		{ "0M", 0, "0K" },
		{ "1024K", M, "1M" },
		{ "2048M", 2 * G, "2G" },
		{ "1536M", 1536 * M, "1536M" },
		{ "1025T", 0, NULL },
		{ "1048577G", 0, NULL },
		{ "18446744073709551615K", 0, NULL },
		{ "18446744073709551616K", 0, NULL },
		{ "", 0, NULL },
		{ "M", 0, NULL },
		{ "1", 0, NULL },
		{ "1024", 0, NULL },
		{ "1m", 0, NULL },
		{ "1MB", 0, NULL },
		{ "1MiB", 0, NULL },
		{ "1.5G", 0, NULL },
		{ "-1G", 0, NULL },
		{ "01G", 0, NULL },
		{ "1 G", 0, NULL },
		{ "1P", 0, NULL },
	};
	struct text out = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *why = NULL;
		uint64_t got = 1;
		int rc = size_parse(str_of(rows[i].text), &got, &why);
		if (rows[i].again == NULL) {
			assert_int_equal(rc, -EINVAL);
			assert_non_null(why);
			continue;
		}
		assert_int_equal(rc, 0);
		assert_int_equal(got, rows[i].bytes);
		text_clear(&out);
		size_add(got, &out);
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
