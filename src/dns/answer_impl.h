/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns/answer_impl: what becomes an answer, for the files answer*.c alone.
 *
 *	answer_draft	writes it, record by record
 *	answer_take	takes it out of a server's message
 *	answer		what is done with it then
 */
#ifndef GATEHOUSE_DNS_ANSWER_IMPL_H
#define GATEHOUSE_DNS_ANSWER_IMPL_H

#include "dns/answer.h"

/* A record is 11 bytes at least. */
#define DNS_DRAFT_RECORDS_MAX (DNS_MESSAGE_MAX / 11)

/* One a thread. */
struct dns_draft {
	const struct dns_inquiry *asked;
	struct str message; /* of the server */
	struct dns_head head;
	const struct dns_ttl_limits *limits;
	struct dns_name last; /* of the aliases */
	size_t aliases;
	uint32_t ttl; /* the shortest */
	bool has_services, found, full;
	uint16_t answers, authorities;
	size_t len, ttl_count, address_count;
	uint16_t ttls[DNS_DRAFT_RECORDS_MAX], addresses[DNS_DRAFT_RECORDS_MAX];
	bool taken[DNS_DRAFT_RECORDS_MAX]; /* of the answer section: DNAMEs */
	char bytes[DNS_MESSAGE_MAX];
};

/* Too large for a stack; what is made of it is made before it is used again. */
struct dns_draft *dns_draft_room(void);

/* The question, and nothing else yet. */
void dns_draft_begin(struct dns_draft *draft, const struct dns_inquiry *asked);

void dns_draft_put(struct dns_draft *draft, const void *bytes, size_t len);

/* A record of the draft's message, with its names written out.  0, -EBADMSG or
 * -E2BIG. */
int dns_draft_put_record(
    struct dns_draft *draft, const struct dns_record *record, uint32_t ttl);

/* What is to be found again of a record whose data stands there. */
void dns_draft_note(
    struct dns_draft *draft, const struct dns_record *record, size_t data_at);

/* With one reference.  0 or -ENOMEM. */
int dns_draft_finish(
    const struct dns_draft *draft, int64_t now, struct dns_answer **ret);

/* Whether an answer to a question of this type is that of its alias. */
bool dns_answer_follows_aliases(uint16_t type);

#endif
