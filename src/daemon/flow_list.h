/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/flow_list: living flows for `gatehouse flows`, and their end.
 *
 * One JSON object a line and a flow, with the keys of events (docs/events.md)
 * and "state" and "verdict" (what the policy says of it now).  They are read
 * and written in pieces as the client takes them, by the policy that was in
 * force at the first: neither memory nor the daemon's time depend on how many
 * there are.
 */
#ifndef GATEHOUSE_DAEMON_FLOW_LIST_H
#define GATEHOUSE_DAEMON_FLOW_LIST_H

#include "daemon/control.h"
#include "daemon/generation.h"

/*
 * The flows that the words mean (daemon/flow_filter); *ret_more gives them.
 * 0; -EINVAL when a word is not understood; another negative errno; `out` says
 * why.  A piece that fails ends in the line {"error": WHY}.
 */
int flow_list_begin(const struct generation *current, struct str words,
    struct text *out, struct control_more *ret_more);

/*
 * Ends the flows that the words mean, of which there is one at least, and adds
 * to `out` how many.  0; -ENOENT when no living flow is meant; otherwise as
 * above.
 */
int flow_list_end(
    const struct generation *current, struct str words, struct text *out);

#endif
