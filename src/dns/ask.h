/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns/ask: one question, passed on until somebody answers it.
 *
 * Over UDP each try has a socket of its own, which the kernel gives a random
 * port and connects to the one server, a random id, and random letters in the
 * name (0x20): who cannot see the question has to guess them all.  What comes
 * and is not the answer is counted and passed over; after some of it, and where
 * the answer was cut, or has not our letters, the same server is asked over
 * TCP.  Who does not answer, or says that it failed, is followed by the next;
 * and as long as there is time, silence by another turn: a server that has to
 * ask others itself may need longer than is waited for a datagram.
 *
 * Of one thread.
 */
#ifndef GATEHOUSE_DNS_ASK_H
#define GATEHOUSE_DNS_ASK_H

#include "dns/link.h"
#include "dns/store.h"

/* A client asks again after five seconds: it hears that nobody knows before. */
#define DNS_ASK_TIME (4 * CLOCK_SECOND)

/* Head, name, type and class, OPT. */
#define DNS_ASK_BYTES (DNS_HEAD_BYTES + DNS_NAME_BYTES_MAX + 4 + 11)

struct dns_ask;

/*
 * The answer, lent, whose question is ours: NOERROR or NXDOMAIN.  Or error is
 * why there is none: -ETIMEDOUT; -EREMOTEIO: all that answered said that it
 * failed; or another.
 */
typedef void (*dns_ask_fn)(struct dns_ask *ask, int error, struct str message);

struct dns_ask {
	dns_ask_fn fn;
	void *context;
	struct dns_upstreams *upstreams; /* a reference; NULL: not under way */
	struct dns_server *server;       /* who is asked now */
	struct dns_inquiry question;     /* its letters are of this try */
	uint8_t flags;                   /* of the key */
	bool bare;                       /* without EDNS */
	bool by_link;
	unsigned tries, strangers;
	uint16_t id;
	int error; /* of the last try */
	int64_t began, tried;
	int64_t due; /* the timer */
	size_t len;
	struct loop_watch watch; /* of UDP; fd -1: none */
	struct loop_timer timer;
	struct dns_link_wait wait;
	char message[DNS_ASK_BYTES];
};

/* fn is called once, from the loop.  The ask is the caller's memory. */
void dns_ask_start(struct dns_ask *ask, struct dns_upstreams *upstreams,
    const struct dns_key *key, dns_ask_fn fn, void *context);

/* Asks these instead, in the time that is left. */
void dns_ask_move(struct dns_ask *ask, struct dns_upstreams *upstreams);

/* Does nothing to one that is not under way. */
void dns_ask_cancel(struct dns_ask *ask);

#endif
