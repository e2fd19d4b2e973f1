/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is put is found, until something else takes its place.
 */
#include "stock.h"

#include "cache/store_impl.h"

static void
the_newest_that_the_request_selects(void **state)
{
	struct stock s;

	(void)state;
	stock_begin(&s, 16 * MIB, MIB);
	assert_null(find(&s, "k", NULL));
	assert_int_equal(
	    put(&s,
		(struct made){
		    .key = "k", .vary = "accept-language:de\n", .length = 1 },
		'd'),
	    0);
	assert_int_equal(
	    put(&s,
		(struct made){
		    .key = "k", .vary = "accept-language:en\n", .length = 2 },
		'e'),
	    0);
	assert_int_equal(all_is(find(&s, "k", "de"), 0, 'd'), 1);
	assert_int_equal(all_is(find(&s, "k", "en"), 0, 'e'), 2);
	assert_null(find(&s, "k", "fr"));
	assert_null(find(&s, "K", "de"));
	assert_int_equal(
	    put(&s, (struct made){ .key = "k", .length = 3 }, 'x'), 0);
	assert_int_equal(all_is(find(&s, "k", "de"), 0, 'x'), 3);
	assert_int_equal(all_is(find(&s, "k", NULL), 0, 'x'), 3);
	/* Its place is taken, and it is the newest again. */
	assert_int_equal(
	    put(&s,
		(struct made){
		    .key = "k", .vary = "accept-language:de\n", .length = 4 },
		'n'),
	    0);
	assert_int_equal(all_is(find(&s, "k", "de"), 0, 'n'), 4);
	struct cache_stats stats;
	cache_stats(s.cache, &stats);
	assert_int_equal(stats.objects, 3);
	assert_int_equal(stats.puts, 4);
	assert_int_equal(stats.finds, 8);
	assert_int_equal(stats.found, 5);
	stock_end(&s);
}

static void
variants_have_a_limit(void **state)
{
	char vary[40], language[8];
	struct stock s;

	(void)state;
	stock_begin(&s, 16 * MIB, MIB);
	for (int i = 0; i < CACHE_VARIANTS_MAX + 3; i++) {
		(void)snprintf(vary, sizeof(vary), "accept-language:l%d\n", i);
		assert_int_equal(
		    put(&s,
			(struct made){ .key = "k", .vary = vary, .length = i },
			'v'),
		    0);
	}
	for (int i = 0; i < CACHE_VARIANTS_MAX + 3; i++) {
		(void)snprintf(language, sizeof(language), "l%d", i);
		const struct cache_object *object = find(&s, "k", language);
		assert_true((object != NULL) == (i >= 3));
	}
	/* The oldest again: it takes its own place and nobody else's. */
	assert_int_equal(
	    put(&s,
		(struct made){
		    .key = "k", .vary = "accept-language:l3\n", .length = 99 },
		'v'),
	    0);
	for (int i = 3; i < CACHE_VARIANTS_MAX + 3; i++) {
		(void)snprintf(language, sizeof(language), "l%d", i);
		assert_non_null(find(&s, "k", language));
	}
	assert_int_equal(all_is(find(&s, "k", "l3"), 0, 'v'), 99);
	stock_end(&s);
}

/* Whoever dials other addresses under one name has no more of them. */
static void
dialled_addresses_are_variants_of_the_url(void **state)
{
	char key[60];
	struct stock s;

	(void)state;
	stock_begin(&s, 16 * MIB, MIB);
	for (int i = 0; i < 40; i++) {
		(void)snprintf(
		    key, sizeof(key), "http://a:80/\n192.0.2.%d:80", i);
		assert_int_equal(
		    put(&s, (struct made){ .key = key, .length = 1 }, 'x'), 0);
	}
	struct cache_stats stats;
	cache_stats(s.cache, &stats);
	assert_int_equal(stats.objects, CACHE_VARIANTS_MAX);
	assert_null(find(&s, "http://a:80/", NULL));
	assert_non_null(find(&s, "http://a:80/\n192.0.2.39:80", NULL));
	stock_end(&s);
}

static void
what_breaks_is_not_found(void **state)
{
	struct cache_object *object =
	    make((struct made){ .key = "k", .length = 10 });
	struct stock s;

	(void)state;
	stock_begin(&s, 16 * MIB, MIB);
	assert_int_equal(cache_put(&s.user, object), 0);
	fill(object, 'x', 5);
	assert_ptr_equal(find(&s, "k", NULL), object);
	cache_body_end(cache_object_body(object)); /* too early */
	assert_null(find(&s, "k", NULL));
	struct cache_stats stats;
	cache_stats(s.cache, &stats);
	assert_int_equal(stats.objects, 0);
	assert_int_equal(stats.bytes, 0);
	assert_int_equal(cache_put(&s.user, object), -ESTALE);
	cache_object_unref(object);
	stock_end(&s);
}

