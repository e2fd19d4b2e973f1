/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/heap: what was freed goes back to the kernel.
 *
 * The allocator keeps what it was given.  What is large it takes from the
 * kernel by itself and gives back, but it raises what it calls large, up to 32
 * MiB, with each large piece that is freed, and as much it lets lie at the end
 * of its heap.  So a process that now and then makes something big, a list of
 * all flows or a ruleset, would have the memory of the biggest for ever; and
 * where a policy's million of small pieces was, holes.
 *
 * The ends of the heaps that threads have are given back by that measure and
 * by nothing else, not by heap_give_back().  To take pages anew costs 0.3 ms a
 * MiB.  Does nothing with other C libraries than GNU's.
 */
#ifndef GATEHOUSE_BASE_HEAP_H
#define GATEHOUSE_BASE_HEAP_H

#include <stddef.h>

/* Large is HEAP_LARGE from now on, and more than SPARE bytes never lie free at
 * the end of one of the ARENAS, which are what threads have heaps in.  Before
 * any thread is there. */
#define HEAP_LARGE ((size_t)128 << 10)
void heap_begin(unsigned arenas, size_t spare);

/* Whole pages that lie free.  Others that allocate wait meanwhile. */
void heap_give_back(void);

#endif
