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

/* ---- gateway.c ---- */

/* "what: why"; takes the words, gives back rc. */
int gateway_say_cannot(
    struct report *report, int rc, const char *what, struct text *why);

/* What a kernel does not have is said; the status has it as well. */
void gateway_tell_sandbox(const char *program, const struct sandbox *sandbox);

/* ---- gateway_child.c ---- */

/* Starts it first, if it does not run.  Errors as in daemon/child. */
int gateway_hand_to_child(struct gateway *gateway,
    const struct generation *generation, struct text *reterr_why);

/* gateway->restart */
void gateway_on_restart(struct loop_timer *timer);

/* ---- gateway_host.c ---- */

/* From now on.  0 or a negative errno, and an error in the report. */
int gateway_watch_host(struct gateway *gateway, struct report *report);

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
