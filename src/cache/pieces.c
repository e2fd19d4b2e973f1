/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/pieces: memory for a body that grows.
 *
 * One thread adds pieces; others find them without a lock.  Pieces are freed
 * with the lock of the body, and only where no reader stands any more.
 *
 *	length unknown	4 KiB, 12, 48, then blocks
 *	length known	blocks, then what does not fill one
 */
#include "cache/body_impl.h"

#include "base/must.h"
#include "cache/pages.h"

#include <errno.h>
#include <stdlib.h>

#define RING_FIRST_ROOM 4

#define BESIDE (sizeof(struct cache_pieces) + sizeof(struct cache_ring))

/* Of a length that is not known, where the first ones end, the last where the
 * first block would; all further ones are such. */
static const uint64_t early_ends[] = { (uint64_t)4 << 10, (uint64_t)16 << 10,
	(uint64_t)64 << 10 };

#define EARLY (sizeof(early_ends) / sizeof(early_ends[0]))

/* ---- where they begin and end ---- */

static bool
is_known(const struct cache_pieces *pieces)
{
	return pieces->length != UINT64_MAX;
}

/* Of a length that is known: blocks, and behind them the rest. */
static uint64_t
blocks_of(const struct cache_pieces *pieces)
{
	return pieces->length / CACHE_BLOCK_BYTES;
}

static uint64_t
piece_of(const struct cache_pieces *pieces, uint64_t at)
{
	if (is_known(pieces))
		return at / CACHE_BLOCK_BYTES;
	for (uint64_t i = 0; i < EARLY; i++)
		if (at < early_ends[i])
			return i;
	return EARLY - 1 + at / CACHE_BLOCK_BYTES;
}

static uint64_t
end_of(const struct cache_pieces *pieces, uint64_t piece)
{
	if (is_known(pieces))
		return piece < blocks_of(pieces)
			   ? (piece + 1) * CACHE_BLOCK_BYTES
			   : pieces->length;
	if (piece < EARLY)
		return early_ends[piece];
	return (piece - EARLY + 2) * CACHE_BLOCK_BYTES;
}

static uint64_t
begin_of(const struct cache_pieces *pieces, uint64_t piece)
{
	return piece == 0 ? 0 : end_of(pieces, piece - 1);
}

static uint64_t
size_of(const struct cache_pieces *pieces, uint64_t piece)
{
	return end_of(pieces, piece) - begin_of(pieces, piece);
}

/* ---- their memory ---- */

static char *
take_piece(const struct cache_pieces *pieces, uint64_t piece)
{
	uint64_t size = size_of(pieces, piece);
	char *bytes = size == CACHE_BLOCK_BYTES ? cache_pages_take() : NULL;

	return bytes != NULL ? bytes : malloc((size_t)size);
}

static void
give_piece(char *bytes)
{
	if (cache_pages_have(bytes))
		cache_pages_give(bytes);
	else
		free(bytes);
}

/* ---- the ring ---- */

static struct cache_ring *
make_ring(size_t room)
{
	struct cache_ring *ring =
	    calloc(1, sizeof(*ring) + room * sizeof(ring->slots[0]));

	if (ring != NULL)
		ring->room = room;
	return ring;
}

static struct cache_ring *
ring_of(const struct cache_pieces *pieces)
{
	return atomic_load_explicit(&pieces->ring, memory_order_acquire);
}

static _Atomic(char *) *
slot_of(struct cache_ring *ring, uint64_t piece)
{
	return &ring->slots[piece & (ring->room - 1)];
}

static void
take_memory(struct cache_pieces *pieces, uint64_t bytes)
{
	(void)atomic_fetch_add_explicit(
	    &pieces->memory, bytes, memory_order_relaxed);
}

