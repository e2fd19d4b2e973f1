/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/name_index.h"

#include <errno.h>
#include <stdlib.h>

/* Measured: 2 needs a larger cache for the starts, 8 reads more lines. */
#define GROUP 4

void
name_index_fini(struct name_index *index)
{
	free(index->bytes);
	free(index->starts);
	free(index->filter);
	*index = (struct name_index){ 0 };
}

static size_t
filter_words(const struct name_index *index)
{
	return index->count / 8 + 1;
}

/* One word of the filter, and three bits of it: 4 in 100 misses pass. */
static uint64_t
filter_bits(uint32_t hash)
{
	return (uint64_t)1 << (hash & 63) | (uint64_t)1 << (hash >> 6 & 63) |
	       (uint64_t)1 << (hash >> 12 & 63);
}

static uint64_t *
filter_word(const struct name_index *index, uint32_t hash)
{
	return &index->filter[name_hash_place(hash, filter_words(index))];
}

static bool
may_have(const struct name_index *index, uint32_t hash)
{
	uint64_t bits = filter_bits(hash);

	return (*filter_word(index, hash) & bits) == bits;
}

static size_t
entry_bytes(const struct name_index *index, const uint8_t *entry)
{
	return (size_t)1 + index->data_bytes + *entry;
}

static struct str
entry_name(const struct name_index *index, const uint8_t *entry)
{
	return (
	    struct str){ (const char *)entry + 1 + index->data_bytes, *entry };
}

static bool
is_kept(const struct name_table *table, size_t slot, struct str *ret_name)
{
	const uint8_t *data = name_table_slot(table, slot, ret_name);
	uint8_t any = 0;

	for (size_t i = 0; data != NULL && i < table->data_bytes; i++)
		any |= data[i];
	return any != 0;
}

static size_t
measure(struct name_index *index, const struct name_table *table)
{
	size_t bytes = 0;

	for (size_t i = 0; i < table->room; i++) {
		struct str name;
		if (!is_kept(table, i, &name))
			continue;
		bytes += 1 + index->data_bytes + name.len;
		index->count++;
	}
	return bytes;
}

static size_t
write_entry(
    struct name_index *index, size_t at, struct str name, const uint8_t *data)
{
	uint8_t *entry = index->bytes + at;

	entry[0] = (uint8_t)name.len;
	memcpy(entry + 1, data, index->data_bytes);
	memcpy(entry + 1 + index->data_bytes, name.at, name.len);
	return at + entry_bytes(index, entry);
}

/* The table's slots ascend by hash, so its groups follow each other. */
static void
fill(struct name_index *index, const struct name_table *table)
{
	size_t at = 0, next = 0, in_group = 0;

	for (size_t i = 0; i < table->room; i++) {
		struct str name;
		if (!is_kept(table, i, &name))
			continue;
		uint32_t hash = table->slots[i].hash;
		size_t group = name_hash_place(hash, index->groups);
		if (next <= group)
			in_group = 0;
		while (next <= group)
			index->starts[next++] = (uint32_t)at;
		if (++in_group > index->group_max)
			index->group_max = in_group;
		at = write_entry(
		    index, at, name, name_table_slot(table, i, &name));
		*filter_word(index, hash) |= filter_bits(hash);
	}
	while (next <= index->groups)
		index->starts[next++] = (uint32_t)at;
}

int
name_index_build(struct name_index *ret, const struct name_table *table)
{
	struct name_index index = { .seed = table->seed,
		.data_bytes = table->data_bytes };
	size_t bytes = measure(&index, table);

	index.groups = index.count / GROUP + 1;
	index.bytes = malloc(bytes + 1);
	index.starts = calloc(index.groups + 1, sizeof(*index.starts));
	index.filter = calloc(filter_words(&index), sizeof(*index.filter));
	if (index.bytes == NULL || index.starts == NULL ||
	    index.filter == NULL) {
		name_index_fini(&index);
		return -ENOMEM;
	}
	fill(&index, table);
	*ret = index;
	return 0;
}

const uint8_t *
name_index_find(const struct name_index *index, struct str name, uint32_t hash)
{
	if (index->count == 0 || !may_have(index, hash))
		return NULL;
	size_t group = name_hash_place(hash, index->groups);
	const uint8_t *entry = index->bytes + index->starts[group];
	const uint8_t *end = index->bytes + index->starts[group + 1];
	for (; entry < end; entry += entry_bytes(index, entry))
		if (str_eq(entry_name(index, entry), name))
			return entry + 1;
	return NULL;
}

size_t
name_index_room(const struct name_index *index)
{
	return index->groups * index->group_max;
}

const uint8_t *
name_index_slot(
    const struct name_index *index, size_t slot, struct str *ret_name)
{
	size_t group = slot / index->group_max;
	size_t before = slot % index->group_max;
	const uint8_t *entry = index->bytes + index->starts[group];
	const uint8_t *end = index->bytes + index->starts[group + 1];

	while (before-- > 0 && entry < end)
		entry += entry_bytes(index, entry);
	if (entry >= end)
		return NULL;
	*ret_name = entry_name(index, entry);
	return entry + 1;
}

int
name_index_reopen(const struct name_index *index, struct name_table *table)
{
	int rc = name_table_reserve(table, index->count);

	for (size_t i = 0; rc == 0 && i < name_index_room(index); i++) {
		struct str name;
		uint8_t *copy;
		const uint8_t *data = name_index_slot(index, i, &name);
		if (data == NULL)
			continue;
		rc = name_table_put(table, name, index->data_bytes, &copy);
		if (rc == 0)
			memcpy(copy, data, index->data_bytes);
	}
	return rc;
}
