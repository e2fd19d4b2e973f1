/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/pipe.h"
#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#ifdef GATEHOUSE_ARENA_PIECEWISE
#define KEPT_MAX 0
#else
#define KEPT_MAX PIPE_KEPT_MAX
#endif

static void
pipes_have_room_and_do_not_block(void **state)
{
	struct pipe_pool pool;
	char byte = 'x';

	(void)state;
	pipe_pool_init(&pool);
	struct pipe *pipe = pipe_pool_take(&pool);
	assert_non_null(pipe);
	assert_int_equal(pipe->room, PIPE_BYTES);
	assert_int_equal(fcntl(pipe->in, F_GETFD), FD_CLOEXEC);
	assert_int_equal(read(pipe->out, &byte, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(write(pipe->in, &byte, 1), 1);
	pipe_pool_discard(&pool, &pipe);
	assert_null(pipe);
	pipe_pool_discard(&pool, &pipe);
	pipe_pool_fini(&pool);
}

static void
what_was_given_back_is_lent_again_and_the_rest_closed(void **state)
{
	struct pipe_pool pool;
	struct pipe *pipes[PIPE_LENT_MAX];
	int fds = open_fds();

	(void)state;
	pipe_pool_init(&pool);
	for (int i = 0; i < PIPE_LENT_MAX; i++) {
		pipes[i] = pipe_pool_take(&pool);
		assert_non_null(pipes[i]);
	}
	assert_null(pipe_pool_take(&pool));
	assert_int_equal(open_fds(), fds + 2 * PIPE_LENT_MAX);
	pipe_pool_discard(&pool, &pipes[0]);
	for (int i = 1; i < PIPE_LENT_MAX; i++)
		pipe_pool_give(&pool, &pipes[i]);
	assert_int_equal(open_fds(), fds + 2 * KEPT_MAX);
	pipes[0] = pipe_pool_take(&pool);
	assert_non_null(pipes[0]);
	assert_int_equal(pool.lent_count, 1);
	pipe_pool_give(&pool, &pipes[0]);
	pipe_pool_fini(&pool);
	assert_int_equal(open_fds(), fds);
}

/* After a failure it is left alone for a while, then tried again. */
static void
without_descriptors_there_is_none_for_a_while(void **state)
{
	struct pipe_pool pool;
	struct rlimit was, none;
	int fds = open_fds();

	(void)state;
	pipe_pool_init(&pool);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_null(pipe_pool_take(&pool));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(open_fds(), fds);
	for (int i = 0; i < PIPE_PAUSE; i++)
		assert_null(pipe_pool_take(&pool));
	struct pipe *pipe = pipe_pool_take(&pool);
	assert_non_null(pipe);
	pipe_pool_give(&pool, &pipe);
	pipe_pool_fini(&pool);
}

static void
who_would_die_of_sigpipe_gets_none(void **state)
{
	struct pipe_pool pool;

	(void)state;
	pipe_pool_init(&pool);
	assert_true(signal(SIGPIPE, SIG_DFL) == SIG_IGN);
	assert_null(pipe_pool_take(&pool));
	assert_true(signal(SIGPIPE, SIG_IGN) == SIG_DFL);
	pipe_pool_fini(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipes_have_room_and_do_not_block),
		cmocka_unit_test(
		    what_was_given_back_is_lent_again_and_the_rest_closed),
		cmocka_unit_test(without_descriptors_there_is_none_for_a_while),
		cmocka_unit_test(who_would_die_of_sigpipe_gets_none),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
