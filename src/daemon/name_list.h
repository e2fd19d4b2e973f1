/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/name_list: what is learned of names, for who asks.
 */
#ifndef GATEHOUSE_DAEMON_NAME_LIST_H
#define GATEHOUSE_DAEMON_NAME_LIST_H

#include "daemon/control.h"

struct gateway;

/*
 * An object a line for each name of an address whose time is not over: zone,
 * name, address, left_seconds and the lines of the rules that ask packets for
 * it.  0 or -ENOMEM.
 */
int name_list_begin(struct gateway *gateway, struct control_more *ret_more);

#endif
