/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns/answer: what a question was answered, in a form that can be kept.
 *
 * Made of a server's message, from which only what belongs to the question is
 * taken: of the answer section the records of the name that was asked for and
 * of those that its aliases lead to, one after the other; of the authority
 * section the SOA of an answer that there is nothing (RFC 2308), and for those
 * who check signatures what proves it.  All else is what nobody has asked for,
 * and so nobody can be told it by an answer to another question.
 *
 * The bytes are a message whose head is filled in when it is sent.  Its names
 * point to the question, which bears the letters of whoever asks then, and to
 * nothing else.
 *
 * An answer never changes, but for `retry_at`; references are atomic.
 */
#ifndef GATEHOUSE_DNS_ANSWER_H
#define GATEHOUSE_DNS_ANSWER_H

#include "base/address.h"
#include "base/clock.h"
#include "dns/message.h"

/* RFC 8767, 5: what is stale may be used for so long, and is said to be good
 * for half a minute; nor is a server that has failed asked again before. */
#define DNS_STALE_MAX         (86400 * CLOCK_SECOND)
#define DNS_STALE_TTL_SECONDS 30
#define DNS_STALE_RETRY       (30 * CLOCK_SECOND)

/* That there is nothing is believed for an hour (RFC 2308, 5 has one to three),
 * that it failed for the least that RFC 9520, 3.2 asks for. */
#define DNS_NEGATIVE_SECONDS_MAX 3600
#define DNS_FAILURE_TTL          (1 * CLOCK_SECOND)

/* Aliases that are followed: more are a mistake, or meant to cost time. */
#define DNS_ALIASES_MAX 16

struct dns_ttl_limits {
	uint32_t min, max; /* seconds */
};

struct dns_answer {
	unsigned refs;       /* atomic */
	int64_t born;        /* clock_now */
	int64_t fresh_until; /* born: it is not kept */
	int64_t retry_at;    /* atomic; stale: nobody is asked before */
	enum dns_rcode rcode;
	enum dns_extended extended; /* of one that was made here */
	bool authentic;             /* AD: so said the server */
	bool has_services;          /* records of SVCB or HTTPS */
	uint16_t answers, authorities;
	uint16_t ttl_count;
	uint16_t address_count;
	uint32_t len;              /* of bytes */
	const char *bytes;         /* behind the struct, as are: */
	const uint16_t *ttls;      /* where the TTLs stand */
	const uint16_t *addresses; /* where the data of A and AAAA stands */
};

/*
 * Of a message that answers this question, which the caller has seen to: with
 * one reference.  Its names are lent.  0; -EBADMSG; -ELOOP: aliases without an
 * end; -E2BIG; -ENOMEM.
 */
int dns_answer_make(const struct dns_inquiry *asked, struct str message,
    const struct dns_ttl_limits *limits, int64_t now, struct dns_answer **ret);

/* That it failed.  NULL: no memory. */
struct dns_answer *dns_answer_failure(
    const struct dns_inquiry *asked, enum dns_extended extended, int64_t now);

/*
 * One that has these records in its place, not authentic; the message is as an
 * answer's bytes are.  0 or -ENOMEM.
 */
int dns_answer_copy(const struct dns_answer *answer, struct str message,
    uint16_t answers, uint16_t authorities, struct dns_answer **ret);

struct dns_answer *dns_answer_ref(struct dns_answer *answer);
void dns_answer_unref(struct dns_answer *answer); /* NULL is fine */

/* What it takes of memory. */
size_t dns_answer_bytes(const struct dns_answer *answer);

/* The i-th address, and whether there is one. */
bool dns_answer_address(
    const struct dns_answer *answer, size_t i, struct address *ret);

/*
 * The names that the question's aliases lead to, in their order; false: there
 * is no i-th.
 */
bool dns_answer_alias(
    const struct dns_answer *answer, size_t i, struct dns_name *ret);

/* The seconds that are left of the record that lives shortest. */
uint32_t dns_answer_ttl(const struct dns_answer *answer, int64_t now);

#endif
