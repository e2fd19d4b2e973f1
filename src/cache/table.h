/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/table: hashes to objects, read without a lock.
 *
 * Chains of objects, the one that was stored last first.  Changed with the lock
 * of its shard; a reader goes along the links as they are.  What was unlinked
 * stays as it is until its epoch has been seen, so a reader that stands on it
 * finds its way.
 *
 * Growing.  A table of twice the size takes over the objects where they are, by
 * relinking them: each chain becomes two.  A reader that stands on one may go
 * astray into the other half and miss what it looks for (never find what is
 * not there, nor go in a circle).  So `moves` counts before and after, and one
 * who has found nothing while it changed looks again with the lock.
 */
#ifndef GATEHOUSE_CACHE_TABLE_H
#define GATEHOUSE_CACHE_TABLE_H

#include "cache/object_impl.h"

struct cache_chains {
	struct cache_retired retired;
	size_t mask;
	_Atomic(struct cache_object *) first[];
};

struct cache_table {
	_Atomic(struct cache_chains *) chains;
	_Atomic uint32_t moves; /* odd: it is growing */
	size_t count;
	struct cache_retired_list old; /* chains that were outgrown */
};

int cache_table_init(struct cache_table *table); /* 0 or -ENOMEM */

/* Unrefs the objects. */
void cache_table_fini(struct cache_table *table);

/* The first of the chain, which has other hashes too; see cache_table_next. */
static inline struct cache_object *
cache_table_first(struct cache_table *table, uint32_t hash)
{
	struct cache_chains *chains =
	    atomic_load_explicit(&table->chains, memory_order_acquire);

	return atomic_load_explicit(
	    &chains->first[hash & chains->mask], memory_order_acquire);
}

static inline struct cache_object *
cache_table_next(const struct cache_object *object)
{
	return atomic_load_explicit(&object->next, memory_order_acquire);
}

/* ---- with the lock ---- */

void cache_table_link(struct cache_table *table, struct cache_object *object);
/* As the one that was stored first. */
void cache_table_link_last(
    struct cache_table *table, struct cache_object *object);
void cache_table_unlink(struct cache_table *table, struct cache_object *object);

/* The object takes the place of the other, which has the same hash. */
void cache_table_replace(struct cache_table *table, struct cache_object *old,
    struct cache_object *object);

/* Twice as many chains if they have become long; without memory they grow. */
void cache_table_grow(struct cache_table *table, struct cache_epoch *epoch);

/* Frees chains that were outgrown. */
void cache_table_reclaim(struct cache_table *table, uint64_t seen);

#endif
