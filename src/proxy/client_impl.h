/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/client_impl: what the files of proxy/client share, and nobody else.
 *
 *	client          made, named, refused; and its time
 *	client_greeting intercepted: which protocol it speaks
 *	client_head     between requests: the next head, or another protocol
 *	client_policy   another policy, a ban, a quota
 *	client_end      the end, in all its ways
 */
#ifndef GATEHOUSE_PROXY_CLIENT_IMPL_H
#define GATEHOUSE_PROXY_CLIENT_IMPL_H

#include "proxy/client.h"

#include "http/fault.h"

/* ---- client_greeting.c ---- */

void client_await_greeting(struct client *client);

/* Other bytes, or none at all by now: there is no name. */
void client_open_nameless(struct client *client);
void client_refuse_hello(struct client *client);

/* ---- client_head.c ---- */

void client_await_head(struct client *client);

/* The same, behind a handshake if the listener speaks TLS. */
void client_await_request(struct client *client);
void client_await_preface(struct client *client);

/* A part has come, and room is kept for the rest as long as there is some. */
void client_wait_for_rest(struct client *client);
void client_refuse_head(struct client *client, enum http_fault fault);
void client_on_head_time(struct client *client);

/* ---- client_policy.c ---- */

/* A balancer speaks for it. */
bool client_is_balanced(const struct client *client);

/* The kernel lets only those in whom the policy names; so do we.  Whom a
 * balancer speaks for the kernel has not seen. */
bool client_may_ask(const struct client *client);

/* ---- client_end.c ---- */

void client_arm(struct client *client, int64_t time);
void client_on_failed(struct stream *stream, int error, void *context);
void client_on_last_words_time(struct client *client);

/* It has come whole, or will not. */
void client_leave_slow(struct client *client);

/* Tells and forgets what the connection is about. */
void client_finish_matter(struct client *client, enum proxy_failure why);

#endif
