/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The promises of net/loop, one test each: above all that stopped is silent.
 */
#include "harness.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

static void
make_pair(int ret[2])
{
	assert_int_equal(
	    socketpair(
		AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ret),
	    0);
}

static void
close_pair(const int pair[2])
{
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void
put_byte(int fd)
{
	assert_int_equal(write(fd, "x", 1), 1);
}

/* ---- watches ---- */

struct counted {
	struct loop_watch watch;
	struct loop *loop;
	int calls;
	unsigned ready;
	int stop_after;
};

static void
count_ready(struct loop_watch *watch, unsigned ready)
{
	struct counted *counted = watch->context;

	counted->calls++;
	counted->ready |= ready;
	if (counted->calls == counted->stop_after)
		loop_stop(counted->loop);
}

static void
counted_init(
    struct counted *counted, struct harness *h, int fd, unsigned wanted)
{
	*counted = (struct counted){ .loop = &h->loop };
	counted->watch = (struct loop_watch){
		.fd = fd,
		.wanted = wanted,
		.fn = count_ready,
		.context = counted,
	};
}

static void
watch_is_level_triggered(void **state)
{
	struct harness h;
	struct counted counted;
	int pair[2];

	(void)state;
	harness_begin(&h);
	make_pair(pair);
	counted_init(&counted, &h, pair[0], LOOP_READ);
	counted.stop_after = 3;
	assert_int_equal(loop_watch_start(&h.loop, &counted.watch), 0);
	put_byte(pair[1]);
	harness_run(&h);
	assert_int_equal(counted.calls, 3);
	assert_int_equal(counted.ready, LOOP_READ);
	loop_watch_stop(&counted.watch);
	loop_watch_stop(&counted.watch);
	close_pair(pair);
	harness_end(&h);
}

static void
change_says_what_is_told(void **state)
{
	static const struct {
		unsigned wanted, told;
	} rows[] = {
		{ 0, 0 },
		{ LOOP_READ, LOOP_READ },
		{ LOOP_WRITE, LOOP_WRITE },
		{ LOOP_READ | LOOP_WRITE, LOOP_READ | LOOP_WRITE },
		{ 0, 0 },
		{ LOOP_WRITE, LOOP_WRITE },
	};
	struct harness h;
	struct counted counted;
	int pair[2];

	(void)state;
	harness_begin(&h);
	make_pair(pair);
	put_byte(pair[1]);
	counted_init(&counted, &h, pair[0], 0);
	assert_int_equal(loop_watch_start(&h.loop, &counted.watch), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		counted.ready = 0;
		assert_int_equal(
		    loop_watch_change(&counted.watch, rows[i].wanted), 0);
		harness_round(&h);
		assert_int_equal(counted.ready, rows[i].told);
	}
	loop_watch_stop(&counted.watch);
	close_pair(pair);
	harness_end(&h);
}

/* The kernel tells of a hang-up whatever one asks for; the loop does not. */
static void
hang_up_is_told_to_who_wants_something(void **state)
{
	struct harness h;
	struct counted counted;
	int pair[2];

	(void)state;
	harness_begin(&h);
	make_pair(pair);
	counted_init(&counted, &h, pair[0], 0);
	assert_int_equal(loop_watch_start(&h.loop, &counted.watch), 0);
	(void)close(pair[1]);
	harness_round(&h);
	harness_round(&h);
	assert_int_equal(counted.calls, 0);
	assert_int_equal(loop_watch_change(&counted.watch, LOOP_READ), 0);
	harness_round(&h);
	assert_int_equal(counted.ready, LOOP_READ);
	counted.ready = 0;
	assert_int_equal(loop_watch_change(&counted.watch, LOOP_WRITE), 0);
	harness_round(&h);
	assert_int_equal(counted.ready, LOOP_WRITE);
	loop_watch_stop(&counted.watch);
	(void)close(pair[0]);
	harness_end(&h);
}

static int64_t
processor_time(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0);
	return t.tv_sec * CLOCK_SECOND + t.tv_nsec;
}

