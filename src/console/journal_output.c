/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/journal_output_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "event/counter.h"

#define POLL_EVERY (200 * CLOCK_MS)

/* ---- time ---- */

static void
init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(condition, &attributes);
	(void)pthread_condattr_destroy(&attributes);
}

void
journal_output_wait_until(
    pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline)
{
	struct timespec until = { .tv_sec = (time_t)(deadline / CLOCK_SECOND),
		.tv_nsec = (long)(deadline % CLOCK_SECOND) };

	(void)pthread_cond_timedwait(condition, lock, &until);
}

/* Under the lock. */
static bool
gives_up(const struct journal_output *output)
{
	return output->closing && clock_now() >= output->deadline;
}

bool
journal_output_gives_up(struct journal_output *output)
{
	(void)pthread_mutex_lock(&output->lock);
	bool up = gives_up(output);
	(void)pthread_mutex_unlock(&output->lock);
	return up;
}

void
journal_output_pause(struct journal_output *output, int64_t time)
{
	int64_t until = clock_now() + time;

	(void)pthread_mutex_lock(&output->lock);
	while (clock_now() < until && !gives_up(output)) {
		bool first = output->closing && output->deadline < until;
		journal_output_wait_until(&output->wake, &output->lock,
		    first ? output->deadline : until);
	}
	(void)pthread_mutex_unlock(&output->lock);
}

int
journal_output_wait(
    struct journal_output *output, int fd, short events, int64_t deadline)
{
	struct pollfd one = { .fd = fd, .events = events };

	for (;;) {
		int n = poll(&one, 1, (int)(POLL_EVERY / CLOCK_MS));
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (journal_output_gives_up(output))
			return -EPIPE;
		if (clock_now() >= deadline)
			return -ETIMEDOUT;
	}
}

/* ---- life ---- */

void
journal_output_unref(struct journal_output *output)
{
	(void)pthread_mutex_lock(&output->lock);
	unsigned left = --output->refs;
	(void)pthread_mutex_unlock(&output->lock);
	if (left > 0)
		return;
	if (output->fd >= 0)
		(void)close(output->fd);
	if (output->next_fd >= 0)
		(void)close(output->next_fd);
	free(output->path);
	text_fini(&output->waiting);
	text_fini(&output->batch);
	text_fini(&output->frame);
	(void)pthread_cond_destroy(&output->wake);
	(void)pthread_cond_destroy(&output->settled);
	(void)pthread_mutex_destroy(&output->lock);
	free(output);
}

static void
use_settings(
    struct journal_output *output, const struct policy_journal_output *settings)
{
	output->style = (struct journal_style){ settings->kind, settings->form,
		settings->facility };
	output->bytes_max = settings->bytes_max;
	output->every = settings->every;
	output->keep = settings->keep;
}

int
journal_output_create(
    const struct journal_output_wish *wish, struct journal_output **ret)
{
	struct journal_output *output = calloc(1, sizeof(*output));
	char *path = wish->path != NULL ? strdup(wish->path) : NULL;

	if (output == NULL || (path == NULL && wish->path != NULL)) {
		free(output);
		free(path);
		return -ENOMEM;
	}
	(void)pthread_mutex_init(&output->lock, NULL);
	init_condition(&output->wake);
	init_condition(&output->settled);
	output->refs = 1;
	output->path = path;
	output->at = wish->settings->at;
	output->enforcer = wish->enforcer;
	output->moved = wish->moved;
	output->context = wish->context;
	output->fd = wish->fd;
	output->kind = wish->settings->kind;
	output->next_fd = -1;
	use_settings(output, wish->settings);
	*ret = output;
	return 0;
}

void
journal_output_forsake(struct journal_output **output)
{
	(*output)->fd = -1;
	journal_output_unref(*output);
	*output = NULL;
}

bool
journal_output_is_at(const struct journal_output *output,
    const struct policy_journal_output *settings, const char *path)
{
	if (output->kind != settings->kind ||
	    output->at.port != settings->at.port ||
	    !address_eq(output->at.address, settings->at.address))
		return false;
	return path == NULL || output->path == NULL
		   ? path == output->path
		   : strcmp(path, output->path) == 0;
}

void
journal_output_change(
    struct journal_output *output, const struct policy_journal_output *settings)
{
	(void)pthread_mutex_lock(&output->lock);
	use_settings(output, settings);
	(void)pthread_mutex_unlock(&output->lock);
}

struct journal_style
journal_output_style(struct journal_output *output)
{
	(void)pthread_mutex_lock(&output->lock);
	struct journal_style style = output->style;
	(void)pthread_mutex_unlock(&output->lock);
	return style;
}

struct journal_output_state
journal_output_look(struct journal_output *output)
{
	(void)pthread_mutex_lock(&output->lock);
	struct journal_output_state state = output->state;
	(void)pthread_mutex_unlock(&output->lock);
	return state;
}

