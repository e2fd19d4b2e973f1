/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/refusal: what becomes of a system call that the filter refuses.
 *
 * The kernel sends SIGSYS to the thread that made it (daemon/call_filter).  A
 * call fails with EPERM and the process goes on: a library that tries something
 * new must not take the gateway away from all.  The loop is woken, and tells of
 * it, the first time of each call.  What is never ours to try (to become
 * another program, to look into another process, to leave the namespaces) ends
 * the process at once: whoever tries it is not the program that was started.
 *
 * One for the process.  The handler may run in any thread at any place.
 */
#ifndef GATEHOUSE_DAEMON_REFUSAL_H
#define GATEHOUSE_DAEMON_REFUSAL_H

#include "net/loop.h"

/* How a process ends that made a call which is never ours; as `must` ends by a
 * signal and other failures by less. */
#define REFUSAL_STATUS 70

/* `call` is its name, lent, or its number.  In the loop's thread. */
typedef void (*refusal_fn)(void *context, const char *call);

struct refusal_watch {
	struct loop_watch watch;
	refusal_fn fn;
	void *context;
};

/*
 * From now on SIGSYS is handled, and fn is told.  `program` is lent for good.
 * 0 or a negative errno.
 */
int refusal_open(struct loop *loop, const char *program,
    struct refusal_watch *watch, refusal_fn fn, void *context);

/* The same for a program without a loop: it says so itself, each time. */
int refusal_say(const char *program);

/* Refused calls fail from here on, and nobody is told. */
void refusal_close(struct refusal_watch *watch);

#endif
