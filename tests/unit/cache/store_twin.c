/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store against a list that is searched from its newest end: whatever the
 * store finds is what the list would give.  It may find less, for it evicts;
 * of a store that is large enough, nothing less.
 */
#include "stock.h"

#include "cache/purge.h"

#define KEYS      60
#define LANGUAGES 3
#define STEPS     120000
#define LIST_MAX  4096

static const char *const languages[LANGUAGES] = { "de", "en", "fr" };
static const char *const tags[] = { "", "news", "front page", "news front" };

struct entry {
	char key[64], vary[32];
	char tags[32];               /* the last one is the entry's own */
	struct cache_object *object; /* a reference; it may have settled */
};

struct twin {
	struct stock s;
	struct entry list[LIST_MAX]; /* the newest last */
	size_t count;
	struct cache_object *filling[4];
	char with[4];
	uint64_t seed, found, missed;
	unsigned serial;
};

static uint32_t
roll(struct twin *t, uint32_t sides)
{
	t->seed ^= t->seed << 13;
	t->seed ^= t->seed >> 7;
	t->seed ^= t->seed << 17;
	return (uint32_t)(t->seed >> 33) % sides;
}

static void
roll_key(struct twin *t, char ret[64])
{
	uint32_t n = roll(t, KEYS);

	(void)snprintf(ret, 64, "http://%s.example:80/%s/%u%s",
	    n % 3 == 0 ? "a" : "b", n % 2 == 0 ? "x" : "y", n,
	    roll(t, 8) == 0 ? "\n192.0.2.1:80" : "");
}

/* ---- the list ---- */

static void
forget(struct twin *t, size_t i)
{
	cache_object_unref(t->list[i].object);
	memmove(&t->list[i], &t->list[i + 1],
	    (--t->count - i) * sizeof(t->list[0]));
}

static void
forget_same(struct twin *t, const char *key, const char *vary)
{
	for (size_t i = t->count; i-- > 0;)
		if (strcmp(t->list[i].key, key) == 0 &&
		    strcmp(t->list[i].vary, vary) == 0)
			forget(t, i);
}

static size_t
forget_purged(struct twin *t, enum cache_purge_kind kind, struct str what)
{
	size_t before = t->count;

	for (size_t i = t->count; i-- > 0;)
		if (cache_purge_is_of(kind, what, str_of(t->list[i].key),
			str_of(t->list[i].tags)))
			forget(t, i);
	return before - t->count;
}

static struct entry *
listed(struct twin *t, const char *key, const char *language)
{
	char vary[32];

	(void)snprintf(vary, sizeof(vary), "accept-language:%s\n", language);
	for (size_t i = t->count; i-- > 0;)
		if (strcmp(t->list[i].key, key) == 0 &&
		    (t->list[i].vary[0] == '\0' ||
			strcmp(t->list[i].vary, vary) == 0))
			return &t->list[i];
	return NULL;
}

/* ---- steps ---- */

static void
step_put(struct twin *t)
{
	struct entry entry = { .object = NULL };
	size_t slot = roll(t, 4);
	int64_t length = roll(t, 3) == 0 ? roll(t, 200000) : roll(t, 3000);

	if (t->filling[slot] != NULL || t->count == LIST_MAX)
		return;
	(void)snprintf(entry.tags, sizeof(entry.tags), "%s %u",
	    tags[roll(t, COUNT_OF(tags))], t->serial++);
	roll_key(t, entry.key);
	if (roll(t, 2) == 0)
		(void)snprintf(entry.vary, sizeof(entry.vary),
		    "accept-language:%s\n", languages[roll(t, LANGUAGES)]);
	entry.object = make((struct made){ .key = entry.key,
	    .vary = entry.vary,
	    .tags = entry.tags,
	    .length = roll(t, 2) == 0 ? length : HTTP_UNSAID,
	    .stamp = cache_stamp(t->s.cache) });
	assert_int_equal(cache_put(&t->s.user, entry.object), 0);
	forget_same(t, entry.key, entry.vary);
	t->list[t->count++] = entry;
	t->filling[slot] = cache_object_ref(entry.object);
	t->with[slot] = (char)('a' + roll(t, 26));
}

/* An object is known by its tags, for one that settles is another. */
static bool
is_entry(const struct cache_object *object, const struct entry *entry)
{
	return str_is(cache_object_tags(object), entry->tags);
}

static size_t
index_of(const struct twin *t, const struct cache_object *object)
{
	size_t i = 0;

	while (i < t->count && !is_entry(object, &t->list[i]))
		i++;
	return i;
}

