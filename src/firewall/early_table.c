/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/early_table.h"

#include "base/vec.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static_assert(EARLY_ROWS_MAX == EARLY_PLAN_ROWS_MAX,
    "every row of a plan has a place in the program");
static_assert(sizeof(struct early_word) == 32, "two in a line of the cache");

#define ADDRESSES_OF_24 256
#define NETS_OF_WORD    64 /* /24s */
#define NO_BLOCKS       UINT32_MAX

/* ---- IPv4 ---- */

static uint16_t
span_of(unsigned first, unsigned last)
{
	return (uint16_t)(first | last << 8);
}

/* And the span of those that are whole. */
static int
make_words(struct early_table *table)
{
	if (table->words.count > 0)
		return 0;
	if (VEC_ADD(&table->spans, span_of(0, ADDRESSES_OF_24 - 1)) < 0)
		return -ENOMEM;
	table->words.items = calloc(EARLY_WORDS, sizeof(*table->words.items));
	if (table->words.items == NULL)
		return -ENOMEM;
	table->words.count = table->words.room = EARLY_WORDS;
	return 0;
}

/* The row's own word of these 64 /24s, made if need be; NULL: no memory. */
static struct early_word *
word_of(struct early_table *table, uint32_t row, uint32_t nth)
{
	struct early_word fresh = {
		.row = (uint16_t)row,
		.used = 1,
		.blocks = NO_BLOCKS,
	};
	size_t at = nth;

	if (table->words.items[at].used == 0) {
		table->words.items[at] = fresh;
		return &table->words.items[at];
	}
	while (table->words.items[at].row != row &&
	       table->words.items[at].next != 0)
		at = table->words.items[at].next;
	if (table->words.items[at].row == row)
		return &table->words.items[at];
	if (VEC_ADD(&table->words, fresh) < 0)
		return NULL;
	table->words.items[at].next = (uint32_t)(table->words.count - 1);
	return &table->words.items[table->words.count - 1];
}

static void
set_bits(struct early_block *block, unsigned first, unsigned last)
{
	for (unsigned bit = first; bit <= last; bit++)
		block->bits[bit / 64] |= (uint64_t)1 << bit % 64;
}

/* Several parts of one /24: what was the span of one becomes a block. */
static int
add_to_block(struct early_table *table, struct early_word *word, uint16_t *span,
    unsigned first, unsigned last)
{
	unsigned from = *span & 255, to = *span >> 8;

	if (from <= to) {
		struct early_block block = { { 0 } };
		set_bits(&block, from, to);
		if (VEC_ADD(&table->blocks, block) < 0)
			return -ENOMEM;
		if (word->blocks == NO_BLOCKS)
			word->blocks = (uint32_t)(table->blocks.count - 1);
		size_t nth = table->blocks.count - 1 - word->blocks;
		*span = span_of((unsigned)nth + 1, 0);
	}
	set_bits(&table->blocks.items[table->blocks.count - 1], first, last);
	return 0;
}

/*
 * Addresses of one /24.  A row's ranges come ascending, so that the spans of a
 * word, and its blocks, lie one behind the other, and this one's is the last.
 */
static int
add_part(struct early_table *table, uint32_t row, uint32_t first, uint32_t last)
{
	struct early_word *word =
	    word_of(table, row, first >> EARLY_WORD_SHIFT);
	uint64_t bit = (uint64_t)1 << (first >> 8) % NETS_OF_WORD;

	if (word == NULL)
		return -ENOMEM;
	first %= ADDRESSES_OF_24;
	last %= ADDRESSES_OF_24;
	if ((word->part & bit) != 0)
		return add_to_block(table, word,
		    &table->spans.items[table->spans.count - 1], first, last);
	if (word->part == 0)
		word->base = (uint32_t)table->spans.count;
	word->part |= bit;
	if (table->spans.count == EARLY_TABLE_SPANS_MAX)
		return -E2BIG;
	return VEC_ADD(&table->spans, span_of(first, last));
}

/* Whole /24s, by their numbers. */
static int
add_whole(
    struct early_table *table, uint32_t row, uint32_t first, uint32_t last)
{
	for (uint32_t at = first; at <= last;) {
		uint32_t in = at % NETS_OF_WORD;
		uint32_t count = NETS_OF_WORD - in;
		struct early_word *word =
		    word_of(table, row, at / NETS_OF_WORD);
		if (word == NULL)
			return -ENOMEM;
		if (count > last - at + 1)
			count = last - at + 1;
		word->whole |= UINT64_MAX >> (NETS_OF_WORD - count) << in;
		at += count;
	}
	return 0;
}

