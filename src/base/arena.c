/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/arena.h"

#include "base/must.h"

#include <stdalign.h>
#include <stdlib.h>

#ifdef GATEHOUSE_ARENA_PIECEWISE
#define PIECEWISE   true
#define CHUNK_BYTES 1
#else
#define PIECEWISE   false
#define CHUNK_BYTES 4096 /* one page: an exchange rarely needs a second */
#endif

/* Above this, alignment and a chunk's head could wrap around. */
#define LIMIT_MAX (SIZE_MAX / 2)

struct arena_chunk {
	struct arena_chunk *older;
	size_t size;
	size_t used;
	alignas(max_align_t) unsigned char bytes[];
};

void
arena_init(struct arena *arena, size_t bytes_max)
{
	*arena = (struct arena){
		.bytes_max = bytes_max < LIMIT_MAX ? bytes_max : LIMIT_MAX,
	};
}

static void
free_newest(struct arena *arena)
{
	struct arena_chunk *newest = arena->chunks;

	arena->chunks = newest->older;
	free(newest);
}

void
arena_fini(struct arena *arena)
{
	while (arena->chunks != NULL)
		free_newest(arena);
	*arena = (struct arena){ .bytes_max = arena->bytes_max };
}

static struct arena_chunk *
add_chunk(struct arena *arena, size_t need)
{
	size_t size = need > CHUNK_BYTES ? need : CHUNK_BYTES;
	struct arena_chunk *chunk = calloc(1, sizeof(*chunk) + size);

	if (chunk == NULL)
		return NULL;
	chunk->size = size;
	chunk->older = arena->chunks;
	arena->chunks = chunk;
	return chunk;
}

/*
 * What a piece of this size takes of its chunk.  In piecewise mode nothing
 * comes behind it, and a single byte too far must be outside.
 */
static size_t
rounded(size_t size)
{
	size_t unit = PIECEWISE ? 1 : alignof(max_align_t);

	return size == 0 ? unit : (size + unit - 1) / unit * unit;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = arena->chunks;

	if (size > arena->bytes_max ||
	    rounded(size) > arena->bytes_max - arena->bytes) {
		arena->full = true;
		return NULL;
	}
	size = rounded(size);
	if (chunk == NULL || chunk->size - chunk->used < size)
		chunk = add_chunk(arena, size);
	if (chunk == NULL) {
		arena->full = true;
		return NULL;
	}
	void *piece = chunk->bytes + chunk->used;
	chunk->used += size;
	arena->bytes += size;
	return piece;
}

void *
arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		arena->full = true;
		return NULL;
	}
	return arena_alloc(arena, bytes);
}

struct str
arena_str(struct arena *arena, struct str s)
{
	char *copy = arena_alloc(arena, s.len + 1);

	if (copy == NULL)
		return (struct str){ NULL, 0 };
	if (s.len > 0)
		memcpy(copy, s.at, s.len);
	return (struct str){ copy, s.len };
}

struct str
arena_lower(struct arena *arena, struct str s)
{
	char *copy = arena_alloc(arena, s.len + 1);

	if (copy == NULL)
		return (struct str){ NULL, 0 };
	for (size_t i = 0; i < s.len; i++)
		copy[i] = ascii_lower(s.at[i]);
	return (struct str){ copy, s.len };
}

struct arena_mark
arena_mark(const struct arena *arena)
{
	return (struct arena_mark){
		.chunk = arena->chunks,
		.used = arena->chunks != NULL ? arena->chunks->used : 0,
		.bytes = arena->bytes,
	};
}

void
arena_rewind(struct arena *arena, struct arena_mark mark)
{
	while (arena->chunks != mark.chunk) {
		must(arena->chunks != NULL);
		free_newest(arena);
	}
	if (mark.chunk != NULL) {
		memset(mark.chunk->bytes + mark.used, 0,
		    mark.chunk->used - mark.used);
		mark.chunk->used = mark.used;
	}
	arena->bytes = mark.bytes;
}
