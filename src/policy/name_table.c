/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/name_table.h"

#include <errno.h>
#include <stdlib.h>

#define SPAN_FIRST  8
#define RESEEDS_MAX 4 /* the first one is enough */

void
name_table_fini(struct name_table *table)
{
	text_fini(&table->bytes);
	free(table->slots);
	*table = (struct name_table){ 0 };
}

static uint8_t *
data_at(const struct name_table *table, const struct name_slot *slot)
{
	return (uint8_t *)table->bytes.at + slot->at;
}

static struct str
name_at(const struct name_table *table, const struct name_slot *slot)
{
	const char *len = table->bytes.at + slot->at - 1;

	return (struct str){ len + 1 + table->data_bytes, (uint8_t)*len };
}

/* Whether the name is here; its slot, or the one where it would go. */
static bool
probe(const struct name_table *table, struct str name, uint32_t hash,
    struct name_slot **ret)
{
	struct name_slot *slot =
	    &table->slots[name_hash_place(hash, table->span)];
	bool found = false;

	while (slot->at != 0 && slot->hash < hash)
		slot++;
	for (; slot->at != 0 && slot->hash == hash; slot++) {
		found = str_eq(name_at(table, slot), name);
		if (found)
			break;
	}
	*ret = slot;
	return found;
}

/*
 * Moves the rest of the run up by one; false if it is too long already.  The
 * last slot stays free: it ends the search.
 */
static bool
open_slot(struct name_table *table, struct name_slot *slot)
{
	const struct name_slot *last = table->slots + table->room - 1;
	struct name_slot *end = slot;

	while (end->at != 0)
		if (++end == last || end - slot > NAME_TABLE_RUN_MAX)
			return false;
	memmove(slot + 1, slot, (size_t)(end - slot) * sizeof(*slot));
	return slot < last;
}

/* A table of this span, empty, with the bytes and seed of the old one. */
static int
begin_table(const struct name_table *old, size_t span, struct name_table *ret)
{
	*ret = *old;
	ret->span = span;
	ret->room =
	    span + (span < NAME_TABLE_RUN_MAX ? span : NAME_TABLE_RUN_MAX) + 1;
	ret->slots = calloc(ret->room, sizeof(*ret->slots));
	return ret->slots == NULL ? -ENOMEM : 0;
}

/* The old slots ascend, so the new ones are written from first to last. */
static bool
sweep(const struct name_table *old, struct name_table *table)
{
	size_t next = 0;

	for (size_t i = 0; i < old->room; i++) {
		if (old->slots[i].at == 0)
			continue;
		size_t place = name_hash_place(old->slots[i].hash, table->span);
		next = place > next ? place : next;
		if (next >= table->room - 1 ||
		    next - place > NAME_TABLE_RUN_MAX)
			return false;
		table->slots[next++] = old->slots[i];
	}
	return true;
}

/* Every name once more, by another hash. */
static bool
put_all(const struct name_table *old, struct name_table *table)
{
	for (size_t i = 0; i < old->room; i++) {
		if (old->slots[i].at == 0)
			continue;
		struct str name = name_at(old, &old->slots[i]);
		uint32_t hash = name_hash(table->seed, name);
		struct name_slot *slot;
		(void)probe(table, name, hash, &slot);
		if (!open_slot(table, slot))
			return false;
		*slot = (struct name_slot){ hash, old->slots[i].at };
	}
	return true;
}

static int
resize(struct name_table *table, size_t span)
{
	struct name_table grown;

	if (begin_table(table, span, &grown) < 0)
		return -ENOMEM;
	if (table->slots != NULL && !sweep(table, &grown)) {
		free(grown.slots);
		return -ENOSPC;
	}
	free(table->slots);
	*table = grown;
	return 0;
}

/* What crowds by one hash is spread by another that nobody could foresee. */
static int
reseed(struct name_table *table)
{
	for (unsigned doubled = 0; doubled < RESEEDS_MAX; doubled++) {
		struct name_table grown;
		if (begin_table(table, table->span << doubled, &grown) < 0)
			return -ENOMEM;
		arc4random_buf(&grown.seed, sizeof(grown.seed));
		if (put_all(table, &grown)) {
			free(table->slots); /* NOLINT: freed once */
			*table = grown;
			return 0;
		}
		free(grown.slots);
	}
	return -ENOMEM;
}

static int
add_bytes(struct name_table *table, struct str name, uint32_t *ret_at)
{
	static const char zero[UINT8_MAX];
	size_t at = table->bytes.len;

	if (at + 1 + table->data_bytes + name.len >= UINT32_MAX)
		return -E2BIG;
	text_addc(&table->bytes, (char)(uint8_t)name.len);
	text_add(&table->bytes, (struct str){ zero, table->data_bytes });
	text_add(&table->bytes, name);
	if (table->bytes.full) {
		/* Nothing refers to the piece, if one was written. */
		table->bytes.full = false;
		text_cut(&table->bytes, at);
		return -ENOMEM;
	}
	*ret_at = (uint32_t)at + 1;
	return 0;
}

static int
widen(struct name_table *table, size_t span)
{
	int rc = resize(table, span);

	return rc == -ENOSPC ? reseed(table) : rc;
}

int
name_table_reserve(struct name_table *table, size_t count)
{
	size_t span = (table->count + count) / 3 * 4 + SPAN_FIRST;

	if (span <= table->span)
		return 0;
	/* Who asks for a few at a time does not pay for all each time. */
	return widen(table, span > table->span * 2 ? span : table->span * 2);
}

/* Three quarters, so that runs are short while slots are moved. */
static int
make_room(struct name_table *table)
{
	if (table->count < table->span / 4 * 3)
		return 0;
	return widen(table, table->span > 0 ? table->span * 2 : SPAN_FIRST);
}

int
name_table_put(struct name_table *table, struct str name, uint8_t data_bytes,
    uint8_t **ret_data)
{
	struct name_slot *slot;
	uint32_t hash, at;

	table->data_bytes = data_bytes;
	if (make_room(table) < 0)
		return -ENOMEM;
	hash = name_hash(table->seed, name);
	if (!probe(table, name, hash, &slot)) {
		int rc = add_bytes(table, name, &at);
		while (rc == 0 && !open_slot(table, slot)) {
			rc = reseed(table);
			hash = name_hash(table->seed, name);
			(void)probe(table, name, hash, &slot);
		}
		if (rc < 0)
			return rc;
		*slot = (struct name_slot){ hash, at };
		table->count++;
	}
	*ret_data = data_at(table, slot);
	return 0;
}

uint8_t *
name_table_find(const struct name_table *table, struct str name, uint32_t hash)
{
	struct name_slot *slot;

	if (table->count == 0 || !probe(table, name, hash, &slot))
		return NULL;
	return data_at(table, slot);
}

uint8_t *
name_table_slot(
    const struct name_table *table, size_t slot, struct str *ret_name)
{
	if (table->slots[slot].at == 0)
		return NULL;
	*ret_name = name_at(table, &table->slots[slot]);
	return data_at(table, &table->slots[slot]);
}
