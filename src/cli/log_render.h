/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/log_render: a line of the journal for people.
 *
 *	12:00:00.123 drop   guest 10.0.9.4 -> lan 10.0.0.200:9100 tcp ...
 *
 * The journal holds what peers sent, so nothing of a line reaches the text as
 * it is: words stand without blanks and in printable ASCII, quoted texts and
 * reasons in UTF-8 that a terminal does not obey; everything else is written
 * as \xNN.  One line in is one line out, and a peer can write neither a
 * command to the terminal nor a field that is not its own.
 *
 * Pure but for the time zone of the process.  One thread at a time.
 */
#ifndef GATEHOUSE_CLI_LOG_RENDER_H
#define GATEHOUSE_CLI_LOG_RENDER_H

#include "base/text.h"

/*
 * Adds the line, without a newline, to out:
 *
 *	time  verdict  from -> to  protocol  enforcer/phase  rule  status
 *	bytes-in/bytes-out  duration  reason
 *
 * What the event does not know is left out.  `colour` is for a terminal.  A
 * line that is no event is shown as it is, with \xNN for what must not be.
 */
void log_render(struct str line, bool colour, struct text *out);

/*
 * The same for a line of the gateway's list of flows:
 *
 *	flow  from -> to  protocol  enforcer  rule  bytes-in/bytes-out  age
 */
void log_render_flow(struct str line, struct text *out);

#endif
