/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/flow_watch: the ends of flows, read as the loop finds time for them.
 *
 * Only while the policy in force asks for them (firewall/flow_log): a gateway
 * that logs no allowed flow is not told of a thousand ends a second.
 */
#ifndef GATEHOUSE_DAEMON_FLOW_WATCH_H
#define GATEHOUSE_DAEMON_FLOW_WATCH_H

#include "daemon/generation.h"
#include "firewall/flow_log.h"
#include "net/loop.h"

struct flow_watch {
	struct loop *loop;
	const struct generation *const *current;
	struct flow_log *log; /* NULL: not wanted, or not to be had */
	struct loop_watch watch;
	int64_t said; /* clock_now of the last word about lost ends; 0: none */
};

/* *current is the generation in force, which the caller changes as it likes. */
void flow_watch_init(struct flow_watch *ends, struct loop *loop,
    const struct generation *const *current);
void flow_watch_fini(struct flow_watch *ends);

/*
 * After each change of *current: begins to read, or ends it.  What cannot be is
 * said on standard error.
 */
void flow_watch_follow(struct flow_watch *ends);

#endif