struct cache_pieces *
cache_pieces_create(int64_t length)
{
	struct cache_pieces *pieces = calloc(1, sizeof(*pieces));

	if (pieces == NULL)
		return NULL;
	struct cache_ring *ring = make_ring(RING_FIRST_ROOM);
	if (ring == NULL) {
		free(pieces);
		return NULL;
	}
	atomic_init(&pieces->ring, ring);
	pieces->length = length >= 0 ? (uint64_t)length : UINT64_MAX;
	take_memory(pieces, BESIDE + RING_FIRST_ROOM * sizeof(char *));
	return pieces;
}

void
cache_pieces_destroy(struct cache_pieces *pieces)
{
	struct cache_ring *ring = ring_of(pieces);

	for (uint64_t i = pieces->first; i < pieces->end; i++)
		give_piece(*slot_of(ring, i));
	while (ring != NULL) {
		struct cache_ring *before = ring->before;
		free(ring);
		ring = before;
	}
	free(pieces);
}

static int
double_ring(struct cache_pieces *pieces)
{
	struct cache_ring *old = ring_of(pieces);
	struct cache_ring *ring = make_ring(old->room * 2);

	if (ring == NULL)
		return -ENOMEM;
	for (uint64_t i = pieces->first; i < pieces->end; i++)
		atomic_init(slot_of(ring, i), *slot_of(old, i));
	ring->before = old;
	take_memory(pieces, ring->room * sizeof(ring->slots[0]));
	atomic_store_explicit(&pieces->ring, ring, memory_order_release);
	return 0;
}

static int
add_piece(struct cache_pieces *pieces)
{
	uint64_t piece = pieces->end;

	if (piece - pieces->first == ring_of(pieces)->room &&
	    double_ring(pieces) < 0)
		return -ENOMEM;
	char *bytes = take_piece(pieces, piece);
	if (bytes == NULL)
		return -ENOMEM;
	atomic_store_explicit(
	    slot_of(ring_of(pieces), piece), bytes, memory_order_release);
	pieces->end = piece + 1;
	take_memory(pieces, size_of(pieces, piece));
	return 0;
}

int
cache_pieces_room(
    struct cache_pieces *pieces, uint64_t at, char **ret, size_t *ret_len)
{
	if (piece_of(pieces, at) == pieces->end && add_piece(pieces) < 0)
		return -ENOMEM;
	*ret = cache_pieces_at(pieces, at, ret_len);
	return 0;
}

char *
cache_pieces_at(const struct cache_pieces *pieces, uint64_t at, size_t *ret_len)
{
	uint64_t piece = piece_of(pieces, at);
	char *bytes = atomic_load_explicit(
	    slot_of(ring_of(pieces), piece), memory_order_acquire);

	must(bytes != NULL); /* whoever reads here must have a reader */
	*ret_len = (size_t)(end_of(pieces, piece) - at);
	return bytes + (at - begin_of(pieces, piece));
}

void
cache_pieces_free(struct cache_pieces *pieces, uint64_t at)
{
	while (pieces->first < pieces->end &&
	       end_of(pieces, pieces->first) <= at) {
		uint64_t piece = pieces->first++;
		_Atomic(char *) *slot = slot_of(ring_of(pieces), piece);
		give_piece(*slot);
		*slot = NULL;
		(void)atomic_fetch_sub_explicit(&pieces->memory,
		    size_of(pieces, piece), memory_order_relaxed);
	}
}

uint64_t
cache_pieces_begin(const struct cache_pieces *pieces)
{
	return begin_of(pieces, pieces->first);
}

bool
cache_pieces_are_cut(const struct cache_pieces *pieces)
{
	return is_known(pieces);
}

uint64_t
cache_pieces_need(const struct cache_pieces *pieces)
{
	uint64_t length = pieces->length;

	if (length == UINT64_MAX)
		return atomic_load_explicit(
		    &pieces->memory, memory_order_relaxed);
	if (length == 0)
		return BESIDE;
	return BESIDE + length +
	       (piece_of(pieces, length - 1) + 1) * sizeof(char *);
}