/* It would be woken without end by a hang-up that nobody takes note of. */
static void
hang_up_that_nobody_wants_costs_nothing(void **state)
{
	struct harness h;
	struct counted counted;
	int pair[2];

	(void)state;
	harness_begin(&h);
	make_pair(pair);
	counted_init(&counted, &h, pair[0], LOOP_READ);
	assert_int_equal(loop_watch_start(&h.loop, &counted.watch), 0);
	assert_int_equal(loop_watch_change(&counted.watch, 0), 0);
	(void)close(pair[1]);
	int64_t before = processor_time();
	harness_run_for(&h, 100 * CLOCK_MS);
	assert_true(processor_time() - before < 50 * CLOCK_MS);
	assert_int_equal(counted.calls, 0);
	loop_watch_stop(&counted.watch);
	(void)close(pair[0]);
	harness_end(&h);
}

static void
what_cannot_be_watched_is_refused(void **state)
{
	struct harness h;
	struct counted counted, second;
	int pair[2], file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	harness_begin(&h);
	make_pair(pair);
	assert_true(file >= 0);
	counted_init(&counted, &h, file, LOOP_READ);
	assert_int_equal(loop_watch_start(&h.loop, &counted.watch), -EPERM);
	loop_watch_stop(&counted.watch);
	counted_init(&counted, &h, pair[0], LOOP_READ);
	counted_init(&second, &h, pair[0], LOOP_READ);
	assert_int_equal(loop_watch_start(&h.loop, &counted.watch), 0);
	assert_int_equal(loop_watch_start(&h.loop, &second.watch), -EEXIST);
	loop_watch_stop(&counted.watch);
	(void)close(file);
	close_pair(pair);
	harness_end(&h);
}

/* Each of several ready watches ends all the others in its callback. */
struct rival {
	struct loop_watch watch;
	struct rival **all;
	int fd;
	int *calls;
};

#define RIVALS 8

static void
end_rival(struct rival **at)
{
	loop_watch_stop(&(*at)->watch);
	(void)close((*at)->fd);
	free(*at);
	*at = NULL;
}

static void
end_all_rivals(struct loop_watch *watch, unsigned ready)
{
	struct rival *rival = watch->context;
	struct rival **all = rival->all;

	(void)ready;
	(*rival->calls)++;
	for (size_t i = 0; i < RIVALS; i++)
		end_rival(&all[i]);
}

static void
stopped_in_the_same_round_is_silent(void **state)
{
	struct harness h;
	struct rival *rivals[RIVALS];
	int others[RIVALS], calls = 0;

	(void)state;
	harness_begin(&h);
	for (size_t i = 0; i < RIVALS; i++) {
		int pair[2];
		make_pair(pair);
		put_byte(pair[1]);
		others[i] = pair[1];
		rivals[i] = calloc(1, sizeof(*rivals[i]));
		assert_non_null(rivals[i]);
		rivals[i]->fd = pair[0];
		rivals[i]->all = rivals;
		rivals[i]->calls = &calls;
		rivals[i]->watch = (struct loop_watch){ .fd = pair[0],
			.wanted = LOOP_READ,
			.fn = end_all_rivals,
			.context = rivals[i] };
		assert_int_equal(
		    loop_watch_start(&h.loop, &rivals[i]->watch), 0);
	}
	harness_round(&h);
	harness_round(&h);
	assert_int_equal(calls, 1);
	for (size_t i = 0; i < RIVALS; i++)
		(void)close(others[i]);
	harness_end(&h);
}

/*
 * The first of two ready watches stops the other and starts it again, in the
 * same memory and under the same descriptor number, on a socket that is not
 * ready.
 */
struct swap {
	struct counted watches[2];
	int fds[2];
	int quiet;
};

static void
swap_other(struct loop_watch *watch, unsigned ready)
{
	struct swap *swap = watch->context;
	size_t me = watch == &swap->watches[1].watch, other = 1 - me;
	struct loop_watch *victim = &swap->watches[other].watch;
	struct loop *loop = watch->loop;

	swap->watches[me].calls++;
	(void)ready;
	loop_watch_stop(watch);
	loop_watch_stop(victim);
	assert_int_equal(
	    dup3(swap->quiet, swap->fds[other], O_CLOEXEC), swap->fds[other]);
	assert_int_equal(loop_watch_start(loop, victim), 0);
}

