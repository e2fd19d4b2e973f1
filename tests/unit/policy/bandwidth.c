/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes in a second, as people write them. */
#include "policy/bandwidth.h"

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
		uint64_t bytes; /* 0: refused */
		const char *again;
	} rows[] = {
		{ "10Mbit/s", 1250000, "10Mbit/s" },
		{ "2MB/s", 2000000, "16Mbit/s" },
		{ "500kB/s", 500000, "4Mbit/s" },
		{ "64kbit/s", 8000, "64kbit/s" },
		{ "8000bit/s", 1000, "8kbit/s" },
		{ "12344bit/s", 1543, "12344bit/s" },
		{ "1000B/s", 1000, "8kbit/s" },
		{ "1GB/s", 1000000000, "8Gbit/s" },
		{ "100Gbit/s", 12500000000, "100Gbit/s" },
		{ "12GB/s", 12000000000, "96Gbit/s" },
		{ "101Gbit/s", 0, NULL },
		{ "7kbit/s", 0, NULL },
		{ "999B/s", 0, NULL },
		{ "0MB/s", 0, NULL },
		{ "18446744073709551616GB/s", 0, NULL },
		{ "18446744073709551615GB/s", 0, NULL },
		{ "", 0, NULL },
		{ "10", 0, NULL },
		{ "Mbit/s", 0, NULL },
		{ "10M", 0, NULL },
		{ "10Mbit", 0, NULL },
		{ "10mbit/s", 0, NULL },
		{ "10MBit/s", 0, NULL },
		{ "10KB/s", 0, NULL },
		{ "1.5MB/s", 0, NULL },
		{ "-1MB/s", 0, NULL },
		{ "01MB/s", 0, NULL },
	};
	struct text out = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *why = NULL;
		uint64_t got = 0;
		int rc =
		    policy_bandwidth_parse(str_of(rows[i].text), &got, &why);
		assert_int_equal(got, rows[i].bytes);
		assert_int_equal(rc, rows[i].bytes > 0 ? 0 : -EINVAL);
		assert_int_equal(why != NULL, rc < 0);
		if (rc < 0)
			continue;
		text_clear(&out);
		policy_bandwidth_add(got, &out);
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
