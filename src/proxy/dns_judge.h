/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/dns_judge: what the policy says of a question, and of its answer.
 *
 * As policy/question has it.  An answer with one address that its name may not
 * have is refused whole, however many others it has; and where nothing goes to
 * any of its addresses, the question is refused as the flow would be.
 *
 * Pure functions of a generation: any thread.
 */
#ifndef GATEHOUSE_PROXY_DNS_JUDGE_H
#define GATEHOUSE_PROXY_DNS_JUDGE_H

#include "dns/answer.h"
#include "policy/question.h"
#include "proxy/generation.h"

struct dns_judge {
	struct flow flow;
	struct policy_question question;
	char text[DNS_NAME_TEXT_BYTES]; /* of the whole name */
	struct str name;
};

/* Fills it; it lies where it is, for the flow points into it. */
void dns_judge_begin(struct dns_judge *judge,
    const struct proxy_generation *generation, struct address source,
    const struct dns_name *name);

/* Whether it is the name of an address inside, of which nobody outside is to be
 * asked (RFC 6303), unless `local` has it. */
bool dns_judge_is_nobodys(
    const struct dns_judge *judge, const struct proxy_generation *generation);

struct policy_prospect dns_judge_question(
    const struct dns_judge *judge, const struct proxy_generation *generation);

/* Whether the answer leads inside, though its name may not. */
bool dns_judge_leads_inside(const struct dns_judge *judge,
    const struct proxy_generation *generation, const struct dns_answer *answer);

/* Of an answer that has addresses; else as the question. */
struct policy_prospect dns_judge_answer(struct dns_judge *judge,
    const struct proxy_generation *generation, const struct dns_answer *answer);

#endif
