/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The index against a list, and what it takes of memory.
 */
#include "cache/disk_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define KEYS  400
#define STEPS 200000

struct row {
	uint64_t hash;
	uint32_t variant;
	struct cache_place_on_disk place;
	bool is, used;
};

static uint64_t seed = 88172645463325252u;

static uint64_t
roll(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static bool
is_same(struct cache_place_on_disk a, struct cache_place_on_disk b)
{
	return a.slot == b.slot && a.unit == b.unit && a.length == b.length;
}

static struct cache_place_on_disk
roll_place(void)
{
	return (struct cache_place_on_disk){
		.slot = (uint16_t)(roll() % 7 == 0 ? 4095 : roll() % 5),
		.unit = (uint32_t)(roll() % CACHE_DISK_UNITS_MAX),
		.length = (uint8_t)roll(),
	};
}

/* A few hashes with several variants each, all in the same few homes. */
static void
begin_rows(struct row rows[KEYS])
{
	for (size_t i = 0; i < KEYS; i++)
		rows[i] = (struct row){
			.hash = (i / 3) * 0x9e3779b97f4a7c15u &
				(i % 2 == 0 ? UINT64_MAX : 0xf00000003u),
			.variant = (uint32_t)i & 0xfffff,
		};
}

static void
check_row(struct cache_index *index, struct row *row)
{
	struct cache_place_on_disk found[16];
	bool used = false;

	assert_int_equal(
	    cache_index_has(index, row->hash, row->variant, &row->place, &used),
	    row->is);
	if (row->is)
		assert_int_equal(used, row->used);
	size_t count =
	    cache_index_find(index, row->hash, row->variant, found, 16);
	assert_int_equal(count, row->is);
	if (!row->is)
		return;
	assert_true(is_same(found[0], row->place));
	row->used = true;
}

static void
is_a_list(void **state)
{
	static struct row rows[KEYS];
	struct cache_index index;
	size_t count = 0, bytes;

	(void)state;
	cache_index_init(&index);
	begin_rows(rows);
	for (size_t i = 0; i < STEPS; i++) {
		struct row *row = &rows[roll() % KEYS];
		uint64_t what = roll() % 1000;
		if (what < 300) {
			row->place = roll_place();
			assert_int_equal(
			    cache_index_put(&index, row->hash, row->variant,
				&row->place, NULL, NULL),
			    0);
			row->is = true;
			row->used = false;
		} else if (what < 500) {
			struct cache_place_on_disk other = row->place;
			other.unit ^= 1;
			assert_int_equal(cache_index_remove(&index, row->hash,
					     row->variant, &other),
			    0);
			assert_int_equal(cache_index_remove(&index, row->hash,
					     row->variant, &row->place),
			    row->is);
			row->is = false;
		} else if (what < 503) {
			uint16_t slot = (uint16_t)(roll() % 5);
			cache_index_remove_segment(&index, slot);
			for (size_t j = 0; j < KEYS; j++)
				rows[j].is &= rows[j].place.slot != slot;
		} else if (what < 504) {
			for (size_t j = 0; j < KEYS; j++)
				rows[j].is &= rows[j].hash != row->hash;
			(void)cache_index_remove(
			    &index, row->hash, CACHE_VARIANT_ANY, NULL);
		} else {
			check_row(&index, row);
		}
	}
	for (size_t j = 0; j < KEYS; j++) {
		check_row(&index, &rows[j]);
		count += rows[j].is;
	}
	assert_int_equal(cache_index_count(&index, &bytes), count);
	cache_index_clear(&index);
	assert_int_equal(cache_index_count(&index, &bytes), 0);
	assert_int_equal(bytes, 0);
	cache_index_fini(&index);
}

/* At every size on the way to a million. */
static void
at_most_24_bytes_an_object(void **state)
{
	struct cache_place_on_disk place = { 2, 1, 3 };
	struct cache_index index;
	double most = 0;

	(void)state;
	cache_index_init(&index);
	for (size_t i = 1; i <= 1000000; i++) {
		size_t bytes;
		assert_int_equal(
		    cache_index_put(&index, roll(), 0, &place, NULL, NULL), 0);
		if (i < 20000 || i % 1000 != 0)
			continue;
		size_t count = cache_index_count(&index, &bytes);
		if ((double)bytes / (double)count > most)
			most = (double)bytes / (double)count;
	}
	print_message("%.1f bytes an object at most\n", most);
	assert_true(most <= 24);
	cache_index_fini(&index);
}

static void
lengths_are_rounded_up(void **state)
{
	(void)state;
	for (uint64_t length = 1; length < (uint64_t)1 << 28;
	     length += 1 + length / 77) {
		uint64_t about =
		    cache_length_of_class(cache_length_class(length));
		assert_true(about >= length);
		assert_true(about <= length + length / 7 + CACHE_DISK_UNIT);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_a_list),
		cmocka_unit_test(at_most_24_bytes_an_object),
		cmocka_unit_test(lengths_are_rounded_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
