/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/str: comparing, cutting, trimming, numbers and their edges. */
#include "base/str.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define NOTHING ((struct str){ NULL, 0 })

static int
sign(int order)
{
	return (order > 0) - (order < 0);
}

static void
assert_str(struct str got, const char *want)
{
	if (!str_is(got, want))
		fail_msg("got '%.*s', want '%s'", STR_ARG(got), want);
}

static void
of_a_pointer(void **state)
{
	(void)state;
	assert_int_equal(str_of(NULL).len, 0);
	assert_null(str_of(NULL).at);
	assert_int_equal(str_of("").len, 0);
	assert_non_null(str_of("").at);
	assert_int_equal(STR("a\0b").len, 3);
	assert_true(str_is(STR("abc"), "abc"));
	assert_false(str_is(STR("abc"), "abcd"));
}

static void
equality(void **state)
{
	static const struct {
		struct str a, b;
		bool eq, eq_nocase;
	} rows[] = {
		{ STR_INIT(""), { NULL, 0 }, true, true },
		{ STR_INIT("abc"), STR_INIT("abc"), true, true },
		{ STR_INIT("abc"), STR_INIT("ABC"), false, true },
		{ STR_INIT("abc"), STR_INIT("ab"), false, false },
		{ STR_INIT("a\0c"), STR_INIT("a\0d"), false, false },
		{ STR_INIT("a\0c"), STR_INIT("A\0C"), false, true },
		/* 32 apart, as letters are, but no letters. */
		{ STR_INIT("@"), STR_INIT("`"), false, false },
		{ STR_INIT("["), STR_INIT("{"), false, false },
		{ STR_INIT("\xc4"), STR_INIT("\xe4"), false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(str_eq(rows[i].a, rows[i].b), rows[i].eq);
		assert_int_equal(
		    str_eq_nocase(rows[i].a, rows[i].b), rows[i].eq_nocase);
	}
}

static void
order(void **state)
{
	static const struct {
		struct str a, b;
		int sign;
	} rows[] = {
		{ { NULL, 0 }, STR_INIT(""), 0 },
		{ STR_INIT(""), STR_INIT("a"), -1 },
		{ STR_INIT("ab"), STR_INIT("abc"), -1 },
		{ STR_INIT("b"), STR_INIT("abc"), 1 },
		{ STR_INIT("a\0b"), STR_INIT("a\0a"), 1 },
		{ STR_INIT("\x7f"), STR_INIT("\x80"), -1 }, /* unsigned */
		{ STR_INIT("same"), STR_INIT("same"), 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
		    sign(str_cmp(rows[i].a, rows[i].b)), rows[i].sign);
		assert_int_equal(
		    sign(str_cmp(rows[i].b, rows[i].a)), -rows[i].sign);
	}
}

static void
starts_and_ends(void **state)
{
	(void)state;
	assert_true(str_starts(STR("example.com"), STR("exam")));
	assert_true(str_starts(STR("a"), STR("a")));
	assert_true(str_starts(STR("a"), NOTHING));
	assert_true(str_starts(NOTHING, NOTHING));
	assert_false(str_starts(STR("a"), STR("ab")));
	assert_false(str_starts(NOTHING, STR("a")));
	assert_true(str_ends(STR("example.com"), STR(".com")));
	assert_true(str_ends(STR("a"), STR("a")));
	assert_true(str_ends(STR("a"), NOTHING));
	assert_true(str_ends(NOTHING, NOTHING));
	assert_false(str_ends(STR("om"), STR("com")));
}

static void
finding_and_skipping(void **state)
{
	(void)state;
	assert_int_equal(str_find(STR("abcb"), 'b'), 1);
	assert_int_equal(str_find(STR("abc"), 'x'), 3);
	assert_int_equal(str_find(STR("a\0b"), 'b'), 2);
	assert_int_equal(str_find(NOTHING, 'x'), 0);
	assert_str(str_skip(STR("abc"), 0), "abc");
	assert_str(str_skip(STR("abc"), 2), "c");
	assert_str(str_skip(STR("abc"), 3), "");
	assert_str(str_skip(STR("abc"), SIZE_MAX), "");
	assert_str(str_skip(NOTHING, 0), "");
}

static void
trimming(void **state)
{
	static const struct {
		struct str text;
		const char *want;
	} rows[] = {
		{ STR_INIT(""), "" },
		{ { NULL, 0 }, "" },
		{ STR_INIT(" \t\r \t"), "" },
		{ STR_INIT("  a b\t\r"), "a b" },
		{ STR_INIT("a"), "a" },
		{ STR_INIT("\ra"), "a" },
		/* A line's end is not a blank, nor is any other control. */
		{ STR_INIT("a\n"), "a\n" },
		{ STR_INIT("\v a"), "\v a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_str(str_trim(rows[i].text), rows[i].want);
}

static void
cutting(void **state)
{
	struct str rest = STR("a,,b");

	(void)state;
	assert_str(str_cut(&rest, ','), "a");
	assert_str(str_cut(&rest, ','), "");
	assert_non_null(rest.at);
	assert_str(str_cut(&rest, ','), "b");
	assert_null(rest.at);
	assert_str(str_cut(&rest, ','), "");
	assert_null(rest.at);

	rest = STR(",a");
	assert_str(str_cut(&rest, ','), "");
	assert_str(rest, "a");

	/* A mark at the end leaves an empty part behind it, once. */
	rest = STR("a,");
	assert_str(str_cut(&rest, ','), "a");
	assert_non_null(rest.at);
	assert_str(str_cut(&rest, ','), "");
	assert_null(rest.at);
}

static void
numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		int rc;
		uint64_t value;
	} rows[] = {
		{ "0", 0, 0, 0 }, { "1", 0, -EINVAL, 0 },
		{ "9", 5, -EINVAL, 0 }, { "5", 5, 0, 5 },
		{ "6", 5, -EINVAL, 0 }, { "10", 9, -EINVAL, 0 },
		{ "65535", UINT16_MAX, 0, UINT16_MAX },
		{ "65536", UINT16_MAX, -EINVAL, 0 },
		{ "655350", UINT16_MAX, -EINVAL, 0 },
		{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, -EINVAL, 0 },
		{ "18446744073709551620", UINT64_MAX, -EINVAL, 0 },
		{ "184467440737095516150", UINT64_MAX, -EINVAL, 0 },
		{ "9223372036854775807", INT64_MAX, 0, INT64_MAX },
		{ "9223372036854775808", INT64_MAX, -EINVAL, 0 },
		{ "99999999999999999999999999", UINT64_MAX, -EINVAL, 0 },
		{ "", UINT64_MAX, -EINVAL, 0 },
		{ "00", UINT64_MAX, -EINVAL, 0 },
		{ "01", UINT64_MAX, -EINVAL, 0 },
		{ "+1", UINT64_MAX, -EINVAL, 0 },
		{ "-1", UINT64_MAX, -EINVAL, 0 },
		{ " 1", UINT64_MAX, -EINVAL, 0 },
		{ "1 ", UINT64_MAX, -EINVAL, 0 },
		{ "1.", UINT64_MAX, -EINVAL, 0 },
		{ "0x1", UINT64_MAX, -EINVAL, 0 },
		{ "1e3", UINT64_MAX, -EINVAL, 0 },
		{ "1\xb2", UINT64_MAX, -EINVAL, 0 }, /* no digit of ASCII */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = 4711;
		int rc = str_number(str_of(rows[i].text), rows[i].max, &value);
		if (rc != rows[i].rc)
			fail_msg("'%s': %d", rows[i].text, rc);
		assert_true(value == (rc == 0 ? rows[i].value : 4711));
	}
	assert_int_equal(
	    str_number(STR("1\0"), UINT64_MAX, &(uint64_t){ 0 }), -EINVAL);
}

/* Every number up to the bound is read, and none above it. */
static void
number_bound_twin(void **state)
{
	(void)state;
	for (uint64_t max = 0; max < 130; max++) {
		for (uint64_t n = 0; n < 1400; n++) {
			char text[24];
			uint64_t got;
			(void)snprintf(text, sizeof(text), "%u", (unsigned)n);
			int rc = str_number(str_of(text), max, &got);
			assert_int_equal(rc, n <= max ? 0 : -EINVAL);
			assert_true(rc < 0 || got == n);
		}
	}
}

static void
hashing(void **state)
{
	(void)state;
	assert_true(str_hash(STR("abc"), 1) == str_hash(STR("abc"), 1));
	assert_true(str_hash(STR("abc"), 1) != str_hash(STR("abc"), 2));
	assert_true(str_hash(STR("abc"), 1) != str_hash(STR("abd"), 1));
	assert_true(str_hash(STR("a\0"), 1) != str_hash(STR("a"), 1));
	assert_true(str_hash(NOTHING, 1) == str_hash(STR(""), 1));
}

static void
letters_and_digits(void **state)
{
	(void)state;
	for (int c = -128; c < 128; c++) {
		bool upper = c >= 'A' && c <= 'Z';
		bool lower = c >= 'a' && c <= 'z';
		assert_int_equal(ascii_is_alpha((char)c), upper || lower);
		assert_int_equal(ascii_is_digit((char)c), c >= '0' && c <= '9');
		assert_int_equal(ascii_lower((char)c), upper ? c + 32 : c);
	}
}

static void
one_of_them(void **state)
{
	const struct str all[] = { STR("GET"), STR("") };

	(void)state;
	assert_true(str_is_one_of(STR("GET"), all, 2));
	assert_true(str_is_one_of(STR(""), all, 2));
	assert_false(str_is_one_of(STR(""), all, 1));
	assert_false(str_is_one_of(STR("get"), all, 2));
	assert_false(str_is_one_of(STR("GET"), all, 0));
}

static void
holding(void **state)
{
	const struct str url = STR("http://a.example");

	(void)state;
	assert_true(str_holds(url, "://"));
	assert_true(str_holds(url, "http"));
	assert_true(str_holds(url, "ple"));
	assert_false(str_holds(url, "pled"));
	assert_false(str_holds((struct str){ url.at, 6 }, "://"));
	assert_false(str_holds((struct str){ NULL, 0 }, "://"));
}

static void
hexadecimal(void **state)
{
	uint64_t value = 1;

	(void)state;
	assert_int_equal(str_hex64(STR("00000000000000ff"), &value), 0);
	assert_int_equal(value, 255);
	assert_int_equal(str_hex64(STR("fedcba9876543210"), &value), 0);
	assert_true(value == 0xfedcba9876543210);
	assert_int_equal(str_hex64(STR("0000000000000FF0"), &value), -EINVAL);
	assert_int_equal(str_hex64(STR("000000000000000g"), &value), -EINVAL);
	assert_int_equal(str_hex64(STR("ff"), &value), -EINVAL);
	assert_int_equal(str_hex64(STR("00000000000000000"), &value), -EINVAL);
	assert_true(value == 0xfedcba9876543210);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_pointer),
		cmocka_unit_test(equality),
		cmocka_unit_test(order),
		cmocka_unit_test(starts_and_ends),
		cmocka_unit_test(finding_and_skipping),
		cmocka_unit_test(trimming),
		cmocka_unit_test(cutting),
		cmocka_unit_test(numbers),
		cmocka_unit_test(number_bound_twin),
		cmocka_unit_test(hashing),
		cmocka_unit_test(letters_and_digits),
		cmocka_unit_test(one_of_them),
		cmocka_unit_test(holding),
		cmocka_unit_test(hexadecimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
