/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/explain: an answer with its reasons.
 *
 * The walk through the list at the phase that decided: for each rule above the
 * deciding one the first condition that ruled it out, or that it might match.
 */
#ifndef GATEHOUSE_POLICY_EXPLAIN_H
#define GATEHOUSE_POLICY_EXPLAIN_H

#include "policy/evaluate.h"

struct explanation_step {
	const struct policy_rule *rule;
	enum policy_match match;
	enum policy_fact fact;
	struct str because; /* in the explanation's arena */
};

struct explanation {
	struct arena arena;
	struct policy_answer answer;
	bool by_proxy; /* the proxy enforces it, else the firewall */
	bool question; /* it was no flow, but a question to the DNS */
	struct {
		struct explanation_step *items;
		size_t count, room;
	} steps;
	int rc; /* while it is made */
};

/* 0 or -ENOMEM; explain_fini in any case. */
int explain_flow(const struct policy *policy, const struct flow *flow,
    struct explanation *ret);
void explain_fini(struct explanation *explanation);

/*
 * Who enforces an answer.  The packet phase is the kernel's, but what is
 * allowed of an intercepted or explicit flow goes through the proxy all the
 * same, unless its rule says `direct`.
 */
bool explain_by_proxy(
    const struct flow *flow, const struct policy_answer *answer);

#endif
