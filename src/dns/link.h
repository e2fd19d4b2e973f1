/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns/link: a connection to a server, over TCP or TLS (RFC 7766, RFC 7858).
 *
 *	closed -> connecting [-> shaking hands] -> open -> closed
 *
 * Opened by the first message, closed after some idle seconds.  Messages go out
 * as they come and are answered in any order, told apart by their ids.  When it
 * breaks, all that wait on it are told, and who asks again has another one.
 *
 * Of one thread.
 */
#ifndef GATEHOUSE_DNS_LINK_H
#define GATEHOUSE_DNS_LINK_H

#include "dns/message.h"
#include "dns/upstream.h"

/* Each waits some seconds at most; with more of them a server is lost. */
#define DNS_LINK_WAITS_MAX 256

struct dns_link_wait;

/*
 * The answer to its message, lent; or error is a negative errno and there is
 * none, `again` if the connection was an old one that may have been closed
 * before it saw the message.  It waits no more then.
 */
typedef void (*dns_link_fn)(
    struct dns_link_wait *wait, int error, bool again, struct str message);

/* The caller's; zero but for fn and context. */
struct dns_link_wait {
	dns_link_fn fn;
	void *context;
	struct dns_link *link; /* NULL: it does not wait */
	struct dns_link_wait *next, **at;
	struct str message; /* lent; its id is set by the link */
	uint16_t id;
	bool sent;
	uint64_t heard; /* messages on the link, when it was sent */
};

/*
 * Sends the message, whose first two bytes are written over, on the server's
 * link.  0; -ENOBUFS, -ENOMEM or why there can be none.
 */
int dns_link_send(struct loop *loop, struct dns_server *server,
    struct dns_link_wait *wait, char *message, size_t len);

/* Does nothing to one that does not wait. */
void dns_link_cancel(struct dns_link_wait *wait);

/* The same of one that has waited too long: if the server has said nothing
 * meanwhile, to nobody, the link is broken off.  Not within a dns_link_fn. */
void dns_link_give_up(struct dns_link_wait *wait);

/* Nobody waits on it; NULL is fine. */
void dns_link_destroy(struct dns_link *link);

#endif
