/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/log_render: a line of the journal for people.
 *
 *	12:00:00.123 drop   guest 10.0.9.4 -> lan 10.0.0.200:9100 tcp ...
 *
 * The journal holds what peers sent, so nothing of it reaches the text as it is
 * (cli/log_part).  One line in is one line out, and a peer can write neither a
 * command to the terminal nor a field that is not its own.
 *
 * Pure but for the time zone of the process.  One thread at a time.
 */
#ifndef GATEHOUSE_CLI_LOG_RENDER_H
#define GATEHOUSE_CLI_LOG_RENDER_H

#include "base/text.h"

#include <jansson.h>

struct log_look {
	bool colour;    /* for a terminal */
	size_t columns; /* that a line may take; 0: as many as it needs */
};

/*
 * Adds the line, without a newline, to out:
 *
 *	time  verdict  from -> to  protocol  enforcer/phase  rule  status
 *	bytes-in/bytes-out  duration  reason
 *
 * What the event does not know is left out.  To fit, a line does without the
 * decider and the milliseconds, and then names, URLs and reasons are cut, each
 * with an ellipsis.  False, and nothing added, if this is no event.
 */
bool log_render(
    const json_t *event, const struct log_look *look, struct text *out);

/*
 * The same for an object of the gateway's list of flows:
 *
 *	flow  from -> to  protocol  enforcer  rule  bytes-in/bytes-out  age
 */
bool log_render_flow(
    const json_t *flow, const struct log_look *look, struct text *out);

#endif
