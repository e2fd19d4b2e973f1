/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two workers in one thread: the loop of the second stands still while the
 * first one's turns.
 */
#include "proxy/pulse.h"

#include "../net/harness.h"

#define EVERY (5 * CLOCK_MS)

static struct harness first, second;
static unsigned told;
static int64_t last;

static void
hear(void)
{
	told++;
	last = clock_now();
}

static void
on_enough(struct loop_timer *timer)
{
	struct harness *h = timer->context;

	loop_stop(&h->loop);
}

static void
turn(struct harness *h, int64_t time)
{
	struct loop_timer enough = { .fn = on_enough, .context = h };

	loop_timer_arm(&h->loop, &enough, clock_now() + time);
	harness_run(h);
}

static void
one_that_hangs_is_not_vouched_for(void **state)
{
	struct pulse *pulse = pulse_create(2, EVERY);

	(void)state;
	assert_non_null(pulse);
	pulse_tell(pulse, hear);
	harness_begin(&first);
	harness_begin(&second);
	pulse_begin(pulse, 1, &second.loop);
	int64_t hangs = clock_now();
	pulse_begin(pulse, 0, &first.loop);
	assert_int_equal(told, 1);
	turn(&first, 10 * EVERY);
	assert_true(last - hangs <= PULSE_STALE * EVERY);
	/* It comes round again, and all is well. */
	unsigned before = told;
	turn(&second, 2 * EVERY);
	turn(&first, 2 * EVERY);
	assert_true(told > before);
	pulse_end(pulse, 0);
	pulse_end(pulse, 1);
	loop_fini(&first.loop);
	loop_fini(&second.loop);
	pulse_destroy(pulse);
}

static void
nobody_listens(void **state)
{
	struct pulse *pulse = pulse_create(1, EVERY);

	(void)state;
	told = 0;
	harness_begin(&first);
	pulse_begin(pulse, 0, &first.loop);
	turn(&first, 2 * EVERY);
	pulse_end(pulse, 0);
	assert_int_equal(told, 0);
	loop_fini(&first.loop);
	pulse_destroy(pulse);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_hangs_is_not_vouched_for),
		cmocka_unit_test(nobody_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
