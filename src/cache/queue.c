/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/queue.h"

#include "base/must.h"

/* The window's part of the room; 1 to 5 % made no difference. */
#define WINDOW_PART 50
/* How far one call looks, so that the lock is not held for long. */
#define FILLING_MAX 16  /* that are passed over */
#define CHANCES_MAX 200 /* that begin anew */
#define VICTIMS_MAX 64  /* for one object */

/* ---- queues ---- */

static struct cache_fifo *
fifo_of(struct cache_queue *queue, const struct cache_object *object)
{
	must(object->body.place != CACHE_PLACE_NONE);
	return object->body.place == CACHE_PLACE_WINDOW ? &queue->window
							: &queue->main;
}

/* Puts it between its two neighbours, who may be NULL. */
static void
link_between(struct cache_fifo *fifo, struct cache_object *object,
    struct cache_object *older, struct cache_object *newer)
{
	object->queued = (struct cache_links){ older, newer };
	if (older != NULL)
		older->queued.newer = object;
	else
		fifo->oldest = object;
	if (newer != NULL)
		newer->queued.older = object;
	else
		fifo->newest = object;
}

static void
cut_out(struct cache_fifo *fifo, struct cache_object *object)
{
	struct cache_links links = object->queued;

	if (links.older != NULL)
		links.older->queued.newer = links.newer;
	else
		fifo->oldest = links.newer;
	if (links.newer != NULL)
		links.newer->queued.older = links.older;
	else
		fifo->newest = links.older;
}

static void
begin_anew(struct cache_fifo *fifo, struct cache_object *object)
{
	cut_out(fifo, object);
	link_between(fifo, object, fifo->newest, NULL);
}

static void
enter(struct cache_queue *queue, struct cache_object *object,
    enum cache_place place, uint64_t charge)
{
	object->body.place = (uint8_t)place;
	struct cache_fifo *fifo = fifo_of(queue, object);
	link_between(fifo, object, fifo->newest, NULL);
	fifo->bytes += charge;
	fifo->count++;
}

void
cache_queue_remove(
    struct cache_queue *queue, struct cache_object *object, uint64_t charge)
{
	struct cache_fifo *fifo = fifo_of(queue, object);

	cut_out(fifo, object);
	fifo->bytes -= charge;
	fifo->count--;
	object->body.place = CACHE_PLACE_NONE;
}

void
cache_queue_fini(struct cache_queue *queue)
{
	cache_sketch_fini(&queue->sketch);
}

void
cache_queue_add(
    struct cache_queue *queue, struct cache_object *object, uint64_t charge)
{
	enter(queue, object, CACHE_PLACE_WINDOW, charge);
	cache_sketch_fit(
	    &queue->sketch, queue->window.count + queue->main.count);
	cache_sketch_add(&queue->sketch, object->hash, 1);
}

void
cache_queue_resize(struct cache_queue *queue, const struct cache_object *object,
    uint64_t before, uint64_t after)
{
	fifo_of(queue, object)->bytes += after - before;
}

void
cache_queue_replace(struct cache_queue *queue, struct cache_object *old,
    uint64_t before, struct cache_object *object, uint64_t after)
{
	struct cache_fifo *fifo = fifo_of(queue, old);
	struct cache_links links = old->queued;

	object->body.place = old->body.place;
	atomic_store_explicit(&object->body.used,
	    atomic_load_explicit(&old->body.used, memory_order_relaxed),
	    memory_order_relaxed);
	link_between(fifo, object, links.older, links.newer);
	fifo->bytes += after - before;
	old->body.place = CACHE_PLACE_NONE;
}

/* ---- who goes ---- */

/* What the sketch has not heard of yet; whether there was anything. */
static bool
learn(struct cache_queue *queue, struct cache_object *object)
{
	uint8_t used =
	    atomic_load_explicit(&object->body.used, memory_order_relaxed);

	if (used == 0)
		return false;
	atomic_store_explicit(&object->body.used, 0, memory_order_relaxed);
	cache_sketch_add(&queue->sketch, object->hash, used);
	return true;
}

/* The oldest that was not hit since it was last here. */
static struct cache_object *
main_victim(struct cache_queue *queue)
{
	struct cache_fifo *fifo = &queue->main;

	for (unsigned i = 0; i < CHANCES_MAX && fifo->oldest != NULL; i++) {
		if (!learn(queue, fifo->oldest))
			break;
		begin_anew(fifo, fifo->oldest);
	}
	return fifo->oldest;
}

/*
 * Whether those at the end of the main queue that have its room were asked for
 * as often as it was, or oftener.
 */
static bool
is_less_than_victims(
    struct cache_queue *queue, struct cache_object *candidate, uint64_t need)
{
	unsigned own = cache_sketch_count(&queue->sketch, candidate->hash);
	struct cache_object *victim = main_victim(queue);
	unsigned sum = 0, chances = 0;
	uint64_t bytes = 0;

	for (unsigned i = 0; i < VICTIMS_MAX && victim != NULL;) {
		struct cache_object *newer = victim->queued.newer;
		if (chances < CHANCES_MAX && learn(queue, victim)) {
			begin_anew(&queue->main, victim);
			chances++;
			victim = newer;
			continue;
		}
		sum += cache_sketch_count(&queue->sketch, victim->hash);
		bytes += cache_object_charge(victim);
		if (sum >= own)
			return true;
		if (bytes >= need)
			return false;
		victim = newer;
		i++;
	}
	return victim != NULL;
}

/* From the window to the main queue, or false. */
static bool
admit(struct cache_queue *queue, struct cache_object *object, uint64_t main_max)
{
	uint64_t charge = cache_object_charge(object);
	uint64_t room =
	    queue->main.bytes < main_max ? main_max - queue->main.bytes : 0;

	(void)learn(queue, object);
	if (room < charge &&
	    is_less_than_victims(queue, object, charge - room)) {
		/* The next one is not measured by the same victim again. */
		if (queue->main.oldest != NULL)
			begin_anew(&queue->main, queue->main.oldest);
		return false;
	}
	cache_queue_remove(queue, object, charge);
	enter(queue, object, CACHE_PLACE_MAIN, charge);
	return true;
}

static bool
is_filling(const struct cache_object *object)
{
	return object->body.kind != CACHE_BODY_SHARED &&
	       cache_body_state(&object->body) == CACHE_BODY_FILLING;
}

/* The oldest of the window that may go; NULL: all are filling, or new. */
static struct cache_object *
candidate(struct cache_fifo *window)
{
	for (unsigned i = 0; i < FILLING_MAX; i++) {
		if (window->oldest == window->newest)
			return NULL;
		if (!is_filling(window->oldest))
			return window->oldest;
		begin_anew(window, window->oldest);
	}
	return NULL;
}

struct cache_object *
cache_queue_victim(struct cache_queue *queue)
{
	uint64_t window_max = queue->bytes_max / WINDOW_PART;
	uint64_t main_max = queue->bytes_max - window_max;

	if (cache_queue_bytes(queue) <= queue->bytes_max)
		return NULL;
	while (queue->main.bytes <= main_max) {
		struct cache_object *object = candidate(&queue->window);
		if (object == NULL)
			break;
		if (!admit(queue, object, main_max))
			return object;
	}
	if (queue->main.count > 0 &&
	    (queue->main.bytes > main_max ||
		queue->window.bytes <= queue->bytes_max / 2))
		return main_victim(queue);
	return queue->window.oldest != NULL ? queue->window.oldest
					    : queue->main.oldest;
}
