/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/exit_status: how gatehoused ends, and what the command line ends with
 * that has asked it something (daemon/control).
 */
#ifndef GATEHOUSE_DAEMON_EXIT_STATUS_H
#define GATEHOUSE_DAEMON_EXIT_STATUS_H

enum status {
	STATUS_GOOD = 0,
	STATUS_NO = 1,
	STATUS_USAGE = 2,
	STATUS_WORLD = 3,
};

#endif
