/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/dns: the `dns` of a policy.
 *
 *	dns {
 *	    listen 10.0.0.1, [2001:db8:1::1]:53 for lan, guest
 *	    intercept guest
 *	    upstream 192.0.2.53, tls 198.51.100.53 name dns.example.net
 *	    local .corp.example.com
 *	    cache 32M
 *	    ttl 5s-1d
 *	    grace 5m
 *	    limit 200/s burst 1000 per source
 *	}
 *
 * Who comes from a zone of a `listen` reaches it whatever the rules say; what
 * is answered is the affair of the rules, by name (policy/question).
 */
#ifndef GATEHOUSE_POLICY_DNS_H
#define GATEHOUSE_POLICY_DNS_H

#include "base/address.h"
#include "base/report.h"

#define POLICY_DNS_PORT     53
#define POLICY_DNS_TLS_PORT 853 /* RFC 7858 */

/* Each listener is four sockets; each upstream that is down costs a wait. */
#define POLICY_DNS_LISTENS_MAX   16
#define POLICY_DNS_UPSTREAMS_MAX 8

/* What is kept where nothing is said, and the least that is worth it. */
#define POLICY_DNS_CACHE     ((uint64_t)32 << 20)
#define POLICY_DNS_CACHE_MIN ((uint64_t)1 << 20)

/* RFC 8767, 4 and RFC 1035: no answer is believed for longer than a week, and
 * a day is what there is of it if nothing is said. */
#define POLICY_DNS_TTL_SECONDS     86400
#define POLICY_DNS_TTL_SECONDS_MAX 604800

struct policy_group;

struct policy_dns_listen {
	struct address_port at;
	uint64_t zones;
	struct place place;
};

struct policy_dns_upstream {
	struct address_port at;
	struct str name;        /* of its certificate; at == NULL: plain DNS */
	struct str authorities; /* PEM; at == NULL: the system's */
};

struct policy_dns {
	struct policy_dns_listen listens[POLICY_DNS_LISTENS_MAX];
	size_t listen_count;
	uint64_t intercepts; /* zones; 0: none */
	struct place intercept_place;
	struct policy_dns_upstream upstreams[POLICY_DNS_UPSTREAMS_MAX];
	size_t upstream_count; /* 0: those of the host */
	/* Names that may be at home: their addresses may be any. */
	struct policy_group *local; /* NULL: none */
	uint64_t cache_bytes;
	uint32_t ttl_min, ttl_max; /* seconds */
	/* Questions of one source; count 0: the usual ones. */
	uint32_t limit_count, limit_seconds, limit_burst;
	bool is_there; /* the policy has the statement */
	struct place place;
};

/* The listener at this place, or NULL. */
const struct policy_dns_listen *policy_dns_listen_at(
    const struct policy_dns *dns, struct address_port at);

/* Whether the zone may ask. */
bool policy_dns_serves(const struct policy_dns *dns, uint8_t zone);

/* Whether it takes what comes from this zone to there, of TCP or UDP, as one
 * that it listens for, or as one that it intercepts (`to_self`: the address
 * ends at the gateway, and is not intercepted). */
bool policy_dns_takes(const struct policy_dns *dns, uint8_t from_zone,
    struct address_port at, bool to_self);

#endif