static void
stale_events_do_not_reach_a_successor(void **state)
{
	struct harness h;
	struct swap swap;
	int first[2], second[2], quiet[2];

	(void)state;
	harness_begin(&h);
	make_pair(first);
	make_pair(second);
	make_pair(quiet);
	put_byte(first[1]);
	put_byte(second[1]);
	swap.fds[0] = first[0];
	swap.fds[1] = second[0];
	swap.quiet = quiet[0];
	for (size_t i = 0; i < 2; i++) {
		counted_init(&swap.watches[i], &h, swap.fds[i], LOOP_READ);
		swap.watches[i].watch.fn = swap_other;
		swap.watches[i].watch.context = &swap;
		assert_int_equal(
		    loop_watch_start(&h.loop, &swap.watches[i].watch), 0);
	}
	harness_round(&h);
	harness_round(&h);
	assert_int_equal(swap.watches[0].calls + swap.watches[1].calls, 1);
	for (size_t i = 0; i < 2; i++)
		loop_watch_stop(&swap.watches[i].watch);
	close_pair(first);
	close_pair(second);
	close_pair(quiet);
	harness_end(&h);
}

/* One makes the other want nothing, in the round in which both are ready. */
struct hush {
	struct counted watches[2];
};

static void
hush_other(struct loop_watch *watch, unsigned ready)
{
	struct hush *hush = watch->context;
	size_t me = watch == &hush->watches[1].watch;

	(void)ready;
	hush->watches[me].calls++;
	assert_int_equal(
	    loop_watch_change(&hush->watches[1 - me].watch, LOOP_WRITE), 0);
	assert_int_equal(loop_watch_change(&hush->watches[1 - me].watch, 0), 0);
}

static void
wanting_less_counts_in_the_same_round(void **state)
{
	struct harness h;
	struct hush hush;
	int pairs[2][2];

	(void)state;
	harness_begin(&h);
	for (size_t i = 0; i < 2; i++) {
		make_pair(pairs[i]);
		put_byte(pairs[i][1]);
		counted_init(&hush.watches[i], &h, pairs[i][0], LOOP_READ);
		hush.watches[i].watch.fn = hush_other;
		hush.watches[i].watch.context = &hush;
		assert_int_equal(
		    loop_watch_start(&h.loop, &hush.watches[i].watch), 0);
	}
	harness_round(&h);
	assert_int_equal(hush.watches[0].calls + hush.watches[1].calls, 1);
	for (size_t i = 0; i < 2; i++) {
		loop_watch_stop(&hush.watches[i].watch);
		close_pair(pairs[i]);
	}
	harness_end(&h);
}

/* Pausing and resuming an exclusive watch, as a full proxy does. */
static void
exclusive_watch_pauses_and_resumes(void **state)
{
	struct harness h;
	struct counted counted;
	int pair[2];

	(void)state;
	harness_begin(&h);
	make_pair(pair);
	put_byte(pair[1]);
	counted_init(&counted, &h, pair[0], LOOP_READ | LOOP_EXCLUSIVE);
	assert_int_equal(loop_watch_start(&h.loop, &counted.watch), 0);
	harness_round(&h);
	assert_int_equal(counted.calls, 1);
	assert_int_equal(loop_watch_change(&counted.watch, LOOP_EXCLUSIVE), 0);
	harness_round(&h);
	assert_int_equal(counted.calls, 1);
	assert_int_equal(loop_watch_change(&counted.watch,
			     LOOP_READ | LOOP_WRITE | LOOP_EXCLUSIVE),
	    0);
	harness_round(&h);
	assert_int_equal(counted.calls, 2);
	assert_int_equal(counted.ready, LOOP_READ | LOOP_WRITE);
	loop_watch_stop(&counted.watch);
	close_pair(pair);
	harness_end(&h);
}

/* More descriptors than one batch holds: every one is told. */
static void
more_than_one_batch(void **state)
{
	enum {
		MANY = LOOP_EVENTS_MAX + 50
	};
	static struct counted counted[MANY];
	static int pairs[MANY][2];
	struct harness h;

	(void)state;
	harness_begin(&h);
	for (size_t i = 0; i < MANY; i++) {
		make_pair(pairs[i]);
		put_byte(pairs[i][1]);
		counted_init(&counted[i], &h, pairs[i][0], LOOP_READ);
		assert_int_equal(
		    loop_watch_start(&h.loop, &counted[i].watch), 0);
	}
	harness_round(&h);
	harness_round(&h);
	for (size_t i = 0; i < MANY; i++) {
		assert_true(counted[i].calls > 0);
		loop_watch_stop(&counted[i].watch);
		close_pair(pairs[i]);
	}
	harness_end(&h);
}

