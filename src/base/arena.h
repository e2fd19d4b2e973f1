/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/arena: memory that lives and dies together.
 *
 * A policy generation, a connection and an exchange each own one.  Pieces are
 * taken from chunks, aligned for any object and zeroed, and are given back all
 * at once.  When memory or the arena's own limit runs out, alloc returns NULL
 * and the arena is marked `full` for good, so that a builder may look once at
 * its end.  With -Dpiecewise=true each piece is its own malloc, for ASan.
 *
 * One thread at a time.
 */
#ifndef GATEHOUSE_BASE_ARENA_H
#define GATEHOUSE_BASE_ARENA_H

#include "base/str.h"

struct arena_chunk;

/*
 * A few chunks that wait for the next arenas of this owner: for those who begin
 * and end an arena many thousand times a second.  Starts as zero; in piecewise
 * mode nothing waits.
 */
struct arena_spare {
	struct arena_chunk *chunks;
	size_t count;
};

struct arena {
	struct arena_chunk *chunks; /* newest first */
	struct arena_spare *spare;  /* lent, outlives the arena; or NULL */
	size_t bytes;               /* handed out so far */
	size_t bytes_max;
	bool full;
	bool secret; /* the owner's wish: wiped before it is freed */
};

struct arena_mark {
	struct arena_chunk *chunk;
	size_t used;
	size_t bytes;
};

void arena_init(struct arena *arena, size_t bytes_max);
void arena_fini(struct arena *arena);

/* All that it holds, for another owner; it is as after arena_fini. */
struct arena arena_take(struct arena *arena);
void arena_spare_fini(struct arena_spare *spare);

/* Zeroed memory, or NULL and arena->full.  size 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size);

/* The same for count things of one size, checked for overflow. */
void *arena_array(struct arena *arena, size_t count, size_t size);

#define arena_new(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

/* A copy of s in the arena, with a NUL behind it; { NULL, 0 } when full. */
struct str arena_str(struct arena *arena, struct str s);

/* The same with ASCII letters in lower case. */
struct str arena_lower(struct arena *arena, struct str s);

/* All that was taken after the mark is given back by the rewind. */
struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);

#endif