void
journal_output_fails(struct journal_output *output, int error)
{
	(void)pthread_mutex_lock(&output->lock);
	output->state.error = error;
	(void)pthread_mutex_unlock(&output->lock);
}

/* ---- descriptors ---- */

/* Under the lock.  The thread has something to do. */
static void
wake(struct journal_output *output)
{
	output->idle = false;
	(void)pthread_cond_signal(&output->wake);
}

void
journal_output_use_fd(struct journal_output *output, int fd)
{
	(void)pthread_mutex_lock(&output->lock);
	if (output->next_fd >= 0)
		(void)close(output->next_fd);
	output->next_fd = fd;
	wake(output);
	(void)pthread_mutex_unlock(&output->lock);
}

int
journal_output_dup_fd(struct journal_output *output)
{
	(void)pthread_mutex_lock(&output->lock);
	int fd = fcntl(output->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int rc = fd < 0 ? -errno : fd;
	(void)pthread_mutex_unlock(&output->lock);
	return rc;
}

void
journal_output_follow(struct journal_output *output)
{
	(void)pthread_mutex_lock(&output->lock);
	output->follows = true;
	(void)pthread_mutex_unlock(&output->lock);
}

void
journal_output_reopen(struct journal_output *output)
{
	(void)pthread_mutex_lock(&output->lock);
	output->reopens = true;
	wake(output);
	(void)pthread_mutex_unlock(&output->lock);
}

int
journal_output_rotate(struct journal_output *output, int64_t deadline)
{
	(void)pthread_mutex_lock(&output->lock);
	output->looks = true;
	wake(output);
	while (output->looks && clock_now() < deadline)
		journal_output_wait_until(
		    &output->settled, &output->lock, deadline);
	int rc = output->looks ? -ETIMEDOUT : output->seen;
	if (rc == 0 && output->turned)
		rc = 1;
	output->turned = false;
	(void)pthread_mutex_unlock(&output->lock);
	return rc;
}

void
journal_output_take_fd(struct journal_output *output, int fd)
{
	(void)pthread_mutex_lock(&output->lock);
	int old = output->fd;
	output->fd = fd;
	(void)pthread_mutex_unlock(&output->lock);
	if (old >= 0)
		(void)close(old);
}

/* ---- who emits ---- */

/* Under the lock. */
void
journal_output_lose(struct journal_output *output, int64_t count)
{
	output->state.lost += count;
	output->unsaid += count;
	counter_add(COUNTER_EVENTS_LOST, count);
}

/* Under the lock; a queue that cannot grow is full. */
static bool
add_record(struct journal_output *output, struct journal_rendering *rendering)
{
	struct text *waiting = &output->waiting;
	size_t len = waiting->len;

	if (len + JOURNAL_RECORD_BYTES_MAX > JOURNAL_QUEUE_BYTES_MAX)
		return false;
	if (len == 0)
		text_addc(waiting, '\n');
	journal_rendering_add(rendering, output->style, waiting);
	if (!waiting->full)
		return true;
	waiting->full = false;
	text_cut(waiting, len);
	return false;
}

void
journal_output_put(
    struct journal_output *output, struct journal_rendering *rendering)
{
	(void)pthread_mutex_lock(&output->lock);
	output->put++;
	if (add_record(output, rendering)) {
		output->waiting_count++;
		if (output->idle)
			wake(output);
	} else {
		output->done++;
		journal_output_lose(output, 1);
	}
	(void)pthread_mutex_unlock(&output->lock);
}

bool
journal_output_flush(struct journal_output *output, int64_t deadline)
{
	(void)pthread_mutex_lock(&output->lock);
	int64_t target = output->put;
	output->flushers++;
	wake(output);
	while (output->done < target && clock_now() < deadline)
		journal_output_wait_until(
		    &output->settled, &output->lock, deadline);
	output->flushers--;
	bool all = output->done >= target;
	(void)pthread_mutex_unlock(&output->lock);
	return all;
}

/* ---- the end ---- */

void
journal_output_end(struct journal_output *output, int64_t deadline)
{
	(void)pthread_mutex_lock(&output->lock);
	output->closing = true;
	output->deadline = deadline;
	wake(output);
	(void)pthread_mutex_unlock(&output->lock);
}

void
journal_output_leave(struct journal_output **output, bool wait)
{
	struct journal_output *left = *output;

	*output = NULL;
	if (left == NULL)
		return;
	(void)pthread_mutex_lock(&left->lock);
	while (wait && left->running && !left->ended &&
	       clock_now() < left->deadline)
		journal_output_wait_until(
		    &left->settled, &left->lock, left->deadline);
	(void)pthread_mutex_unlock(&left->lock);
	journal_output_unref(left);
}
