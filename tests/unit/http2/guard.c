/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http2/guard.h"

#include "base/clock.h"
#include "http2/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static unsigned
frames_until_empty(struct http2_guard *guard, int64_t now)
{
	unsigned count = 0;

	while (http2_guard_idle_frame(guard, now))
		count++;
	return count;
}

static unsigned
resets_until_empty(struct http2_guard *guard, int64_t now)
{
	unsigned count = 0;

	while (http2_guard_reset(guard, now))
		count++;
	return count;
}

static void
so_many_at_once_and_a_second(void **state)
{
	struct http2_guard guard;
	int64_t now = 5 * CLOCK_SECOND;

	(void)state;
	http2_guard_init(&guard, now);
	assert_int_equal(
	    frames_until_empty(&guard, now), HTTP2_IDLE_FRAMES_MAX);
	assert_int_equal(resets_until_empty(&guard, now), HTTP2_RESETS_MAX);
	now += CLOCK_SECOND;
	assert_int_equal(
	    frames_until_empty(&guard, now), HTTP2_IDLE_FRAMES_PER_SECOND);
	assert_int_equal(
	    resets_until_empty(&guard, now), HTTP2_RESETS_PER_SECOND);
	now += 3600 * CLOCK_SECOND;
	assert_int_equal(
	    frames_until_empty(&guard, now), HTTP2_IDLE_FRAMES_MAX);
	assert_int_equal(resets_until_empty(&guard, now), HTTP2_RESETS_MAX);
}

/* Looked at often, it gives no less. */
static void
parts_of_a_second_add_up(void **state)
{
	struct http2_guard guard;
	int64_t now = 0;
	unsigned count = 0;

	(void)state;
	http2_guard_init(&guard, now);
	(void)frames_until_empty(&guard, now);
	for (int i = 0; i < 10000; i++) {
		now += CLOCK_SECOND / 10000;
		count += frames_until_empty(&guard, now);
	}
	assert_int_equal(count, HTTP2_IDLE_FRAMES_PER_SECOND);
}

static void
what_is_useful_pays_for_frames_and_not_for_resets(void **state)
{
	struct http2_guard guard;

	(void)state;
	http2_guard_init(&guard, 0);
	http2_guard_useful(&guard);
	assert_int_equal(frames_until_empty(&guard, 0), HTTP2_IDLE_FRAMES_MAX);
	assert_int_equal(resets_until_empty(&guard, 0), HTTP2_RESETS_MAX);
	for (int i = 0; i < 3; i++)
		http2_guard_useful(&guard);
	assert_int_equal(
	    frames_until_empty(&guard, 0), 3 * HTTP2_IDLE_FRAMES_PER_USEFUL);
	assert_false(http2_guard_reset(&guard, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_at_once_and_a_second),
		cmocka_unit_test(parts_of_a_second_add_up),
		cmocka_unit_test(
		    what_is_useful_pays_for_frames_and_not_for_resets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
