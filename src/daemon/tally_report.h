/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/tally_report: what happened by the hour, for who asks.
 *
 *	report SECONDS	a line {"from", "to"}, then a line for each hour in
 *			which something happened (daemon/tally_hours): those of
 *			the book, and the one that is not over.  Without a
 *			folder of the state, those that are in memory.
 */
#ifndef GATEHOUSE_DAEMON_TALLY_REPORT_H
#define GATEHOUSE_DAEMON_TALLY_REPORT_H

#include "daemon/control.h"

struct tally_keeper;

/* The command, `words` what follows it; 0, or a negative errno with a line. */
int tally_report_begin(struct tally_keeper *keeper, struct str words,
    struct text *out, struct control_more *ret_more);

#endif
