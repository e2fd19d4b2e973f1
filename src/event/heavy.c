/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event/heavy.h"

#include "base/clock.h"
#include "base/must.h"

#include <errno.h>
#include <stdlib.h>

/* What most have enough of. */
#define CAPACITY_FIRST 16

static uint16_t *
slot_of(uint16_t *slots, size_t slot_count, uint64_t hash)
{
	size_t at = hash & (slot_count - 1);

	while (slots[at] != 0)
		at = (at + 1) & (slot_count - 1);
	return &slots[at];
}

/* 0, or -ENOMEM and it is as large as it was. */
static int
set_capacity(struct heavy *heavy, size_t capacity)
{
	size_t slot_count = capacity * 2;
	struct heavy_entry *entries =
	    realloc(heavy->entries, capacity * sizeof(*entries));

	if (entries == NULL)
		return -ENOMEM;
	heavy->entries = entries;
	if (capacity == heavy->room && heavy->scratch == NULL)
		heavy->scratch = malloc(capacity * sizeof(*heavy->scratch));
	if (capacity == heavy->room && heavy->scratch == NULL)
		return -ENOMEM;
	uint16_t *slots = calloc(slot_count, sizeof(*slots));
	if (slots == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < heavy->count; i++)
		*slot_of(slots, slot_count, entries[i].hash) =
		    (uint16_t)(i + 1);
	free(heavy->slots);
	heavy->slots = slots;
	heavy->slot_count = slot_count;
	heavy->capacity = capacity;
	return 0;
}

int
heavy_init(struct heavy *heavy, size_t room)
{
	must(room >= 2 && room <= HEAVY_ROOM_MAX && (room & (room - 1)) == 0);
	/* A seed that no peer knows: none can fill one slot with its names. */
	*heavy = (struct heavy){
		.room = room,
		.seed = (uint64_t)clock_now() * UINT64_C(0x9e3779b97f4a7c15),
	};
	if (set_capacity(
		heavy, room < CAPACITY_FIRST ? room : CAPACITY_FIRST) == 0)
		return 0;
	heavy_fini(heavy);
	return -ENOMEM;
}

void
heavy_fini(struct heavy *heavy)
{
	free(heavy->entries);
	free(heavy->slots);
	free(heavy->scratch);
	text_fini(&heavy->keys);
	*heavy = (struct heavy){ 0 };
}

void
heavy_clear(struct heavy *heavy)
{
	if (heavy->count > 0)
		memset(
		    heavy->slots, 0, heavy->slot_count * sizeof(*heavy->slots));
	heavy->count = 0;
	heavy->floor = 0;
	text_clear(&heavy->keys);
}

struct str
heavy_key(const struct heavy *heavy, const struct heavy_entry *entry)
{
	return (struct str){ heavy->keys.at + entry->key_at, entry->key_len };
}

static uint64_t
take_word(uint64_t hash, const char *at, size_t len)
{
	uint64_t word = 0;

	memcpy(&word, at, len);
	hash = (hash ^ word) * UINT64_C(0xd6e8feb86659fd93);
	return hash ^ hash >> 32;
}

/*
 * By words of eight bytes, the last of which may have some of the one before:
 * str_hash, byte by byte, took half of the time of a count.  Whoever finds keys
 * that collide without knowing the seed makes a count walk through `room`
 * entries at most.
 */
