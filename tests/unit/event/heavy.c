/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A twin that forgets nobody counts beside the sketch: for every key that the
 * sketch has, flows - over <= truth <= flows; for every other, truth <= floor;
 * and the floor keeps to its bound.  Also of what was merged.
 */
#include "event/heavy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROOM 64
#define KEYS 2000

static uint64_t state = UINT64_C(0x243f6a8885a308d3);

static uint64_t
chance(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

/* Few are met often: half of all are among the first, and so on. */
static unsigned
skewed(void)
{
	unsigned most = KEYS;

	while (most > 4 && chance(2) == 0)
		most /= 2;
	return (unsigned)chance(most);
}

static struct str
key_of(unsigned number, char room[static 32])
{
	(void)snprintf(room, 32, "host-%u.example.com", number);
	return str_of(room);
}

struct twin {
	struct heavy heavy;
	uint64_t truth[KEYS], bytes[KEYS];
	uint64_t all;
};

static void
begin(struct twin *twin, size_t room)
{
	memset(twin, 0, sizeof(*twin));
	assert_int_equal(heavy_init(&twin->heavy, room), 0);
}

static void
count(struct twin *twin, unsigned number, uint64_t flows)
{
	struct heavy_count one = { flows, flows / 2, flows * 10, flows * 7 };
	char room[32];

	heavy_add(&twin->heavy, key_of(number, room), &one);
	twin->truth[number] += flows;
	twin->bytes[number] += one.bytes_in;
	twin->all += flows;
}

static const struct heavy_entry *
find(const struct heavy *heavy, unsigned number)
{
	char room[32];
	struct str key = key_of(number, room);

	for (size_t i = 0; i < heavy->count; i++)
		if (str_eq(heavy_key(heavy, &heavy->entries[i]), key))
			return &heavy->entries[i];
	return NULL;
}

static void
check(const struct twin *twin, uint64_t bound)
{
	const struct heavy *heavy = &twin->heavy;

	assert_true(heavy->count <= heavy->room);
	assert_true(heavy->floor <= bound);
	for (unsigned i = 0; i < KEYS; i++) {
		const struct heavy_entry *one = find(heavy, i);
		if (one == NULL) {
			assert_true(twin->truth[i] <= heavy->floor);
			continue;
		}
		assert_true(one->over <= heavy->floor);
		assert_true(twin->truth[i] <= one->count.flows);
		assert_true(one->count.flows - one->over <= twin->truth[i]);
		assert_true(one->count.bytes_in <= twin->bytes[i]);
	}
}

static void
the_truth_is_within_what_is_said(void **context)
{
	static struct twin twin;

	(void)context;
	for (unsigned round = 0; round < 40; round++) {
		begin(&twin, ROOM);
		for (unsigned i = 0; i < 20000; i++) {
			count(&twin,
			    round % 2 == 0 ? skewed() : (unsigned)chance(KEYS),
			    chance(8) == 0 ? chance(50) : 1);
			if (i % 4000 == 0)
				check(&twin, 2 * twin.all / ROOM + 50);
		}
		check(&twin, 2 * twin.all / ROOM + 50);
		heavy_fini(&twin.heavy);
	}
}

/* Who is met by far the most is never forgotten, wherever he begins. */
static void
the_most_are_found(void **context)
{
	const struct heavy_entry *top[3];
	static struct twin twin;

	(void)context;
	begin(&twin, ROOM);
	for (unsigned i = 0; i < 30000; i++)
		count(&twin,
		    i % 10 == 0 ? 7 : 100 + (unsigned)chance(KEYS - 100), 1);
	assert_int_equal(heavy_top(&twin.heavy, top, 3), 3);
	assert_ptr_equal(top[0], find(&twin.heavy, 7));
	assert_true(top[0]->count.flows >= top[1]->count.flows);
	assert_true(top[1]->count.flows >= top[2]->count.flows);
	heavy_fini(&twin.heavy);
}

static void
few_are_counted_exactly(void **context)
{
	static struct twin twin;

	(void)context;
	begin(&twin, ROOM);
	for (unsigned i = 0; i < 10000; i++)
		count(&twin, (unsigned)chance(ROOM), 1 + chance(3));
	assert_int_equal(twin.heavy.floor, 0);
	for (unsigned i = 0; i < ROOM; i++) {
		const struct heavy_entry *one = find(&twin.heavy, i);
		assert_non_null(one);
		assert_int_equal(one->count.flows, twin.truth[i]);
		assert_int_equal(one->count.bytes_in, twin.bytes[i]);
		assert_int_equal(one->over, 0);
	}
	heavy_clear(&twin.heavy);
	assert_int_equal(twin.heavy.count, 0);
	assert_null(find(&twin.heavy, 1));
	heavy_fini(&twin.heavy);
}

static void
add_truth(struct twin *sum, const struct twin *from)
{
	for (unsigned i = 0; i < KEYS; i++) {
		sum->truth[i] += from->truth[i];
		sum->bytes[i] += from->bytes[i];
	}
	sum->all += from->all;
}

static void
what_is_merged_keeps_the_promise(void **context)
{
	static struct twin sum, part;

	(void)context;
	for (unsigned round = 0; round < 60; round++) {
		/* A sum that is as small, and one where all have room. */
		begin(&sum, round % 2 == 0 ? ROOM : 4096);
		uint64_t bound = 0;
		for (unsigned i = 0; i < 12; i++) {
			begin(&part, ROOM);
			for (uint64_t n = chance(4000); n > 0; n--)
				count(&part, skewed(), 1 + chance(2));
			bound += part.heavy.floor + 2 * part.all / ROOM + 4;
			heavy_merge(&sum.heavy, &part.heavy);
			add_truth(&sum, &part);
			heavy_fini(&part.heavy);
			check(&sum, 4 * bound);
		}
		heavy_fini(&sum.heavy);
	}
}

static void
nobody_is_forgotten_for_no_flows(void **context)
{
	static struct twin twin;
	struct heavy_count bytes = { 0, 0, 100, 200 };
	char room[32];

	(void)context;
	begin(&twin, 2);
	count(&twin, 1, 1);
	heavy_add(&twin.heavy, key_of(2, room), &bytes);
	assert_int_equal(find(&twin.heavy, 2)->count.bytes_out, 200);
	heavy_add(&twin.heavy, key_of(3, room), &bytes);
	assert_null(find(&twin.heavy, 3));
	assert_non_null(find(&twin.heavy, 1));
	heavy_fini(&twin.heavy);
}

static void
keys_of_any_bytes(void **context)
{
	static char bytes[HEAVY_KEY_BYTES_MAX + 1];
	struct heavy_count one = { .flows = 1 };
	const struct heavy_entry *top[4];
	struct heavy heavy;

	(void)context;
	assert_int_equal(heavy_init(&heavy, 4), 0);
	memset(bytes, 0xff, sizeof(bytes));
	heavy_add(&heavy, (struct str){ bytes, HEAVY_KEY_BYTES_MAX }, &one);
	heavy_add(&heavy, (struct str){ bytes, HEAVY_KEY_BYTES_MAX + 1 }, &one);
	heavy_add(&heavy, (struct str){ "a\0b", 3 }, &one);
	heavy_add(&heavy, (struct str){ "a", 1 }, &one);
	heavy_add(&heavy, STR(""), &one);
	/* Of equals by their bytes. */
	assert_int_equal(heavy_top(&heavy, top, 4), 4);
	assert_int_equal(top[0]->key_len, 0);
	assert_int_equal(top[1]->key_len, 1);
	assert_int_equal(top[2]->key_len, 3);
	assert_int_equal(top[3]->key_len, HEAVY_KEY_BYTES_MAX);
	assert_int_equal(heavy_top(&heavy, top, 0), 0);
	heavy_fini(&heavy);
}

static void
what_no_sketch_has_is_not_taken(void **context)
{
	struct heavy_count few = { .flows = 4 }, more = { .flows = 5 };
	struct heavy heavy;

	(void)context;
	assert_int_equal(heavy_init(&heavy, 2), 0);
	heavy.floor = 5;
	assert_false(heavy_put(&heavy, STR("a"), &few, 0));
	assert_false(heavy_put(&heavy, STR("a"), &more, 6));
	assert_true(heavy_put(&heavy, STR("a"), &more, 5));
	assert_false(heavy_put(&heavy, STR("a"), &more, 5));
	assert_true(heavy_put(&heavy, STR("b"), &more, 0));
	assert_false(heavy_put(&heavy, STR("c"), &more, 0));
	heavy_fini(&heavy);
}

/* A day's are 200, most of which meet a dozen keys. */
static void
memory_comes_with_keys(void **unused)
{
	struct twin twin;

	(void)unused;
	begin(&twin, HEAVY_ROOM_MAX);
	for (unsigned i = 0; i < 12; i++)
		count(&twin, i, 1);
	assert_true(twin.heavy.capacity <= 16);
	for (unsigned i = 12; i < KEYS; i++) {
		count(&twin, i, i);
		assert_true(twin.heavy.capacity < 2 * (size_t)(i + 1));
	}
	size_t capacity = twin.heavy.capacity;
	for (unsigned i = 0; i < KEYS; i++)
		assert_int_equal(
		    find(&twin.heavy, i)->count.flows, twin.truth[i]);
	heavy_clear(&twin.heavy);
	assert_int_equal(twin.heavy.capacity, capacity);
	assert_null(find(&twin.heavy, 1));
	heavy_fini(&twin.heavy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_truth_is_within_what_is_said),
		cmocka_unit_test(the_most_are_found),
		cmocka_unit_test(few_are_counted_exactly),
		cmocka_unit_test(what_is_merged_keeps_the_promise),
		cmocka_unit_test(nobody_is_forgotten_for_no_flows),
		cmocka_unit_test(keys_of_any_bytes),
		cmocka_unit_test(what_no_sketch_has_is_not_taken),
		cmocka_unit_test(memory_comes_with_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
