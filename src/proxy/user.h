/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/user: who a client is, as it says over the explicit port.
 *
 * What HTTP and SOCKS have in common.  The loop's thread.
 */
#ifndef GATEHOUSE_PROXY_USER_H
#define GATEHOUSE_PROXY_USER_H

#include "proxy/failure.h"
#include "proxy/who.h"

struct client;

/* Whether it can say so at all, and need: intercepted clients know of no proxy,
 * and who has shown a certificate is known. */
bool user_is_asked(const struct client *client);

/*
 * Asks by the client's question, which ends with what the client is about.  The
 * password is wiped.  As who_ask.
 */
enum who_answer user_ask(struct client *client, struct credentials *credentials,
    who_fn fn, void *context, struct policy_user *ret_user);

/* Keeps him in the client's arena; false: no memory. */
bool user_keep(struct client *client, const struct policy_user *user);

/* What a client is told, if it matters; one that guesses is counted. */
enum proxy_failure user_failure_of(
    const struct client *client, enum who_answer answer);

#endif
