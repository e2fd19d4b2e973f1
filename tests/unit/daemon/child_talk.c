/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A proxy that was taken over is asked: whatever it answers, or does not, has
 * an end, and gatehoused goes on.  The one here is a process of its own, which
 * speaks on the real channel.
 */
#include "daemon/child_talk.h"

#include "net/socket.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What an answer that has no end may take: some thousand messages. */
#define SOON (10 * CLOCK_SECOND)

static struct channel_message said;

static void
await(int channel, short what)
{
	struct pollfd fd = { .fd = channel, .events = what };

	(void)poll(&fd, 1, -1);
}

/* Until the channel is closed. */
static void
say(int channel, uint32_t type)
{
	int rc;

	said.type = type;
	while ((rc = channel_send(channel, &said, -1)) == -EAGAIN)
		await(channel, POLLOUT);
	if (rc < 0)
		_exit(0);
}

static uint32_t
hear(int channel)
{
	struct channel_message heard;
	int fd, rc;

	while ((rc = channel_receive(channel, &heard, &fd)) == -EAGAIN)
		await(channel, POLLIN);
	if (rc < 0)
		_exit(0);
	return heard.type;
}

/* ---- its ways ---- */

/* Reads as well, or there would be no room for questions soon. */
static void
flood(int channel)
{
	struct channel_message heard;
	int fd;

	for (;;) {
		say(channel, CHANNEL_COUNTERS);
		(void)channel_receive(channel, &heard, &fd);
	}
}

static void
flood_with_rubbish(int channel)
{
	for (;;)
		(void)socket_send(channel, STR("12345678"), NULL, 0);
}

static void
never_say_that_is_all(int channel)
{
	uint32_t type =
	    hear(channel) == CHANNEL_COLLECT ? CHANNEL_QUOTAS : CHANNEL_PINS;

	for (;;)
		say(channel, type);
}

static void
answer_something_else(int channel)
{
	for (;;) {
		(void)hear(channel);
		say(channel, CHANNEL_PURGED);
	}
}

static void
say_nothing(int channel)
{
	for (;;)
		await(channel, 0);
}

static void
answer_the_second(int channel)
{
	(void)hear(channel);
	(void)hear(channel);
	say(channel, CHANNEL_COUNTERS);
	say_nothing(channel);
}

/* Both answers wait for who did not wait for them. */
static void
answer_late(int channel)
{
	said.counters.values[0] = 7;
	say(channel, CHANNEL_COUNTERS);
	(void)hear(channel);
	said.counters.values[0] = 8;
	say(channel, CHANNEL_COUNTERS);
	say_nothing(channel);
}

static void
refuse_with_words(int channel)
{
	said.generation = 1;
	(void)snprintf(said.words.words, sizeof(said.words.words),
	    "\033[2Jno\ngatehoused: the policy is in force\n\302\2332J");
	say(channel, CHANNEL_REFUSED);
	say_nothing(channel);
}

/* What it owed, and then what is asked. */
static void
accept_late(int channel)
{
	say(channel, CHANNEL_COUNTERS);
	said.generation = 1;
	say(channel, CHANNEL_READY);
	say_nothing(channel);
}

/* ---- the other side ---- */

static struct child
begin(void (*way)(int channel))
{
	struct child child;
	int ends[2];

	child_init(&child, 0, 0);
	assert_int_equal(socket_pair(ends), 0);
	child.pid = fork();
	assert_true(child.pid >= 0);
	if (child.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)close(ends[0]);
		way(ends[1]);
	}
	(void)close(ends[1]);
	child.channel = ends[0];
	child.started = clock_now();
	return child;
}

/* Of an age at which it has no disk to read any more. */
static void
make_old(struct child *child)
{
	child->started -= (CHILD_YOUNG_SECONDS + 1) * CLOCK_SECOND;
}

static void
assert_ended(struct child *child)
{
	int status;

	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	(void)close(child->channel);
}

static void
assert_lives(struct child *child)
{
	assert_int_equal(waitpid(child->pid, NULL, WNOHANG), 0);
	assert_int_equal(kill(child->pid, SIGKILL), 0);
	assert_ended(child);
}

static void
count_one(void *context, const struct policy_quota_count *count)
{
	(void)count;
	++*(size_t *)context;
}

static void
count_pins(void *context, const struct channel_pins *pins)
{
	(void)pins;
	++*(size_t *)context;
}

/* On one processor it never has its say while it is heard: then it lives. */
static void
who_speaks_without_end_is_heard_to_the_end_of_patience(void **state)
{
	int64_t values[COUNTER_CELLS], began = clock_now();
	struct child child = begin(flood);
	int rc = 0;

	(void)state;
	while (rc == 0 && clock_now() - began < CLOCK_SECOND)
		rc = child_count(&child, values);
	assert_true(clock_now() - began < SOON);
	if (rc == 0)
		assert_lives(&child);
	else
		assert_ended(&child);
}

static void
who_says_what_is_none_is_ended(void **state)
{
	int64_t values[COUNTER_CELLS];
	struct child child = begin(flood_with_rubbish);

	(void)state;
	await(child.channel, POLLIN);
	assert_int_equal(child_count(&child, values), -EBADMSG);
	assert_ended(&child);
}

static void
an_answer_has_an_end(void **state)
{
	int64_t began = clock_now();
	struct child child = begin(never_say_that_is_all);
	size_t count = 0;

	(void)state;
	assert_int_equal(child_list_pins(&child, count_pins, &count), -EBADMSG);
	assert_ended(&child);
	assert_in_range(count, 1, 100);
	child = begin(never_say_that_is_all);
	count = 0;
	assert_int_equal(child_collect(&child, count_one, &count), -EBADMSG);
	assert_ended(&child);
	assert_int_equal(count, 0); /* they were empty */
	assert_true(clock_now() - began < SOON);
}

