/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/diff_change: the ways in which flows fare differently, each once: a
 * terminal of the one policy and one of the other.
 */
#include "policy/diff_impl.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

#define TABLE_ROOM_FIRST 64

void
diff_changes_fini(struct diff_changes *changes)
{
	free(changes->items);
	free(changes->table);
	*changes = (struct diff_changes){ 0 };
}

static size_t
probe(const struct diff_changes *changes, const struct diff_change *change)
{
	size_t mask = changes->table_room - 1;
	uint64_t h = ((uint64_t)change->before << 32 | change->after) *
		     UINT64_C(0x9e3779b97f4a7c15);
	size_t at = (size_t)(h >> 32) & mask;

	while (changes->table[at] != 0) {
		const struct diff_change *other =
		    &changes->items[changes->table[at] - 1];
		if (other->before == change->before &&
		    other->after == change->after)
			break;
		at = (at + 1) & mask;
	}
	return at;
}

static int
grow(struct diff_changes *changes)
{
	size_t room = changes->table_room == 0 ? TABLE_ROOM_FIRST
					       : changes->table_room * 2;
	uint32_t *table = calloc(room, sizeof(*table));

	if (table == NULL)
		return -ENOMEM;
	free(changes->table);
	changes->table = table;
	changes->table_room = room;
	for (size_t i = 0; i < changes->count; i++)
		table[probe(changes, &changes->items[i])] = (uint32_t)i + 1;
	return 0;
}

long
diff_changes_add(struct diff_changes *changes, struct diff_change change)
{
	if (changes->count >= changes->table_room / 2 && grow(changes) < 0)
		return -ENOMEM;
	size_t at = probe(changes, &change);
	if (changes->table[at] == 0) {
		if (VEC_ADD(changes, change) < 0)
			return -ENOMEM;
		changes->table[at] = (uint32_t)changes->count;
	}
	return (long)changes->table[at] - 1;
}
