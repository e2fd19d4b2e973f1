/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/dns_impl: a question on its way, for the files dns_*.c alone.
 *
 *	dns_front	takes it
 *	dns_matter	has it answered, at once or when others have answered
 *	dns_say		says what is to be said
 */
#ifndef GATEHOUSE_PROXY_DNS_IMPL_H
#define GATEHOUSE_PROXY_DNS_IMPL_H

#include "proxy/dns_front.h"
#include "proxy/dns_judge.h"
#include "proxy/learned.h"

struct crowd_source;

/* A question; on the stack until it has to wait. */
struct dns_matter {
	struct dns_front *front;
	struct dns_matter *next, **at; /* at == NULL: it does not wait */
	struct dns_client client;
	struct dns_query query;
	struct dns_key key;
	struct proxy_generation *generation; /* a reference, if it waits */
	struct dns_answer *answer;           /* a reference; NULL: none yet */
	bool stale;
	struct crowd_source *place;
	struct dns_forward forward;
	struct learned_ticket ticket;
};

struct dns_front {
	struct worker *worker;
	struct dns_share *share;
	struct dns_forwarder *forwarder;
	struct dns_matter *questions; /* that wait */
	struct dns_stream *streams;
	struct policy_rule limit; /* that no policy has written */
	bool is_behind;           /* no memory to know whom to ask */
	uint64_t servers;         /* a hash of those that it asks */
};

/* ---- dns_matter ---- */

/* What is kept answers it (its `answer` is a reference, and taken), or others
 * do.  It was judged. */
void dns_matter_answer(struct dns_matter *matter, struct dns_judge *judge);
void dns_matter_forward(struct dns_matter *matter);

/* Of one that waits: it is answered by nobody any more. */
void dns_matter_end(struct dns_matter *matter);

/* ---- dns_say ---- */

/* A head and the question, with a reason for who understands it. */
void dns_say(const struct dns_matter *matter, enum dns_rcode rcode,
    enum dns_extended extended, const char *words);

/* The answer that it has. */
void dns_say_answer(const struct dns_matter *matter);

/* What the policy, or the guard, has refused; told and counted. */
void dns_say_refused(const struct dns_matter *matter,
    const struct dns_judge *judge, const struct proxy_generation *generation,
    const struct policy_prospect *prospect);
void dns_say_inside(const struct dns_matter *matter,
    const struct dns_judge *judge, const struct proxy_generation *generation);

#endif