static void
another_answer_is_none(void **state)
{
	struct child child = begin(answer_something_else);
	struct tally sum = { 0 };

	(void)state;
	assert_int_equal(child_drain(&child), -EBADMSG);
	assert_ended(&child);
	child = begin(answer_something_else);
	assert_int_equal(child_reckon(&child, &sum), -EBADMSG);
	assert_ended(&child);
}

/* Patience has an end for all answers together; what is cut short is owed. */
static void
who_takes_all_the_time_gets_no_more(void **state)
{
	int64_t values[COUNTER_CELLS], began = clock_now();
	struct child child = begin(say_nothing);

	(void)state;
	make_old(&child);
	child.waited = CHILD_PATIENCE;
	child.waited_at = began;
	assert_int_equal(child_count(&child, values), -ETIMEDOUT);
	assert_in_range(
	    clock_now() - began, CHILD_GLANCE / 2, 10 * CHILD_GLANCE);
	assert_int_equal(child_count(&child, values), -ETIMEDOUT);
	assert_int_equal(waitpid(child.pid, NULL, WNOHANG), 0);
	/* For too long. */
	child.behind_since -= CHILD_ANSWER_SECONDS * CLOCK_SECOND;
	assert_int_equal(child_count(&child, values), -ETIMEDOUT);
	assert_ended(&child);
}

/* One that does not read either, as bans come by the thousand. */
static void
who_does_not_read_is_not_waited_for_again(void **state)
{
	int64_t began = clock_now();
	struct child child = begin(say_nothing);
	struct address_range range = { 0 };
	int rc = 0;

	(void)state;
	child.waited = CHILD_PATIENCE;
	child.waited_at = began;
	assert_int_equal(address_parse(STR("192.0.2.1"), &range.first), 0);
	range.last = range.first;
	while (rc == 0)
		rc = child_tell_ban(&child, &range, true);
	assert_int_equal(rc, -ETIMEDOUT);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(
		    child_tell_ban(&child, &range, true), -ETIMEDOUT);
	assert_true(clock_now() - began < 10 * CHILD_GLANCE);
	assert_lives(&child);
}

/* One that may read a disk is not waited for twice. */
static void
who_owes_an_answer_is_not_asked(void **state)
{
	struct child child = begin(answer_the_second);
	int64_t values[COUNTER_CELLS], began = clock_now();

	(void)state;
	child.waited = CHILD_PATIENCE;
	child.waited_at = began;
	assert_int_equal(child_count(&child, values), -ETIMEDOUT);
	assert_true(child.is_behind && child.owes_answer);
	began = clock_now();
	for (int i = 0; i < 1000; i++)
		assert_int_equal(child_count(&child, values), -ETIMEDOUT);
	assert_true(clock_now() - began < CHILD_GLANCE);
	/* A policy is handed to it all the same. */
	assert_int_equal(child_say_bare(&child, CHANNEL_BEGIN, 1), 0);
	await(child.channel, POLLIN);
	assert_int_equal(child_forget_late(&child), 0);
	assert_false(child.is_behind);
	assert_lives(&child);
}

static void
what_comes_late_answers_nothing_else(void **state)
{
	struct child child = begin(answer_late);
	int64_t values[COUNTER_CELLS];

	(void)state;
	child.is_behind = true;
	await(child.channel, POLLIN);
	assert_int_equal(child_count(&child, values), 0);
	assert_int_equal(values[0], 8);
	assert_lives(&child);
}

static void
a_policy_is_accepted_behind_what_is_late(void **state)
{
	const struct generation generation = { .number = 1 };
	struct text why = TEXT_EMPTY;
	struct child child = begin(accept_late);

	(void)state;
	child.is_behind = true;
	assert_int_equal(child_await(&child, &generation, &why), 0);
	assert_false(child.is_behind);
	assert_lives(&child);
	/* Who owes nothing has nothing to say before. */
	child = begin(accept_late);
	assert_int_equal(child_await(&child, &generation, &why), -EBADMSG);
	assert_ended(&child);
	text_fini(&why);
}

static void
its_words_are_shown_and_not_obeyed(void **state)
{
	const struct generation generation = { .number = 1 };
	struct text why = TEXT_EMPTY;
	struct child child = begin(refuse_with_words);

	(void)state;
	assert_int_equal(child_await(&child, &generation, &why), -EINVAL);
	assert_string_equal(why.at,
	    "gatehouse-proxy refuses the policy: \\x1b[2Jno\n"
	    "    gatehoused: the policy is in force\n"
	    "    \\xc2\\x9b2J");
	text_fini(&why);
	assert_lives(&child);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    who_speaks_without_end_is_heard_to_the_end_of_patience),
		cmocka_unit_test(who_says_what_is_none_is_ended),
		cmocka_unit_test(an_answer_has_an_end),
		cmocka_unit_test(another_answer_is_none),
		cmocka_unit_test(who_takes_all_the_time_gets_no_more),
		cmocka_unit_test(who_does_not_read_is_not_waited_for_again),
		cmocka_unit_test(who_owes_an_answer_is_not_asked),
		cmocka_unit_test(what_comes_late_answers_nothing_else),
		cmocka_unit_test(a_policy_is_accepted_behind_what_is_late),
		cmocka_unit_test(its_words_are_shown_and_not_obeyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
