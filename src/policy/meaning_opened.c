/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/meaning_opened: which TLS is opened (policy/opening).
 */
#include "policy/meaning_impl.h"
#include "policy/opening.h"

/* Whether it asks for what lies inside, whatever the method may be. */
static bool
looks_inside(const struct policy_rule *rule)
{
	return rule->schemes != 0 || rule->path_count > 0 ||
	       rule->header_count > 0 || rule->type_count > 0;
}

/* Where it is certain of a flow outside that the rule matches it. */
static uint32_t
certain(struct meaning *meaning, const struct policy_rule *rule)
{
	if (looks_inside(rule))
		return DIAGRAM_EMPTY;
	if (rule->method_count == 0)
		return DIAGRAM_ALL;
	return policy_rule_is_of_connect(rule) ? meaning->explicit
					       : DIAGRAM_EMPTY;
}

void
meaning_find_opened(struct meaning *meaning)
{
	const struct policy *policy = meaning->policy;
	struct diagram *d = &meaning->space->diagram;
	uint32_t decided = DIAGRAM_EMPTY;
	uint32_t opened = DIAGRAM_EMPTY;

	for (size_t i = 0; policy->inspects && i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		if (rule->report || d->rc < 0)
			continue;
		uint32_t set =
		    diagram_and(d, meaning_rule_outside(meaning, rule),
			space_rule_users(meaning->space, rule));
		if (rule->inspect)
			opened = diagram_or(
			    d, opened, diagram_minus(d, set, decided));
		else
			set = diagram_and(d, set, certain(meaning, rule));
		decided = diagram_or(d, decided, set);
	}
	uint32_t https = diagram_and(
	    d, space_https(meaning->space), meaning_proxied(meaning));
	meaning->opened = diagram_and(d, https, opened);
	meaning->hidden = diagram_minus(d, https, opened);
}
