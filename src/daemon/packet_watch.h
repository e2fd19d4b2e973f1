/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/packet_watch: logged packets, read as the loop finds time for them.
 *
 * Each second in which something was read ends with the number of what was too
 * much of it (firewall/log_bound).
 */
#ifndef GATEHOUSE_DAEMON_PACKET_WATCH_H
#define GATEHOUSE_DAEMON_PACKET_WATCH_H

#include "firewall/packet_log.h"
#include "net/loop.h"

struct caught_keeper;
struct tally_kernel;

struct packet_watch {
	/* Lent: */
	struct loop *loop;
	struct caught_keeper *caught;
	struct tally_kernel *tally;
	/* Its own: */
	struct packet_log *log; /* NULL: not to be had any more */
	struct loop_watch watch;
	struct loop_timer settle;
};

/* 0, or a negative errno with a sentence; then there is nothing to close. */
int packet_watch_open(struct packet_watch *packets, struct loop *loop,
    struct caught_keeper *caught, struct tally_kernel *tally,
    struct text *reterr_why);

/* Takes one that was never opened, all zero. */
void packet_watch_close(struct packet_watch *packets);

#endif
