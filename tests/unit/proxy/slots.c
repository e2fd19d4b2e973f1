/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/slots.h"

#include "../net/stream_ends.h"
#include "policies.h"
#include "proxy/limits.h"

#include <pthread.h>
#include <stdatomic.h>

struct test {
	struct harness h;
	struct slots *slots;
	int descriptors;
};

/* Who waits, and what it was given. */
struct waiter {
	struct slot_ticket *ticket;
	struct slot *slot;
	int fd, calls;
};

static struct address_port
server(uint16_t port)
{
	return (struct address_port){ address_of("192.0.2.1"), port };
}

static void
begin(struct test *t)
{
	t->descriptors = open_fds();
	harness_begin(&t->h);
	t->slots = slots_create();
	assert_non_null(t->slots);
}

static void
end(struct test *t)
{
	slots_destroy(&t->slots);
	assert_null(t->slots);
	harness_end(&t->h);
	assert_int_equal(open_fds(), t->descriptors);
}

static void
on_slot(struct slot *slot, int fd, void *context)
{
	struct waiter *waiter = context;

	waiter->ticket = NULL;
	waiter->slot = slot;
	waiter->fd = fd;
	waiter->calls++;
}

static void
wait_in_line(struct test *t, struct waiter *waiter, uint16_t port, uint32_t max)
{
	*waiter = (struct waiter){ .fd = -1 };
	assert_int_equal(slots_wait(t->slots, server(port), max, &t->h.loop,
			     on_slot, waiter, &waiter->ticket),
	    0);
	assert_int_equal(waiter->calls, 0);
}

static void
are_counted(struct test *t, uint16_t port, size_t taken, size_t waiting)
{
	size_t got_taken, got_waiting;

	slots_count(t->slots, server(port), &got_taken, &got_waiting);
	assert_int_equal(got_taken, taken);
	assert_int_equal(got_waiting, waiting);
}

static void
so_many_at_a_server(void **state)
{
	struct slot *one, *two, *other;
	struct test t;

	(void)state;
	begin(&t);
	one = slots_take(t.slots, server(80), 2);
	two = slots_take(t.slots, server(80), 2);
	assert_non_null(one);
	assert_non_null(two);
	assert_null(slots_take(t.slots, server(80), 2));
	other = slots_take(t.slots, server(81), 2);
	assert_non_null(other);
	are_counted(&t, 80, 2, 0);
	slot_release(one);
	one = slots_take(t.slots, server(80), 2);
	assert_non_null(one);
	/* The policy says less now; who has one keeps it. */
	assert_null(slots_take(t.slots, server(80), 1));
	slot_release(one);
	assert_null(slots_take(t.slots, server(80), 1));
	slot_release(two);
	slot_release(other);
	slot_release(NULL);
	are_counted(&t, 80, 0, 0);
	end(&t);
}

static void
first_come_first_served(void **state)
{
	struct waiter waiters[3];
	struct test t;

	(void)state;
	begin(&t);
	struct slot *slot = slots_take(t.slots, server(80), 1);
	for (size_t i = 0; i < COUNT_OF(waiters); i++)
		wait_in_line(&t, &waiters[i], 80, 1);
	are_counted(&t, 80, 1, 3);
	harness_round(&t.h);
	for (size_t i = 0; i < COUNT_OF(waiters); i++) {
		assert_int_equal(waiters[i].calls, 0);
		slot_release(slot);
		/* Nobody else gets in between. */
		assert_null(slots_take(t.slots, server(80), 1));
		harness_round(&t.h);
		assert_int_equal(waiters[i].calls, 1);
		assert_int_equal(waiters[i].fd, -1);
		slot = waiters[i].slot;
		are_counted(&t, 80, 1, 2 - i);
	}
	slot_release(slot);
	are_counted(&t, 80, 0, 0);
	end(&t);
}

/* A slot that became free between the question and the wait. */
static void
who_need_not_wait_is_told_at_once(void **state)
{
	struct waiter waiter;
	struct test t;

	(void)state;
	begin(&t);
	wait_in_line(&t, &waiter, 80, 1);
	harness_round(&t.h);
	assert_int_equal(waiter.calls, 1);
	slot_release(waiter.slot);
	end(&t);
}

