/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/pulse_keeper: a proxy that hangs is ended, so that another can begin.
 *
 * One that dies is seen at once (daemon/child); one that hangs has its
 * listeners and takes no connection.  It says every second that its workers
 * turn (proxy/pulse, CHANNEL_ALIVE); when nothing came in some looks in a row
 * it is killed, and is started again as after any death.
 *
 * Looks are counted and not time: while gatehoused itself was busy, or the
 * whole machine stood still, nothing could be heard.
 */
#ifndef GATEHOUSE_DAEMON_PULSE_KEEPER_H
#define GATEHOUSE_DAEMON_PULSE_KEEPER_H

#include "net/loop.h"

#define PULSE_KEEPER_EVERY CLOCK_SECOND

/* Below, a machine out of breath would lose connections that it would have
 * served yet; above, people are waiting. */
#define PULSE_KEEPER_SILENT_MAX 5

struct child;

struct pulse_keeper {
	struct loop *loop;
	struct child *child;
	struct loop_timer timer;
	unsigned silent; /* looks since it was heard */
};

/* Loop and child are lent until it is closed. */
void pulse_keeper_open(
    struct pulse_keeper *keeper, struct loop *loop, struct child *child);
void pulse_keeper_close(struct pulse_keeper *keeper);

/* The proxy has said so, or has just begun. */
void pulse_keeper_hear(struct pulse_keeper *keeper);

#endif