/* Whatever it cannot open, it leaves nothing open. */
static void
init_without_descriptors_fails(void **state)
{
	struct rlimit before, few;
	struct loop loop;
	int open_before = open_fds(), next = dup(0);

	(void)state;
	assert_true(next > 0);
	(void)close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (unsigned spare = 0; spare < 2; spare++) {
		few = before;
		few.rlim_cur = (rlim_t)next + spare;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		int error = loop_init(&loop);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		assert_int_equal(error, -EMFILE);
		assert_int_equal(open_fds(), open_before);
	}
}

/* ---- timers ---- */

static char ticked[16]; /* which were called, in order */

struct tick {
	struct loop_timer timer;
	struct harness *h;
	struct tick *cancels;
	int64_t called;
	int again; /* how many times it arms itself, in the past */
	char name;
};

static void
on_tick(struct loop_timer *timer)
{
	struct tick *tick = timer->context;
	size_t len = strlen(ticked);

	ticked[len] = tick->name;
	ticked[len + 1] = '\0';
	tick->called = clock_now();
	if (tick->cancels != NULL)
		loop_timer_cancel(&tick->cancels->timer);
	if (tick->again-- > 0)
		loop_timer_arm(&tick->h->loop, timer, 0);
}

static void
ticks_init(struct tick *ticks, size_t count, struct harness *h)
{
	ticked[0] = '\0';
	for (size_t i = 0; i < count; i++)
		ticks[i] = (struct tick){
			.timer = { .fn = on_tick, .context = &ticks[i] },
			.h = h,
			.name = (char)('a' + i),
		};
}

static void
timers_come_in_order(void **state)
{
	struct harness h;
	struct tick ticks[5];

	(void)state;
	harness_begin(&h);
	ticks_init(ticks, COUNT_OF(ticks), &h);
	int64_t at = loop_now(&h.loop) + 2 * CLOCK_MS;
	loop_timer_arm(&h.loop, &ticks[0].timer, at + 3);
	loop_timer_arm(&h.loop, &ticks[1].timer, at);
	loop_timer_arm(&h.loop, &ticks[2].timer, at + 3);
	loop_timer_arm(&h.loop, &ticks[3].timer, at + 1);
	loop_timer_arm(&h.loop, &ticks[4].timer, at + 2);
	assert_true(loop_timer_is_armed(&ticks[1].timer));
	/* Moved: now the last of its equals. */
	loop_timer_arm(&h.loop, &ticks[0].timer, at + 3);
	harness_run_for(&h, 10 * CLOCK_MS);
	assert_string_equal(ticked, "bdeca");
	for (size_t i = 0; i < COUNT_OF(ticks); i++) {
		assert_true(ticks[i].called >= at);
		assert_false(loop_timer_is_armed(&ticks[i].timer));
	}
	harness_end(&h);
}

static void
cancelled_timer_is_silent(void **state)
{
	struct harness h;
	struct tick ticks[3];

	(void)state;
	harness_begin(&h);
	ticks_init(ticks, COUNT_OF(ticks), &h);
	ticks[0].cancels = &ticks[1];
	loop_timer_arm(&h.loop, &ticks[0].timer, 0);
	loop_timer_arm(&h.loop, &ticks[1].timer, 0);
	loop_timer_arm(&h.loop, &ticks[2].timer, 0);
	loop_timer_cancel(&ticks[2].timer);
	loop_timer_cancel(&ticks[2].timer);
	harness_round(&h);
	harness_round(&h);
	assert_string_equal(ticked, "a");
	harness_end(&h);
}

/* A timer that keeps arming itself in the past starves nobody. */
static void
timer_armed_in_its_callback_waits_a_round(void **state)
{
	struct harness h;
	struct tick ticks[2];

	(void)state;
	harness_begin(&h);
	ticks_init(ticks, COUNT_OF(ticks), &h);
	ticks[0].again = 3;
	loop_timer_arm(&h.loop, &ticks[0].timer, 0);
	loop_timer_arm(&h.loop, &ticks[1].timer, 1);
	harness_round(&h);
	assert_string_equal(ticked, "ab");
	harness_round(&h);
	assert_string_equal(ticked, "aba");
	harness_round(&h);
	harness_round(&h);
	harness_round(&h);
	assert_string_equal(ticked, "abaaa");
	harness_end(&h);
}

