/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy/address_set: folding, the ends of the spaces, and a naive twin. */
#include "policy/address_set.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define RANGES_MAX 60
#define ROUNDS     500
#define ASKS       2000 /* a round: 1,000,000 */

static struct address_range
range_of(const char *text)
{
	struct address_range range;
	const char *why;

	assert_int_equal(address_range_parse(str_of(text), &range, &why), 0);
	return range;
}

static void
add(struct address_set *set, const char *text)
{
	struct address_range range = range_of(text);

	assert_int_equal(address_set_add(set, &range), 0);
}

static bool
has(const struct address_set *set, const char *text)
{
	return address_set_has(set, range_of(text).first);
}

static void
is_range(const struct address_set *set, size_t i, const char *text)
{
	struct address_range range = address_set_range(set, i);
	char buffer[ADDRESS_RANGE_TEXT_BYTES];

	assert_string_equal(address_range_format(&range, buffer), text);
}

static void
empty(void **state)
{
	struct address_set set = { 0 };

	(void)state;
	address_set_freeze(&set);
	assert_true(address_set_is_empty(&set));
	assert_false(has(&set, "192.0.2.1"));
	assert_false(has(&set, "2001:db8::1"));
	assert_false(address_set_has(&set, (struct address){ 0 }));
	address_set_fini(&set);
	address_set_fini(&set);
}

static void
folds(void **state)
{
	struct address_set set = { 0 };

	(void)state;
	add(&set, "192.0.2.128/25");
	add(&set, "2001:db8:0:1::/64");
	add(&set, "192.0.2.0/25");
	add(&set, "192.0.2.7");
	add(&set, "198.51.100.4-198.51.100.9");
	add(&set, "198.51.100.8-198.51.100.12");
	add(&set, "2001:db8::/64");
	add(&set, "2001:db8::5");
	add(&set, "2001:db8:0:2::1");
	address_set_freeze(&set);
	assert_int_equal(address_set_count(&set), 4);
	is_range(&set, 0, "192.0.2.0/24");
	is_range(&set, 1, "198.51.100.4-198.51.100.12");
	is_range(&set, 2, "2001:db8::/63");
	is_range(&set, 3, "2001:db8:0:2::1");
	/* It may grow again. */
	add(&set, "203.0.113.1");
	address_set_freeze(&set);
	assert_int_equal(address_set_count(&set), 5);
	assert_true(has(&set, "203.0.113.1"));
	assert_true(has(&set, "198.51.100.12"));
	assert_false(has(&set, "198.51.100.13"));
	assert_true(has(&set, "2001:db8:0:1:ffff:ffff:ffff:ffff"));
	assert_false(has(&set, "2001:db8:0:2::"));
	address_set_fini(&set);
}

