/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/flow_log: the ends of flows become events.
 *
 * The kernel tells of each flow whose entry leaves conntrack, with what it has
 * counted.  An event is made of those that the firewall alone carried and whose
 * rule says `log`: it has told of the beginning already, and this tells of
 * bytes, packets and duration, under the same `flow`.  The proxy tells of its
 * own.  What is told is what the policy in force says of the flow, at the hour
 * in which it began: living flows are judged again with every policy, so it is
 * the rule by which it lived.
 *
 * The kernel tells only of flows that have begun since the log was opened, and
 * under a flood its queue overflows: COUNTER_FLOWS_LOST counts how often.  It
 * does not say how much was lost.
 *
 * Owned by the daemon's one thread.
 */
#ifndef GATEHOUSE_FIREWALL_FLOW_LOG_H
#define GATEHOUSE_FIREWALL_FLOW_LOG_H

#include "firewall/flows.h"

struct flow_log;

/* Whether the policy asks for the ends of any flows. */
bool flow_log_is_wanted(const struct policy *policy);

/* Of the current network namespace.  0, or a negative errno with a sentence. */
int flow_log_open(struct flow_log **ret, struct text *reterr_why);
void flow_log_close(struct flow_log *log); /* takes NULL */

/* Readable when ends wait; lent until the close. */
int flow_log_fd(const struct flow_log *log);

/*
 * Emits an event for each end that waits and is told of, and returns how many.
 * Does not block, and leaves what is more than some ten thousand to the next
 * call.  *ret_lost: the queue has run over.  A negative errno means that the
 * log must be opened anew.
 */
int flow_log_read(
    struct flow_log *log, const struct flows_court *court, bool *ret_lost);

/* Emits the event of a flow that is ended, and why; by its judgement. */
void flow_log_tell(const struct flows_court *court,
    const struct conntrack_entry *entry, const struct flow_judgement *judgement,
    const char *reason);

#endif
