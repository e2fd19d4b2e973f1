/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/opened_impl: what the files of proxy/opened share, and nobody else.
 *
 *	opened		the hello, and what comes of it; what is known of it
 *			then, as long as the connection lasts
 *	opened_shake	the server is asked, the client shakes hands; as short
 *			as that takes, for it needs seven times as much
 */
#ifndef GATEHOUSE_PROXY_OPENED_IMPL_H
#define GATEHOUSE_PROXY_OPENED_IMPL_H

#include "proxy/opened.h"

#include "base/hostname.h"
#include "policy/flow.h"

struct hello;
struct opened_shake;
struct proxy_generation;
struct stream;

enum opened_state {
	OPENED_HELLO, /* the client is to say hello */
	OPENED_SHAKING,
	OPENED_INSIDE,
};

struct opened {
	struct client *client;
	enum opened_state state;
	struct opened_question question;     /* its name, if any, is `host` */
	char host[HOSTNAME_MAX + 1];         /* the name, or the address */
	struct str host_text;                /* of it */
	struct policy_user user;             /* in `who` */
	char *who;                           /* NULL: nobody */
	struct proxy_generation *generation; /* a reference: that opened it */
	struct opened_shake *shake;          /* NULL: not under way */
};

/* ---- opened.c ---- */

/* The flow as the policy is asked about it, but for whose it is. */
void opened_describe(const struct client *client,
    const struct opened_question *question, struct flow *flow);

/* What is no TLS, or not to be opened where it leads.  Tail call. */
void opened_become_tunnel(struct opened *opened, struct str name, bool tls);

/* Of the client's stream. */
void opened_on_failed(struct stream *stream, int error, void *context);

/* ---- opened_shake.c ---- */

/* The hello has been read, and is still in the input.  Tail call. */
void opened_shake_begin(struct opened *opened, const struct hello *hello);

/* The client broke off: told.  NULL is fine. */
void opened_shake_break(struct opened_shake *shake);
void opened_shake_destroy(struct opened_shake **shake); /* the same */

#endif
