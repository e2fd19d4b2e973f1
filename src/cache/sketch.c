/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/sketch.h"

#include <stdlib.h>
#include <string.h>

#define ROWS        4
#define WIDTH_FIRST 256
#define ADDED_MAX   10 /* for each counter of a row */

void
cache_sketch_fini(struct cache_sketch *sketch)
{
	free(sketch->counters);
	*sketch = (struct cache_sketch){ 0 };
}

/* A counter of the old width is that of both hashes that it stood for. */
static void
spread(const struct cache_sketch *sketch, uint8_t *to, size_t width)
{
	size_t row_bytes = width / 2, old_bytes = sketch->width / 2;

	for (size_t row = 0; row < ROWS; row++)
		for (size_t at = 0; at < row_bytes; at += old_bytes)
			memcpy(to + row * row_bytes + at,
			    sketch->counters + row * old_bytes, old_bytes);
}

void
cache_sketch_fit(struct cache_sketch *sketch, size_t objects)
{
	size_t width = sketch->width == 0 ? WIDTH_FIRST : sketch->width;

	while (width < objects)
		width *= 2;
	if (width == sketch->width)
		return;
	uint8_t *counters = calloc(ROWS, width / 2);
	if (counters == NULL)
		return;
	if (sketch->counters != NULL)
		spread(sketch, counters, width);
	free(sketch->counters);
	sketch->counters = counters;
	sketch->width = width;
}

static size_t
place(const struct cache_sketch *sketch, uint32_t hash, unsigned row)
{
	/* Odd constants of the golden ratio's kind, one a row. */
	static const uint64_t factors[ROWS] = { 0x9e3779b97f4a7c15u,
		0xd6e8feb86659fd93u, 0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu };
	uint64_t mixed = (hash + 1) * factors[row];

	return row * sketch->width + ((mixed >> 32) & (sketch->width - 1));
}

static unsigned
get(const struct cache_sketch *sketch, size_t at)
{
	return sketch->counters[at / 2] >> (at % 2 * 4) & 15;
}

static void
halve(struct cache_sketch *sketch)
{
	for (size_t i = 0; i < ROWS * sketch->width / 2; i++)
		sketch->counters[i] = sketch->counters[i] >> 1 & 0x77;
	sketch->added /= 2;
}

void
cache_sketch_add(struct cache_sketch *sketch, uint32_t hash, unsigned n)
{
	if (sketch->counters == NULL || n == 0)
		return;
	for (unsigned row = 0; row < ROWS; row++) {
		size_t at = place(sketch, hash, row);
		unsigned room = CACHE_SKETCH_MAX - get(sketch, at);
		unsigned more = n < room ? n : room;
		sketch->counters[at / 2] = (uint8_t)(sketch->counters[at / 2] +
						     (more << (at % 2 * 4)));
	}
	sketch->added += n;
	if (sketch->added >= sketch->width * ADDED_MAX)
		halve(sketch);
}

unsigned
cache_sketch_count(const struct cache_sketch *sketch, uint32_t hash)
{
	unsigned least = CACHE_SKETCH_MAX;

	if (sketch->counters == NULL)
		return 0;
	for (unsigned row = 0; row < ROWS; row++) {
		unsigned count = get(sketch, place(sketch, hash, row));
		if (count < least)
			least = count;
	}
	return least;
}
