/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a list has lost and gained: by rows, and against a naive search through
 * random lists.
 */
#include "firewall/list_difference.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"

static void
add(struct address_set *set, const char *words)
{
	struct str rest = str_of(words);
	struct address_range range;
	const char *why;

	while (rest.len > 0) {
		struct str word = str_cut(&rest, ' ');
		assert_int_equal(address_range_parse(word, &range, &why), 0);
		assert_int_equal(address_set_add(set, &range), 0);
	}
	address_set_freeze(set);
}

static void
add_words(struct text *out, const char *sign, const struct list_ranges *ranges)
{
	char text[ADDRESS_RANGE_TEXT_BYTES];

	for (size_t i = 0; i < ranges->count; i++)
		text_addf(out, "%s%s ", sign,
		    address_range_format(&ranges->items[i], text));
}

#define LAST6 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

static const struct {
	const char *was, *is, *difference;
	uint8_t family;
} rows[] = {
	{ "", "", "", ADDRESS_IPV4 },
	{ "10.0.0.1", "10.0.0.1", "", ADDRESS_IPV4 },
	{ "", "10.0.0.1", "+10.0.0.1 ", ADDRESS_IPV4 },
	{ "10.0.0.1", "", "-10.0.0.1 ", ADDRESS_IPV4 },
	{ "10.0.0.1", "10.0.0.1 10.0.0.3", "+10.0.0.3 ", ADDRESS_IPV4 },
	/* Neighbours join: the old range goes whole. */
	{ "10.0.0.0", "10.0.0.0 10.0.0.1", "-10.0.0.0 +10.0.0.0/31 ",
	    ADDRESS_IPV4 },
	{ "10.0.0.0/24", "10.0.0.0/25 10.0.0.192/26",
	    "-10.0.0.0/24 +10.0.0.0/25 +10.0.0.192/26 ", ADDRESS_IPV4 },
	{ "0.0.0.0 255.255.255.255", "255.255.255.255", "-0.0.0.0 ",
	    ADDRESS_IPV4 },
	/* The other family is not asked for. */
	{ "10.0.0.1 2001:db8::1", "10.0.0.1", "", ADDRESS_IPV4 },
	{ "10.0.0.1 2001:db8::1", "2001:db8::1", "", ADDRESS_IPV6 },
	{ "10.0.0.1 2001:db8::1", "10.0.0.9 2001:db8::3",
	    "-2001:db8::1 +2001:db8::3 ", ADDRESS_IPV6 },
	{ "2001:db8::/64", "2001:db8::/63", "-2001:db8::/64 +2001:db8::/63 ",
	    ADDRESS_IPV6 },
	{ LAST6, "::", "-" LAST6 " +:: ", ADDRESS_IPV6 },
};

static void
finds_what_differs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct address_set was = { 0 }, is = { 0 };
		struct list_difference found = LIST_DIFFERENCE_NONE;
		struct text words = TEXT_EMPTY;
		add(&was, rows[i].was);
		add(&is, rows[i].is);
		assert_int_equal(list_difference_find(
				     &was, &is, rows[i].family, 100, &found),
		    0);
		add_words(&words, "-", &found.lost);
		add_words(&words, "+", &found.gained);
		text_addz(&words, "");
		assert_string_equal(
		    words.len > 0 ? words.at : "", rows[i].difference);
		list_difference_fini(&found);
		text_fini(&words);
		address_set_fini(&was);
		address_set_fini(&is);
	}
}

static void
gives_up_beyond_the_limit(void **state)
{
	struct address_set was = { 0 }, is = { 0 };
	struct list_difference found = LIST_DIFFERENCE_NONE;

	(void)state;
	add(&was, "10.0.0.1 10.0.0.3");
	add(&is, "10.0.0.5 10.0.0.7");
	assert_int_equal(
	    list_difference_find(&was, &is, ADDRESS_IPV4, 4, &found), 0);
	list_difference_fini(&found);
	assert_int_equal(
	    list_difference_find(&was, &is, ADDRESS_IPV4, 3, &found), -E2BIG);
	assert_null(found.lost.items);
	assert_null(found.gained.items);
	address_set_fini(&was);
	address_set_fini(&is);
}

static bool
has_range(const struct address_set *set, const struct address_range *range)
{
	for (size_t i = 0; i < address_set_count(set); i++) {
		struct address_range one = address_set_range(set, i);
		if (address_eq(one.first, range->first) &&
		    address_eq(one.last, range->last))
			return true;
	}
	return false;
}

static void
fill_by_chance(struct address_set *set)
{
	char word[64];

	for (long i = random() % 30; i > 0; i--) {
		(void)snprintf(word, sizeof(word),
		    random() % 2 != 0 ? "10.0.0.%ld" : "2001:db8::%lx",
		    random() % 100);
		add(set, word);
	}
}

static void
check_side(const struct address_set *has, const struct address_set *lacks,
    const struct list_ranges *ranges)
{
	size_t expected = 0;

	for (size_t i = 0; i < address_set_count(has); i++) {
		struct address_range range = address_set_range(has, i);
		expected += range.first.family == ADDRESS_IPV4 &&
			    !has_range(lacks, &range);
	}
	assert_int_equal(ranges->count, expected);
	for (size_t i = 0; i < ranges->count; i++) {
		assert_true(has_range(has, &ranges->items[i]));
		assert_false(has_range(lacks, &ranges->items[i]));
	}
}

static void
finds_what_a_naive_search_finds(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 3000; seed++) {
		struct address_set was = { 0 }, is = { 0 };
		struct list_difference found = LIST_DIFFERENCE_NONE;
		srandom(seed);
		fill_by_chance(&was);
		fill_by_chance(&is);
		assert_int_equal(
		    list_difference_find(&was, &is, ADDRESS_IPV4, 100, &found),
		    0);
		check_side(&was, &is, &found.lost);
		check_side(&is, &was, &found.gained);
		list_difference_fini(&found);
		address_set_fini(&was);
		address_set_fini(&is);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_differs),
		cmocka_unit_test(gives_up_beyond_the_limit),
		cmocka_unit_test(finds_what_a_naive_search_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
