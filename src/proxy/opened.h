/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/opened: a client's TLS connection that the policy has us open.
 *
 *	asked for (CONNECT, SOCKS, or intercepted)
 *	   -> hello -> [the server, by an errand] -> handshake -> heads
 *	        `-> no TLS, or not to be opened: a tunnel
 *
 * The errand finds out whether the flow is opened where it leads, and what the
 * server's certificate is like; its connection is then kept for the first
 * request.  If it comes to nothing but is not refused, the client is let in
 * all the same: its request fails in the same way, and the page says why.
 *
 * Inside, each request is an exchange as any other, of scheme https and for
 * this server alone: in HTTP/1, or in streams of HTTP/2, which share it.  What
 * the server is spoken to in is between it and the errand.
 *
 * Life cycle: from one of the calls below until the client's connection ends,
 * or it becomes a tunnel.  The worker's thread.
 */
#ifndef GATEHOUSE_PROXY_OPENED_H
#define GATEHOUSE_PROXY_OPENED_H

#include "base/address.h"
#include "base/str.h"
#include "policy/users.h"

struct client;
struct http_uri;
struct opened;

/* Where the client wants to go: by name, or else by address. */
struct opened_question {
	struct str name;        /* canonical; at == NULL: none */
	struct address address; /* family NONE: by name */
	uint16_t port;
	bool connects; /* by a CONNECT */
	bool waits;    /* what it speaks is not known yet */
};

/*
 * Whether it could be opened at all.  What carries it does not count: it may
 * come to us in TLS, or as a stream of HTTP/2.
 */
bool opened_can_be(const struct client *client);

/*
 * Whether the policy may have it opened, as far as is known.  Cheap where no
 * rule opens anything.
 */
bool opened_may_be(
    const struct client *client, const struct opened_question *question);

/*
 * Takes the client, who has been told that the way is open.  A stream of HTTP/2
 * is then a connection by itself, and takes the place of one.  Tail call.
 */
void opened_begin(
    struct client *client, const struct opened_question *question);

/* The client's timer.  Tail call. */
void opened_on_time(struct opened *opened);

/* Whether requests come out of it. */
bool opened_is_inside(const struct opened *opened);

/* Where it leads to; lent. */
struct address_port opened_place(const struct opened *opened);
const struct policy_user *opened_user(const struct opened *opened);

/* Whether a request inside is for the server that it was opened for, and still
 * would be: in HTTP/2 some are on their way when another policy comes. */
bool opened_is_for(const struct opened *opened, const struct http_uri *uri);

/* Whether the worker's policy would still have it opened. */
bool opened_stands(const struct opened *opened);

/* The client's own, for a stream inside of it has only been lent it.  NULL is
 * fine. */
void opened_destroy(struct opened **opened);

#endif
