/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/position_table.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_ROOM_FIRST 64

int
position_table_init(struct position_table *table)
{
	*table = (struct position_table){ .table_room = TABLE_ROOM_FIRST };
	table->table = calloc(TABLE_ROOM_FIRST, sizeof(*table->table));
	return table->table != NULL ? 0 : -ENOMEM;
}

void
position_table_fini(struct position_table *table)
{
	free(table->positions.items);
	free(table->ends.items);
	free(table->table);
	*table = (struct position_table){ 0 };
}

const uint32_t *
position_table_at(
    const struct position_table *table, size_t state, size_t *ret_count)
{
	size_t first = state == 0 ? 0 : table->ends.items[state - 1];

	*ret_count = table->ends.items[state] - first;
	return table->positions.items + first;
}

static uint64_t
hash(const uint32_t *positions, size_t count)
{
	uint64_t h = count;

	for (size_t i = 0; i < count; i++) {
		h = (h ^ positions[i]) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return h;
}

static bool
is_state(const struct position_table *table, size_t state,
    const uint32_t *positions, size_t count)
{
	size_t other_count;
	const uint32_t *other = position_table_at(table, state, &other_count);

	return other_count == count &&
	       (count == 0 ||
		   memcmp(other, positions, count * sizeof(*positions)) == 0);
}

static size_t
probe(
    const struct position_table *table, const uint32_t *positions, size_t count)
{
	size_t mask = table->table_room - 1;
	size_t at = (size_t)hash(positions, count) & mask;

	while (table->table[at] != 0 &&
	       !is_state(table, table->table[at] - 1, positions, count))
		at = (at + 1) & mask;
	return at;
}

static int
grow(struct position_table *table)
{
	size_t room = table->table_room * 2;
	uint32_t *grown = calloc(room, sizeof(*grown));

	if (grown == NULL)
		return -ENOMEM;
	free(table->table);
	table->table = grown;
	table->table_room = room;
	for (size_t i = 0; i < table->ends.count; i++) {
		size_t count;
		const uint32_t *positions = position_table_at(table, i, &count);
		grown[probe(table, positions, count)] = (uint32_t)i + 1;
	}
	return 0;
}

static int
by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int
keep(struct position_table *table, const uint32_t *positions, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (VEC_ADD(&table->positions, positions[i]) < 0)
			return -ENOMEM;
	return VEC_ADD(&table->ends, table->positions.count);
}

long
position_table_add(struct position_table *table, uint32_t *positions,
    size_t count, bool *ret_new)
{
	if (count > 1)
		qsort(positions, count, sizeof(*positions), by_number);
	size_t at = probe(table, positions, count);
	*ret_new = table->table[at] == 0;
	if (!*ret_new)
		return (long)table->table[at] - 1;
	if (table->ends.count >= table->table_room / 2 && grow(table) < 0)
		return -ENOMEM;
	at = probe(table, positions, count);
	if (keep(table, positions, count) < 0)
		return -ENOMEM;
	table->table[at] = (uint32_t)table->ends.count;
	return (long)table->ends.count - 1;
}
