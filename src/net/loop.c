/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/loop: epoll, a heap of timers, rings of deferred work, a mailbox.
 *
 * Stale events.  A round takes a batch of events from the kernel, and the
 * callback for one may stop, free or restart the watch of another that stands
 * later in the batch.  So before the first callback each watch of the batch
 * is told where its event stands (`pending`), and stopping a watch wipes that
 * event out.  A watch has one registration and so at most one event a batch;
 * nothing is searched, nothing is allocated, and it makes no difference
 * whether memory or descriptor number has been used again meanwhile.
 *
 * The mailbox.  Senders push onto a lock-free stack; the receiver takes the
 * whole stack with one exchange and turns it round.  Since nobody pops a
 * single message there is no ABA problem, and unlike with a mutex a sender
 * that the scheduler took off the processor never makes the loop wait.  Only
 * the sender that finds the stack empty writes the eventfd.
 */
#include "net/loop.h"

#include "base/must.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The longest that one wait lasts; far deadlines are looked at again then,
 * so that the sum in milliseconds cannot overflow an int. */
#define WAIT_MS_MAX 3600000 /* an hour */

/* ---- deferred work: rings with a head that stands for none ---- */

static void
ring_init(struct loop_deferred *head)
{
	head->next = head;
	head->prev = head;
}

static bool
ring_is_empty(const struct loop_deferred *head)
{
	return head->next == head;
}

static void
ring_add(struct loop_deferred *head, struct loop_deferred *deferred)
{
	if (deferred->next != NULL)
		return;
	deferred->next = head;
	deferred->prev = head->prev;
	head->prev->next = deferred;
	head->prev = deferred;
}

/* All of `from` becomes the content of `to`, which is not a ring yet. */
static void
ring_take_all(struct loop_deferred *to, struct loop_deferred *from)
{
	if (ring_is_empty(from)) {
		ring_init(to);
		return;
	}
	to->next = from->next;
	to->prev = from->prev;
	to->next->prev = to;
	to->prev->next = to;
	ring_init(from);
}

static void
ring_run(struct loop_deferred *head)
{
	while (!ring_is_empty(head)) {
		struct loop_deferred *deferred = head->next;
		loop_deferred_cancel(deferred);
		deferred->fn(deferred);
	}
}

void
loop_defer(struct loop *loop, struct loop_deferred *deferred)
{
	ring_add(&loop->ends, deferred);
}

void
loop_will(struct loop *loop, struct loop_deferred *deferred)
{
	ring_add(&loop->wills, deferred);
}

void
loop_deferred_cancel(struct loop_deferred *deferred)
{
	if (deferred->next == NULL)
		return;
	deferred->next->prev = deferred->prev;
	deferred->prev->next = deferred->next;
	deferred->next = NULL;
	deferred->prev = NULL;
}

/* ---- watches ---- */

static uint32_t
kernel_events(unsigned wanted)
{
	uint32_t events = 0;

	if ((wanted & LOOP_READ) != 0)
		events |= EPOLLIN;
	if ((wanted & LOOP_WRITE) != 0)
		events |= EPOLLOUT;
	if ((wanted & LOOP_EXCLUSIVE) != 0)
		events |= EPOLLEXCLUSIVE;
	return events;
}

/* A hang-up or an error concerns whoever wants anything. */
static unsigned
ready_of(uint32_t events, unsigned wanted)
{
	unsigned ready = 0;

	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
		ready |= LOOP_READ;
	if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0)
		ready |= LOOP_WRITE;
	return ready & wanted;
}

static bool
wants_something(unsigned wanted)
{
	return (wanted & (LOOP_READ | LOOP_WRITE)) != 0;
}

static int
control(struct loop_watch *watch, int operation, unsigned wanted)
{
	struct epoll_event event = {
		.events = kernel_events(wanted),
		.data.ptr = watch,
	};

	if (epoll_ctl(watch->loop->epoll_fd, operation, watch->fd, &event) < 0)
		return -errno;
	return 0;
}

static void
forget_pending(struct loop_watch *watch)
{
	if (watch->pending != NULL)
		watch->pending->data.ptr = NULL;
	watch->pending = NULL;
}

/* It fails only if the descriptor was closed before its watch was stopped. */
static void
unregister(struct loop_watch *watch)
{
	if (watch->told == 0)
		return;
	must(control(watch, EPOLL_CTL_DEL, 0) == 0);
	watch->told = 0;
	forget_pending(watch);
}

/*
 * Brings the kernel's belief into line.  A watch that wants nothing is not
 * registered at all: the kernel reports hang-ups even to those who asked for no
 * event, round after round.
 */
static int
tell_kernel(struct loop_watch *watch, unsigned wanted)
{
	int operation = watch->told != 0 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (!wants_something(wanted)) {
		unregister(watch);
		return 0;
	}
	int error = control(watch, operation, wanted);
	if (error == 0)
		watch->told = wanted;
	return error;
}

