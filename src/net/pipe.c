/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/pipe.h"

#include "base/must.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef GATEHOUSE_ARENA_PIECEWISE
#define KEPT_MAX 0
#else
#define KEPT_MAX PIPE_KEPT_MAX
#endif

/* Where the kernel throws away what is moved there; or -1. */
static int sink = -1;

void
pipe_begin(void)
{
	if (sink < 0)
		sink = open("/dev/null", O_WRONLY | O_CLOEXEC);
}

void
pipe_pool_init(struct pipe_pool *pool)
{
	*pool = (struct pipe_pool){ 0 };
}

static void
destroy(struct pipe *pipe)
{
	(void)close(pipe->in);
	(void)close(pipe->out);
	free(pipe);
}

void
pipe_pool_fini(struct pipe_pool *pool)
{
	must(pool->lent_count == 0);
	while (pool->kept != NULL) {
		struct pipe *pipe = pool->kept;
		pool->kept = pipe->next;
		destroy(pipe);
	}
	pool->kept_count = 0;
}

/* ---- opening ---- */

static bool
dies_of_sigpipe(void)
{
	struct sigaction action;

	return sigaction(SIGPIPE, NULL, &action) < 0 ||
	       action.sa_handler == SIG_DFL;
}

/*
 * A user whose pipes have too much room already may not enlarge one, and new
 * ones are made smaller: the room is what the kernel says, 0 if it is little.
 */
static size_t
enlarge(int fd)
{
	int room = fcntl(fd, F_SETPIPE_SZ, (int)PIPE_BYTES);

	if (room < 0)
		room = fcntl(fd, F_GETPIPE_SZ);
	return room < (int)PIPE_BYTES_MIN ? 0 : (size_t)room;
}

static struct pipe *
create(void)
{
	int fds[2];
	struct pipe *pipe;

	if (dies_of_sigpipe() || pipe2(fds, O_NONBLOCK | O_CLOEXEC) < 0)
		return NULL;
	pipe = malloc(sizeof(*pipe));
	if (pipe == NULL) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return NULL;
	}
	*pipe = (struct pipe){ .in = fds[1], .out = fds[0] };
	pipe->room = enlarge(pipe->in);
	if (pipe->room > 0)
		return pipe;
	destroy(pipe);
	return NULL;
}

/* ---- lending ---- */

static struct pipe *
take_kept(struct pipe_pool *pool)
{
	struct pipe *pipe = pool->kept;

	if (pipe != NULL) {
		pool->kept = pipe->next;
		pool->kept_count--;
	}
	return pipe;
}

/* What has just failed would fail again, at each read of each tunnel. */
static struct pipe *
try_create(struct pipe_pool *pool)
{
	struct pipe *pipe;

	if (pool->pause > 0) {
		pool->pause--;
		return NULL;
	}
	pipe = create();
	if (pipe == NULL)
		pool->pause = PIPE_PAUSE;
	return pipe;
}

struct pipe *
pipe_pool_take(struct pipe_pool *pool)
{
	struct pipe *pipe;

	if (pool->lent_count >= PIPE_LENT_MAX)
		return NULL;
	pipe = take_kept(pool);
	if (pipe == NULL)
		pipe = try_create(pool);
	pool->lent_count += pipe != NULL;
	return pipe;
}

void
pipe_pool_give(struct pipe_pool *pool, struct pipe **pipe)
{
	struct pipe *p = *pipe;

	*pipe = NULL;
	pool->lent_count--;
	if (pool->kept_count >= KEPT_MAX) {
		destroy(p);
		return;
	}
	p->next = pool->kept;
	pool->kept = p;
	pool->kept_count++;
}

void
pipe_pool_give_filled(struct pipe_pool *pool, struct pipe **pipe, size_t bytes)
{
	while (bytes > 0) {
		ssize_t n = splice((*pipe)->out, NULL, sink, NULL, bytes, 0);
		if (n <= 0) {
			pipe_pool_discard(pool, pipe);
			return;
		}
		bytes -= (size_t)n;
	}
	pipe_pool_give(pool, pipe);
}

void
pipe_pool_discard(struct pipe_pool *pool, struct pipe **pipe)
{
	if (*pipe == NULL)
		return;
	pool->lent_count--;
	destroy(*pipe);
	*pipe = NULL;
}
