/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/policies: those of a gateway: which was asked for, which are kept, and
 * which comes back.
 *
 * The gateway has one in force and knows of no other.  What is known beside it:
 *
 *	last_good	the one that the next start may fall back to
 *	history		those that were in force
 *	interim		where both are while one is tried out, without --state
 *	confirmation	one that goes again unless it is confirmed
 *	fallback	the one in force is not the one that was asked for
 *	refresh		lists of the one in force are read anew
 *
 * Life cycle: open -> the folder of the state is opened, if there is one ->
 * boot_policy or apply -> apply, any number of times -> confirmation_close,
 * while the gateway is still open -> close, when it is not any more.
 */
#ifndef GATEHOUSE_DAEMON_POLICIES_H
#define GATEHOUSE_DAEMON_POLICIES_H

#include "daemon/confirmation.h"
#include "daemon/fallback.h"
#include "daemon/history.h"
#include "daemon/interim.h"
#include "daemon/last_good.h"
#include "daemon/refresh.h"

struct apply_order;
struct gateway;

struct policies {
	struct gateway *gateway;    /* lent */
	struct last_good last_good; /* closed: nothing is kept */
	struct history history;     /* likewise */
	struct interim interim;
	struct confirmation confirmation;
	struct fallback fallback;
	struct refresh refresh;
	const struct apply_order *order; /* while it is carried out */
};

/* The gateway need not be open yet, whose folder is `runtime`. */
void policies_open(
    struct policies *policies, struct gateway *gateway, const char *runtime);

/* As gateway->on_replaced: another generation is in force. */
void policies_follow(void *policies);

/* When the gateway is closed or makes way, which writes to the folder of the
 * state last of all.  Once more does no harm. */
void policies_close(struct policies *policies);

/* What is in force is what the next start may fall back to. */
void policies_keep(struct policies *policies);

#endif
