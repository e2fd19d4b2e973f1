/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/notify: what systemd is told (sd_notify(3)), if it started us.
 *
 * That all stands, once, and that this is the process of the service now, of
 * one that took over (daemon/handover); and, if it wants to know (WatchdogSec),
 * twice in its time that the loop turns, so that it ends a daemon that hangs
 * and starts another.  A datagram each, and nobody waits for an answer; that
 * all stands is told again until there was a descriptor and room for it.
 */
#ifndef GATEHOUSE_DAEMON_NOTIFY_H
#define GATEHOUSE_DAEMON_NOTIFY_H

#include "net/loop.h"

struct notify {
	struct loop *loop;
	struct loop_timer timer;
	int64_t every; /* 0: nobody wants to know */
	bool is_told;  /* that all stands; else it is tried again */
};

void notify_ready(struct notify *notify, struct loop *loop);
void notify_end(struct notify *notify);

#endif
