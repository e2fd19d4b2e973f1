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
#define CHUNK_BYTES 8192 /* an exchange rarely needs a second */
#endif

/* Two megabytes: of so many exchanges that are under way at once, as eight
 * connections of HTTP/2 can have. */
#define SPARE_MAX 256

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

/* Pieces are zeroed, so what was used is wiped before it waits. */
static void
free_newest(struct arena *arena)
{
	struct arena_chunk *newest = arena->chunks;
	struct arena_spare *spare = arena->spare;

	arena->chunks = newest->older;
	if (PIECEWISE || spare == NULL || spare->count == SPARE_MAX ||
	    newest->size != CHUNK_BYTES) {
		if (arena->secret)
			explicit_bzero(newest->bytes, newest->used);
		free(newest);
		return;
	}
	memset(newest->bytes, 0, newest->used);
	newest->used = 0;
	newest->older = spare->chunks;
	spare->chunks = newest;
	spare->count++;
}

void
arena_fini(struct arena *arena)
{
	while (arena->chunks != NULL)
		free_newest(arena);
	*arena = (struct arena){
		.bytes_max = arena->bytes_max,
		.spare = arena->spare,
		.secret = arena->secret,
	};
}

struct arena
arena_take(struct arena *arena)
{
	struct arena taken = *arena;

	arena->chunks = NULL;
	arena_fini(arena);
	return taken;
}

void
arena_spare_fini(struct arena_spare *spare)
{
	while (spare->chunks != NULL) {
		struct arena_chunk *chunk = spare->chunks;
		spare->chunks = chunk->older;
		free(chunk);
	}
	spare->count = 0;
}

static struct arena_chunk *
take_chunk(struct arena *arena, size_t size)
{
	struct arena_spare *spare = arena->spare;

	if (spare != NULL && spare->count > 0 && size == CHUNK_BYTES) {
		struct arena_chunk *chunk = spare->chunks;
		spare->chunks = chunk->older;
		spare->count--;
		return chunk;
	}
	return calloc(1, sizeof(struct arena_chunk) + size);
}

static struct arena_chunk *
add_chunk(struct arena *arena, size_t need)
{
	size_t size = need > CHUNK_BYTES ? need : CHUNK_BYTES;
	struct arena_chunk *chunk = take_chunk(arena, size);

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
