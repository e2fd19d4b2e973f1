/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/meaning_hidden: what rules see of TLS that is not opened.
 *
 * A request of scheme https is inside TLS.  Where that is not opened, the
 * request fares as the tunnel does that it is in: nothing of it is seen but,
 * by a CONNECT, who asks and the fields of that.
 */
#include "policy/meaning_impl.h"
#include "policy/opening.h"

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