int
loop_watch_start(struct loop *loop, struct loop_watch *watch)
{
	must(watch->loop == NULL);
	watch->loop = loop;
	watch->pending = NULL;
	watch->told = 0;
	int error = tell_kernel(watch, watch->wanted);
	if (error < 0) {
		watch->loop = NULL;
		return error;
	}
	loop->watches++;
	return 0;
}

/* The kernel does not modify an exclusive registration. */
static int
change_exclusive(struct loop_watch *watch, unsigned wanted)
{
	unregister(watch);
	watch->wanted = LOOP_EXCLUSIVE;
	int error = tell_kernel(watch, wanted);
	if (error == 0)
		watch->wanted = wanted;
	return error;
}

/*
 * Who wants less is believed at once, and the kernel is told only when it
 * brings what is not wanted any more: a stream that stops reading for the
 * moment in which its head is answered costs no system call.
 */
int
loop_watch_change(struct loop_watch *watch, unsigned wanted)
{
	int error = 0;

	must(watch->loop != NULL);
	if (wanted == watch->wanted)
		return 0;
	if ((wanted & LOOP_EXCLUSIVE) != 0)
		return change_exclusive(watch, wanted);
	if ((wanted & ~watch->told) != 0)
		error = tell_kernel(watch, wanted);
	if (error == 0)
		watch->wanted = wanted;
	return error;
}

void
loop_watch_stop(struct loop_watch *watch)
{
	if (watch->loop == NULL)
		return;
	unregister(watch);
	forget_pending(watch);
	watch->loop->watches--;
	watch->loop = NULL;
}

/* Level-triggered, it would be brought again in every round. */
static void
refuse_unwanted(struct loop_watch *watch, uint32_t events)
{
	unsigned brought = ready_of(events, LOOP_READ | LOOP_WRITE);

	if ((brought & watch->told & ~watch->wanted) != 0)
		must(tell_kernel(watch, watch->wanted) == 0);
}

static void
call_watches(struct loop *loop, int count)
{
	for (int i = 0; i < count; i++) {
		struct loop_watch *watch = loop->events[i].data.ptr;
		watch->pending = &loop->events[i];
	}
	for (int i = 0; i < count; i++) {
		struct loop_watch *watch = loop->events[i].data.ptr;
		if (watch == NULL)
			continue;
		watch->pending = NULL;
		/* Another callback may have made it want less. */
		refuse_unwanted(watch, loop->events[i].events);
		unsigned ready =
		    ready_of(loop->events[i].events, watch->wanted);
		if (ready != 0)
			watch->fn(watch, ready);
	}
}

/* ---- timers ---- */

static struct loop_timer *
timer_owner(struct timer *timer)
{
	return (
	    struct loop_timer *)(void *)((char *)timer -
					 offsetof(struct loop_timer, timer));
}

void
loop_timer_arm(struct loop *loop, struct loop_timer *timer, int64_t deadline)
{
	loop_timer_cancel(timer);
	/*
	 * Nothing is due before now: else a callback that arms its timer in
	 * the past would stand before those that are due, round after round.
	 */
	timer->timer.deadline = deadline > loop->now ? deadline : loop->now;
	timer->loop = loop;
	timer_heap_add(&loop->timers, &timer->timer);
}

void
loop_timer_cancel(struct loop_timer *timer)
{
	if (timer->loop == NULL)
		return;
	timer_heap_remove(&timer->loop->timers, &timer->timer);
	timer->loop = NULL;
}

bool
loop_timer_is_armed(const struct loop_timer *timer)
{
	return timer->loop != NULL;
}

/* Those armed by these callbacks wait for the next round. */
static void
call_timers(struct loop *loop)
{
	uint64_t end = loop->timers.order;
	struct timer *first;

	while ((first = loop->timers.first) != NULL &&
	       first->deadline <= loop->now && first->order < end) {
		struct loop_timer *timer = timer_owner(first);
		loop_timer_cancel(timer);
		timer->fn(timer);
	}
}

static int
wait_ms(const struct loop *loop)
{
	const struct timer *first = loop->timers.first;
	int64_t left;

	if (!ring_is_empty(&loop->ends))
		return 0;
	if (first == NULL)
		return -1;
	left = first->deadline - clock_now();
	if (left <= 0)
		return 0;
	if (left >= WAIT_MS_MAX * CLOCK_MS)
		return WAIT_MS_MAX;
	return (int)((left + CLOCK_MS - 1) / CLOCK_MS);
}

/* ---- the mailbox ---- */

