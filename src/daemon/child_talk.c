/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/child_talk.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* ---- patience ---- */

/* What has come back since it was looked at. */
static void
recover(struct child *child, int64_t now)
{
	int64_t back = (now - child->waited_at) / CHILD_PATIENCE_RETURN;

	child->waited = child->waited > back ? child->waited - back : 0;
	child->waited_at = now;
}

static int64_t
cut_deadline(struct child *child, int64_t deadline)
{
	int64_t now = clock_now();

	recover(child, now);
	int64_t left = CHILD_PATIENCE - child->waited;
	left = left > CHILD_GLANCE ? left : CHILD_GLANCE;
	return deadline < now + left ? deadline : now + left;
}

/* Readiness of the channel within what is left of the time. */
static int
wait_for(const struct child *child, short what, int64_t deadline)
{
	struct pollfd fd = { .fd = child->channel, .events = what };
	int64_t left = deadline - clock_now();

	if (left <= 0)
		return -ETIMEDOUT;
	int n = poll(&fd, 1, (int)(left / CLOCK_MS) + 1);
	return n < 0 && errno != EINTR ? -errno : 0;
}

/* One that reads a cache's disk has no time for answers yet, and lives. */
static bool
may_be_busy(const struct child *child)
{
	return clock_now() - child->started <
	       CHILD_YOUNG_SECONDS * CLOCK_SECOND;
}

/* What is cut short for want of patience is no reason to end it yet. */
static bool
is_lost(struct child *child)
{
	if (!child->is_behind)
		child->behind_since = child->asked;
	child->owes_answer = child->is_behind = true;
	return !may_be_busy(child) && clock_now() - child->behind_since >=
					  CHILD_ANSWER_SECONDS * CLOCK_SECOND;
}

void
child_end_if_lost(struct child *child, int rc)
{
	if (child->pid <= 0 || (rc != -ETIMEDOUT && rc != -EBADMSG))
		return;
	if (rc == -EBADMSG || is_lost(child))
		(void)kill(child->pid, SIGKILL);
}

/* ---- to the proxy ---- */

int
child_say(struct child *child, const struct channel_message *message, int fd)
{
	int64_t began = clock_now();
	int64_t deadline =
	    cut_deadline(child, began + CHILD_ANSWER_SECONDS * CLOCK_SECOND);
	int rc = child->channel < 0 ? -EPIPE : -EAGAIN;

	child->asked = began;
	while (rc == -EAGAIN) {
		rc = channel_send(child->channel, message, fd);
		if (rc == -EAGAIN && child->is_behind)
			rc = -ETIMEDOUT;
		if (rc == -EAGAIN) {
			rc = wait_for(child, POLLOUT, deadline);
			rc = rc == 0 ? -EAGAIN : rc;
		}
	}
	child->waited += clock_now() - began;
	child_end_if_lost(child, rc);
	return rc;
}

int
child_say_bare(struct child *child, enum channel_type type, uint32_t generation)
{
	struct channel_message message = { .type = type,
		.generation = generation };

	return child_say(child, &message, -1);
}

int
child_forget_late(struct child *child)
{
	struct channel_message late;
	int rc = child->channel < 0 ? -EAGAIN : 0;
	int fd = -1;

	for (int i = 0; rc == 0 && i < CHILD_LATE_MAX; i++) {
		rc = channel_receive(child->channel, &late, &fd);
		if (rc == 0)
			child->is_behind = false;
		if (rc == 0 && fd >= 0)
			(void)close(fd);
	}
	rc = rc == 0 || rc == -EBADMSG ? -EBADMSG : 0;
	child_end_if_lost(child, rc);
	return rc;
}

int
child_ask(struct child *child, const struct channel_message *question, int fd)
{
	int rc = child_forget_late(child);

	if (rc < 0)
		return rc;
	if (child->is_behind) {
		child_end_if_lost(child, -ETIMEDOUT);
		return -ETIMEDOUT;
	}
	return child_say(child, question, fd);
}

int
child_ask_bare(struct child *child, enum channel_type type)
{
	struct channel_message question = { .type = type };

	return child_ask(child, &question, -1);
}

/* ---- from the proxy ---- */

/* It sends no descriptors here. */
int
child_read(struct child *child, struct channel_message *ret, int64_t deadline)
{
	int rc = child->channel < 0 ? -EPIPE : -EAGAIN;
	int fd = -1;

	while (rc == -EAGAIN) {
		rc = channel_receive(child->channel, ret, &fd);
		if (rc == -EAGAIN) {
			rc = wait_for(child, POLLIN, deadline);
			rc = rc == 0 ? -EAGAIN : rc;
		}
	}
	if (rc == 0 && fd >= 0)
		(void)close(fd);
	return rc;
}

int
child_hear(struct child *child, enum channel_type type,
    struct channel_message *ret, int64_t deadline)
{
	int64_t began = clock_now();
	int rc = child_read(child, ret, cut_deadline(child, deadline));

	child->waited += clock_now() - began;
	if (rc == 0 && ret->type != type)
		rc = -EBADMSG;
	return rc;
}

/* For the answers that need no work. */
int64_t
child_soon(void)
{
	return clock_now() + CHILD_ANSWER_SECONDS * CLOCK_SECOND;
}

/* Waits for an answer of this type; who gives none is ended. */
int
child_await_answer(struct child *child, enum channel_type type,
    struct channel_message *ret, int64_t deadline)
{
	int rc = child_hear(child, type, ret, deadline);

	child_end_if_lost(child, rc);
	return rc;
}
