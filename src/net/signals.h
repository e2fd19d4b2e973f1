/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/signals: signals as events of a loop, by signalfd.
 *
 * For the mains of the daemons: SIGTERM and its like arrive between two
 * callbacks and may do what any callback may.  Several that come before the
 * loop looks count as one, as always with signals.
 */
#ifndef GATEHOUSE_NET_SIGNALS_H
#define GATEHOUSE_NET_SIGNALS_H

#include "net/loop.h"

#include <signal.h>

struct loop_signal;

typedef void (*loop_signal_fn)(struct loop_signal *signal, int number);

/* The caller sets set, fn and context; the rest begins as zero. */
struct loop_signal {
	sigset_t set;
	loop_signal_fn fn;
	void *context;
	struct loop_watch watch;
};

/*
 * Blocks the signals of `set` in this thread and calls fn for each that comes;
 * to be called before other threads are made, which inherit the mask.  0 or a
 * negative errno.
 */
int loop_signal_start(struct loop *loop, struct loop_signal *signal);

/* Leaves them blocked: one that is waiting would end the process. */
void loop_signal_stop(struct loop_signal *signal);

#endif
