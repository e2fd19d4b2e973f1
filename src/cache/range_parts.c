/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several ranges in one answer.
 */
#include "cache/range.h"

void
cache_range_set_boundary(
    const uint8_t random[static 16], char ret[static CACHE_BOUNDARY_BYTES])
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < 16; i++) {
		ret[2 * i] = hex[random[i] >> 4];
		ret[2 * i + 1] = hex[random[i] & 15];
	}
}

void
cache_range_add_part_head(struct str boundary, struct str content_type,
    const struct cache_range *range, uint64_t complete, bool first,
    struct text *out)
{
	text_addz(out, first ? "--" : "\r\n--");
	text_add(out, boundary);
	text_addz(out, "\r\n");
	if (content_type.len > 0) {
		text_addz(out, "Content-Type: ");
		text_add(out, content_type);
		text_addz(out, "\r\n");
	}
	text_addz(out, "Content-Range: ");
	cache_range_add_content_range(range, (int64_t)complete, out);
	text_addz(out, "\r\n\r\n");
}

void
cache_range_add_part_tail(struct str boundary, struct text *out)
{
	text_addz(out, "\r\n--");
	text_add(out, boundary);
	text_addz(out, "--\r\n");
}

static uint64_t
digits(uint64_t number)
{
	uint64_t count = 1;

	for (; number >= 10; number /= 10)
		count++;
	return count;
}

#define BYTES(literal) (sizeof(literal) - 1)

/* What the functions above write, counted. */
uint64_t
cache_range_parts_length(const struct cache_ranges *ranges,
    struct str content_type, uint64_t complete)
{
	uint64_t tail =
	    BYTES("\r\n--") + CACHE_BOUNDARY_BYTES + BYTES("--\r\n");
	uint64_t head = BYTES("\r\n--") + CACHE_BOUNDARY_BYTES +
			BYTES("\r\nContent-Range: bytes -/\r\n\r\n") +
			digits(complete);
	uint64_t length = tail - BYTES("\r\n"); /* the first head has none */

	if (content_type.len > 0)
		head += BYTES("Content-Type: \r\n") + content_type.len;
	for (size_t i = 0; i < ranges->count; i++) {
		const struct cache_range *range = &ranges->items[i];
		length += head + digits(range->first) + digits(range->last) +
			  (range->last - range->first + 1);
	}
	return length;
}
