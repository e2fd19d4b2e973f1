/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is purged is not found, nor is what was asked for before the purge.
 */
#include "stock.h"

#include "cache/purge.h"

static const struct {
	const char *key, *vary, *tags;
} rows[] = {
	{ "http://a.example:80/", "", "front" },
	{ "http://a.example:80/news/1", "accept-language:de\n", "news one" },
	{ "http://a.example:80/news/1", "accept-language:en\n", "news" },
	{ "http://a.example:80/news/1\n192.0.2.1:80", "", "" },
	{ "http://a.example:80/news/12", "", "newsletter" },
	{ "https://a.example:443/news/1", "", "news" },
	{ "http://b.a.example:80/", "", "front" },
	{ "http://[2001:db8::1]:80/", "", "" },
};

/* Which rows are left, a bit each. */
static const struct {
	enum cache_purge_kind kind;
	const char *what;
	unsigned left;
} purges[] = {
	{ CACHE_PURGE_KEY, "http://a.example:80/news/1", 0xf1 },
	{ CACHE_PURGE_KEY, "http://a.example:80/news", 0xff },
	{ CACHE_PURGE_PREFIX, "http://a.example:80/news/1", 0xe1 },
	{ CACHE_PURGE_PREFIX, "http://a.example:80/n", 0xe1 },
	{ CACHE_PURGE_PREFIX, "", 0 },
	{ CACHE_PURGE_HOST, "a.example", 0xc0 },
	{ CACHE_PURGE_HOST, "b.a.example", 0xbf },
	{ CACHE_PURGE_HOST, "example", 0xff },
	{ CACHE_PURGE_HOST, "[2001:db8::1]", 0x7f },
	{ CACHE_PURGE_TAG, "news", 0xd9 },
	{ CACHE_PURGE_TAG, "one", 0xfd },
	{ CACHE_PURGE_TAG, "front", 0xbe },
	{ CACHE_PURGE_TAG, "", 0xff },
	{ CACHE_PURGE_ALL, "", 0 },
};

static struct made
row(size_t i, uint32_t stamp)
{
	return (struct made){ .key = rows[i].key,
		.vary = rows[i].vary,
		.tags = rows[i].tags,
		.length = (int64_t)i,
		.stamp = stamp };
}

static unsigned
left(struct stock *s)
{
	unsigned bits = 0;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *language = strstr(rows[i].vary, "en") ? "en" : "de";
		const struct cache_object *object =
		    find(s, rows[i].key, language);
		if (object != NULL &&
		    cache_body_bytes(cache_object_body(object)) == i)
			bits |= 1u << i;
	}
	return bits;
}

static void
what_a_purge_is_of(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(purges); i++) {
		struct str what = str_of(purges[i].what);
		struct stock s;
		stock_begin(&s, 16 * MIB, MIB);
		uint32_t stamp = cache_stamp(s.cache);
		for (size_t j = 0; j < COUNT_OF(rows); j++)
			assert_int_equal(put(&s, row(j, stamp), 'x'), 0);
		assert_int_equal(left(&s), 0xff);
		int64_t gone = cache_purge(s.cache, purges[i].kind, what);
		assert_int_equal(gone, 8 - __builtin_popcount(purges[i].left));
		assert_int_equal(left(&s), purges[i].left);
		/* What was asked for before is not kept either. */
		for (size_t j = 0; j < COUNT_OF(rows); j++)
			assert_int_equal(put(&s, row(j, stamp), 'x'),
			    (purges[i].left >> j & 1) != 0 ? 0 : -ESTALE);
		assert_int_equal(left(&s), purges[i].left);
		stamp = cache_stamp(s.cache);
		for (size_t j = 0; j < COUNT_OF(rows); j++)
			assert_int_equal(put(&s, row(j, stamp), 'x'), 0);
		assert_int_equal(left(&s), 0xff);
		stock_end(&s);
	}
}

/* Who reads it goes on; who comes does not find it. */
static void
what_is_filling_is_purged_too(void **state)
{
	struct cache_object *object =
	    make((struct made){ .key = "http://a:80/", .length = 100 });
	struct stock s;

	(void)state;
	stock_begin(&s, 16 * MIB, MIB);
	assert_int_equal(cache_put(&s.user, object), 0);
	fill(object, 'x', 50);
	assert_int_equal(cache_purge(s.cache, CACHE_PURGE_HOST, STR("a")), 1);
	assert_null(find(&s, "http://a:80/", NULL));
	assert_true(cache_body_is_abandoned(cache_object_body(object)));
	fill(object, 'x', 50);
	cache_body_end(cache_object_body(object));
	assert_null(find(&s, "http://a:80/", NULL));
	assert_int_equal(all_is(object, 0, 'x'), 100);
	cache_object_unref(object);
	stock_end(&s);
}

/* So many that the list has forgotten: what is older is not trusted. */
static void
what_cannot_be_judged_is_not_kept(void **state)
{
	char tag[20];
	struct stock s;

	(void)state;
	stock_begin(&s, 16 * MIB, MIB);
	uint32_t stamp = cache_stamp(s.cache);
	for (int i = 0; i < CACHE_PURGES_MAX; i++) {
		(void)snprintf(tag, sizeof(tag), "t%d", i);
		assert_int_equal(
		    cache_purge(s.cache, CACHE_PURGE_TAG, str_of(tag)), 0);
		cache_rest(&s.user);
	}
	assert_int_equal(put(&s, row(0, stamp), 'x'), 0);
	assert_int_equal(cache_purge(s.cache, CACHE_PURGE_TAG, STR("t")), 0);
	assert_int_equal(put(&s, row(0, stamp), 'x'), -ESTALE);
	assert_int_equal(put(&s, row(0, stamp + 1), 'x'), 0);
	/* Those of one key never push others out. */
	for (int i = 0; i < 5000; i++)
		(void)cache_purge(
		    s.cache, CACHE_PURGE_KEY, str_of(rows[1].key));
	assert_int_equal(put(&s, row(0, stamp + 1), 'x'), 0);
	assert_int_equal(put(&s, row(1, stamp + 1), 'x'), -ESTALE);
	stock_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_purge_is_of),
		cmocka_unit_test(what_is_filling_is_purged_too),
		cmocka_unit_test(what_cannot_be_judged_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
