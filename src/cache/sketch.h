/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/sketch: about how often something was asked for lately.
 *
 * A count-min sketch of four rows of 4-bit counters, as many in a row as there
 * are objects or up to twice that: 2 to 4 bytes an object.  After ten counts
 * for each counter of a row all are halved, so what was popular is forgotten
 * (TinyLFU; Einziger, Friedman, Manes 2017).  What has gone is still counted:
 * that is how something that comes back is told from what comes once.
 *
 * With the lock of its shard.
 */
#ifndef GATEHOUSE_CACHE_SKETCH_H
#define GATEHOUSE_CACHE_SKETCH_H

#include <stddef.h>
#include <stdint.h>

#define CACHE_SKETCH_MAX 15 /* no count is higher */

struct cache_sketch {
	uint8_t *counters; /* two a byte, row after row; NULL: none */
	size_t width;      /* counters of a row, a power of two */
	uint64_t added;
};

void cache_sketch_fini(struct cache_sketch *sketch);

/* Wide enough for so many objects; without memory it stays as it is. */
void cache_sketch_fit(struct cache_sketch *sketch, size_t objects);

void cache_sketch_add(struct cache_sketch *sketch, uint32_t hash, unsigned n);
unsigned cache_sketch_count(const struct cache_sketch *sketch, uint32_t hash);

#endif
