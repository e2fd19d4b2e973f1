/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/vec: appending, and the sizes at which it says no. */
#include "base/vec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct pair {
	uint64_t a;
	char b;
};

struct pairs {
	struct pair *items;
	size_t count, room;
};

static void
appending(void **state)
{
	struct pairs list = { 0 };

	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		assert_int_equal(
		    VEC_ADD(&list, (struct pair){ i, (char)(i % 7) }), 0);
	assert_int_equal(list.count, 10000);
	assert_true(list.room >= list.count);
	for (unsigned i = 0; i < 10000; i++) {
		assert_int_equal(list.items[i].a, i);
		assert_int_equal(list.items[i].b, i % 7);
	}
	free(list.items);
}

static void
room_is_asked_once(void **state)
{
	struct pairs list = { 0 };

	(void)state;
	assert_int_equal(
	    vec_room(&list.items, 0, &list.room, sizeof(*list.items)), 0);
	const struct pair *before = list.items;
	size_t room = list.room;
	assert_true(room > 0);
	for (size_t count = 0; count < room; count++)
		assert_int_equal(vec_room(&list.items, count, &list.room,
				     sizeof(*list.items)),
		    0);
	assert_ptr_equal(list.items, before);
	assert_int_equal(list.room, room);
	free(list.items);
}

/* Rooms whose double, or whose bytes, no size_t holds. */
static void
no_room(void **state)
{
	static const struct {
		size_t room, size;
	} rows[] = {
		{ SIZE_MAX / 2 + 1, 1 },
		{ SIZE_MAX, 1 },
		{ SIZE_MAX / 16, 9 },
		{ SIZE_MAX / 32 + 1, 16 },
		{ 1, SIZE_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		void *items = NULL;
		size_t room = rows[i].room;
		assert_int_equal(
		    vec_room(&items, room, &room, rows[i].size), -ENOMEM);
		assert_null(items);
		assert_int_equal(room, rows[i].room);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appending),
		cmocka_unit_test(room_is_asked_once),
		cmocka_unit_test(no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
