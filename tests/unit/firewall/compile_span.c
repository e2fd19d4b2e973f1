/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ranges of which the first rule wins, beside asking each rule in turn. */
#include "firewall/compile_span.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct span
span(uint64_t first, uint64_t last, uint32_t rule)
{
	return (struct span){ { 0, first }, { 0, last }, rule };
}

/* What goes in, and what comes out. */
static const struct {
	struct {
		uint64_t first, last;
		uint32_t rule;
	} in[4], out[4];
	size_t in_count, out_count;
} cuts[] = {
	{ { { 5, 9, 1 } }, { { 5, 9, 1 } }, 1, 1 },
	/* Covered by an earlier one, and by a later one. */
	{ { { 1, 9, 1 }, { 3, 4, 2 } }, { { 1, 9, 1 } }, 2, 1 },
	{ { { 3, 4, 1 }, { 1, 9, 2 } },
	    { { 1, 2, 2 }, { 3, 4, 1 }, { 5, 9, 2 } }, 2, 3 },
	{ { { 1, 5, 1 }, { 3, 9, 2 } }, { { 1, 5, 1 }, { 6, 9, 2 } }, 2, 2 },
	{ { { 3, 9, 1 }, { 1, 5, 2 } }, { { 1, 2, 2 }, { 3, 9, 1 } }, 2, 2 },
	/* Neighbours are one if they are of one rule. */
	{ { { 1, 5, 1 }, { 6, 9, 1 } }, { { 1, 9, 1 } }, 2, 1 },
	{ { { 1, 5, 1 }, { 6, 9, 2 } }, { { 1, 5, 1 }, { 6, 9, 2 } }, 2, 2 },
	{ { { 1, 5, 1 }, { 7, 9, 1 } }, { { 1, 5, 1 }, { 7, 9, 1 } }, 2, 2 },
	{ { { 4, 4, 3 }, { 4, 4, 2 }, { 4, 4, 7 } }, { { 4, 4, 2 } }, 3, 1 },
};

static void
cuts_what_overlaps(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cuts); i++) {
		struct spans in = { 0 }, out = { 0 };
		for (size_t j = 0; j < cuts[i].in_count; j++)
			assert_int_equal(
			    spans_add(&in,
				span(cuts[i].in[j].first, cuts[i].in[j].last,
				    cuts[i].in[j].rule)),
			    0);
		assert_int_equal(spans_cut(&in, &out), 0);
		assert_int_equal(out.count, cuts[i].out_count);
		for (size_t j = 0; j < out.count; j++) {
			assert_int_equal(
			    out.items[j].first.low, cuts[i].out[j].first);
			assert_int_equal(
			    out.items[j].last.low, cuts[i].out[j].last);
			assert_int_equal(
			    out.items[j].rule, cuts[i].out[j].rule);
		}
		spans_fini(&in);
		spans_fini(&out);
	}
}

/* The last address has no next one. */
static void
ends_with_the_last_address(void **state)
{
	static const struct bound top = { UINT64_MAX, UINT64_MAX };
	struct spans in = { 0 }, out = { 0 };

	(void)state;
	spans_add(&in, (struct span){ { 0, 0 }, top, 2 });
	spans_add(&in, (struct span){ { 0, UINT64_MAX }, { 1, 0 }, 1 });
	assert_int_equal(spans_cut(&in, &out), 0);
	assert_int_equal(out.count, 3);
	assert_int_equal(out.items[0].last.low, UINT64_MAX - 1);
	assert_int_equal(out.items[1].rule, 1);
	assert_int_equal(out.items[2].first.high, 1);
	assert_int_equal(out.items[2].first.low, 1);
	assert_int_equal(bound_cmp(out.items[2].last, top), 0);
	spans_fini(&in);
	spans_fini(&out);
}

#define WORLD 64

/* The first rule of all that have it; UINT32_MAX: none. */
static uint32_t
first_rule(const struct spans *spans, uint64_t at)
{
	uint32_t first = UINT32_MAX;

	for (size_t i = 0; i < spans->count; i++)
		if (spans->items[i].first.low <= at &&
		    at <= spans->items[i].last.low &&
		    spans->items[i].rule < first)
			first = spans->items[i].rule;
	return first;
}

static void
says_the_same_as_one_by_one(void **state)
{
	(void)state;
	srandom(1);
	for (unsigned round = 0; round < 20000; round++) {
		struct spans in = { 0 }, out = { 0 };
		size_t count = (size_t)random() % 12;
		for (size_t i = 0; i < count; i++) {
			uint64_t first = (uint64_t)random() % WORLD;
			uint64_t last =
			    first + (uint64_t)random() % (WORLD - first);
			spans_add(
			    &in, span(first, last, (uint32_t)random() % 8));
		}
		assert_int_equal(spans_cut(&in, &out), 0);
		for (uint64_t at = 0; at < WORLD; at++)
			assert_int_equal(
			    first_rule(&out, at), first_rule(&in, at));
		for (size_t i = 1; i < out.count; i++)
			assert_true(
			    out.items[i - 1].last.low < out.items[i].first.low);
		spans_fini(&in);
		spans_fini(&out);
	}
}

/* There and back; a mask that looks like an IPv4-mapped address as well. */
static void
keeps_addresses(void **state)
{
	static const char *const texts[] = { "0.0.0.0", "192.0.2.1",
		"255.255.255.255", "::", "2001:db8:1:2:3:4:5:6",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct address address;
		assert_int_equal(address_parse(str_of(texts[i]), &address), 0);
		assert_true(address_eq(
		    bound_address(bound_of_address(address), address.family),
		    address));
	}
	struct bound mapped = { 0, 0xffff00000000 };
	assert_int_equal(bound_address(mapped, ADDRESS_IPV6).family, 6);
	assert_int_equal(bound_low_bits(0).low, 0);
	assert_int_equal(bound_low_bits(64).high, 0);
	assert_int_equal(bound_low_bits(65).high, 1);
	assert_int_equal(bound_low_bits(128).high, UINT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_what_overlaps),
		cmocka_unit_test(ends_with_the_last_address),
		cmocka_unit_test(says_the_same_as_one_by_one),
		cmocka_unit_test(keeps_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
