/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of the exact size for each piece of input that a harness hands out,
 * so that ASan sees a read one byte too far.
 */
#ifndef GATEHOUSE_TESTS_FUZZ_HTTP_PIECES_H
#define GATEHOUSE_TESTS_FUZZ_HTTP_PIECES_H

#include <stdlib.h>

#include "base/must.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* piece_free gives it back. */
static inline struct str
piece_copy(struct str bytes)
{
	char *copy = malloc(bytes.len > 0 ? bytes.len : 1);

	must(copy != NULL);
	if (bytes.len > 0)
		memcpy(copy, bytes.at, bytes.len);
	return (struct str){ copy, bytes.len };
}

static inline void
piece_free(struct str piece)
{
	free((void *)(uintptr_t)piece.at);
}

/*
 * How many bytes to add before the next call: each for short input, and then
 * so many that the copies stay cheap.
 */
static inline size_t
piece_step(size_t size)
{
	return size / 256 + 1;
}

/* Takes one byte of directions off the front of the input. */
static inline unsigned
piece_directions(struct str *input)
{
	unsigned directions = 0;

	if (input->len > 0) {
		directions = (uint8_t)input->at[0];
		*input = str_skip(*input, 1);
	}
	return directions;
}

#endif