static void
who_gives_up_is_passed_over(void **state)
{
	struct waiter first, second, third;
	struct test t;

	(void)state;
	begin(&t);
	struct slot *slot = slots_take(t.slots, server(80), 1);
	wait_in_line(&t, &first, 80, 1);
	wait_in_line(&t, &second, 80, 1);
	wait_in_line(&t, &third, 80, 1);
	slot_ticket_cancel(&second.ticket);
	assert_null(second.ticket);
	slot_ticket_cancel(&second.ticket);
	/* The first has been given it, and does not know yet. */
	slot_release(slot);
	slot_ticket_cancel(&first.ticket);
	for (int i = 0; i < 3; i++)
		harness_round(&t.h);
	assert_int_equal(first.calls + second.calls, 0);
	assert_int_equal(third.calls, 1);
	slot_release(third.slot);
	are_counted(&t, 80, 0, 0);
	end(&t);
}

static struct stream *
connected(struct test *t, int *ret_peer)
{
	struct stream *stream;
	int fds[2];

	tcp_pair(fds, 0);
	assert_int_equal(
	    stream_create(&t->h.loop, fds[0], &stream_limits_usual, &stream),
	    0);
	*ret_peer = fds[1];
	return stream;
}

static void
a_connection_changes_hands(void **state)
{
	struct waiter waiter, late;
	struct test t;
	char byte;
	int peer;

	(void)state;
	begin(&t);
	struct stream *stream = connected(&t, &peer);
	struct slot *slot = slots_take(t.slots, server(80), 1);
	assert_false(slot_pass_on(NULL, &stream));
	assert_false(slot_pass_on(slot, &stream));
	wait_in_line(&t, &waiter, 80, 1);
	assert_true(slot_pass_on(slot, &stream));
	assert_null(stream);
	harness_round(&t.h);
	assert_int_equal(waiter.calls, 1);
	assert_ptr_equal(waiter.slot, slot);
	assert_int_equal(send(waiter.fd, "x", 1, MSG_NOSIGNAL), 1);
	wait_for(peer, POLLIN);
	assert_int_equal(recv(peer, &byte, 1, 0), 1);
	/* Who has given up does not keep it. */
	assert_int_equal(
	    stream_create(&t.h.loop, waiter.fd, &stream_limits_usual, &stream),
	    0);
	wait_in_line(&t, &late, 80, 1);
	assert_true(slot_pass_on(slot, &stream));
	slot_ticket_cancel(&late.ticket);
	harness_round(&t.h);
	assert_int_equal(late.calls, 0);
	wait_for(peer, POLLIN);
	assert_int_equal(recv(peer, &byte, 1, 0), 0);
	are_counted(&t, 80, 0, 0);
	(void)close(peer);
	end(&t);
}

/* What is said on it already would be taken for the answer. */
static void
what_is_not_quiet_does_not_change_hands(void **state)
{
	struct waiter waiter;
	struct end one;
	struct test t;
	int fds[2];

	(void)state;
	begin(&t);
	struct slot *slot = slots_take(t.slots, server(80), 1);
	wait_in_line(&t, &waiter, 80, 1);
	tcp_pair(fds, 0);
	end_begin(&one, &t.h, fds[0]);
	one.lets_lie = true;
	stream_read_start(one.stream);
	assert_int_equal(send(fds[1], "x", 1, MSG_NOSIGNAL), 1);
	run_until_told(&t.h, &one, 'd');
	assert_false(slot_pass_on(slot, &one.stream));
	slot_release(slot);
	harness_round(&t.h);
	assert_int_equal(waiter.fd, -1);
	slot_release(waiter.slot);
	end_fini(&one);
	(void)close(fds[1]);
	end(&t);
}

