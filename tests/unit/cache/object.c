/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An object gives back what it was made of, and costs little beside it.
 */
#include "stock.h"

#include "cache/object_impl.h"

#include <malloc.h>

/* ---- what it was made of ---- */

static void
is_meta(struct cache_meta a, struct cache_meta b)
{
	assert_true(a.response_time == b.response_time);
	assert_true(a.date == b.date);
	assert_true(a.last_modified == b.last_modified);
	assert_true(a.content_length == b.content_length);
	assert_true(a.range_first == b.range_first);
	assert_true(a.range_last == b.range_last);
	assert_int_equal(a.corrected_age, b.corrected_age);
	assert_int_equal(a.lifetime, b.lifetime);
	assert_int_equal(a.stale_while_revalidate, b.stale_while_revalidate);
	assert_int_equal(a.stale_if_error, b.stale_if_error);
	assert_int_equal(a.content, b.content);
	assert_int_equal(a.etag_at, b.etag_at);
	assert_int_equal(a.etag_len, b.etag_len);
	assert_int_equal(a.status, b.status);
	assert_int_equal(a.flags, b.flags);
}

static const struct cache_parts full = {
	.key = STR_INIT("http://www.example.com:80/a"),
	.vary = STR_INIT("accept-encoding:gzip\n"),
	.head = STR_INIT("ETag: \"one\"\r\n"),
	.tags = STR_INIT("news front"),
	.meta = { .response_time = 1800000000,
	    .date = 1799999999,
	    .last_modified = 0,
	    .content_length = 5,
	    .corrected_age = 1,
	    .lifetime = 2,
	    .stale_while_revalidate = 3,
	    .stale_if_error = 32767,
	    .content = 0xfedcba98,
	    .etag_at = 6,
	    .etag_len = 5,
	    .status = 203,
	    .flags = 0x7f },
	.length = 5,
};

static void
is_full(struct cache_object *object)
{
	assert_true(str_eq(cache_object_key(object), full.key));
	assert_true(str_eq(cache_object_vary(object), full.vary));
	assert_true(str_eq(cache_object_head(object), full.head));
	assert_true(str_eq(cache_object_tags(object), full.tags));
}

static void
gives_back_what_it_was_made_of(void **state)
{
	struct cache_parts parts = full;
	struct cache_object *object, *other;

	(void)state;
	assert_int_equal(cache_object_create(&parts, &object), 0);
	fill(object, 'x', 5);
	cache_body_end(cache_object_body(object));
	is_full(object);
	is_meta(cache_object_meta(object), full.meta);
	assert_int_equal(all_is(object, 0, 'x'), 5);
	parts.meta.content_length = 1000; /* of a part */
	parts.meta.range_first = 10;
	parts.meta.range_last = 14;
	parts.freshened = object;
	assert_int_equal(cache_object_create(&parts, &other), 0);
	is_full(other);
	is_meta(cache_object_meta(other), parts.meta);
	cache_object_unref(object); /* the body lives on */
	assert_int_equal(all_is(other, 0, 'x'), 5);
	parts.meta = full.meta;
	parts.freshened = other;
	assert_int_equal(cache_object_create(&parts, &object), 0);
	assert_ptr_equal(cache_object_body(object), cache_object_body(other));
	cache_object_unref(other);
	is_meta(cache_object_meta(object), full.meta);
	cache_object_unref(object);
}

static void
times_are_of_our_days(void **state)
{
	static const struct {
		int64_t in, out;
	} rows[] = {
		{ HTTP_UNSAID, HTTP_UNSAID },
		{ -2, 0 },
		{ 0, 0 },
		{ 1, 1 },
		{ INT32_MAX, INT32_MAX },
		{ UINT32_MAX - 1, UINT32_MAX - 1 },
		{ UINT32_MAX, UINT32_MAX - 1 },
		{ INT64_MAX, UINT32_MAX - 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct cache_parts parts = full;
		struct cache_object *object;
		parts.meta.last_modified = rows[i].in;
		assert_int_equal(cache_object_create(&parts, &object), 0);
		assert_true(
		    cache_object_meta(object).last_modified == rows[i].out);
		cache_object_unref(object);
	}
}

static void
texts_have_a_limit(void **state)
{
	char *text = calloc(1, CACHE_TEXT_BYTES_MAX + 1);
	struct cache_object *object;

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		struct str longest = { text, CACHE_TEXT_BYTES_MAX + i % 2 };
		struct cache_parts parts = full;
		struct str *texts[] = { &parts.key, &parts.vary, &parts.head,
			&parts.tags };
		*texts[i / 2] = longest;
		int rc = cache_object_create(&parts, &object);
		assert_int_equal(rc, i % 2 == 0 ? 0 : -EFBIG);
		if (rc == 0)
			cache_object_unref(object);
	}
	free(text);
}

