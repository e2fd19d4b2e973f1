/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/apply_order: what an administrator says with the policy that is to be
 * applied.
 */
#ifndef GATEHOUSE_DAEMON_APPLY_ORDER_H
#define GATEHOUSE_DAEMON_APPLY_ORDER_H

#include "base/address.h"

/* All of it is lent. */
struct apply_order {
	const char *path;
	bool colour;
	int64_t confirm; /* it is to be confirmed within this; 0: it is not */
	struct str who, name; /* of one line each; len 0: not said */
	/* The connection that the administrator comes by, which must live on;
	 * family NONE: it need not. */
	struct address_port client, server;
	bool first; /* there is none yet that it could go back to */
};

/* "CLIENT PORT SERVER PORT"; false: it is none. */
bool apply_order_session(struct apply_order *order, struct str words);

#endif
