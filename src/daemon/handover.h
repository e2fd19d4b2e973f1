/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/handover: this gatehoused makes way for the next one.
 *
 * It gives away its listening sockets and one end of a leash (daemon/leash),
 * lets its proxy finish what it has begun, stops looking after the rules, which
 * stand, and ends when the proxy has and the next one is ready, when the leash
 * is closed, or past LEASH_TIME.
 */
#ifndef GATEHOUSE_DAEMON_HANDOVER_H
#define GATEHOUSE_DAEMON_HANDOVER_H

#include "daemon/control.h"
#include "daemon/gateway.h"

struct handover {
	bool under_way;
	bool is_taken; /* the next one is ready */
	struct gateway *gateway;
	int given; /* the end of the leash that goes away; -1: none */
	struct loop_watch leash;
	struct loop_timer patience;
};

/*
 * The answer to `hand over`, an exit status: the digest of the policy in a
 * line, and as descriptors a leash, standard error, and the sockets.  If it is
 * 0 the loop is stopped.
 */
int handover_begin(struct handover *handover, struct gateway *gateway,
    struct control *control, struct text *out);

/* Once all else has been given up: until there is nothing more to do.  False:
 * the next one has ended before it was ready. */
bool handover_stand_by(struct handover *handover);

/* SIGCHLD while it stands by. */
void handover_see_child(struct handover *handover);

#endif