/*
 * The loop's thread is kept from running, and is late for a byte and for the
 * timer that stands for its not having come: the byte is heard first.  It is a
 * signal's handler that takes the time, so that the wait ends with neither.
 */
static int late_fd;

static void
come_late(int signal)
{
	int64_t end = clock_now() + 40 * CLOCK_MS;

	(void)signal;
	put_byte(late_fd);
	while (clock_now() < end)
		continue;
}

static void
give_up_waiting(struct loop_watch *watch, unsigned ready)
{
	struct tick *tick = watch->context;

	(void)ready;
	loop_timer_cancel(&tick->timer);
	loop_stop(watch->loop);
}

static void
what_came_in_time_is_heard_before_a_timer(void **state)
{
	struct sigaction action = { .sa_handler = come_late }, before;
	struct itimerval soon = { .it_value.tv_usec = 10000 };
	struct harness h;
	struct tick tick;
	int pair[2];

	(void)state;
	harness_begin(&h);
	make_pair(pair);
	late_fd = pair[1];
	ticks_init(&tick, 1, &h);
	struct loop_watch watch = { .fd = pair[0],
		.wanted = LOOP_READ,
		.fn = give_up_waiting,
		.context = &tick };
	assert_int_equal(loop_watch_start(&h.loop, &watch), 0);
	assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
	loop_timer_arm(&h.loop, &tick.timer, clock_now() + 30 * CLOCK_MS);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	harness_run(&h);
	assert_string_equal(ticked, "");
	assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
	loop_watch_stop(&watch);
	close_pair(pair);
	harness_end(&h);
}

static void
far_deadlines_do_not_overflow(void **state)
{
	struct harness h;
	struct tick ticks[1];

	(void)state;
	harness_begin(&h);
	ticks_init(ticks, COUNT_OF(ticks), &h);
	loop_timer_arm(&h.loop, &ticks[0].timer, INT64_MAX);
	harness_run_for(&h, CLOCK_MS);
	assert_string_equal(ticked, "");
	loop_timer_cancel(&ticks[0].timer);
	harness_end(&h);
}

/* ---- deferred work ---- */

struct later {
	struct loop_deferred deferred;
	struct harness *h;
	int calls;
	int again;
	struct later *cancels;
};

static void
on_later(struct loop_deferred *deferred)
{
	struct later *later = deferred->context;

	later->calls++;
	if (later->cancels != NULL)
		loop_deferred_cancel(&later->cancels->deferred);
	if (later->again-- > 0)
		loop_defer(&later->h->loop, deferred);
}

static void
later_init(struct later *later, struct harness *h)
{
	*later =
	    (struct later){ .deferred = { .fn = on_later, .context = later },
		    .h = h };
}

static void
deferred_work_runs_once_a_round(void **state)
{
	struct harness h;
	struct later a, b, c;

	(void)state;
	harness_begin(&h);
	later_init(&a, &h);
	later_init(&b, &h);
	later_init(&c, &h);
	a.again = 1;
	a.cancels = &b;
	loop_defer(&h.loop, &a.deferred);
	loop_defer(&h.loop, &a.deferred);
	loop_defer(&h.loop, &b.deferred);
	loop_defer(&h.loop, &c.deferred);
	loop_deferred_cancel(&c.deferred);
	loop_deferred_cancel(&c.deferred);
	harness_round(&h);
	assert_int_equal(a.calls, 1);
	harness_round(&h);
	harness_round(&h);
	assert_int_equal(a.calls, 2);
	assert_int_equal(b.calls, 0);
	assert_int_equal(c.calls, 0);
	harness_end(&h);
}

static void
wills_run_at_the_end_only(void **state)
{
	struct harness h;
	struct later kept, cancelled;

	(void)state;
	harness_begin(&h);
	later_init(&kept, &h);
	later_init(&cancelled, &h);
	loop_will(&h.loop, &kept.deferred);
	loop_will(&h.loop, &cancelled.deferred);
	harness_round(&h);
	loop_deferred_cancel(&cancelled.deferred);
	assert_int_equal(kept.calls, 0);
	harness_end(&h);
	assert_int_equal(kept.calls, 1);
	assert_int_equal(cancelled.calls, 0);
}

