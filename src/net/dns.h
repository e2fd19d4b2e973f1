/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/dns: one look-up in the DNS, by c-ares on a loop.
 *
 * The ground under net/resolver, which is its only user: no cache, no joining,
 * one record type a look-up.  c-ares opens the sockets, sends again, goes to
 * the next server and to TCP; here its sockets and times are put on the loop
 * and its answers are read.
 */
#ifndef GATEHOUSE_NET_DNS_H
#define GATEHOUSE_NET_DNS_H

#include "net/resolver.h"

struct dns;
struct dns_lookup;

struct dns_reply {
	enum resolver_status status;
	size_t count; /* 0 unless OK */
	struct address addresses[RESOLVER_ADDRESSES_MAX];
	int64_t ttl; /* of the shortest-lived record on the way; 0 unless OK */
};

/*
 * Called from within c-ares, maybe in dns_ask already: it may take note and
 * defer, but not call anything of this interface.  The reply is lent.
 */
typedef void (*dns_fn)(const struct dns_reply *reply, void *context);

/* `timeout` is about how long a look-up may take.  0 or a negative errno. */
int dns_create(struct loop *loop, int64_t timeout, struct dns **ret);

/* Deferred, once this was said, whenever a look-up has ended, a forgotten one
 * too: until dns_destroy has returned. */
void dns_tell_ended(struct dns *dns, struct loop_deferred *ended);

/* Every look-up has been forgotten; NULL is fine. */
void dns_destroy(struct dns **dns);

/* 0; -EBUSY while a look-up is in flight; -ENOMEM. */
int dns_servers(
    struct dns *dns, const struct address_port *servers, size_t count);

/*
 * Asks for the addresses of one family.  *ret is set before anything is
 * called, and the look-up is gone when fn is called; the name is lent until
 * then, or until it is forgotten.  0 or -ENOMEM.
 */
int dns_ask(struct dns *dns, const char *name, enum address_family family,
    dns_fn fn, void *context, struct dns_lookup **ret);

/* fn is not called any more.  c-ares goes on until it has an end. */
void dns_forget(struct dns_lookup *lookup);

/* In flight, forgotten ones included. */
size_t dns_lookups(const struct dns *dns);

#endif
