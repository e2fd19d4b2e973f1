/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/pages: blocks of memory for bodies, which a socket may get a hold of.
 *
 * What is sent without being copied (stream_lend_spans) is read by the network
 * where it lies, long after the call that sent it: while it is resent, or while
 * the client takes nothing.  So it must never become another's bytes.  Hence
 * the one rule: a block that was lent goes back to the kernel (MADV_DONTNEED)
 * before it is taken again.  Whoever still has a hold of its pages keeps them
 * as they were, and who writes there next gets others.  A block that the kernel
 * does not take back is not used again.
 *
 *	fresh --take--> taken --give--> warm, has its memory --take--> taken
 *	                  |                `-- too many: --> cold
 *	                lent  --give--> cold, has none ------take--> taken
 *
 * Other pages cost 340 us a MiB, for which nothing is copied seven times: so
 * only what is sent often is lent (cache_body_send), and what was never lent is
 * used again as it is.
 *
 * The addresses of all blocks are reserved at once, as many as the machine has
 * memory; a block has memory from its first use on.  Pages are small ones,
 * because a large one does not go back as long as any of it is in use.
 *
 * One for the process, for all threads.  In the piecewise build there are none,
 * so that ASan sees a late use.
 */
#ifndef GATEHOUSE_CACHE_PAGES_H
#define GATEHOUSE_CACHE_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#define CACHE_BLOCK_BYTES ((size_t)64 << 10)

/* Warm ones, beside what is taken: 16 MiB, as an allocator keeps some. */
#define CACHE_BLOCKS_WARM_MAX 256

/* A block.  NULL: there is none, and malloc may do. */
char *cache_pages_take(void);

void cache_pages_give(char *block);

/* Whether it lies in a block. */
bool cache_pages_have(const void *at);

/*
 * Whether it lies in a block, of which somebody may have a hold from now on.
 * By who makes sure that it is not given back meanwhile.
 */
bool cache_pages_lend(const void *at);

#endif
