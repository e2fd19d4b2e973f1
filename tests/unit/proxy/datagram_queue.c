/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/datagram_queue.h"

#include "../net/harness.h"

#include <stdlib.h>

static void
is_next(struct datagram_queue *queue, const char *expected)
{
	struct datagram *one = datagram_queue_take(queue);

	assert_non_null(one);
	assert_true(str_eq(datagram_bytes(one), str_of(expected)));
	free(one);
}

static void
what_came_first_goes_first(void **state)
{
	struct datagram_queue queue;
	size_t room = 100;

	(void)state;
	datagram_queue_init(&queue, &room);
	assert_null(datagram_queue_take(&queue));
	datagram_queue_add(&queue, STR("one"));
	datagram_queue_add(&queue, STR(""));
	datagram_queue_add(&queue, STR("three"));
	is_next(&queue, "one");
	is_next(&queue, "");
	datagram_queue_add(&queue, STR("four"));
	is_next(&queue, "three");
	is_next(&queue, "four");
	assert_null(datagram_queue_take(&queue));
	assert_int_equal(room, 100);
}

static void
several_share_one_room(void **state)
{
	struct datagram_queue queue, other;
	size_t room = 5;

	(void)state;
	datagram_queue_init(&queue, &room);
	datagram_queue_init(&other, &room);
	datagram_queue_add(&queue, STR("abc"));
	datagram_queue_add(&other, STR("lost"));
	datagram_queue_add(&other, STR("de"));
	assert_int_equal(room, 0);
	is_next(&other, "de");
	assert_null(datagram_queue_take(&other));
	datagram_queue_clear(&queue);
	assert_null(datagram_queue_take(&queue));
	assert_int_equal(room, 5);
}

static void
all_are_taken_and_others_come(void **state)
{
	struct datagram_queue queue;
	size_t room = 8;

	(void)state;
	datagram_queue_init(&queue, &room);
	assert_null(datagram_queue_take_all(&queue));
	datagram_queue_add(&queue, STR("abcd"));
	datagram_queue_add(&queue, STR("efgh"));
	struct datagram *first = datagram_queue_take_all(&queue);
	assert_int_equal(room, 8);
	datagram_queue_add(&queue, STR("ijkl"));
	assert_true(str_eq(datagram_bytes(first), STR("abcd")));
	assert_true(str_eq(datagram_bytes(first->next), STR("efgh")));
	assert_null(first->next->next);
	free(first->next);
	free(first);
	is_next(&queue, "ijkl");
	assert_int_equal(room, 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_came_first_goes_first),
		cmocka_unit_test(several_share_one_room),
		cmocka_unit_test(all_are_taken_and_others_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