static void
what_freshens_shares_the_body(void **state)
{
	struct stock s;

	(void)state;
	stock_begin(&s, 16 * MIB, MIB);
	struct cache_object *old =
	    make((struct made){ .key = "k", .length = 10 });
	assert_int_equal(cache_put(&s.user, old), 0);
	struct cache_object *fresh =
	    make((struct made){ .key = "k", .freshened = old });
	assert_int_equal(cache_put(&s.user, fresh), -EBUSY);
	fill(old, 'x', 10);
	cache_body_end(cache_object_body(old));
	assert_int_equal(cache_put(&s.user, fresh), 0);
	assert_ptr_equal(find(&s, "k", NULL), fresh);
	cache_drop(&s.user, old); /* it is not there any more */
	cache_object_unref(old);
	assert_int_equal(all_is(find(&s, "k", NULL), 0, 'x'), 10);
	cache_drop(&s.user, fresh);
	assert_null(find(&s, "k", NULL));
	assert_int_equal(all_is(fresh, 0, 'x'), 10);
	cache_object_unref(fresh);
	struct cache_stats stats;
	cache_stats(s.cache, &stats);
	assert_int_equal(stats.bytes, 0);
	stock_end(&s);
}

static void
too_large_is_said(void **state)
{
	struct stock s;

	(void)state;
	stock_begin(&s, 16 * MIB, MIB);
	assert_int_equal(
	    put(&s, (struct made){ .key = "k", .length = MIB }, 'x'), -EFBIG);
	assert_int_equal(
	    put(&s, (struct made){ .key = "k", .length = MIB - 1000 }, 'x'), 0);
	assert_int_equal(all_is(find(&s, "k", NULL), 0, 'x'), MIB - 1000);
	stock_end(&s);
}

/* What a response of unknown length takes is known in the end. */
static void
of_unknown_length_is_charged_as_it_grows(void **state)
{
	struct cache_object *object =
	    make((struct made){ .key = "k", .length = HTTP_UNSAID });
	struct cache_stats stats;
	struct stock s;

	(void)state;
	stock_begin(&s, 64 * MIB, 4 * MIB);
	assert_int_equal(cache_put(&s.user, object), 0);
	for (uint64_t i = 1; i <= 6; i++) {
		fill(object, 'x', 500000);
		cache_stats(s.cache, &stats);
		assert_true(stats.bytes >= i * 500000);
		assert_true(stats.bytes < i * 500000 + 70000);
	}
	cache_body_end(cache_object_body(object));
	assert_int_equal(all_is(find(&s, "k", NULL), 0, 'x'), 3000000);
	cache_object_unref(object);
	object = make((struct made){ .key = "l", .length = HTTP_UNSAID });
	assert_int_equal(cache_put(&s.user, object), 0);
	fill(object, 'y', 5000);
	cache_body_end(cache_object_body(object));
	assert_true(find(&s, "l", NULL) != object); /* one in one piece */
	assert_int_equal(all_is(find(&s, "l", NULL), 0, 'y'), 5000);
	cache_object_unref(object);
	uint64_t before = stats.bytes;
	cache_stats(s.cache, &stats);
	assert_true(stats.bytes < before + 5300);
	stock_end(&s);
}

/* ---- room ---- */

static void
put_numbered(struct stock *s, unsigned from, unsigned count, int64_t length)
{
	char key[40];

	for (unsigned i = from; i < from + count; i++) {
		(void)snprintf(key, sizeof(key), "http://a:80/%u", i);
		assert_int_equal(
		    put(s, (struct made){ .key = key, .length = length }, 'n'),
		    0);
		cache_rest(&s->user);
	}
}

static unsigned
found_of(struct stock *s, unsigned from, unsigned count)
{
	unsigned found = 0;
	char key[40];

	for (unsigned i = from; i < from + count; i++) {
		(void)snprintf(key, sizeof(key), "http://a:80/%u", i);
		found += find(s, key, NULL) != NULL;
		cache_rest(&s->user);
	}
	return found;
}

