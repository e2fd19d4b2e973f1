/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/exit_status: what each of the programs ends with, the same for every
 * command; and how the daemon answers one (daemon/control).
 */
#ifndef GATEHOUSE_DAEMON_EXIT_STATUS_H
#define GATEHOUSE_DAEMON_EXIT_STATUS_H

enum status {
	STATUS_GOOD = 0,
	STATUS_NO = 1,    /* refused, failed, different */
	STATUS_USAGE = 2, /* the call was wrong */
	STATUS_WORLD = 3, /* privilege, kernel, file, port */
};

#endif
