/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/loop: one thread's events.
 *
 * A loop belongs to the thread that runs it.  What it watches is embedded in
 * the caller's structs (watch, timer, deferred, message), so starting
 * and stopping allocate nothing.  One round is:
 *
 *	wait	until a descriptor is ready, a timer is due or mail came
 *	watches	each ready one is called
 *	timers	each due one is called, by deadline, then as armed
 *	ends	what was deferred before or during this round
 *
 * The contract, for every kind of thing:
 * - a call gives 0 or a negative errno; one that gives nothing cannot fail;
 * - a callback is made by loop_run only, never from within another call;
 * - stopped means silent: after stop or cancel there is no callback any more,
 *   also not for what had become ready in this very round, and the memory may
 *   be freed at once, even in its own callback;
 * - a descriptor is closed by its owner, after its watch was stopped.
 *
 * All calls are for the loop's own thread, except loop_post.
 */
#ifndef GATEHOUSE_NET_LOOP_H
#define GATEHOUSE_NET_LOOP_H

#include "base/clock.h"
#include "net/buffer.h"
#include "net/pipe.h"
#include "net/timer.h"

#include <stdatomic.h>
#include <sys/epoll.h>

/*
 * What a watch can want, and what its callback is told: a subset of what it
 * wants.  A descriptor that hung up or failed is told as everything wanted,
 * since the next read or write is what says the errno.
 */
#define LOOP_READ  1u
#define LOOP_WRITE 2u
/* Only one of the loops that share a listener is woken (EPOLLEXCLUSIVE). */
#define LOOP_EXCLUSIVE 4u

/* Events taken from the kernel in a round: enough to spare system calls, few
 * enough that timers are not late behind them. */
#define LOOP_EVENTS_MAX 256

struct loop;
struct loop_watch;
struct loop_timer;
struct loop_deferred;
struct loop_message;

typedef void (*loop_watch_fn)(struct loop_watch *watch, unsigned ready);
typedef void (*loop_timer_fn)(struct loop_timer *timer);
typedef void (*loop_deferred_fn)(struct loop_deferred *deferred);
typedef void (*loop_message_fn)(
    struct loop *loop, struct loop_message *message);

/* The caller sets fd, wanted, fn and context; the rest begins as zero. */
struct loop_watch {
	int fd;
	unsigned wanted;
	unsigned told; /* what the kernel believes to be wanted, or more */
	loop_watch_fn fn;
	void *context;
	struct loop *loop;           /* NULL: not started */
	struct epoll_event *pending; /* this round's event, not yet told */
};

/* The caller sets fn and context; the rest begins as zero. */
struct loop_timer {
	loop_timer_fn fn;
	void *context;
	struct loop *loop; /* NULL: not armed */
	struct timer timer;
};

/* The caller sets fn and context; the rest begins as zero. */
struct loop_deferred {
	loop_deferred_fn fn;
	void *context;
	struct loop_deferred *next; /* NULL: not waiting */
	struct loop_deferred *prev;
};

/* The caller sets fn; the message is the receiver's until fn was called. */
struct loop_message {
	loop_message_fn fn;
	struct loop_message *next;
};

/* Called before and after each wait, in the loop's thread. */
struct loop_waits {
	void (*before)(void *context);
	void (*after)(void *context);
	void *context;
};

struct loop {
	int epoll_fd;
	int wake_fd; /* eventfd: mail has come */
	bool running;
	bool stopping;
	unsigned watches; /* started by others */
	int64_t now;
	struct timer_heap timers;
	struct loop_deferred ends;  /* heads of rings */
	struct loop_deferred wills; /* run by loop_fini */
	struct loop_watch wake;
	struct loop_waits waits;                /* `before` NULL: nobody asks */
	_Atomic(struct loop_message *) mailbox; /* newest first */
	struct buffer_pool pool;                /* for this thread's buffers */
	struct pipe_pool pipes;                 /* and its tunnels */
	struct epoll_event events[LOOP_EVENTS_MAX];
};

/* 0 or a negative errno, and then there is nothing to fini. */
int loop_init(struct loop *loop);

/*
 * Runs the wills.  Every watch and timer has been stopped, every buffer is
 * empty, and no thread posts any more.
 */
void loop_fini(struct loop *loop);

/* Rounds until loop_stop; 0, or a negative errno if waiting fails. */
int loop_run(struct loop *loop);

/*
 * Who is to know when the thread waits: for memory that other threads may take
 * back only while this one holds nothing of theirs.  Before loop_run.
 */
void loop_on_wait(struct loop *loop, struct loop_waits waits);

/* loop_run returns at the end of this round. */
void loop_stop(struct loop *loop);

/* clock_now() as it was when this round began to call back. */
int64_t loop_now(const struct loop *loop);

/*
 * Watches watch->fd for watch->wanted, which may be 0.  Level-triggered: told
 * again each round until the caller has read or written what there was.  0,
 * -EPERM for what cannot be watched (a file), -EEXIST, -ENOMEM, -ENOSPC.
 */
int loop_watch_start(struct loop *loop, struct loop_watch *watch);

/*
 * Wants something else from now on; READ and WRITE may come and go, EXCLUSIVE
 * stays as it was.  Costs nothing if nothing changes; wanting less costs a
 * system call only if the kernel brings what is not wanted any more, and cannot
 * fail (with EXCLUSIVE only wanting nothing cannot).  A watch that wants
 * nothing hears of nothing, not even of a reset.  0, -ENOMEM or -ENOSPC, and
 * then an exclusive watch wants nothing and another what it wanted before.
 */
int loop_watch_change(struct loop_watch *watch, unsigned wanted);

/* Does nothing to a watch that is not started. */
void loop_watch_stop(struct loop_watch *watch);

/*
 * Calls fn once, in the first round in which loop_now() >= deadline; a timer
 * that was armed is moved.  Times are exact to the nanosecond in order, the
 * waking is by whole milliseconds: never early, up to 1 ms late.
 */
void loop_timer_arm(
    struct loop *loop, struct loop_timer *timer, int64_t deadline);
void loop_timer_cancel(struct loop_timer *timer);
bool loop_timer_is_armed(const struct loop_timer *timer);

/*
 * Calls fn at the end of this round, or of the next if it is ending already.
 * Deferring what waits already changes nothing.
 */
void loop_defer(struct loop *loop, struct loop_deferred *deferred);

/*
 * Calls fn in loop_fini: for what lives on the loop without an owner, such as
 * a stream that is draining after everybody else has let go of it.
 */
void loop_will(struct loop *loop, struct loop_deferred *deferred);

/* Cancels loop_defer and loop_will alike. */
void loop_deferred_cancel(struct loop_deferred *deferred);

/*
 * From any thread: has message->fn called in the loop's thread.  Messages of
 * one sender come in the order in which they were posted.  What is still in
 * the mailbox at loop_fini is told to nobody: the loop's owner, when all
 * senders have ended, may take it with loop_deliver.
 */
void loop_post(struct loop *loop, struct loop_message *message);
void loop_deliver(struct loop *loop);

#endif