static void
the_line_is_bounded(void **state)
{
	static struct waiter waiters[PROXY_SLOT_LINE_MAX], late;
	struct test t;

	(void)state;
	begin(&t);
	struct slot *slot = slots_take(t.slots, server(80), 1);
	for (size_t i = 0; i < COUNT_OF(waiters); i++)
		wait_in_line(&t, &waiters[i], 80, 1);
	assert_int_equal(slots_wait(t.slots, server(80), 1, &t.h.loop, on_slot,
			     &late, &late.ticket),
	    -ENOBUFS);
	for (size_t i = 0; i < COUNT_OF(waiters); i++)
		slot_ticket_cancel(&waiters[i].ticket);
	are_counted(&t, 80, 1, 0);
	slot_release(slot);
	end(&t);
}

/* ---- several threads at once ---- */

#define THREADS 4
#define TURNS   2000
#define AT_ONCE 2

static _Atomic int in_use;

struct runner {
	pthread_t thread;
	struct loop loop;
	struct slots *slots;
	struct slot_ticket *ticket;
	struct loop_deferred next;
	struct loop_timer hold;
	struct slot *slot;
	unsigned turn;
	bool wrong;
};

static void
use(struct runner *runner, struct slot *slot)
{
	runner->slot = slot;
	runner->wrong |= atomic_fetch_add(&in_use, 1) >= AT_ONCE;
	/* Held beyond this round, so that others come to wait. */
	loop_timer_arm(
	    &runner->loop, &runner->hold, loop_now(&runner->loop) + 1000);
}

static void
on_held(struct loop_timer *timer)
{
	struct runner *runner = timer->context;

	(void)atomic_fetch_sub(&in_use, 1);
	slot_release(runner->slot);
	runner->turn++;
	loop_defer(&runner->loop, &runner->next);
}

static void
on_turn_come(struct slot *slot, int fd, void *context)
{
	struct runner *runner = context;

	runner->ticket = NULL;
	runner->wrong |= fd >= 0;
	use(runner, slot);
}

static void
on_next(struct loop_deferred *deferred)
{
	struct runner *runner = deferred->context;

	if (runner->turn >= TURNS || runner->wrong) {
		loop_stop(&runner->loop);
		return;
	}
	struct slot *slot = slots_take(runner->slots, server(80), AT_ONCE);
	if (slot != NULL) {
		use(runner, slot);
		return;
	}
	runner->wrong |=
	    slots_wait(runner->slots, server(80), AT_ONCE, &runner->loop,
		on_turn_come, runner, &runner->ticket) != 0;
	/* Some think better of it, perhaps too late. */
	if (runner->turn % 7 != 0)
		return;
	slot_ticket_cancel(&runner->ticket);
	runner->turn++;
	loop_defer(&runner->loop, &runner->next);
}

static void *
run(void *context)
{
	struct runner *runner = context;

	loop_defer(&runner->loop, &runner->next);
	(void)loop_run(&runner->loop);
	return NULL;
}

static void
several_threads(void **state)
{
	struct runner runners[THREADS] = { 0 };
	struct slots *slots = slots_create();
	size_t taken, waiting;

	(void)state;
	for (size_t i = 0; i < THREADS; i++) {
		struct runner *one = &runners[i];
		assert_int_equal(loop_init(&one->loop), 0);
		one->slots = slots;
		one->next =
		    (struct loop_deferred){ .fn = on_next, .context = one };
		one->hold =
		    (struct loop_timer){ .fn = on_held, .context = one };
	}
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&runners[i].thread, NULL, run, &runners[i]),
		    0);
	for (size_t i = 0; i < THREADS; i++)
		(void)pthread_join(runners[i].thread, NULL);
	for (size_t i = 0; i < THREADS; i++) {
		assert_false(runners[i].wrong);
		loop_deliver(&runners[i].loop);
		loop_fini(&runners[i].loop);
	}
	slots_count(slots, server(80), &taken, &waiting);
	assert_int_equal(taken, 0);
	assert_int_equal(waiting, 0);
	slots_destroy(&slots);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_at_a_server),
		cmocka_unit_test(first_come_first_served),
		cmocka_unit_test(who_need_not_wait_is_told_at_once),
		cmocka_unit_test(who_gives_up_is_passed_over),
		cmocka_unit_test(a_connection_changes_hands),
		cmocka_unit_test(what_is_not_quiet_does_not_change_hands),
		cmocka_unit_test(the_line_is_bounded),
		cmocka_unit_test(several_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
