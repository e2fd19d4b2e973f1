/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns/upstream: the servers that questions are passed on to.
 *
 * In the order of the policy, or the host's own (resolv.conf), followed as it
 * changes.  A server that has not answered several times in a row is passed
 * over for some seconds, unless there is no other; how long one is waited for
 * is learned from how long it took before.
 *
 * One worker's; a question that is under way holds them all, so that others may
 * take their place meanwhile.
 */
#ifndef GATEHOUSE_DNS_UPSTREAM_H
#define GATEHOUSE_DNS_UPSTREAM_H

#include "base/address.h"
#include "net/loop.h"
#include "net/tls.h"

/* Of the policy's or of the host's. */
#define DNS_UPSTREAMS_MAX 8

struct dns_link;

struct dns_server {
	struct address_port at;
	struct tls_peer *peer; /* a reference; NULL: plain DNS */
	struct dns_link *link; /* of TCP and TLS; NULL: none */
	int64_t round_trip;    /* a mean, weighted; 0: not known */
	unsigned failures;     /* in a row */
	int64_t down_until;
};

struct dns_upstreams {
	unsigned refs; /* of one thread */
	struct loop *loop;
	struct dns_server servers[DNS_UPSTREAMS_MAX];
	size_t count; /* at least 1 */
};

/* One of the policy's; peer is lent. */
struct dns_server_wish {
	struct address_port at;
	struct tls_peer *peer;
};

/* With one reference; no wish: the host's own.  NULL: no memory, or it cannot
 * be read just now which those are. */
struct dns_upstreams *dns_upstreams_create(
    struct loop *loop, const struct dns_server_wish *wishes, size_t count);
/* Whether they are the very ones that these wishes make. */
bool dns_upstreams_are(const struct dns_upstreams *upstreams,
    const struct dns_server_wish *wishes, size_t count);

/* The same servers, be they asked by another certificate. */
bool dns_upstreams_is_same(
    const struct dns_upstreams *upstreams, const struct dns_upstreams *other);

struct dns_upstreams *dns_upstreams_ref(struct dns_upstreams *upstreams);
void dns_upstreams_unref(struct dns_upstreams *upstreams); /* NULL is fine */

/*
 * Whom to ask at the nth try (from 0): each that is up, in turn, then those
 * that are down.
 */
struct dns_server *dns_upstreams_choose(
    struct dns_upstreams *upstreams, unsigned nth);

/* How long it is waited for at this try. */
int64_t dns_server_patience(const struct dns_server *server, unsigned nth);

/* It has answered, after so long; or it has not. */
void dns_server_praise(struct dns_server *server, int64_t took);
void dns_server_blame(struct dns_server *server, int64_t now);

#endif
