/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/queue: which object is thrown out for another.
 *
 * Two queues of first in, first out.  What is new comes into the window, a
 * fiftieth of the room.  At the window's end it has to prove itself against
 * those of the main queue that would have to go for it: it may enter if it was
 * asked for more often than all of them together (cache/sketch).  So a large
 * object must be worth as much as the many small ones that have its room.  In
 * the main queue what was hit since it came to the end begins anew.
 *
 *	new --> [ window ] --more popular than its victims?--> [ main ] --> out
 *	               `--no--> out                    ^--hit?----'
 *
 * A hit only counts in the object, without a lock; the sketch learns of it when
 * the object comes to an end of its queue.  This is W-TinyLFU with queues for
 * its lists, and "aggregated victims" for sizes; bench/eviction.c has it beside
 * LRU, SIEVE and S3-FIFO, bench/README.md says by how much it won.
 *
 * An object that is still filling is not thrown out for another, or else those
 * who wait for it would ask for it again, unless such take half of the room;
 * nor is the newest, whatever its size.
 */
#ifndef GATEHOUSE_CACHE_QUEUE_H
#define GATEHOUSE_CACHE_QUEUE_H

#include "cache/object_impl.h"
#include "cache/sketch.h"

struct cache_fifo {
	struct cache_object *oldest, *newest;
	uint64_t bytes;
	size_t count;
};

struct cache_queue {
	uint64_t bytes_max;
	struct cache_fifo window, main;
	struct cache_sketch sketch;
};

/* All with the lock of the shard. */
void cache_queue_fini(struct cache_queue *queue);
void cache_queue_add(
    struct cache_queue *queue, struct cache_object *object, uint64_t charge);
void cache_queue_remove(
    struct cache_queue *queue, struct cache_object *object, uint64_t charge);

/* It takes so much from now on. */
void cache_queue_resize(struct cache_queue *queue,
    const struct cache_object *object, uint64_t before, uint64_t after);

/* The object takes the other's place, and its hits. */
void cache_queue_replace(struct cache_queue *queue, struct cache_object *old,
    uint64_t before, struct cache_object *object, uint64_t after);

/* Who goes next, still in the queue; NULL: there is room. */
struct cache_object *cache_queue_victim(struct cache_queue *queue);

static inline uint64_t
cache_queue_bytes(const struct cache_queue *queue)
{
	return queue->window.bytes + queue->main.bytes;
}

/* Any thread, without the lock. */
static inline void
cache_queue_hit(struct cache_object *object)
{
	uint8_t used =
	    atomic_load_explicit(&object->body.used, memory_order_relaxed);

	if (used < CACHE_SKETCH_MAX)
		atomic_store_explicit(&object->body.used, (uint8_t)(used + 1),
		    memory_order_relaxed);
}

#endif
