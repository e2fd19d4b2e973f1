/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/heap.h"

#include <malloc.h>

/* What is large is what glibc begins with; to say it is what makes it stay. */
void
heap_begin(unsigned arenas, size_t spare)
{
#ifdef __GLIBC__
	(void)mallopt(M_MMAP_THRESHOLD, (int)HEAP_LARGE);
	(void)mallopt(M_TRIM_THRESHOLD, (int)spare);
	(void)mallopt(M_ARENA_MAX, (int)arenas);
#else
	(void)arenas;
	(void)spare;
#endif
}

void
heap_give_back(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}
