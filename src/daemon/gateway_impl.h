/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/gateway_impl: what the files of daemon/gateway share, and nobody else.
 *
 *	gateway         it is opened and closed
 *	gateway_child   the proxy's life
 *	gateway_host    what changes at the host
 *	gateway_replace a generation comes into force
 */
#ifndef GATEHOUSE_DAEMON_GATEWAY_IMPL_H
#define GATEHOUSE_DAEMON_GATEWAY_IMPL_H

#include "daemon/gateway.h"

/* ---- gateway_child.c ---- */

/* Starts it first, if it does not run.  Errors as in daemon/child. */
int gateway_hand_to_child(struct gateway *gateway,
    const struct generation *generation, struct text *reterr_why);

/* gateway->restart */
void gateway_on_restart(struct loop_timer *timer);

/* ---- gateway_host.c ---- */

/* From now on.  0, or a negative errno with or without a sentence. */
int gateway_watch_host(struct gateway *gateway, struct text *reterr_why);

/* ---- gateway_replace.c ---- */

/* For this host as it is now.  0, or a negative errno with a sentence. */
int gateway_draft_ruleset(struct gateway *gateway,
    const struct generation *generation, struct ruleset_draft *ret,
    struct text *reterr_why);

/* What the old rules leave is taken away when who asked has the answer. */
int gateway_commit_ruleset(
    struct gateway *gateway, struct ruleset_draft *draft, struct text *words);

/* gateway->clear */
void gateway_on_clear(struct loop_deferred *deferred);

#endif
