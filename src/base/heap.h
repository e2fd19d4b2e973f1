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
 * For a process in which few things are big and none of them is often: to take
 * pages anew costs 0.3 ms a MiB.  Does nothing with other C libraries than
 * GNU's.
 */
#ifndef GATEHOUSE_BASE_HEAP_H
#define GATEHOUSE_BASE_HEAP_H

/* Large is 128 KiB from now on.  Before any thread is there. */
void heap_begin(void);

/* Whole pages that lie free.  Others that allocate wait meanwhile. */
void heap_give_back(void);

#endif
