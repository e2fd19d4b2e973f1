/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record whose sums are good, of one who knew how to make them: what it says
 * of its object is believed only if it can be so.
 */
#include "stock.h"

#include "cache/disk_record.h"

#include <stdlib.h>

#define HEAD_BYTES 26 /* of stock.h */

static struct cache_record *
record_of_an_object(void)
{
	static const struct cache_hash_key key = { { 1, 2 } };
	struct cache_object *object =
	    whole((struct made){ .key = "http://a.example:80/",
		      .vary = "",
		      .tags = "",
		      .length = 30 },
		'a');
	struct cache_record *record = cache_record_of_object(object, 1, &key);

	assert_non_null(record);
	cache_object_unref(object);
	return record;
}

static void
what_it_says_can_be(void **state)
{
	static const struct {
		struct cache_meta meta;
		bool sound;
	} rows[] = {
		{ { .content_length = 30 }, true },
		{ { .content_length = HTTP_UNSAID }, true },
		{ { .content_length = HTTP_UNSAID - 1 }, false },
		{ { .flags = CACHE_META_NO_CACHE | CACHE_META_DATED }, true },
		{ { .flags = CACHE_OBJECT_WIDE }, false },
		{ { .flags = CACHE_OBJECT_STORED }, false },
		{ { .flags = CACHE_META_PARTIAL, .range_last = 29 }, true },
		{ { .range_last = 29 }, false },
		{ { .flags = CACHE_META_PARTIAL,
		      .range_first = 5,
		      .range_last = 4 },
		    false },
		{ { .flags = CACHE_META_PARTIAL, .range_first = -1 }, false },
		{ { .etag_at = HEAD_BYTES - 3, .etag_len = 3 }, true },
		{ { .etag_at = HEAD_BYTES - 3, .etag_len = 4 }, false },
		{ { .etag_at = UINT32_MAX, .etag_len = 1 }, false },
	};
	struct cache_record *record = record_of_an_object();

	(void)state;
	assert_int_equal(record->head_len, HEAD_BYTES);
	assert_true(cache_record_is_sound(record));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		record->meta = rows[i].meta;
		assert_int_equal(cache_record_is_sound(record), rows[i].sound);
	}
	free(record);
}

static void
its_head_can_be(void **state)
{
	struct cache_record *record = record_of_an_object();
	char *head = (char *)(record + 1) + record->key_len;

	(void)state;
	assert_memory_equal(head, "Content-Type", 12);
	head[7] = '\r';
	assert_false(cache_record_is_sound(record));
	free(record);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_says_can_be),
		cmocka_unit_test(its_head_can_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
