/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy/rank: every size around the steps of its tree, and ties. */
#include "policy/rank.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define KEYS 5000

static uint32_t keys4[KEYS * 2];
static uint64_t keys6[KEYS * 3];

static void
empty(void **state)
{
	const uint64_t zero[2] = { 0, 0 };
	struct rank4 none4 = { 0 };
	struct rank6 none6 = { 0 };

	(void)state;
	assert_int_equal(rank4_find(&none4, 0), RANK_NONE);
	assert_int_equal(rank6_find(&none6, zero), RANK_NONE);
	rank4_init(&none4, NULL, 2, 0);
	rank6_init(&none6, NULL, 3, 0);
	assert_int_equal(rank4_find(&none4, UINT32_MAX), RANK_NONE);
	assert_int_equal(rank6_find(&none6, zero), RANK_NONE);
	rank4_fini(&none4);
	rank6_fini(&none6);
}

/* Each key, and its neighbours; keys are 3 apart, the first is 3. */
static void
check4(const struct rank4 *rank, size_t count)
{
	assert_int_equal(rank4_find(rank, 0), RANK_NONE);
	for (size_t i = 0; i < count; i++) {
		uint32_t key = rank->keys[i * rank->stride];
		size_t before = i > 0 ? i - 1 : RANK_NONE;
		assert_int_equal(rank4_find(rank, key - 1), before);
		assert_int_equal(rank4_find(rank, key), i);
		assert_int_equal(rank4_find(rank, key + 1), i);
	}
	assert_int_equal(rank4_find(rank, UINT32_MAX), count - 1);
}

static size_t
next_size(size_t size)
{
	return size < 300 ? size + 1 : size * 7 / 4;
}

static void
each_size4(void **state)
{
	struct rank4 rank;

	(void)state;
	for (uint32_t i = 0; i < KEYS; i++)
		keys4[i * 2] = i * 3 + 3;
	for (size_t count = 1; count < KEYS; count = next_size(count)) {
		rank4_init(&rank, keys4, 2, count);
		check4(&rank, count);
		/* As where no memory was left for samples. */
		rank.level_count = 0;
		check4(&rank, count);
		rank4_fini(&rank);
	}
}

/* Up to the highest key there is, with which a level is filled up. */
static void
top4(void **state)
{
	struct rank4 rank;

	(void)state;
	for (uint32_t i = 0; i < KEYS; i++)
		keys4[i * 2] = UINT32_MAX - (KEYS - 1 - i);
	rank4_init(&rank, keys4, 2, KEYS);
	for (uint32_t i = 0; i < KEYS; i++)
		assert_int_equal(rank4_find(&rank, keys4[i * 2]), i);
	rank4_fini(&rank);
}

static void
check6(const struct rank6 *rank, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const uint64_t *key = rank->keys + i * rank->stride;
		const uint64_t below[2] = { key[0], key[1] - 1 };
		const uint64_t above[2] = { key[0], key[1] + 1 };
		size_t before = i > 0 ? i - 1 : RANK_NONE;
		assert_int_equal(rank6_find(rank, below), before);
		assert_int_equal(rank6_find(rank, key), i);
		assert_int_equal(rank6_find(rank, above), i);
	}
}

/* So many keys in a row share their higher word. */
static void
each_size6(void **state)
{
	static const size_t alike[] = { 1, 2, 7, 8, 9, 100, KEYS };
	struct rank6 rank;

	(void)state;
	for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
		for (size_t j = 0; j < KEYS; j++) {
			keys6[j * 3] = j / alike[i] + 1;
			keys6[j * 3 + 1] = j * 3 + 1;
		}
		for (size_t count = 1; count < KEYS; count = next_size(count)) {
			rank6_init(&rank, keys6, 3, count);
			check6(&rank, count);
			rank.level_count = 0;
			check6(&rank, count);
			rank6_fini(&rank);
		}
	}
}

static void
top6(void **state)
{
	const uint64_t top[2] = { UINT64_MAX, UINT64_MAX };
	struct rank6 rank;

	(void)state;
	for (size_t i = 0; i < KEYS; i++) {
		keys6[i * 3] = UINT64_MAX - (KEYS - 1 - i) / 20;
		keys6[i * 3 + 1] = i;
	}
	rank6_init(&rank, keys6, 3, KEYS);
	assert_int_equal(rank6_find(&rank, top), KEYS - 1);
	for (size_t i = 0; i < KEYS; i++)
		assert_int_equal(rank6_find(&rank, keys6 + i * 3), i);
	rank6_fini(&rank);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(each_size4),
		cmocka_unit_test(top4),
		cmocka_unit_test(each_size6),
		cmocka_unit_test(top6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