/* ---- the mailbox ---- */

#define SENDERS  4
#define MESSAGES 20000

struct mail {
	struct loop_message message;
	struct sender *sender;
	int number;
};

struct sender {
	pthread_t thread;
	struct loop *loop;
	int received; /* by the loop's thread */
	int *left;
};

static void
on_mail(struct loop *loop, struct loop_message *message)
{
	struct mail *mail = (struct mail *)(void *)message;
	struct sender *sender = mail->sender;

	assert_int_equal(mail->number, sender->received++);
	free(mail);
	if (--*sender->left == 0)
		loop_stop(loop);
}

static void
post_one(struct sender *sender, int number)
{
	struct mail *mail = malloc(sizeof(*mail));

	if (mail == NULL)
		abort();
	*mail = (struct mail){
		.message = { .fn = on_mail }, .sender = sender, .number = number
	};
	loop_post(sender->loop, &mail->message);
}

static void *
send_all(void *context)
{
	for (int i = 0; i < MESSAGES; i++)
		post_one(context, i);
	return NULL;
}

static void
mail_of_many_threads_arrives_in_order(void **state)
{
	struct harness h;
	struct sender senders[SENDERS];
	int left = SENDERS * MESSAGES;

	(void)state;
	harness_begin(&h);
	for (size_t i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){ .loop = &h.loop, .left = &left };
		assert_int_equal(pthread_create(&senders[i].thread, NULL,
				     send_all, &senders[i]),
		    0);
	}
	harness_run(&h);
	for (size_t i = 0; i < SENDERS; i++) {
		assert_int_equal(pthread_join(senders[i].thread, NULL), 0);
		assert_int_equal(senders[i].received, MESSAGES);
	}
	harness_end(&h);
}

static void *
send_one(void *context)
{
	post_one(context, 0);
	return NULL;
}

/* The loop sleeps without a timer near; only the mail can wake it. */
static void
mail_wakes_a_sleeping_loop(void **state)
{
	struct harness h;

	(void)state;
	harness_begin(&h);
	for (int i = 0; i < 100; i++) {
		int left = 1;
		struct sender sender = { .loop = &h.loop, .left = &left };
		assert_int_equal(
		    pthread_create(&sender.thread, NULL, send_one, &sender), 0);
		harness_run(&h);
		assert_int_equal(pthread_join(sender.thread, NULL), 0);
	}
	harness_end(&h);
}

static void
mail_left_lying_can_be_taken(void **state)
{
	struct harness h;
	int left = 3;
	struct sender sender = { .loop = NULL, .left = &left };

	(void)state;
	harness_begin(&h);
	sender.loop = &h.loop;
	for (int i = 0; i < 3; i++)
		post_one(&sender, i);
	loop_deliver(&h.loop);
	assert_int_equal(sender.received, 3);
	harness_end(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(watch_is_level_triggered),
		cmocka_unit_test(change_says_what_is_told),
		cmocka_unit_test(hang_up_is_told_to_who_wants_something),
		cmocka_unit_test(hang_up_that_nobody_wants_costs_nothing),
		cmocka_unit_test(what_cannot_be_watched_is_refused),
		cmocka_unit_test(stopped_in_the_same_round_is_silent),
		cmocka_unit_test(stale_events_do_not_reach_a_successor),
		cmocka_unit_test(wanting_less_counts_in_the_same_round),
		cmocka_unit_test(exclusive_watch_pauses_and_resumes),
		cmocka_unit_test(more_than_one_batch),
		cmocka_unit_test(init_without_descriptors_fails),
		cmocka_unit_test(timers_come_in_order),
		cmocka_unit_test(cancelled_timer_is_silent),
		cmocka_unit_test(timer_armed_in_its_callback_waits_a_round),
		cmocka_unit_test(what_came_in_time_is_heard_before_a_timer),
		cmocka_unit_test(far_deadlines_do_not_overflow),
		cmocka_unit_test(deferred_work_runs_once_a_round),
		cmocka_unit_test(wills_run_at_the_end_only),
		cmocka_unit_test(mail_of_many_threads_arrives_in_order),
		cmocka_unit_test(mail_wakes_a_sleeping_loop),
		cmocka_unit_test(mail_left_lying_can_be_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