static uint64_t
hash_of(const struct heavy *heavy, struct str key)
{
	uint64_t hash = heavy->seed ^ key.len;
	size_t at = 0;

	for (; key.len - at >= 8; at += 8)
		hash = take_word(hash, key.at + at, 8);
	if (at < key.len && key.len > 8)
		hash = take_word(hash, key.at + key.len - 8, 8);
	else if (at < key.len)
		hash = take_word(hash, key.at, key.len);
	hash *= UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

/* The slot that has it, or the free one where it belongs. */
static uint16_t *
find_slot(const struct heavy *heavy, struct str key, uint64_t hash)
{
	size_t at = hash & (heavy->slot_count - 1);

	while (heavy->slots[at] != 0) {
		const struct heavy_entry *one =
		    &heavy->entries[heavy->slots[at] - 1];
		if (one->hash == hash && str_eq(heavy_key(heavy, one), key))
			break;
		at = (at + 1) & (heavy->slot_count - 1);
	}
	return &heavy->slots[at];
}

/* ---- forgetting ---- */

/* The k-th smallest, from 0 on; the values change their places (Hoare). */
static uint64_t
select_kth(uint64_t *values, ptrdiff_t count, ptrdiff_t k)
{
	ptrdiff_t low = 0, high = count - 1;

	while (low < high) {
		uint64_t pivot = values[low + (high - low) / 2];
		ptrdiff_t i = low, j = high;
		while (i <= j) {
			while (values[i] < pivot)
				i++;
			while (values[j] > pivot)
				j--;
			if (i > j)
				break;
			uint64_t kept = values[i];
			values[i++] = values[j];
			values[j--] = kept;
		}
		if (k > j && k < i)
			break;
		if (k <= j)
			high = j;
		else
			low = i;
	}
	return values[k];
}

static uint64_t
median(const struct heavy *heavy)
{
	ptrdiff_t count = (ptrdiff_t)heavy->count;

	for (ptrdiff_t i = 0; i < count; i++)
		heavy->scratch[i] = heavy->entries[i].count.flows;
	return select_kth(heavy->scratch, count, (count - 1) / 2);
}

/* Keys stand in the order of their entries, so that they only move down. */
static void
keep(struct heavy *heavy, const struct heavy_entry *entry)
{
	struct heavy_entry kept = *entry;
	char *keys = heavy->keys.at;

	memmove(keys + heavy->keys.len, keys + kept.key_at, kept.key_len);
	kept.key_at = (uint32_t)heavy->keys.len;
	heavy->keys.len += kept.key_len;
	heavy->entries[heavy->count++] = kept;
	*find_slot(heavy, heavy_key(heavy, &kept), kept.hash) =
	    (uint16_t)heavy->count;
}

static void
forget_lesser(struct heavy *heavy)
{
	uint64_t most = median(heavy);
	size_t count = heavy->count;

	memset(heavy->slots, 0, heavy->slot_count * sizeof(*heavy->slots));
	heavy->count = 0;
	heavy->keys.len = 0;
	for (size_t i = 0; i < count; i++)
		if (heavy->entries[i].count.flows > most)
			keep(heavy, &heavy->entries[i]);
	if (most > heavy->floor)
		heavy->floor = most;
}

/* ---- counting ---- */

static void
add_to(struct heavy_count *sum, const struct heavy_count *count)
{
	sum->flows += count->flows;
	sum->refused += count->refused;
	sum->bytes_in += count->bytes_in;
	sum->bytes_out += count->bytes_out;
}

/* Lets a key in that is not there; NULL: it cannot be. */
static struct heavy_entry *
let_in(struct heavy *heavy, struct str key, uint64_t hash)
{
	must(heavy->entries != NULL);
	if (heavy->count == heavy->room)
		forget_lesser(heavy);
	else if (heavy->count == heavy->capacity &&
		 set_capacity(heavy, heavy->capacity * 2) < 0)
		return NULL;
	size_t at = heavy->keys.len;
	text_add(&heavy->keys, key);
	if (heavy->keys.full) {
		heavy->keys.full = false;
		heavy->keys.len = at;
		return NULL;
	}
	struct heavy_entry *entry = &heavy->entries[heavy->count++];
	*entry = (struct heavy_entry){ .hash = hash,
		.key_at = (uint32_t)at,
		.key_len = (uint32_t)key.len };
	*find_slot(heavy, key, hash) = (uint16_t)heavy->count;
	return entry;
}

static struct heavy_entry *
find(struct heavy *heavy, struct str key, bool lets_in)
{
	uint64_t hash = hash_of(heavy, key);
	uint16_t slot = *find_slot(heavy, key, hash);
	struct heavy_entry *entry;

	if (slot != 0)
		return &heavy->entries[slot - 1];
	if (!lets_in || key.len > HEAVY_KEY_BYTES_MAX)
		return NULL;
	entry = let_in(heavy, key, hash);
	if (entry != NULL)
		entry->count.flows = entry->over = heavy->floor;
	return entry;
}

void
heavy_add(struct heavy *heavy, struct str key, const struct heavy_count *count)
{
	bool lets_in = count->flows > 0 || heavy->count < heavy->room;
	struct heavy_entry *entry = find(heavy, key, lets_in);

	if (entry != NULL)
		add_to(&entry->count, count);
}

/* ---- adding up ---- */

/*
 * Of each that is here the other one may have met as many as its floor; of
 * those that it has, it says what it knows.
 */
void
heavy_merge(struct heavy *heavy, const struct heavy *from)
{
	for (size_t i = 0; from->floor > 0 && i < heavy->count; i++) {
		heavy->entries[i].count.flows += from->floor;
		heavy->entries[i].over += from->floor;
	}
	heavy->floor += from->floor;
	for (size_t i = 0; i < from->count; i++) {
		const struct heavy_entry *one = &from->entries[i];
		struct heavy_entry *entry =
		    find(heavy, heavy_key(from, one), true);
		if (entry == NULL)
			continue;
		add_to(&entry->count, &one->count);
		entry->count.flows -= from->floor;
		entry->over = entry->over - from->floor + one->over;
	}
}

bool
heavy_put(struct heavy *heavy, struct str key, const struct heavy_count *count,
    uint64_t over)
{
	if (heavy->count == heavy->room || count->flows < heavy->floor ||
	    over > heavy->floor || find(heavy, key, false) != NULL)
		return false;
	struct heavy_entry *entry = find(heavy, key, true);
	if (entry == NULL)
		return false;
	entry->count = *count;
	entry->over = over;
	return true;
}

/* ---- the most ---- */

static bool
is_before(const struct heavy *heavy, const struct heavy_entry *a,
    const struct heavy_entry *b)
{
	if (a->count.flows != b->count.flows)
		return a->count.flows > b->count.flows;
	return str_cmp(heavy_key(heavy, a), heavy_key(heavy, b)) < 0;
}

/* Those that are wanted are few: each finds its place among them. */
size_t
heavy_top(const struct heavy *heavy, const struct heavy_entry **ret, size_t max)
{
	size_t found = 0;

	for (size_t i = 0; i < heavy->count; i++) {
		const struct heavy_entry *one = &heavy->entries[i];
		if (found == max &&
		    (max == 0 || !is_before(heavy, one, ret[max - 1])))
			continue;
		size_t at = found < max ? found++ : max - 1;
		while (at > 0 && is_before(heavy, one, ret[at - 1])) {
			ret[at] = ret[at - 1];
			at--;
		}
		ret[at] = one;
	}
	return found;
}
