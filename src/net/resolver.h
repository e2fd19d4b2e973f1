/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/resolver: the addresses of a name, from the DNS.
 *
 * A question asks A and AAAA at once (by c-ares, over the loop) and is
 * answered when both have been, or a little after the first that brought
 * addresses: a server that never answers for one family must not delay all
 * who ask.  Who can do with a part gets it earlier (RFC 8305, 3).  Answers are
 * kept by their time to live; who asks for the same name meanwhile joins the
 * question.  Only the DNS is asked: neither /etc/hosts nor search domains,
 * since the policy speaks of full names.
 *
 * Life cycle of a question: in line, while as many look-ups are in flight as
 * may be -> open (look-ups in flight) -> answered (kept, told to all who wait
 * and who come) -> expired (asked anew by the next) -> put out by a newer one
 * when the table is full.  Its time runs from the beginning of all that.
 *
 * A query is embedded by the caller; its callback comes once, always from the
 * loop, unless it was cancelled.  Any callback may ask, cancel, or destroy the
 * resolver.  All belongs to the thread of the loop; nothing is shared.
 */
#ifndef GATEHOUSE_NET_RESOLVER_H
#define GATEHOUSE_NET_RESOLVER_H

#include "base/address.h"
#include "net/loop.h"

/* Nobody dials more than a few; names with more rotate them anyway. */
#define RESOLVER_ADDRESSES_MAX 16

/* A client waits about so long before it tries again by itself. */
#define RESOLVER_TIMEOUT (5 * CLOCK_SECOND)

/* How long a family that has not answered is waited for when the other has
 * (RFC 8305, 3: Resolution Delay). */
#define RESOLVER_GRACE (50 * CLOCK_MS)

/*
 * Longest times in the cache.  A long time to live is cut, so that a mistake
 * in the DNS does not outlive the hour; that a name or a family is missing is
 * believed for 10 s, as such names are asked for in bursts; a failure for 1 s,
 * the least that RFC 9520, 3.2 allows.  An answer whose other half failed is
 * completed soon.
 */
#define RESOLVER_TTL_MAX     (3600 * CLOCK_SECOND)
#define RESOLVER_TTL_NONE    (10 * CLOCK_SECOND)
#define RESOLVER_TTL_FAILURE (1 * CLOCK_SECOND)
#define RESOLVER_TTL_HALF    (10 * CLOCK_SECOND)

/* Names kept, 1 KiB each, and look-ups in flight, two for a name.  Names that
 * are asked for beyond those stand in line; they are among the names kept. */
#define RESOLVER_NAMES_MAX   2048
#define RESOLVER_LOOKUPS_MAX 1024

/* Servers that can be set. */
#define RESOLVER_SERVERS_MAX 8

/* How a question ends: the row makes the enum and the word for the log. */
#define RESOLVER_ANSWERS(ROW)                                                  \
	ROW(OK, "resolved")                                                    \
	ROW(NO_NAME, "no such name")           /* NXDOMAIN */                  \
	ROW(NO_ADDRESS, "name has no address") /* no A and no AAAA */          \
	ROW(TIMEOUT, "no answer from the DNS")                                 \
	ROW(FAILED, "failure in the DNS") /* SERVFAIL, REFUSED, nonsense */

enum resolver_status {
#define ROW(id, word) RESOLVER_STATUS_##id,
	RESOLVER_ANSWERS(ROW)
#undef ROW
	RESOLVER_STATUS_COUNT
};

const char *resolver_status_word(enum resolver_status status);

struct resolver_answer {
	enum resolver_status status;
	/* IPv6 and IPv4 by turns, IPv6 first (RFC 8305, 4); 0 unless OK. */
	size_t count;
	struct address addresses[RESOLVER_ADDRESSES_MAX];
	int64_t ttl; /* for how long the cache would say the same */
	bool whole;  /* else the other family may still be told */
};

struct resolver;
struct resolver_name;
struct resolver_query;

/* The answer is lent for the call. */
typedef void (*resolver_fn)(
    struct resolver_query *query, const struct resolver_answer *answer);

enum resolver_patience {
	RESOLVER_USUAL, /* both families, or one and the grace */
	RESOLVER_EAGER, /* does not wait for IPv4 when there is IPv6 */
	RESOLVER_REST,  /* after an answer that was not whole: both */
};

/* The caller sets fn, context and patience; the rest begins as zero. */
struct resolver_query {
	resolver_fn fn;
	void *context;
	enum resolver_patience patience;
	struct resolver_name *name; /* NULL: not asked */
	struct resolver_query *next, *prev;
	struct loop_deferred deliver;
};

struct resolver_options {
	int64_t timeout; /* 0: RESOLVER_TIMEOUT */
	int64_t grace;   /* 0: RESOLVER_GRACE */
};

/*
 * With the servers of /etc/resolv.conf, read now.  0 or a negative errno.
 */
int resolver_create(struct loop *loop, const struct resolver_options *options,
    struct resolver **ret);

/* Queries that wait are dropped without a callback; NULL is fine. */
void resolver_destroy(struct resolver **resolver);

/*
 * Asks these servers from now on.  0; -EBUSY while questions are open;
 * -EINVAL for none or more than RESOLVER_SERVERS_MAX; -ENOMEM.
 */
int resolver_servers(struct resolver *resolver,
    const struct address_port *servers, size_t count);

/*
 * 0, and the callback will come; -EINVAL if it is not a host's name (a final
 * dot is fine); -ENOBUFS when too many questions are open; -ENOMEM.
 */
int resolver_ask(
    struct resolver *resolver, struct str text, struct resolver_query *query);

/* Does nothing to a query that was not asked or has been answered. */
void resolver_cancel(struct resolver_query *query);

#endif
