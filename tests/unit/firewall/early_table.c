/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table against the naive reading, address by address in small worlds.
 */
#include "firewall/early_table.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <endian.h>

#include "early_world.h"

static bool
block_has(const struct early_table *table, size_t block, uint32_t address)
{
	assert_true(block < table->blocks.count);
	return (table->blocks.items[block].bits[address >> 6 & 3] >>
		       (address & 63) &
		   1) != 0;
}

static bool
span_has(const struct early_table *table, const struct early_word *word,
    size_t at, uint32_t address)
{
	assert_true(at < table->spans.count);
	unsigned first = table->spans.items[at] & 255;
	unsigned last = table->spans.items[at] >> 8;

	if (first > last)
		return block_has(table, word->blocks + first - 1, address);
	return first <= (address & 255) && (address & 255) <= last;
}

/* As the program reads it, in C. */
static uint32_t
table_row4(const struct early_table *table, uint32_t address)
{
	size_t at = address >> EARLY_WORD_SHIFT;
	unsigned nth = address >> 8 & 63;

	if (table->words.count == 0)
		return EARLY_ROWS_MAX;
	for (int i = 0; i < EARLY_ROWS_MAX; i++) {
		const struct early_word *word = &table->words.items[at];
		bool is_whole = (word->whole >> nth & 1) != 0;
		uint64_t below = word->part & (((uint64_t)1 << nth) - 1);
		size_t span = word->base + (size_t)__builtin_popcountll(below);
		assert_true(at < table->words.count);
		if (is_whole)
			span = 0;
		if ((is_whole || (word->part >> nth & 1) != 0) &&
		    span_has(table, word, span, address))
			return word->row;
		if (word->next == 0)
			return EARLY_ROWS_MAX;
		at = word->next;
	}
	return EARLY_ROWS_MAX;
}

static void
check4(const struct early_plan *plan, const struct early_table *table,
    uint64_t first, uint64_t last)
{
	for (uint64_t at = first; at <= last; at++) {
		uint32_t address = (uint32_t)at;
		assert_int_equal(
		    table_row4(table, address), naive_row4(plan, address));
	}
}

/* Over the edges of /24s and of words, of each length up to the whole. */
static void
every_address_of_a_small_world(void **state)
{
	static const uint32_t worlds[] = { 0x01000000, 0x0a003f00, 0xdfffe000 };
	static const uint32_t lengths[] = { 3, 40, 300, 2000, 40000 };
	uint64_t seed = 1;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < 5; j++)
			for (size_t rows = 1; rows <= EARLY_ROWS_MAX;
			     rows += 3) {
				uint64_t from = worlds[i];
				uint64_t to = from + 9 * lengths[j] + 999;
				struct early_plan plan = { .row_count = rows };
				struct early_table table;
				deal4(&plan, &seed, from, to, lengths[j]);
				assert_int_equal(
				    early_table_fill(&plan, &table), 0);
				check4(&plan, &table, from, to);
				early_table_fini(&table);
				early_plan_fini(&plan);
			}
}

