/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/tally_desk: what the tally keeper knows, as JSON.
 *
 *	{"step", "to", "points": [{"time", "allowed", "refused", "requests",
 *	 "bytes_in", "bytes_out", "hits", "saved"}]}, the oldest first
 *	{"of", "seconds", "entries": [{"what", "flows", "refused", "bytes_in",
 *	 "bytes_out", "over"}]}; of rules also "name" and "text"
 *	{"rules": [{"line", "nth", "text", "name", "verdict", "packets",
 *	 "bytes", "flows", "last"}]}
 */
#ifndef GATEHOUSE_DAEMON_TALLY_DESK_H
#define GATEHOUSE_DAEMON_TALLY_DESK_H

#include "daemon/control.h"

struct tally_keeper;

/* A command of the control socket; false: the line is none of these. */
bool tally_desk_answer(struct tally_keeper *keeper, struct str line,
    struct text *out, struct control_more *ret_more, int *ret_status);

#endif