static int
add_range4(struct early_table *table, uint32_t row, const struct range4 *range)
{
	uint32_t first = range->first >> 8, last = range->last >> 8;
	bool begins = range->first % ADDRESSES_OF_24 == 0;
	bool ends = range->last % ADDRESSES_OF_24 == ADDRESSES_OF_24 - 1;
	int rc = 0;

	if (first == last && !(begins && ends))
		return add_part(table, row, range->first, range->last);
	if (!begins) {
		rc = add_part(table, row, range->first, range->first | 255);
		first++;
	}
	/* Numbers of /24s have 24 bits: neither end wraps around. */
	uint32_t behind = ends ? last + 1 : last;
	if (rc == 0 && behind > first)
		rc = add_whole(table, row, first, behind - 1);
	if (rc == 0 && !ends)
		rc = add_part(table, row, last << 8, range->last);
	return rc;
}

/* ---- IPv6 ---- */

static unsigned
trailing_zeros(const uint64_t words[static 2])
{
	if (words[1] != 0)
		return (unsigned)__builtin_ctzll(words[1]);
	return words[0] != 0 ? 64 + (unsigned)__builtin_ctzll(words[0]) : 128;
}

/* The last address of the net that begins there and has 128 - host bits. */
static void
net_end(const uint64_t first[static 2], unsigned host, uint64_t ret[static 2])
{
	ret[0] = first[0];
	ret[1] =
	    host >= 64 ? UINT64_MAX : first[1] | (((uint64_t)1 << host) - 1);
	if (host == 128)
		ret[0] = UINT64_MAX;
	else if (host > 64)
		ret[0] |= ((uint64_t)1 << (host - 64)) - 1;
}

static bool
is_above(const uint64_t a[static 2], const uint64_t b[static 2])
{
	return a[0] != b[0] ? a[0] > b[0] : a[1] > b[1];
}

static void
add_stems(
    struct early_table *table, const uint64_t first[static 2], unsigned bits)
{
	uint32_t stem = early_stem((uint32_t)(first[0] >> 32));

	if (bits < 32) /* of many /32s: the trie is asked for all */
		memset(table->stems, 0xff, sizeof(table->stems));
	else
		table->stems[stem / 64] |= (uint64_t)1 << stem % 64;
}

static int
add_prefix(struct early_table *table, uint32_t row,
    const uint64_t first[static 2], unsigned bits)
{
	struct early_prefix prefix = { .bits = bits };
	uint64_t wire[2] = { htobe64(first[0]), htobe64(first[1]) };

	memcpy(prefix.address, wire, sizeof(prefix.address));
	if (table->prefixes.count == EARLY_TABLE_PREFIXES_MAX)
		return -E2BIG;
	if (VEC_ADD(&table->prefixes, prefix) < 0)
		return -ENOMEM;
	add_stems(table, first, bits);
	return VEC_ADD(&table->prefix_rows, row);
}

/* The fewest prefixes that make up the range. */
static int
add_range6(struct early_table *table, uint32_t row, const struct range6 *range)
{
	uint64_t at[2] = { range->first[0], range->first[1] }, end[2];

	for (;;) {
		unsigned host = trailing_zeros(at);
		net_end(at, host, end);
		while (host > 0 && is_above(end, range->last))
			net_end(at, --host, end);
		int rc = add_prefix(table, row, at, 128 - host);
		if (rc < 0 || !is_above(range->last, end))
			return rc;
		at[1] = end[1] + 1;
		at[0] = end[0] + (at[1] == 0);
	}
}

static int
add_row(struct early_table *table, uint32_t nth, const struct early_row *row)
{
	int rc = row->v4.count > 0 ? make_words(table) : 0;

	for (size_t i = 0; rc == 0 && i < row->v4.count; i++)
		rc = add_range4(table, nth, &row->v4.items[i]);
	for (size_t i = 0; rc == 0 && i < row->v6.count; i++)
		rc = add_range6(table, nth, &row->v6.items[i]);
	return rc;
}

int
early_table_fill(const struct early_plan *plan, struct early_table *ret)
{
	int rc = 0;

	*ret = (struct early_table){ .stems = { 0 } };
	for (size_t i = 0; rc == 0 && i < plan->row_count; i++)
		rc = add_row(ret, (uint32_t)i, &plan->rows[i]);
	return rc;
}

void
early_table_fini(struct early_table *table)
{
	free(table->words.items);
	free(table->spans.items);
	free(table->blocks.items);
	free(table->prefixes.items);
	free(table->prefix_rows.items);
	*table = (struct early_table){ .stems = { 0 } };
}
