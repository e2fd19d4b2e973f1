/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/meaning_opened: which TLS is opened (policy/opening), and what rules
 * see of what is not.
 *
 * A request of scheme https is inside TLS.  Where that is not opened, the
 * request fares as the tunnel does that it is in: nothing of it is seen but,
 * by a CONNECT, who asks and the fields of that.
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

/* Of a tunnel, as the CONNECT that asked for it. */
static uint32_t
tunnel_head(struct meaning *meaning, const struct policy_rule *rule)
{
	struct space *space = meaning->space;
	struct diagram *d = &space->diagram;

	if (rule->schemes != 0 || rule->path_count > 0 ||
	    rule->type_count > 0 ||
	    (rule->method_count > 0 && !policy_rule_is_of_connect(rule)))
		return DIAGRAM_EMPTY;
	uint32_t set = diagram_and(
	    d, space_rule_users(space, rule), space_rule_headers(space, rule));
	return diagram_and(d, set, meaning->explicit);
}

uint32_t
meaning_head_seen(
    struct meaning *meaning, const struct policy_rule *rule, uint32_t head)
{
	struct diagram *d = &meaning->space->diagram;

	if (meaning->hidden == DIAGRAM_EMPTY)
		return head;
	return diagram_or(d, diagram_minus(d, head, meaning->hidden),
	    diagram_and(d, meaning->hidden, tunnel_head(meaning, rule)));
}