/* ---- settling ---- */

static void
settles_in_one_piece(void **state)
{
	struct cache_object *object = make((struct made){
	    .key = "k", .vary = "v\n", .tags = "t", .length = HTTP_UNSAID });
	struct cache_object *settled = NULL;

	(void)state;
	fill(object, 'y', 100000);
	assert_false(cache_object_is_loose(object));
	cache_body_end(cache_object_body(object));
	assert_true(cache_object_is_loose(object));
	assert_int_equal(cache_object_settle(object, &settled), 0);
	cache_object_unref(object);
	assert_false(cache_object_is_loose(settled));
	assert_int_equal(all_is(settled, 0, 'y'), 100000);
	assert_true(str_is(cache_object_vary(settled), "v\n"));
	assert_true(str_is(cache_object_tags(settled), "t"));
	cache_object_unref(settled);
}

/* Long ones are kept by the minute, and no longer than three weeks. */
static void
long_spans_are_of_minutes(void **state)
{
	static const struct {
		uint32_t given, kept;
	} rows[] = { { 0, 0 }, { 32767, 32767 }, { 32768, 32760 },
		{ 86400, 86400 }, { 86459, 86400 }, { 1966020, 1966020 },
		{ 1966080, 1966020 }, { UINT32_MAX, 1966020 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cache_parts parts = full;
		struct cache_object *object;
		parts.meta.stale_while_revalidate = rows[i].given;
		parts.meta.stale_if_error = rows[i].given;
		assert_int_equal(cache_object_create(&parts, &object), 0);
		struct cache_meta meta = cache_object_meta(object);
		assert_int_equal(meta.stale_while_revalidate, rows[i].kept);
		assert_int_equal(meta.stale_if_error, rows[i].kept);
		cache_body_break(cache_object_body(object));
		cache_object_unref(object);
	}
}

/* ---- overhead ---- */

#define MANY 60000

/* Of lengths that are known and not: by the allocator's books. */
static void
at_most_128_bytes_beside_its_own(void **state)
{
	static const size_t lengths[] = { 0, 13, 200, 1500, 3000 };
	struct stock s;
	uint64_t own = 0;
	char key[80];

	(void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	skip(); /* the allocator is not the C library's */
#endif
	for (int said = 0; said < 2; said++) {
		stock_begin(&s, 4096 * MIB, 8 * MIB);
		size_t before = mallinfo2().uordblks;
		own = 0;
		for (size_t i = 0; i < MANY; i++) {
			size_t length = lengths[i % COUNT_OF(lengths)] + i % 7;
			(void)snprintf(key, sizeof(key),
			    "http://www.example.com:80/picture/%zu.png", i);
			struct cache_object *object =
			    make((struct made){ .key = key,
				.length = said != 0 ? (int64_t)length
						    : HTTP_UNSAID });
			fill(object, 'b', said != 0 ? length : 0);
			assert_int_equal(cache_put(&s.user, object), 0);
			fill(object, 'b', said != 0 ? 0 : length);
			if (cache_body_state(cache_object_body(object)) ==
			    CACHE_BODY_FILLING)
				cache_body_end(cache_object_body(object));
			own += strlen(key) + length +
			       cache_object_head(object).len;
			cache_object_unref(object);
			cache_rest(&s.user);
		}
		struct cache_stats stats;
		cache_stats(s.cache, &stats);
		assert_int_equal(stats.objects, MANY);
		double beside =
		    (double)(mallinfo2().uordblks - before - own) / MANY;
		print_message("%.1f bytes beside an object's own (%s)\n",
		    beside, said != 0 ? "length known" : "not known");
		assert_true(beside <= 128);
		/* What the store believes is what there is. */
		assert_true(stats.bytes >= own);
		assert_true(stats.bytes <= own + (uint64_t)MANY * 132);
		stock_end(&s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_what_it_was_made_of),
		cmocka_unit_test(times_are_of_our_days),
		cmocka_unit_test(texts_have_a_limit),
		cmocka_unit_test(settles_in_one_piece),
		cmocka_unit_test(long_spans_are_of_minutes),
		cmocka_unit_test(at_most_128_bytes_beside_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
