/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/generation: the policy in force, as the proxy's threads share it.
 *
 * Policy, listeners, and the gateway's own addresses.  Built by one thread,
 * then never changed; every worker, and every errand that is judged by it,
 * holds a reference, and the last one closes the listeners.
 */
#ifndef GATEHOUSE_PROXY_GENERATION_H
#define GATEHOUSE_PROXY_GENERATION_H

#include "policy/policy.h"
#include "proxy/identities.h"
#include "proxy/limiter.h"
#include "proxy/parents.h"
#include "proxy/quotas.h"

struct tls_peer;

struct proxy_listener {
	bool intercepts; /* else it is asked by clients that know it */
	bool datagrams;  /* UDP, of those who are associated, or of `dns` */
	bool dns;        /* of `dns`, else of the proxy */
	bool quic;       /* UDP that is handed over, but for the DNS */
	bool sandbox;    /* of a command whose addresses stand for names */
	struct address_port at;
	int fd; /* owned */
};

struct proxy_own {
	struct address address;
	uint8_t zone;
};

struct inspection;

struct proxy_generation {
	unsigned refs; /* atomic */
	uint32_t number;
	bool sandboxed;          /* a sandbox's: its flows are all told of */
	bool has_ipv6;           /* that sandbox has it */
	struct policy *policy;   /* a reference */
	struct limiter *limiter; /* a reference */
	struct quotas *quotas;   /* a reference */
	struct parents *parents; /* a reference */
	struct inspection *inspection; /* so too; NULL: nothing is opened */
	/* Of `dns`, those that are asked over TLS; references, by
	 * proxy/dns_peers. */
	struct tls_peer *name_servers[POLICY_DNS_UPSTREAMS_MAX];
	struct identities *identities; /* a reference; NULL: no TLS */
	struct {
		struct proxy_listener *items;
		size_t count, room;
	} listeners;
	struct {
		struct proxy_own *items;
		size_t count, room;
	} own;
};

/* Takes over the caller's reference of the policy.  NULL: no memory, and the
 * policy is still the caller's. */
struct proxy_generation *proxy_generation_create(
    uint32_t number, struct policy *policy);

/* The same policy and listeners (descriptors of its own), no addresses yet;
 * NULL when memory or descriptors are out. */
struct proxy_generation *proxy_generation_again(
    const struct proxy_generation *generation);

/* Goes on with what the other one has counted so far. */
void proxy_generation_follow(
    struct proxy_generation *generation, const struct proxy_generation *before);

/*
 * Makes ready what opening TLS needs, if the policy has a CA; `before` may be
 * NULL.  0, or a negative errno and the reason in words.
 */
int proxy_generation_inspect(struct proxy_generation *generation,
    const struct proxy_generation *before, struct text *reterr_why);

/* Its quotas are counted there from the beginning. */
void proxy_generation_count_in(
    struct proxy_generation *generation, struct quotas *quotas);

/* Takes the descriptor on success.  0 or -ENOMEM; so for the next. */
int proxy_generation_add_listener(
    struct proxy_generation *generation, struct proxy_listener listener);
int proxy_generation_add_own(
    struct proxy_generation *generation, struct proxy_own own);

/* Any thread. */
struct proxy_generation *proxy_generation_ref(
    struct proxy_generation *generation);
void proxy_generation_unref(struct proxy_generation *generation);

/* The zone of the gateway's own address; false if it is none of them. */
bool proxy_generation_owns(const struct proxy_generation *generation,
    struct address address, uint8_t *ret_zone);

#endif