void
loop_post(struct loop *loop, struct loop_message *message)
{
	struct loop_message *newest =
	    atomic_load_explicit(&loop->mailbox, memory_order_relaxed);
	uint64_t one = 1;

	/* Release: the receiver sees all that the sender wrote before. */
	do {
		message->next = newest;
	} while (!atomic_compare_exchange_weak_explicit(&loop->mailbox, &newest,
	    message, memory_order_release, memory_order_relaxed));
	/*
	 * From here on the message may be gone already.  The write cannot
	 * fail but by an overflow of the counter, and then it is not zero.
	 */
	if (newest == NULL && write(loop->wake_fd, &one, sizeof(one)) < 0)
		must(errno == EAGAIN);
}

static struct loop_message *
oldest_first(struct loop_message *message)
{
	struct loop_message *turned = NULL;

	while (message != NULL) {
		struct loop_message *next = message->next;
		message->next = turned;
		turned = message;
		message = next;
	}
	return turned;
}

void
loop_deliver(struct loop *loop)
{
	struct loop_message *message = oldest_first(atomic_exchange_explicit(
	    &loop->mailbox, NULL, memory_order_acquire));

	while (message != NULL) {
		struct loop_message *next = message->next;
		message->fn(loop, message);
		message = next;
	}
}

/*
 * The counter is cleared before the stack is taken: a sender that finds the
 * stack empty after that writes it again, so no message is left lying.
 */
static void
on_wake(struct loop_watch *watch, unsigned ready)
{
	uint64_t count;

	(void)ready;
	if (read(watch->fd, &count, sizeof(count)) < 0)
		must(errno == EAGAIN);
	loop_deliver(watch->context);
}

/* ---- the loop ---- */

static int
open_wake(struct loop *loop)
{
	int error;

	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->wake_fd < 0)
		return -errno;
	loop->wake = (struct loop_watch){
		.fd = loop->wake_fd,
		.wanted = LOOP_READ,
		.fn = on_wake,
		.context = loop,
	};
	error = loop_watch_start(loop, &loop->wake);
	if (error < 0)
		(void)close(loop->wake_fd);
	return error;
}

int
loop_init(struct loop *loop)
{
	int error;

	*loop = (struct loop){ .now = clock_now() };
	ring_init(&loop->ends);
	ring_init(&loop->wills);
	buffer_pool_init(&loop->pool);
	pipe_pool_init(&loop->pipes);
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		return -errno;
	error = open_wake(loop);
	if (error < 0)
		(void)close(loop->epoll_fd);
	return error;
}

void
loop_fini(struct loop *loop)
{
	must(!loop->running);
	ring_run(&loop->wills);
	loop_watch_stop(&loop->wake);
	must(loop->watches == 0);
	must(loop->timers.first == NULL);
	must(ring_is_empty(&loop->ends));
	buffer_pool_fini(&loop->pool);
	pipe_pool_fini(&loop->pipes);
	(void)close(loop->wake_fd);
	(void)close(loop->epoll_fd);
}

static int
poll_kernel(struct loop *loop, int timeout_ms)
{
	return epoll_wait(
	    loop->epoll_fd, loop->events, LOOP_EVENTS_MAX, timeout_ms);
}

static bool
is_due(const struct loop *loop)
{
	const struct timer *first = loop->timers.first;

	return first != NULL && first->deadline <= loop->now;
}

/*
 * Until something has happened, or a timer is due.  A process that was stopped,
 * or that others kept from running, may have been late for both: what came in
 * meanwhile came in time, and whoever gave up waiting for it now would be
 * wrong.  So before timers are called it is looked once more.
 *
 * errno is that of the wait.
 */
static int
wait_for_events(struct loop *loop)
{
	const struct loop_waits *waits = &loop->waits;

	if (waits->before != NULL)
		waits->before(waits->context);
	int count = poll_kernel(loop, wait_ms(loop));
	int error = errno;
	if (waits->before != NULL)
		waits->after(waits->context);
	loop->now = clock_now();
	errno = error;
	return count <= 0 && is_due(loop) ? poll_kernel(loop, 0) : count;
}

void
loop_on_wait(struct loop *loop, struct loop_waits waits)
{
	loop->waits = waits;
}

static int
run_round(struct loop *loop)
{
	struct loop_deferred ends;
	int count = wait_for_events(loop);

	if (count < 0 && errno != EINTR)
		return -errno;
	call_watches(loop, count);
	call_timers(loop);
	ring_take_all(&ends, &loop->ends);
	ring_run(&ends);
	return 0;
}

int
loop_run(struct loop *loop)
{
	int error = 0;

	must(!loop->running);
	loop->running = true;
	loop->stopping = false;
	loop->now = clock_now();
	while (!loop->stopping && error == 0)
		error = run_round(loop);
	loop->running = false;
	return error;
}

void
loop_stop(struct loop *loop)
{
	loop->stopping = true;
}

int64_t
loop_now(const struct loop *loop)
{
	return loop->now;
}