static void
step_fill(struct twin *t)
{
	size_t slot = roll(t, 4);
	struct cache_object *object = t->filling[slot];

	if (object == NULL)
		return;
	struct cache_body *body = cache_object_body(object);
	int64_t length = cache_body_length(body);
	uint64_t left =
	    length >= 0 ? (uint64_t)length - cache_body_bytes(body) : 40000;
	uint32_t more = roll(t, 40000);
	if (more > left)
		more = (uint32_t)left;
	if (more > cache_body_room(body))
		more = 0;
	fill(object, t->with[slot], more);
	/* It has become too large, or was thrown out or purged before. */
	if (cache_body_room(body) != SIZE_MAX && index_of(t, object) < t->count)
		forget(t, index_of(t, object));
	if (length >= 0 ? more < left : roll(t, 4) != 0)
		return;
	t->filling[slot] = NULL;
	if (roll(t, 10) == 0) {
		cache_body_break(body);
		if (index_of(t, object) < t->count)
			forget(t, index_of(t, object));
	} else {
		cache_body_end(body);
	}
	cache_object_unref(object);
}

static void
step_find(struct twin *t, bool all_fits)
{
	const char *language = languages[roll(t, LANGUAGES)];
	char key[64];

	roll_key(t, key);
	const struct entry *expected = listed(t, key, language);
	const struct cache_object *object = find(&t->s, key, language);
	if (object != NULL)
		t->found++;
	else
		t->missed += expected != NULL;
	if (all_fits)
		assert_true((object == NULL) == (expected == NULL) &&
			    (object == NULL || is_entry(object, expected)));
	/* An older one shows when what is newer was evicted. */
	if (object != NULL)
		assert_true(index_of(t, object) < t->count);
}

static void
step_drop(struct twin *t)
{
	char key[64];

	roll_key(t, key);
	struct cache_object *object =
	    find(&t->s, key, languages[roll(t, LANGUAGES)]);
	if (object == NULL)
		return;
	forget(t, index_of(t, object));
	(void)cache_drop(&t->s.user, object);
}

static void
step_purge(struct twin *t, bool all_fits)
{
	static const char *const whats[] = { "http://a.example:80/x/",
		"a.example", "front", "" };
	static const enum cache_purge_kind kinds[] = { CACHE_PURGE_PREFIX,
		CACHE_PURGE_HOST, CACHE_PURGE_TAG, CACHE_PURGE_ALL };
	size_t i = roll(t, 5);
	enum cache_purge_kind kind = CACHE_PURGE_KEY;
	char key[64];
	struct str what;

	roll_key(t, key);
	what = str_of(key);
	if (i < 4) {
		kind = kinds[i];
		what = str_of(whats[i]);
	}
	int64_t gone = cache_purge(t->s.cache, kind, what);
	size_t listed_gone = forget_purged(t, kind, what);
	assert_true(gone >= 0 && (size_t)gone <= listed_gone);
	if (all_fits)
		assert_int_equal(gone, listed_gone);
}

static void
run_steps(uint64_t bytes_max, uint64_t seed, bool all_fits)
{
	struct twin *t = calloc(1, sizeof(*t));

	stock_begin(&t->s, bytes_max, MIB / 4);
	t->seed = seed;
	for (int i = 0; i < STEPS; i++) {
		uint32_t what = roll(t, 1000);
		if (what < 150)
			step_put(t);
		else if (what < 500)
			step_fill(t);
		else if (what < 980)
			step_find(t, all_fits);
		else if (what < 997)
			step_drop(t);
		else
			step_purge(t, all_fits);
		cache_rest(&t->s.user);
		struct cache_stats stats;
		cache_stats(t->s.cache, &stats);
		assert_true(stats.bytes <= stats.bytes_max);
		assert_true(stats.objects <= t->count);
		if (all_fits)
			assert_int_equal(stats.objects, t->count);
	}
	/* It would prove nothing if nothing were found. */
	assert_true(t->found > STEPS / 20);
	assert_true(all_fits || t->missed > STEPS / 100);
	for (size_t i = 0; i < 4; i++)
		if (t->filling[i] != NULL) {
			cache_body_break(cache_object_body(t->filling[i]));
			cache_object_unref(t->filling[i]);
		}
	while (t->count > 0)
		forget(t, t->count - 1);
	stock_end(&t->s);
	free(t);
}

static void
a_large_store_is_the_list(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++)
		run_steps(256 * MIB, seed * 7919, true);
}

static void
a_small_store_has_a_part_of_it(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++)
		run_steps(2 * MIB, seed * 104729, false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_large_store_is_the_list),
		cmocka_unit_test(a_small_store_has_a_part_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
