/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of bans: put, found, covered, removed; and as the outermost ranges,
 * against a naive walk through random lists.
 */
#include "firewall/bans.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct address_range
range_of(const char *word)
{
	struct address_range range;
	const char *why;

	assert_int_equal(address_range_parse(str_of(word), &range, &why), 0);
	return range;
}

static struct address
address_of(const char *word)
{
	return range_of(word).first;
}

static int
put(struct bans *bans, const char *word, int64_t ends)
{
	struct ban ban = { .range = range_of(word), .ends = ends };

	return bans_put(bans, &ban);
}

static bool
gone(struct bans *bans, const char *word)
{
	struct address_range range = range_of(word);

	return bans_remove(bans, &range);
}

static void
a_second_one_replaces_the_first(void **state)
{
	struct bans bans = BANS_EMPTY;
	struct address_range range = range_of("192.0.2.1");

	(void)state;
	assert_int_equal(put(&bans, "192.0.2.1", 5), 0);
	assert_int_equal(put(&bans, "192.0.2.1", 7), 1);
	assert_int_equal(bans.count, 1);
	assert_int_equal(bans_find(&bans, &range)->ends, 7);
	assert_int_equal(bans.changes, 2);
	assert_true(gone(&bans, "192.0.2.1"));
	assert_false(gone(&bans, "192.0.2.1"));
	assert_int_equal(bans.changes, 3);
	bans_fini(&bans);
}

static void
one_that_lies_in_another_is_one_of_its_own(void **state)
{
	struct bans bans = BANS_EMPTY;

	(void)state;
	(void)put(&bans, "192.0.2.1", 0);
	(void)put(&bans, "192.0.2.0/24", 9);
	(void)put(&bans, "192.0.2.0", 0);
	assert_int_equal(bans.prefixes, 1);
	assert_int_equal(bans_cover(&bans, address_of("192.0.2.1"))->ends, 9);
	assert_int_equal(bans_cover(&bans, address_of("192.0.2.77"))->ends, 9);
	assert_null(bans_cover(&bans, address_of("192.0.3.1")));
	assert_null(bans_cover(&bans, address_of("2001:db8::1")));
	assert_null(bans_cover(&bans, (struct address){ 0 }));
	assert_true(gone(&bans, "192.0.2.0/24"));
	assert_int_equal(bans.prefixes, 0);
	assert_null(bans_cover(&bans, address_of("192.0.2.77")));
	assert_non_null(bans_cover(&bans, address_of("192.0.2.1")));
	bans_fini(&bans);
}

static void
the_first_to_end_is_known(void **state)
{
	struct bans bans = BANS_EMPTY;

	(void)state;
	assert_null(bans_first_to_end(&bans));
	(void)put(&bans, "192.0.2.1", 0);
	assert_null(bans_first_to_end(&bans));
	(void)put(&bans, "192.0.2.2", 9);
	(void)put(&bans, "2001:db8::1", 7);
	assert_int_equal(bans_first_to_end(&bans)->ends, 7);
	bans_fini(&bans);
}

static void
there_is_a_limit(void **state)
{
	struct bans bans = BANS_EMPTY;
	struct ban ban = { .range = range_of("10.0.0.0") };

	(void)state;
	for (unsigned i = 0; i < BANS_MAX; i++) {
		assert_int_equal(bans_put(&bans, &ban), 0);
		assert_true(address_next(ban.range.first, &ban.range.first));
		ban.range.last = ban.range.first;
	}
	assert_int_equal(bans_put(&bans, &ban), -ENOSPC);
	assert_int_equal(put(&bans, "10.0.0.0", 3), 1);
	assert_int_equal(bans.count, BANS_MAX);
	bans_fini(&bans);
}

/* ---- the outermost ---- */

static void
note(void *context, const struct address_range *range, int64_t ends)
{
	char text[ADDRESS_RANGE_TEXT_BYTES];

	text_addf(context, "%s %lld\n", address_range_format(range, text),
	    (long long)ends);
}

static void
the_outermost_hold_as_long_as_all_in_them(void **state)
{
	struct bans bans = BANS_EMPTY;
	struct text all = TEXT_EMPTY;

	(void)state;
	(void)put(&bans, "198.51.100.0/25", 4);
	(void)put(&bans, "192.0.2.0/24", 5);
	(void)put(&bans, "192.0.2.128/25", 9);
	(void)put(&bans, "192.0.2.0/26", 3);
	(void)put(&bans, "2001:db8::/32", 1);
	(void)put(&bans, "2001:db8:1::/48", 0);
	(void)put(&bans, "203.0.113.1", 8);
	bans_ranges(&bans, true, note, &all);
	assert_string_equal(all.at, "192.0.2.0/24 9\n198.51.100.0/25 4\n"
				    "2001:db8::/32 0\n");
	text_clear(&all);
	bans_ranges(&bans, false, note, &all);
	assert_non_null(strstr(all.at, "203.0.113.1 8\n"));
	text_fini(&all);
	bans_fini(&bans);
}

struct check {
	const struct bans *bans;
	size_t addresses; /* that the ranges cover, of 10.0.0.0/24 */
	struct address last;
};

static void
check_range(void *context, const struct address_range *range, int64_t ends)
{
	struct check *check = context;
	struct address address = range->first;

	/* Ascending, and nothing twice. */
	assert_true(address_cmp(check->last, range->first) < 0);
	check->last = range->last;
	for (;; assert_true(address_next(address, &address))) {
		assert_non_null(bans_cover(check->bans, address));
		check->addresses++;
		if (address_eq(address, range->last))
			break;
	}
	for (size_t i = 0; i < check->bans->count; i++)
		if (ban_touches(&check->bans->items[i], range))
			assert_true(ends == 0 ||
				    (check->bans->items[i].ends != 0 &&
					check->bans->items[i].ends <= ends));
}

static void
the_outermost_are_what_is_banned(void **state)
{
	char word[64];

	(void)state;
	for (unsigned seed = 0; seed < 1000; seed++) {
		struct bans bans = BANS_EMPTY;
		struct check check = { .bans = &bans };
		size_t covered = 0;
		srandom(seed);
		for (int i = 0; i < 12; i++) {
			long bits = 26 + random() % 7;
			long step = 1L << (32 - bits);
			(void)snprintf(word, sizeof(word), "10.0.0.%ld/%ld",
			    random() % 256 / step * step, bits);
			(void)put(&bans, word, random() % 5);
			if (random() % 4 == 0)
				(void)gone(&bans, word);
		}
		for (int i = 0; i < 256; i++) {
			(void)snprintf(word, sizeof(word), "10.0.0.%d", i);
			covered += bans_cover(&bans, address_of(word)) != NULL;
		}
		bans_ranges(&bans, false, check_range, &check);
		assert_int_equal(check.addresses, covered);
		bans_fini(&bans);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_one_replaces_the_first),
		cmocka_unit_test(one_that_lies_in_another_is_one_of_its_own),
		cmocka_unit_test(the_first_to_end_is_known),
		cmocka_unit_test(there_is_a_limit),
		cmocka_unit_test(the_outermost_hold_as_long_as_all_in_them),
		cmocka_unit_test(the_outermost_are_what_is_banned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
