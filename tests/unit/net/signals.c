/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals arrive as events, and stay blocked afterwards.
 */
#include "net/signals.h"

#include "harness.h"
#include <sys/resource.h>

struct heard {
	struct loop_signal signal;
	struct loop *loop;
	int count;
	int last;
	bool stop_in_callback;
};

static void
on_heard(struct loop_signal *signal, int number)
{
	struct heard *heard = signal->context;

	heard->count++;
	heard->last = number;
	if (heard->stop_in_callback)
		loop_signal_stop(signal);
	loop_stop(heard->loop);
}

static void
heard_init(struct heard *heard, struct harness *h)
{
	*heard = (struct heard){
		.signal = { .fn = on_heard, .context = heard },
		.loop = &h->loop,
	};
	assert_int_equal(sigemptyset(&heard->signal.set), 0);
	assert_int_equal(sigaddset(&heard->signal.set, SIGUSR1), 0);
	assert_int_equal(sigaddset(&heard->signal.set, SIGTERM), 0);
	assert_int_equal(loop_signal_start(&h->loop, &heard->signal), 0);
}

static void
signals_are_events(void **state)
{
	static const int numbers[] = { SIGUSR1, SIGTERM, SIGUSR1 };
	struct harness h;
	struct heard heard;

	(void)state;
	harness_begin(&h);
	heard_init(&heard, &h);
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		assert_int_equal(raise(numbers[i]), 0);
		harness_run(&h);
		assert_int_equal(heard.count, i + 1);
		assert_int_equal(heard.last, numbers[i]);
	}
	loop_signal_stop(&heard.signal);
	loop_signal_stop(&heard.signal);
	harness_end(&h);
}

static void
stopped_in_its_callback_is_silent(void **state)
{
	struct harness h;
	struct heard heard;
	int before = open_fds();

	(void)state;
	harness_begin(&h);
	heard_init(&heard, &h);
	heard.stop_in_callback = true;
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(raise(SIGTERM), 0);
	harness_run(&h);
	harness_round(&h);
	assert_int_equal(heard.count, 1);
	harness_end(&h);
	assert_int_equal(open_fds(), before);
}

static void
start_without_descriptors_fails(void **state)
{
	struct harness h;
	struct heard heard = { .signal = { .fn = on_heard } };
	struct rlimit before, few;
	int next;

	(void)state;
	harness_begin(&h);
	next = dup(0);
	assert_true(next > 0);
	(void)close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(sigemptyset(&heard.signal.set), 0);
	int error = loop_signal_start(&h.loop, &heard.signal);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(error, -EMFILE);
	loop_signal_stop(&heard.signal);
	harness_end(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_are_events),
		cmocka_unit_test(stopped_in_its_callback_is_silent),
		cmocka_unit_test(start_without_descriptors_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
