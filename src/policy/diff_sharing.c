/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/diff_sharing: who shares a limit.
 *
 * Flows share a limit by their rule.  Where the flows of one rule are those of
 * two rules in the other policy, limits that read the same let other amounts
 * through.
 */
#include "policy/diff_impl.h"

#include <errno.h>
#include <stdlib.h>

/* Stands for rules that share with more than one. */
static const struct policy_rule several;

int
diff_sharing_init(struct diff_sharing *sharing, const struct diff *diff)
{
	*sharing = (struct diff_sharing){ .diff = diff };
	sharing->before =
	    calloc(diff->before.policy->rule_count, sizeof(*sharing->before));
	sharing->after =
	    calloc(diff->after.policy->rule_count, sizeof(*sharing->after));
	return sharing->before != NULL && sharing->after != NULL ? 0 : -ENOMEM;
}

void
diff_sharing_fini(struct diff_sharing *sharing)
{
	free(sharing->before);
	free(sharing->after);
	*sharing = (struct diff_sharing){ 0 };
}

static bool
is_counted(const struct meaning_outcome *a, const struct meaning_outcome *b)
{
	return a->rule != NULL && b->rule != NULL &&
	       meaning_is_limited(a->rule) &&
	       meaning_limit_same(a->rule, b->rule);
}

static const struct policy_rule **
partner(const struct policy_rule **partners, const struct meaning *meaning,
    const struct meaning_outcome *outcome)
{
	return &partners[outcome->rule - meaning->policy->rules];
}

static void
note(const struct policy_rule **place, const struct policy_rule *rule)
{
	if (*place == NULL)
		*place = rule;
	else if (*place != rule)
		*place = &several;
}

bool
diff_sharing_settle(
    void *context, uint32_t before, uint32_t after, uint32_t *ret)
{
	struct diff_sharing *sharing = context;
	const struct diff *diff = sharing->diff;

	*ret = DIAGRAM_EMPTY;
	if (before == DIAGRAM_NOWHERE || after == DIAGRAM_NOWHERE)
		return true;
	if (!diagram_is_terminal(before) || !diagram_is_terminal(after))
		return false;
	struct meaning_outcome a = meaning_outcome(&diff->before, before);
	struct meaning_outcome b = meaning_outcome(&diff->after, after);
	if (is_counted(&a, &b)) {
		note(partner(sharing->before, &diff->before, &a), b.rule);
		note(partner(sharing->after, &diff->after, &b), a.rule);
	}
	return true;
}

bool
diff_shares_alike(const struct diff_sharing *sharing,
    const struct meaning_outcome *a, const struct meaning_outcome *b)
{
	const struct diff *diff = sharing->diff;

	return !is_counted(a, b) ||
	       (*partner(sharing->before, &diff->before, a) == b->rule &&
		   *partner(sharing->after, &diff->after, b) == a->rule);
}