static void
never_more_than_the_limit(void **state)
{
	struct cache_limits smaller = { 2 * MIB, MIB / 4 };
	struct cache_stats stats;
	struct stock s;

	(void)state;
	stock_begin(&s, 8 * MIB, MIB / 4);
	for (unsigned i = 0; i < 20000; i += 100) {
		put_numbered(&s, i, 100, 100 + i % 7000);
		cache_stats(s.cache, &stats);
		assert_true(stats.bytes <= stats.bytes_max);
	}
	assert_true(stats.bytes > 7 * MIB);
	assert_int_equal(stats.objects + stats.evicted, 20000);
	cache_resize(s.cache, &smaller);
	cache_stats(s.cache, &stats);
	assert_int_equal(stats.bytes_max, 2 * MIB);
	assert_true(stats.bytes <= 2 * MIB && stats.bytes > 3 * MIB / 2);
	stock_end(&s);
}

/* A million of them in a table that began with 64 chains. */
static void
tables_grow(void **state)
{
	struct cache_stats stats;
	struct stock s;

	(void)state;
	stock_begin(&s, 4096 * MIB, MIB);
	put_numbered(&s, 0, 200000, 3);
	cache_stats(s.cache, &stats);
	assert_int_equal(stats.objects, 200000);
	assert_int_equal(found_of(&s, 0, 200001), 200000);
	stock_end(&s);
}

/* What is asked for again stays when many come that are asked for once. */
static void
a_scan_does_not_empty_it(void **state)
{
	struct stock s;

	(void)state;
	stock_begin(&s, 8 * MIB, MIB / 4);
	put_numbered(&s, 0, 1000, 3000);
	for (int i = 0; i < 5; i++)
		(void)found_of(&s, 0, 1000);
	put_numbered(&s, 1000, 20000, 3000);
	assert_true(found_of(&s, 0, 1000) > 950);
	stock_end(&s);
}

/* One large thing that nobody asks for again does not cost many small ones. */
static void
a_large_one_must_be_worth_its_room(void **state)
{
	struct stock s;

	(void)state;
	stock_begin(&s, 4 * MIB, MIB / 2);
	put_numbered(&s, 0, 3900, 900);
	assert_true(found_of(&s, 0, 3900) == 3900);
	(void)found_of(&s, 0, 3900);
	put_numbered(&s, 10000, 40, 400000);
	assert_true(found_of(&s, 0, 3900) > 3400);
	stock_end(&s);
}

/* Those who wait for it would ask for it again. */
static void
what_is_filling_stays(void **state)
{
	struct cache_object *object =
	    make((struct made){ .key = "k", .length = 200000 });
	struct stock s;

	(void)state;
	stock_begin(&s, 4 * MIB, MIB / 2);
	assert_int_equal(cache_put(&s.user, object), 0);
	put_numbered(&s, 0, 20000, 2000);
	assert_ptr_equal(find(&s, "k", NULL), object);
	fill(object, 'x', 200000);
	cache_body_end(cache_object_body(object));
	cache_object_unref(object);
	put_numbered(&s, 20000, 20000, 2000);
	assert_null(find(&s, "k", NULL));
	stock_end(&s);
}

/* Servers that never end their answers do not get all of it. */
static void
what_is_filling_has_half_of_the_room(void **state)
{
	struct cache_object *objects[100];
	struct cache_stats stats;
	char key[20];
	struct stock s;

	(void)state;
	stock_begin(&s, 4 * MIB, MIB / 2);
	put_numbered(&s, 0, 1000, 3000);
	(void)found_of(&s, 0, 1000);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(key, sizeof(key), "slow %d", i);
		objects[i] =
		    make((struct made){ .key = key, .length = 200000 });
		assert_int_equal(cache_put(&s.user, objects[i]), 0);
	}
	cache_stats(s.cache, &stats);
	assert_true(stats.bytes <= stats.bytes_max);
	assert_true(found_of(&s, 0, 1000) > 400);
	for (int i = 0; i < 100; i++) {
		cache_body_break(cache_object_body(objects[i]));
		cache_object_unref(objects[i]);
	}
	stock_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_that_the_request_selects),
		cmocka_unit_test(variants_have_a_limit),
		cmocka_unit_test(dialled_addresses_are_variants_of_the_url),
		cmocka_unit_test(what_breaks_is_not_found),
		cmocka_unit_test(what_freshens_shares_the_body),
		cmocka_unit_test(too_large_is_said),
		cmocka_unit_test(of_unknown_length_is_charged_as_it_grows),
		cmocka_unit_test(never_more_than_the_limit),
		cmocka_unit_test(tables_grow),
		cmocka_unit_test(a_scan_does_not_empty_it),
		cmocka_unit_test(a_large_one_must_be_worth_its_room),
		cmocka_unit_test(what_is_filling_stays),
		cmocka_unit_test(what_is_filling_has_half_of_the_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
