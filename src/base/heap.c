/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/heap.h"

#include <malloc.h>

/* What glibc begins with; to say it is what makes it stay. */
#define LARGE_BYTES (128 << 10)

/* One for the daemon's loop, one for its threads, which write events. */
#define ARENAS 2

void
heap_begin(void)
{
#ifdef __GLIBC__
	(void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	(void)mallopt(M_TRIM_THRESHOLD, LARGE_BYTES);
	(void)mallopt(M_ARENA_MAX, ARENAS);
#endif
}

void
heap_give_back(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}
