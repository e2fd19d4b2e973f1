/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/flows: living flows and the policy in force.
 *
 * When another policy has come into force, or a list has changed, the flows
 * that the kernel knows are judged by it: those that it forbids are ended, all
 * others live on.  The proxy does the same with what has come to it.
 *
 * Judging takes the daemon's one thread 2 us a flow and no memory, ending 2 us
 * more: 0.2 s for 100,000 flows (tests/unit/daemon/flows.c prints it).
 */
#ifndef GATEHOUSE_DAEMON_FLOWS_H
#define GATEHOUSE_DAEMON_FLOWS_H

#include "daemon/generation.h"
#include "firewall/flow_log.h"

/* Of those that a policy ends, so many at most have an event of their own. */
#define FLOWS_TOLD_MAX 1000

/* What has become of them. */
struct flows_tally {
	size_t forbidden; /* those that live; what is over is no loss */
	size_t ended;
	int rc; /* negative: not all were judged, or not all could be ended */
};

/* Now; it points into the generation, and nothing was before. */
struct flows_court flows_court_of(const struct generation *generation);

/* How many flows that live now the generation would end.  Ends none. */
struct flows_tally flows_count(
    const struct generation *next, const struct generation *before);

/*
 * Whether it would end the living TCP connection between these ends, of which
 * the second is as the client or as the server sees it.  One that the kernel
 * does not follow is judged as if it began now, if it ends at this host.
 */
bool flows_would_end(const struct generation *next, struct address_port client,
    struct address_port server);

/*
 * Ends what the generation, which is in force, forbids.  Emits an event with
 * the number, and one for each whose rule says `log`: the one that forbids it,
 * or the one of `before` by which it lived.
 */
struct flows_tally flows_end_forbidden(
    const struct generation *current, const struct generation *before);

/* "3 living flows ended", with nothing behind it; adds nothing for none. */
void flows_add_words(const struct flows_tally *tally, struct text *out);

#endif
