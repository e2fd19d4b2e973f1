/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/refresh: lists that are read anew while the gateway runs.
 *
 * At its time, each list that says `refresh` is looked at.  If its file has
 * changed, the next generation is made of the policy in force, byte by byte,
 * and of this one file: a policy that was edited and not applied stays out of
 * force, and a list that is broken holds up no other.  The rest is an apply:
 * the policy's own tests run, kernel and proxy change over together or not at
 * all, and whatever fails keeps the old list.
 *
 * Packets and requests do not wait for any of it, they are the kernel's and
 * the proxy's.  The daemon's own loop does (it commits, and a list of a million
 * lines takes seconds), so one list is refreshed in a round, and the next look
 * at it is never sooner than REFRESH_REST times as long as it took.
 */
#ifndef GATEHOUSE_DAEMON_REFRESH_H
#define GATEHOUSE_DAEMON_REFRESH_H

#include "net/loop.h"

struct gateway;

/* Lists that change all the time take at most a tenth of the daemon's. */
#define REFRESH_REST 10

struct refresh {
	struct gateway *gateway; /* lent */
	struct loop_timer timer; /* of the list that is due first */
};

/* Sets the timer for the lists of the generation in force. */
void refresh_arm(struct refresh *refresh);
void refresh_stop(struct refresh *refresh);

#endif