/* The space's own ends, and all of it. */
static void
the_ends_of_the_space(void **state)
{
	static const struct range4 ranges[] = { { 0, 0 }, { 0, 255 },
		{ UINT32_MAX, UINT32_MAX }, { UINT32_MAX - 255, UINT32_MAX },
		{ UINT32_MAX - 300, UINT32_MAX }, { 0, UINT32_MAX },
		{ 1, UINT32_MAX - 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		struct early_plan plan = { .row_count = 1 };
		struct early_table table;
		assert_int_equal(VEC_ADD(&plan.rows[0].v4, ranges[i]), 0);
		assert_int_equal(early_table_fill(&plan, &table), 0);
		check4(&plan, &table, 0, 1024);
		check4(&plan, &table, UINT32_MAX - 1024, UINT32_MAX);
		for (uint64_t at = 77; at < UINT32_MAX; at += 104729)
			check4(&plan, &table, at, at);
		early_table_fini(&table);
		early_plan_fini(&plan);
	}
}

static bool
prefix_has(const struct early_prefix *prefix, const uint64_t address[static 2])
{
	uint8_t wire[16];

	for (unsigned i = 0; i < 16; i++)
		wire[i] = (uint8_t)(address[i / 8] >> (56 - i % 8 * 8));
	for (unsigned bit = 0; bit < prefix->bits; bit++)
		if (((prefix->address[bit / 8] ^ wire[bit / 8]) >>
			    (7 - bit % 8) &
			1) != 0)
			return false;
	return true;
}

/* No two prefixes hold it; and the stem tells of it. */
static uint32_t
table_row6(const struct early_table *table, const uint64_t address[static 2])
{
	uint32_t stem = early_stem((uint32_t)(address[0] >> 32));
	uint32_t row = EARLY_ROWS_MAX;

	for (size_t i = 0; i < table->prefixes.count; i++) {
		if (!prefix_has(&table->prefixes.items[i], address))
			continue;
		assert_int_equal(row, EARLY_ROWS_MAX);
		assert_int_not_equal(
		    table->stems[stem / 64] >> stem % 64 & 1, 0);
		row = table->prefix_rows.items[i];
	}
	return row;
}

static void
prefixes_are_the_ranges(void **state)
{
	static const uint64_t tops[][2] = { { 0x20010db800010000, 0 },
		{ 0x20010db800010000, UINT64_MAX - 5000 } };
	uint64_t seed = 2;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct early_plan plan = { .row_count = 3 };
		struct early_table table;
		deal6(&plan, &seed, tops[i], 30, 60);
		assert_int_equal(early_table_fill(&plan, &table), 0);
		assert_int_equal(table.prefixes.count, table.prefix_rows.count);
		for (uint64_t at = 0; at < 4800; at++) {
			uint64_t address[2] = { tops[i][0], tops[i][1] + at };
			assert_int_equal(table_row6(&table, address),
			    naive_row6(&plan, address));
		}
		early_table_fini(&table);
		early_plan_fini(&plan);
	}
}

/* Ranges over the words of an address, and the shortest prefixes. */
static void
large_ranges_of_ipv6(void **state)
{
	static const struct {
		struct range6 range;
		size_t prefixes;
	} rows[] = {
		{ { { 0, 0 }, { UINT64_MAX, UINT64_MAX } }, 1 },
		{ { { 0, 1 }, { UINT64_MAX, UINT64_MAX } }, 128 },
		{ { { 0, 0 }, { UINT64_MAX, UINT64_MAX - 1 } }, 128 },
		{ { { 1, UINT64_MAX }, { 2, 0 } }, 2 },
		{ { { 1, 0 }, { 1, UINT64_MAX } }, 1 },
		{ { { (uint64_t)1 << 63, 0 }, { UINT64_MAX, UINT64_MAX } }, 1 },
		{ { { 5, 5 }, { 5, 5 } }, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct range6 *range = &rows[i].range;
		struct early_plan plan = { .row_count = 1 };
		struct early_table table;
		uint64_t before[2] = { range->first[0], range->first[1] - 1 };
		before[0] -= range->first[1] == 0;
		assert_int_equal(VEC_ADD(&plan.rows[0].v6, *range), 0);
		assert_int_equal(early_table_fill(&plan, &table), 0);
		assert_int_equal(table.prefixes.count, rows[i].prefixes);
		assert_int_equal(table_row6(&table, range->first), 0);
		assert_int_equal(table_row6(&table, range->last), 0);
		assert_int_equal(
		    table_row6(&table, before), naive_row6(&plan, before));
		early_table_fini(&table);
		early_plan_fini(&plan);
	}
}

static void
more_than_it_can_hold(void **state)
{
	struct early_plan plan = { .row_count = 1 };
	struct early_table table;

	(void)state;
	for (uint32_t i = 0; i < EARLY_TABLE_SPANS_MAX; i++)
		assert_int_equal(VEC_ADD(&plan.rows[0].v4,
				     (struct range4){ i << 8, i << 8 }),
		    0);
	assert_int_equal(early_table_fill(&plan, &table), -E2BIG);
	early_table_fini(&table);
	plan.rows[0].v4.count--;
	assert_int_equal(early_table_fill(&plan, &table), 0);
	assert_int_equal(table.spans.count, EARLY_TABLE_SPANS_MAX);
	early_table_fini(&table);
	early_plan_fini(&plan);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_address_of_a_small_world),
		cmocka_unit_test(the_ends_of_the_space),
		cmocka_unit_test(prefixes_are_the_ranges),
		cmocka_unit_test(large_ranges_of_ipv6),
		cmocka_unit_test(more_than_it_can_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
