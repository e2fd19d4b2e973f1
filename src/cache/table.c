/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/table.h"

#include "base/must.h"

#include <errno.h>
#include <stdlib.h>

/* A cache that has next to nothing should cost next to nothing. */
#define CHAINS_FIRST 64
/* On average, at most: the table then takes 4 to 8 bytes an object. */
#define CHAIN_LENGTH_MAX 2

typedef _Atomic(struct cache_object *) link_type;

static struct cache_chains *
make_chains(size_t count)
{
	struct cache_chains *chains =
	    calloc(1, sizeof(*chains) + count * sizeof(chains->first[0]));

	if (chains != NULL)
		chains->mask = count - 1;
	return chains;
}

static struct cache_chains *
chains_of(const struct cache_table *table)
{
	return atomic_load_explicit(&table->chains, memory_order_relaxed);
}

static struct cache_object *
follow(const link_type *link)
{
	return atomic_load_explicit(link, memory_order_relaxed);
}

static void
set(link_type *link, struct cache_object *object)
{
	atomic_store_explicit(link, object, memory_order_release);
}

int
cache_table_init(struct cache_table *table)
{
	struct cache_chains *chains = make_chains(CHAINS_FIRST);

	if (chains == NULL)
		return -ENOMEM;
	*table = (struct cache_table){ .count = 0 };
	atomic_init(&table->chains, chains);
	atomic_init(&table->moves, 0);
	return 0;
}

void
cache_table_fini(struct cache_table *table)
{
	struct cache_chains *chains = chains_of(table);

	if (chains == NULL)
		return;
	for (size_t i = 0; i <= chains->mask; i++) {
		struct cache_object *object = follow(&chains->first[i]);
		while (object != NULL) {
			struct cache_object *next = follow(&object->next);
			cache_object_unref(object);
			object = next;
		}
	}
	cache_table_reclaim(table, UINT64_MAX);
	free(chains);
}

static link_type *
chain_of(struct cache_table *table, uint32_t hash)
{
	struct cache_chains *chains = chains_of(table);

	return &chains->first[hash & chains->mask];
}

static link_type *
link_to(struct cache_table *table, const struct cache_object *object)
{
	link_type *link = chain_of(table, object->hash);

	while (follow(link) != object) {
		must(follow(link) != NULL);
		link = &follow(link)->next;
	}
	return link;
}

void
cache_table_link(struct cache_table *table, struct cache_object *object)
{
	link_type *link = chain_of(table, object->hash);

	atomic_store_explicit(
	    &object->next, follow(link), memory_order_relaxed);
	set(link, object);
	table->count++;
}

void
cache_table_link_last(struct cache_table *table, struct cache_object *object)
{
	link_type *link = chain_of(table, object->hash);

	while (follow(link) != NULL)
		link = &follow(link)->next;
	atomic_store_explicit(&object->next, NULL, memory_order_relaxed);
	set(link, object);
	table->count++;
}

void
cache_table_unlink(struct cache_table *table, struct cache_object *object)
{
	set(link_to(table, object), follow(&object->next));
	table->count--;
}

void
cache_table_replace(struct cache_table *table, struct cache_object *old,
    struct cache_object *object)
{
	atomic_store_explicit(
	    &object->next, follow(&old->next), memory_order_relaxed);
	set(link_to(table, old), object);
}

/* In their order: the newest stays the first. */
static void
split(struct cache_object *object, struct cache_chains *to)
{
	size_t half = (to->mask + 1) / 2;
	link_type *ends[2] = { NULL, NULL };

	while (object != NULL) {
		struct cache_object *next = follow(&object->next);
		size_t upper = (object->hash & half) != 0;
		if (ends[upper] == NULL)
			ends[upper] = &to->first[object->hash & to->mask];
		set(ends[upper], object);
		ends[upper] = &object->next;
		object = next;
	}
	for (size_t i = 0; i < 2; i++)
		if (ends[i] != NULL)
			set(ends[i], NULL);
}

void
cache_table_grow(struct cache_table *table, struct cache_epoch *epoch)
{
	struct cache_chains *old = chains_of(table);

	if (table->count <= (old->mask + 1) * CHAIN_LENGTH_MAX)
		return;
	struct cache_chains *chains = make_chains((old->mask + 1) * 2);
	if (chains == NULL)
		return;
	(void)atomic_fetch_add(&table->moves, 1);
	for (size_t i = 0; i <= old->mask; i++)
		split(follow(&old->first[i]), chains);
	atomic_store_explicit(&table->chains, chains, memory_order_release);
	(void)atomic_fetch_add(&table->moves, 1);
	cache_retire(epoch, &table->old, &old->retired);
}

void
cache_table_reclaim(struct cache_table *table, uint64_t seen)
{
	struct cache_retired *item;

	while ((item = cache_retired_take(&table->old, seen)) != NULL)
		free((struct cache_chains *)(void *)item);
}
