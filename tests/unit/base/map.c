/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/map: growth to many keys, and the same answers as a naive list. */
#include "base/map.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define KEYS 10000

static char names[KEYS][12];
static int values[KEYS];

static struct str
key(unsigned i)
{
	return str_of(names[i]);
}

static void
empty(void **state)
{
	struct map map;

	(void)state;
	map_init(&map, 0);
	assert_null(map_get(&map, STR("x")));
	assert_null(map_get(&map, (struct str){ NULL, 0 }));
	map_fini(&map);
	map_fini(&map);
}

static void
first_value_stays(void **state)
{
	struct map map;

	(void)state;
	map_init(&map, 7);
	assert_int_equal(map_put(&map, STR("a"), &values[0]), 0);
	assert_int_equal(map_put(&map, STR("a"), &values[1]), -EEXIST);
	assert_ptr_equal(map_get(&map, STR("a")), &values[0]);
	assert_int_equal(map.count, 1);
	assert_null(map_get(&map, STR("A")));
	assert_null(map_get(&map, STR("")));
	assert_null(map_get(&map, STR("a\0")));
	map_fini(&map);
	assert_null(map_get(&map, STR("a")));
}

/* A part that was cut off empty has no address, and is a key like others. */
static void
empty_key(void **state)
{
	const struct str none = { NULL, 0 };
	struct map map;

	(void)state;
	map_init(&map, 0x5eed);
	assert_int_equal(map_put(&map, none, &values[0]), 0);
	assert_int_equal(map_put(&map, none, &values[1]), -EEXIST);
	assert_int_equal(map_put(&map, STR(""), &values[1]), -EEXIST);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(map_put(&map, key(i), &values[1]), 0);
	assert_int_equal(map.count, 1001);
	assert_ptr_equal(map_get(&map, none), &values[0]);
	assert_ptr_equal(map_get(&map, STR("")), &values[0]);
	map_fini(&map);
}

static void
many(void **state)
{
	struct map map;

	(void)state;
	map_init(&map, 0x5eed);
	for (unsigned i = 0; i < KEYS; i++) {
		assert_null(map_get(&map, key(i)));
		assert_int_equal(map_put(&map, key(i), &values[i]), 0);
		/* Never full, or a search for what is not there has no end. */
		assert_true(map.count <= map.room / 4 * 3);
	}
	assert_int_equal(map.count, KEYS);
	for (unsigned i = 0; i < KEYS; i++) {
		assert_ptr_equal(map_get(&map, key(i)), &values[i]);
		assert_int_equal(map_put(&map, key(i), NULL), -EEXIST);
	}
	map_fini(&map);
}

struct naive {
	struct str key;
	void *value;
};

static void *
naive_get(const struct naive *list, size_t count, struct str wanted)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(list[i].key, wanted))
			return list[i].value;
	return NULL;
}

/* xorshift: the same numbers at every run. */
static uint32_t
random_next(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

/* Puts and gets of few keys that meet often, with several seeds. */
static void
twin(void **state)
{
	static struct naive list[400];
	uint32_t x = 1;

	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct map map;
		size_t count = 0;
		map_init(&map, seed);
		for (unsigned step = 0; step < 2000; step++) {
			struct str k = key(random_next(&x) % 400);
			void *v = &values[random_next(&x) % KEYS];
			void *known = naive_get(list, count, k);
			assert_ptr_equal(map_get(&map, k), known);
			assert_int_equal(
			    map_put(&map, k, v), known != NULL ? -EEXIST : 0);
			if (known == NULL)
				list[count++] = (struct naive){ k, v };
			assert_int_equal(map.count, count);
		}
		map_fini(&map);
	}
}

static int
name_the_keys(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KEYS; i++)
		(void)snprintf(names[i], sizeof(names[i]), "name%u", i);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(first_value_stays),
		cmocka_unit_test(empty_key),
		cmocka_unit_test(many),
		cmocka_unit_test(twin),
	};

	return cmocka_run_group_tests(tests, name_the_keys, NULL);
}
