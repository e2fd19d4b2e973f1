/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream_ends.h"

/* What somebody hears of a stream at rest. */
struct sleeper {
	struct loop *loop;
	int stirred;
	bool closes;
};

static void
on_stir(struct stream *stream, void *context)
{
	struct sleeper *sleeper = context;

	assert_int_equal(stream_input(stream).len, 0);
	sleeper->stirred++;
	if (sleeper->closes)
		stream_close(&stream);
	loop_stop(sleeper->loop);
}

static void
nothing_is_read_of_what_is_said(void **state)
{
	struct sleeper sleeper = { 0 };
	struct one t;

	(void)state;
	one_begin(&t, 0);
	sleeper.loop = &t.h.loop;
	assert_true(stream_is_quiet(t.a.stream));
	assert_true(stream_is_bare(t.a.stream));
	stream_rest(t.a.stream, on_stir, &sleeper);
	harness_round(&t.h);
	assert_int_equal(sleeper.stirred, 0);
	peer_sends(&t, STR("word"));
	harness_run(&t.h);
	harness_run(&t.h); /* round by round */
	assert_int_equal(sleeper.stirred, 2);
	assert_int_equal(t.a.told_count, 0);
	/* All of it is there for the next user. */
	stream_use(t.a.stream, &end_user, &t.a);
	stream_read_start(t.a.stream);
	run_until_told(&t.h, &t.a, 'd');
	assert_true(str_is(text_str(&t.a.taken), "word"));
	assert_int_equal(sleeper.stirred, 2);
	one_end(&t);
}

static void
an_end_and_a_reset_stir(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct sleeper sleeper = { .closes = true };
		struct one t;
		one_begin(&t, 0);
		sleeper.loop = &t.h.loop;
		stream_rest(t.a.stream, on_stir, &sleeper);
		t.a.stream = NULL; /* it closes it */
		if (i == 0)
			(void)close(t.peer);
		else
			socket_close_reset(t.peer);
		t.peer = -1;
		harness_run(&t.h);
		assert_int_equal(sleeper.stirred, 1);
		one_end(&t);
	}
}

static void
what_is_under_way_is_not_quiet(void **state)
{
	static char much[1 << 20];
	struct one t;

	(void)state;
	one_begin(&t, SMALL);
	t.a.lets_lie = true;
	stream_read_start(t.a.stream);
	peer_sends(&t, STR("x"));
	run_until_told(&t.h, &t.a, 'd');
	assert_false(stream_is_quiet(t.a.stream));
	stream_consume(t.a.stream, 1);
	assert_true(stream_is_quiet(t.a.stream));
	while (stream_pending(t.a.stream) == 0)
		assert_int_equal(
		    stream_write(t.a.stream, (struct str){ much, 100000 }), 0);
	assert_false(stream_is_quiet(t.a.stream));
	one_end(&t);
	one_begin(&t, 0);
	stream_read_start(t.a.stream);
	assert_int_equal(shutdown(t.peer, SHUT_WR), 0);
	run_until_told(&t.h, &t.a, 'e');
	assert_false(stream_is_quiet(t.a.stream));
	one_end(&t);
	one_begin(&t, 0);
	stream_shutdown(t.a.stream);
	assert_false(stream_is_quiet(t.a.stream));
	one_end(&t);
}

/* The connection goes on, by another stream of it. */
static void
the_descriptor_alone(void **state)
{
	struct stream *stream;
	struct one t;

	(void)state;
	one_begin(&t, 0);
	stream = t.a.stream;
	int fd = stream_release(&stream);
	assert_null(stream);
	assert_int_equal(
	    stream_create(&t.h.loop, fd, &stream_limits_usual, &t.a.stream), 0);
	stream_use(t.a.stream, &end_user, &t.a);
	stream_read_start(t.a.stream);
	peer_sends(&t, STR("word"));
	run_until_told(&t.h, &t.a, 'd');
	assert_int_equal(stream_write(t.a.stream, STR("back")), 0);
	peer_gets(&t, "back");
	one_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_read_of_what_is_said),
		cmocka_unit_test(an_end_and_a_reset_stir),
		cmocka_unit_test(what_is_under_way_is_not_quiet),
		cmocka_unit_test(the_descriptor_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