static void
ends_of_the_spaces(void **state)
{
	struct address_set set = { 0 };

	(void)state;
	add(&set, "255.255.255.255");
	add(&set, "0.0.0.0");
	add(&set, "255.255.255.254");
	add(&set, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	add(&set, "::");
	address_set_freeze(&set);
	assert_int_equal(address_set_count(&set), 4);
	assert_true(has(&set, "0.0.0.0"));
	assert_false(has(&set, "0.0.0.1"));
	assert_false(has(&set, "255.255.255.253"));
	assert_true(has(&set, "255.255.255.255"));
	assert_true(has(&set, "::"));
	assert_false(has(&set, "::1"));
	assert_true(has(&set, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
	/* An address of no family is in what is whole, and this is not. */
	assert_false(address_set_has(&set, (struct address){ 0 }));
	add(&set, "0.0.0.0/1");
	add(&set, "128.0.0.0/1");
	address_set_freeze(&set);
	assert_int_equal(address_set_count(&set), 3);
	assert_true(address_set_has(&set, (struct address){ 0 }));
	address_set_fini(&set);
	add(&set, "::/1");
	add(&set, "8000::/1");
	address_set_freeze(&set);
	is_range(&set, 0, "::/0");
	assert_true(address_set_has(&set, (struct address){ 0 }));
	address_set_fini(&set);
}

static void
overlap(void **state)
{
	struct address_set a = { 0 }, b = { 0 };
	struct address shared;
	char text[ADDRESS_TEXT_BYTES];

	(void)state;
	add(&a, "192.0.2.0/26");
	add(&a, "2001:db8::/32");
	add(&b, "192.0.2.64/26");
	address_set_freeze(&a);
	address_set_freeze(&b);
	assert_false(address_set_overlap(&a, &b, &shared));
	add(&b, "2001:db8:7::/48");
	address_set_freeze(&b);
	assert_true(address_set_overlap(&a, &b, &shared));
	assert_string_equal(address_format(shared, text), "2001:db8:7::");
	assert_int_equal(address_set_add_all(&b, &a), 0);
	address_set_freeze(&b);
	assert_int_equal(address_set_count(&b), 2);
	is_range(&b, 0, "192.0.2.0/25");
	address_set_fini(&a);
	address_set_fini(&b);
}

static uint32_t
random_next(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

/* Of few bits, so that they meet; the others are all 0 or all 1. */
static struct address
random_address(uint32_t *x)
{
	struct address address = { 0 };
	bool v6 = random_next(x) % 2 == 0;
	unsigned low = v6 ? 15 : 3;

	address.family = v6 ? ADDRESS_IPV6 : ADDRESS_IPV4;
	memset(address.bytes, random_next(x) % 2 == 0 ? 0xff : 0, low + 1);
	address.bytes[low] = (uint8_t)random_next(x);
	if (v6)
		address.bytes[7] ^= random_next(x) % 2;
	return address;
}

static size_t
fill(uint32_t *x, struct address_range *list, struct address_set *set)
{
	size_t count = random_next(x) % RANGES_MAX;

	for (size_t i = 0; i < count; i++) {
		struct address_range *range = &list[i];
		range->first = range->last = random_address(x);
		unsigned low = range->first.family == ADDRESS_IPV6 ? 15 : 3;
		unsigned more = random_next(x) % 8;
		unsigned rest = 255u - range->first.bytes[low];
		range->last.bytes[low] = (uint8_t)(range->last.bytes[low] +
						   (more < rest ? more : rest));
		assert_int_equal(address_set_add(set, range), 0);
	}
	address_set_freeze(set);
	return count;
}

static bool
naive_has(const struct address_range *list, size_t count, struct address a)
{
	for (size_t i = 0; i < count; i++)
		if (address_range_has(&list[i], a))
			return true;
	return false;
}

/* Disjoint, ascending, and with a gap between each two. */
static void
check_order(const struct address_set *set)
{
	for (size_t i = 1; i < address_set_count(set); i++) {
		struct address_range a = address_set_range(set, i - 1);
		struct address_range b = address_set_range(set, i);
		struct address behind;
		assert_true(address_cmp(a.last, b.first) < 0);
		if (a.last.family == b.first.family) {
			assert_true(address_next(a.last, &behind));
			assert_true(address_cmp(behind, b.first) < 0);
		}
	}
}

static void
twin(void **state)
{
	static struct address_range list[RANGES_MAX];
	uint32_t x = 1;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct address_set set = { 0 };
		size_t count = fill(&x, list, &set);
		check_order(&set);
		for (unsigned i = 0; i < ASKS; i++) {
			struct address asked = random_address(&x);
			assert_int_equal(address_set_has(&set, asked),
			    naive_has(list, count, asked));
		}
		address_set_fini(&set);
	}
}

static void
fill_by_chance(struct address_set *set, long count)
{
	char word[64];

	for (long i = 0; i < count; i++) {
		long at = random() % 700, size = random() % 3;
		if (random() % 2 != 0)
			(void)snprintf(word, sizeof(word),
			    "10.0.%ld.%ld-10.0.%ld.%ld", at >> 8, at & 255,
			    (at + size) >> 8, (at + size) & 255);
		else
			(void)snprintf(word, sizeof(word),
			    "2001:db8::%lx-2001:db8::%lx", at, at + size);
		add(set, word);
	}
	address_set_freeze(set);
}

/* The first address of `a` that `b` has: a range begins there in one of them. */
static bool
naive_overlap(const struct address_set *a, const struct address_set *b,
    struct address *ret)
{
	bool found = false;

	for (size_t i = 0; i < address_set_count(a); i++)
		for (size_t j = 0; j < address_set_count(b); j++) {
			struct address_range x = address_set_range(a, i);
			struct address_range y = address_set_range(b, j);
			struct address first =
			    address_range_has(&x, y.first) ? y.first : x.first;
			if (!address_range_has(&x, first) ||
			    !address_range_has(&y, first) ||
			    (found && address_cmp(*ret, first) <= 0))
				continue;
			found = true;
			*ret = first;
		}
	return found;
}

/* Of sets of all proportions, so that it is walked and searched. */
static void
overlap_twin(void **state)
{
	unsigned found = 0;

	(void)state;
	for (unsigned seed = 0; seed < 600; seed++) {
		struct address_set a = { 0 }, b = { 0 };
		struct address expected, got;
		srandom(seed);
		fill_by_chance(&a, random() % 4);
		fill_by_chance(&b, random() % (seed % 2 != 0 ? 300 : 30));
		bool does = naive_overlap(&a, &b, &expected);
		assert_int_equal(address_set_overlap(&a, &b, &got), does);
		assert_true(!does || address_eq(got, expected));
		assert_int_equal(address_set_overlap(&b, &a, &got), does);
		assert_true(!does || address_eq(got, expected));
		found += does;
		address_set_fini(&a);
		address_set_fini(&b);
	}
	assert_in_range(found, 50, 550);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(folds),
		cmocka_unit_test(ends_of_the_spaces),
		cmocka_unit_test(overlap),
		cmocka_unit_test(overlap_twin),
		cmocka_unit_test(twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
