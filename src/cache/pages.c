/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/pages.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define NONE UINT32_MAX

/* Blocks that are free, each with the number of the next. */
struct list {
	uint32_t first; /* or NONE */
	uint32_t count;
};

struct pages {
	_Atomic(char *) begin; /* NULL: there are none */
	_Atomic(char *) end;
	_Atomic bool *lent;
	pthread_mutex_t lock; /* of what follows */
	uint32_t *next;       /* in its list; NONE: the last */
	struct list warm, cold;
	uint32_t fresh; /* from here on none was ever taken */
};

static struct pages pages = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.warm = { NONE, 0 },
	.cold = { NONE, 0 },
};
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* ---- addresses ---- */

static size_t
blocks_wanted(void)
{
#ifdef GATEHOUSE_ARENA_PIECEWISE
	return 0;
#else
	long count = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);

	if (count <= 0 || bytes <= 0 || (size_t)bytes > CACHE_BLOCK_BYTES)
		return 0;
	size_t blocks = (size_t)count / (CACHE_BLOCK_BYTES / (size_t)bytes);
	return blocks < NONE ? blocks : NONE - 1;
#endif
}

/* One block more, so that they can begin where one may begin. */
static char *
reserve(size_t blocks)
{
	size_t bytes = (blocks + 1) * CACHE_BLOCK_BYTES;
	char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	/* A kernel without large pages refuses the first, which is as good. */
	(void)madvise(at, bytes, MADV_NOHUGEPAGE);
	/* What clients were sent is of no use to who looks for a bug. */
	(void)madvise(at, bytes, MADV_DONTDUMP);
	return at + (CACHE_BLOCK_BYTES - (uintptr_t)at % CACHE_BLOCK_BYTES);
}

/* It is for the life of the process; what cannot be had is done without. */
static void
begin(void)
{
	size_t blocks = blocks_wanted();
	char *at = NULL;

	if (blocks == 0)
		return;
	pages.next = calloc(blocks, sizeof(*pages.next));
	pages.lent = calloc(blocks, sizeof(*pages.lent));
	if (pages.next != NULL && pages.lent != NULL)
		at = reserve(blocks);
	if (at == NULL) {
		free(pages.next);
		free(pages.lent);
		return;
	}
	atomic_store(&pages.end, at + blocks * CACHE_BLOCK_BYTES);
	atomic_store_explicit(&pages.begin, at, memory_order_release);
}

static char *
begin_of_all(void)
{
	return atomic_load_explicit(&pages.begin, memory_order_acquire);
}

static char *
end_of_all(void)
{
	return atomic_load_explicit(&pages.end, memory_order_relaxed);
}

bool
cache_pages_have(const void *at)
{
	const char *first = begin_of_all(), *it = at;

	return first != NULL && it >= first && it < end_of_all();
}

static uint32_t
number_of(const void *at)
{
	return (uint32_t)((size_t)((const char *)at - begin_of_all()) /
			  CACHE_BLOCK_BYTES);
}

/* ---- blocks ---- */

static uint32_t
pop(struct list *list)
{
	uint32_t block = list->first;

	if (block != NONE) {
		list->first = pages.next[block];
		list->count--;
	}
	return block;
}

static void
push(struct list *list, uint32_t block)
{
	pages.next[block] = list->first;
	list->first = block;
	list->count++;
}

/* NONE: all are taken. */
static uint32_t
pop_any(bool *ret_has_memory)
{
	uint32_t block;

	(void)pthread_mutex_lock(&pages.lock);
	block = pop(&pages.warm);
	*ret_has_memory = block != NONE;
	if (block == NONE)
		block = pop(&pages.cold);
	if (block == NONE &&
	    pages.fresh <
		(size_t)(end_of_all() - begin_of_all()) / CACHE_BLOCK_BYTES)
		block = pages.fresh++;
	(void)pthread_mutex_unlock(&pages.lock);
	return block;
}

static bool
push_warm(uint32_t block)
{
	(void)pthread_mutex_lock(&pages.lock);
	bool there_is_room = pages.warm.count < CACHE_BLOCKS_WARM_MAX;
	if (there_is_room)
		push(&pages.warm, block);
	(void)pthread_mutex_unlock(&pages.lock);
	return there_is_room;
}

/* What the kernel does not take is in no list any more. */
static void
push_cold(uint32_t block, char *at)
{
	if (madvise(at, CACHE_BLOCK_BYTES, MADV_DONTNEED) < 0)
		return;
	atomic_store_explicit(&pages.lent[block], false, memory_order_relaxed);
	(void)pthread_mutex_lock(&pages.lock);
	push(&pages.cold, block);
	(void)pthread_mutex_unlock(&pages.lock);
}

void
cache_pages_give(char *block)
{
	uint32_t number = number_of(block);

	if (atomic_load_explicit(&pages.lent[number], memory_order_relaxed) ||
	    !push_warm(number))
		push_cold(number, block);
}

char *
cache_pages_take(void)
{
	bool has_memory;

	(void)pthread_once(&once, begin);
	if (begin_of_all() == NULL)
		return NULL;
	uint32_t number = pop_any(&has_memory);
	if (number == NONE)
		return NULL;
	char *block = begin_of_all() + number * CACHE_BLOCK_BYTES;
	/* All at once costs half of what a fault for each page does; and where
	 * there is no memory it says so. */
	if (has_memory ||
	    madvise(block, CACHE_BLOCK_BYTES, MADV_POPULATE_WRITE) == 0)
		return block;
	push_cold(number, block);
	return NULL;
}

bool
cache_pages_lend(const void *at)
{
	if (!cache_pages_have(at))
		return false;
	_Atomic bool *lent = &pages.lent[number_of(at)];
	/* Written to once: all cores look at it. */
	if (!atomic_load_explicit(lent, memory_order_relaxed))
		atomic_store_explicit(lent, true, memory_order_relaxed);
	return true;
}
