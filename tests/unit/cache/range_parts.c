/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/range.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char content[] = "0123456789";

static void
write_all(const struct cache_ranges *ranges, struct str type, struct text *out)
{
	static const uint8_t random[16] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
		0xcd, 0xef, 0, 1, 2, 3, 4, 5, 6, 0xff };
	char boundary[CACHE_BOUNDARY_BYTES];

	cache_range_set_boundary(random, boundary);
	struct str mark = { boundary, sizeof(boundary) };
	for (size_t i = 0; i < ranges->count; i++) {
		const struct cache_range *range = &ranges->items[i];
		cache_range_add_part_head(
		    mark, type, range, sizeof(content) - 1, i == 0, out);
		text_add(out, (struct str){ content + range->first,
				  (size_t)(range->last - range->first + 1) });
	}
	cache_range_add_part_tail(mark, out);
}

static void
parts_are_written(void **state)
{
	static const struct cache_ranges ranges = {
		.items = { { 0, 1 }, { 7, 9 } }, .count = 2
	};
	struct text text = TEXT_EMPTY;

	(void)state;
	write_all(&ranges, STR("text/plain"), &text);
	assert_string_equal(text.at,
	    "--0123456789abcdef00010203040506ff\r\n"
	    "Content-Type: text/plain\r\n"
	    "Content-Range: bytes 0-1/10\r\n\r\n01"
	    "\r\n--0123456789abcdef00010203040506ff\r\n"
	    "Content-Type: text/plain\r\n"
	    "Content-Range: bytes 7-9/10\r\n\r\n789"
	    "\r\n--0123456789abcdef00010203040506ff--\r\n");
	text_fini(&text);
}

static void
the_length_is_known_before(void **state)
{
	static const struct cache_ranges cases[] = {
		{ .items = { { 0, 1 }, { 7, 9 } }, .count = 2 },
		{ .items = { { 9, 9 } }, .count = 1 },
		{ .items = { { 0, 0 }, { 2, 2 }, { 4, 8 }, { 1, 1 } },
		    .count = 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str types[] = { STR(""), STR("text/html; x=\"y\"") };
		for (size_t j = 0; j < 2; j++) {
			struct text text = TEXT_EMPTY;
			write_all(&cases[i], types[j], &text);
			assert_int_equal(cache_range_parts_length(&cases[i],
					     types[j], sizeof(content) - 1),
			    text.len);
			text_fini(&text);
		}
	}
}

/* Only the digits differ: 100 of 1234 is longer than 9 of 10. */
static void
digits_are_counted(void **state)
{
	static const struct cache_ranges ranges = {
		.items = { { 99, 1000 }, { 100000, 1234566 } }, .count = 2
	};
	char boundary[CACHE_BOUNDARY_BYTES] = { 0 };
	struct str mark = { boundary, sizeof(boundary) };
	struct text text = TEXT_EMPTY;
	uint64_t length = 0;

	(void)state;
	for (size_t i = 0; i < ranges.count; i++) {
		cache_range_add_part_head(
		    mark, STR(""), &ranges.items[i], 1234567, i == 0, &text);
		length += ranges.items[i].last - ranges.items[i].first + 1;
	}
	cache_range_add_part_tail(mark, &text);
	assert_int_equal(cache_range_parts_length(&ranges, STR(""), 1234567),
	    length + text.len);
	text_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_written),
		cmocka_unit_test(the_length_is_known_before),
		cmocka_unit_test(digits_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
