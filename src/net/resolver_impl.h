/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/resolver_impl: what the files of net/resolver share, and nobody else.
 *
 *	resolver        a question's life
 *	resolver_names  the table of names
 *	resolver_answer what is told of a name
 *
 * One struct a name, which has two halves, one for each family, each with its
 * look-up while that is in flight and its reply afterwards.  c-ares only ever
 * changes a half; callers are told from deferred entries of their own, so they
 * may do anything.
 */
#ifndef GATEHOUSE_NET_RESOLVER_IMPL_H
#define GATEHOUSE_NET_RESOLVER_IMPL_H

#include "net/resolver.h"

#include "base/hostname.h"
#include "net/dns.h"

#include <sys/queue.h>

/* Half of RESOLVER_NAMES_MAX: chains of two when the table is full. */
#define RESOLVER_BUCKETS 1024

enum half {
	HALF_IPV6, /* the preferred one */
	HALF_IPV4,
	HALF_COUNT
};

struct resolver_half {
	struct resolver_name *name;
	struct dns_lookup *lookup; /* NULL: the reply is there */
	struct dns_reply reply;
};

struct resolver_name {
	struct resolver *resolver;
	struct resolver_name *chain;
	TAILQ_ENTRY(resolver_name) age;
	struct resolver_query *queries;
	struct resolver_half halves[HALF_COUNT];
	bool opening; /* the look-ups are being started */
	bool answered;
	bool waits;                      /* it stands in line */
	struct resolver_name *next_wait; /* in line */
	int64_t asked;                   /* when the question began */
	int64_t until;                   /* what it waits for now */
	int64_t due;                     /* its timer, at the latest then */
	int64_t expires;                 /* of an answer */
	struct loop_timer timer;
	struct str text; /* NUL-terminated */
	char bytes[HOSTNAME_MAX + 1];
};

struct resolver {
	struct loop *loop;
	struct dns *dns;
	int64_t timeout, grace;
	uint64_t seed;
	void (*on_time)(struct loop_timer *); /* a name's */
	struct resolver_name *buckets[RESOLVER_BUCKETS];
	TAILQ_HEAD(resolver_names, resolver_name) by_age; /* newest first */
	size_t names;
	/* Names for which there are too many look-ups in flight. */
	struct resolver_name *first, **last;
	struct loop_deferred go_on;
};

/* ---- resolver_names.c ---- */

/*
 * The name of this text (which hostname_parse has made), made if it is new, and
 * now the newest.  NULL: *reterr is -ENOBUFS if all others are in use, or
 * -ENOMEM.
 */
struct resolver_name *resolver_name_for(
    struct resolver *resolver, struct str text, int *reterr);

/* Who waits for it is not told. */
void resolver_drop_name(struct resolver *resolver, struct resolver_name *name);

/* One query that is not to be told any more. */
void resolver_detach(struct resolver_name *name, struct resolver_query *query);

/* Until there is room for its look-ups; it may have left already. */
void resolver_stand_in_line(struct resolver_name *name);
void resolver_leave_line(struct resolver_name *name);

bool resolver_has_lookups(const struct resolver_name *name);

/* They count as without answer. */
void resolver_forget_lookups(struct resolver_name *name);

/* ---- resolver_answer.c ---- */

bool resolver_has_addresses(const struct resolver_name *name);

/* Of what has come by now. */
enum resolver_status resolver_status_of(const struct resolver_name *name);

/* Of what has come by now, from now on. */
void resolver_set_expiry(struct resolver_name *name);

/* A query's: tells the answer to its name. */
void resolver_on_deliver(struct loop_deferred *deferred);

#endif
