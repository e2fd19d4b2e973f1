/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/dns_front: the DNS of the gateway, as one worker answers it.
 *
 * A question comes by a datagram (proxy/dns_datagrams) or on a connection
 * (proxy/dns_stream) and goes through
 *
 *	the limit	of its source
 *	the policy	may anything go to the name? (proxy/dns_judge)
 *	the forwarder	what is kept, or what others say
 *	the guard	does the answer lead where it must not?
 *	learned		who is to know it first (proxy/learned)
 *
 * What needs nobody is answered at once, without memory of its own.  Questions
 * that wait have places, of all workers together, which are shared as those of
 * connections are (proxy/crowd): so a source that asks for a thousand names
 * that nobody answers leaves half of them to others.
 *
 * Of the worker's thread, but for what is shared.
 */
#ifndef GATEHOUSE_PROXY_DNS_FRONT_H
#define GATEHOUSE_PROXY_DNS_FRONT_H

#include "base/str.h"
#include "dns/forwarder.h"
#include "proxy/generation.h"

/* Questions of clients that wait, of all workers; each is 1 KiB. */
#define DNS_QUESTIONS_MAX 4096

/* Of one source, where the policy says nothing: an office behind one address
 * asks less, and what is above is refused in time that others do not miss. */
#define DNS_QUESTIONS_PER_SECOND 500
#define DNS_QUESTIONS_BURST      2000

struct dns_front;
struct dns_share;
struct dns_stream;
struct worker;

/* Who asks, and how he is answered; a value. */
struct dns_client {
	struct address_port source;
	struct address_port asked; /* where he sent it to */
	bool intercepted;
	struct dns_stream *stream; /* NULL: by a datagram */
	int fd;                    /* of the listener that it came to */
};

/* NULL: no memory. */
struct dns_front *dns_front_create(
    struct worker *worker, struct dns_share *share);
void dns_front_destroy(struct dns_front *front); /* NULL is fine */

/* The worker's generation has changed. */
void dns_front_change_over(struct dns_front *front);

/* A message from a client. */
void dns_front_take(struct dns_front *front, const struct dns_client *client,
    struct str message);

/* Its questions are answered to nobody. */
void dns_front_leave(struct dns_front *front, const struct dns_stream *stream);

/* No connection is asked on any more. */
void dns_front_drain(struct dns_front *front);

/* Connections that ask, of one worker, for the end. */
struct dns_stream **dns_front_streams(struct dns_front *front);

#endif
