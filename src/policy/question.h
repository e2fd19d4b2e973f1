/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/question: what becomes of a question to the gateway's `dns`.
 *
 * It is judged as any flow to its name (policy/prospect).  Labels that begin
 * with an underscore belong to a service of the name behind them (RFC 8552),
 * and a name under in-addr.arpa or ip6.arpa that is or ends in a whole address
 * is judged as that address.
 *
 * Of an answer each address is judged.  A name outside, which is each that
 * `local` does not have, has no address inside (DNS rebinding).
 *
 * Pure functions of a frozen policy: any thread, no allocation.
 */
#ifndef GATEHOUSE_POLICY_QUESTION_H
#define GATEHOUSE_POLICY_QUESTION_H

#include "policy/match.h"
#include "policy/prospect.h"

struct policy_question {
	struct str name; /* that it is judged by; lent */
	bool is_local;   /* its addresses may be any */
	bool is_reverse; /* it asks for the names of this: */
	struct address address;
};

/* Of a name in its one spelling; the whole of it is lent. */
struct policy_question policy_question_of(
    const struct policy *policy, struct str name);

/* Whether it is the name of an address inside, of which nobody outside is to be
 * asked (RFC 6303), unless `local` has it.  The flow goes to that address. */
bool policy_question_is_nobodys(const struct policy *policy,
    const struct policy_question *question, const struct flow *flow);

/* Before its answer is known.  The trace may be NULL. */
struct policy_prospect policy_question_judge(const struct policy *policy,
    const struct policy_question *question, const struct flow *flow,
    const struct policy_trace *trace);

/* With one address of its answer, to which the flow goes. */
struct policy_prospect policy_question_judge_address(
    const struct policy *policy, const struct flow *flow,
    const struct policy_trace *trace);

/* Whether the flow goes to an address that is inside.  What the gateway itself
 * has towards the outside is no secret: what is published there has a name. */
bool policy_question_leads_inside(
    const struct policy *policy, const struct flow *flow);

/* All of it, of a flow that is a question (flow.question), for who explains. */
struct policy_answer;
struct policy_answer policy_question_decide(const struct policy *policy,
    const struct flow *flow, const struct policy_trace *trace);

#endif
