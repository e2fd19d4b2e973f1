/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/meaning_outcome: how flows fare in the end.  The rule that decides and
 * the way that the flow is carried make one terminal; here it is put together,
 * read again, and compared.
 */
#include "policy/meaning_impl.h"

#include <string.h>

/* What the carriage of a flow adds to its rule, in a terminal. */
#define CARRIAGES     16
#define CARRIAGE_IPV6 8

_Static_assert(MEANING_CARRIAGE_COUNT <= CARRIAGE_IPV6, "carriages overlap");

static uint32_t
carry(struct diagram *d, uint32_t set, unsigned carriage, uint32_t rest)
{
	return diagram_over(
	    d, diagram_where(d, set, meaning_terminal(carriage)), rest);
}

/* Which of the classes of `packets` allow, and those among them by `direct`. */
struct allowing {
	const struct meaning *meaning;
	bool direct;
};

static bool
settle_allowed(void *context, uint32_t packets, uint32_t unused, uint32_t *ret)
{
	const struct allowing *allowing = context;
	enum policy_verdict verdict;
	bool direct;

	(void)unused;
	if (!diagram_is_terminal(packets))
		return false;
	packets = meaning_behind_reports(allowing->meaning, packets);
	size_t value = diagram_value(packets);
	*ret = DIAGRAM_EMPTY;
	if (packets == MEANING_MIXED)
		return true;
	if (value >= MEANING_CLASS_TRACELESS) {
		const struct policy_rule *rule =
		    &allowing->meaning->policy
			 ->rules[value - MEANING_CLASS_TRACELESS];
		verdict = rule->verdict;
		direct = rule->direct;
	} else {
		verdict =
		    (enum policy_verdict)((value - MEANING_CLASS_FIRST) / 2);
		direct = (value - MEANING_CLASS_FIRST) % 2 != 0;
	}
	if (verdict == POLICY_VERDICT_ALLOW && direct == allowing->direct)
		*ret = DIAGRAM_ALL;
	return true;
}

static uint32_t
allowed(struct meaning *meaning, bool direct)
{
	struct allowing allowing = { meaning, direct };

	return diagram_apply(&meaning->space->diagram, settle_allowed,
	    &allowing, meaning->packets[0], DIAGRAM_EMPTY);
}

static bool
is_published_here(const struct policy_rule *rule, uint8_t family,
    const struct meaning *meaning, const struct policy_masquerade *masquerade)
{
	struct address target =
	    family == ADDRESS_IPV4 ? rule->target4 : rule->target6;

	return target.family == family &&
	       (masquerade->to & policy_zone_bit(policy_zone_of(
				     meaning->policy, target))) != 0;
}

/* A published flow leaves where its target lives. */
static uint32_t
masquerade_published(struct meaning *meaning, const struct policy_rule *rule)
{
	struct space *space = meaning->space;
	struct diagram *d = &space->diagram;
	uint32_t set = DIAGRAM_EMPTY;

	for (size_t i = 0; i < meaning->policy->masquerade_count; i++) {
		const struct policy_masquerade *one =
		    &meaning->policy->masquerades[i];
		uint32_t from =
		    space_from_zones(space, meaning->which, one->from);
		if (is_published_here(rule, ADDRESS_IPV4, meaning, one))
			set = diagram_or(d, set,
			    diagram_and(
				d, from, space_to_base(space, SPACE_IPV4)));
		if (is_published_here(rule, ADDRESS_IPV6, meaning, one))
			set = diagram_or(d, set,
			    diagram_and(
				d, from, space_to_base(space, SPACE_IPV6)));
	}
	return diagram_and(d, set,
	    space_cells(space, SPACE_SOURCE, meaning_is_hideable, meaning));
}

static bool
settle_verdict(void *context, uint32_t list, uint32_t unused, uint32_t *ret)
{
	const struct meaning *meaning = context;

	(void)unused;
	if (!diagram_is_terminal(list))
		return false;
	*ret = list != DIAGRAM_NOWHERE &&
		       meaning->policy->rules[meaning_decider(meaning, list)]
			       .verdict == POLICY_VERDICT_ALLOW
		   ? DIAGRAM_ALL
		   : DIAGRAM_EMPTY;
	return true;
}

/* Rules that publish to the same zones carry their flows the same way. */
struct homes {
	uint8_t ipv4, ipv6; /* NOWHERE: no target of that family */
};

#define NOWHERE UINT8_MAX /* no zone has this number */

static struct homes
homes_of(const struct meaning *meaning, const struct policy_rule *rule)
{
	struct homes homes = { NOWHERE, NOWHERE };

	if (rule->target4.family != ADDRESS_NONE)
		homes.ipv4 = policy_zone_of(meaning->policy, rule->target4);
	if (rule->target6.family != ADDRESS_NONE)
		homes.ipv6 = policy_zone_of(meaning->policy, rule->target6);
	return homes;
}

static bool
is_at(const struct meaning *meaning, const struct policy_rule *rule,
    struct homes homes)
{
	struct homes other = homes_of(meaning, rule);

	return rule->publish && other.ipv4 == homes.ipv4 &&
	       other.ipv6 == homes.ipv6;
}

struct deciding {
	const struct meaning *meaning;
	struct homes homes;
};

static bool
settle_decider(void *context, uint32_t list, uint32_t unused, uint32_t *ret)
{
	const struct deciding *deciding = context;
	const struct meaning *meaning = deciding->meaning;

	(void)unused;
	if (!diagram_is_terminal(list))
		return false;
	*ret =
	    list != DIAGRAM_NOWHERE &&
		    is_at(meaning,
			&meaning->policy->rules[meaning_decider(meaning, list)],
			deciding->homes)
		? DIAGRAM_ALL
		: DIAGRAM_EMPTY;
	return true;
}

/* What rules decide that publish there. */
static uint32_t
published_to(struct meaning *meaning, struct homes homes)
{
	struct deciding deciding = { meaning, homes };

	return diagram_apply(&meaning->space->diagram, settle_decider,
	    &deciding, meaning->lists[0], DIAGRAM_EMPTY);
}

static bool
settle_open(void *context, uint32_t packets, uint32_t unused, uint32_t *ret)
{
	(void)unused;
	if (!diagram_is_terminal(packets))
		return false;
	*ret = meaning_behind_reports(context, packets) == MEANING_MIXED
		   ? DIAGRAM_ALL
		   : DIAGRAM_EMPTY;
	return true;
}

static uint32_t
carry_published(
    struct meaning *meaning, const struct policy_rule *rule, uint32_t carriage)
{
	struct diagram *d = &meaning->space->diagram;
	uint32_t here = published_to(meaning, homes_of(meaning, rule));
	uint32_t hidden =
	    diagram_and(d, here, masquerade_published(meaning, rule));
	uint32_t here6 =
	    diagram_and(d, here, space_to_base(meaning->space, SPACE_IPV6));

	carriage = carry(d, here, MEANING_PACKETS, carriage);
	carriage = carry(d, hidden, MEANING_MASQUERADED, carriage);
	carriage = carry(d, diagram_minus(d, here6, hidden),
	    MEANING_PACKETS | CARRIAGE_IPV6, carriage);
	return carry(d, diagram_and(d, here6, hidden),
	    MEANING_MASQUERADED | CARRIAGE_IPV6, carriage);
}

/* By packets alone; published flows also say their family. */
static uint32_t
carry_packets(struct meaning *meaning)
{
	bool seen[UINT8_MAX + 1][UINT8_MAX + 1] = { 0 };
	struct diagram *d = &meaning->space->diagram;
	uint32_t allowed_at_all = diagram_apply(
	    d, settle_verdict, meaning, meaning->lists[0], DIAGRAM_EMPTY);
	uint32_t carriage =
	    carry(d, diagram_and(d, meaning->masquerade, allowed_at_all),
		MEANING_MASQUERADED, meaning_terminal(MEANING_PACKETS));

	for (size_t i = 0; i < meaning->policy->rule_count; i++) {
		const struct policy_rule *rule = &meaning->policy->rules[i];
		struct homes homes = homes_of(meaning, rule);
		if (!rule->publish || seen[homes.ipv4][homes.ipv6])
			continue;
		seen[homes.ipv4][homes.ipv6] = true;
		carriage = carry_published(meaning, rule, carriage);
	}
	return carriage;
}

/* What the list allows, and the proxy does not call. */
static uint32_t
refused_here(struct meaning *meaning)
{
	struct diagram *d = &meaning->space->diagram;
	uint32_t allowed_at_all = diagram_apply(
	    d, settle_verdict, meaning, meaning->lists[0], DIAGRAM_EMPTY);

	return diagram_and(d, meaning->uncalled, allowed_at_all);
}

static uint32_t
find_carriage(struct meaning *meaning)
{
	struct diagram *d = &meaning->space->diagram;
	uint32_t open = diagram_apply(
	    d, settle_open, meaning, meaning->packets[0], DIAGRAM_EMPTY);
	uint32_t by_proxy = diagram_or(d, open, allowed(meaning, false));
	uint32_t accepted = diagram_or(d, by_proxy, allowed(meaning, true));
	uint32_t carriage = carry_packets(meaning);

	carriage = carry(d, diagram_and(d, meaning->intercepted, by_proxy),
	    MEANING_PROXY, carriage);
	carriage = carry(d, diagram_and(d, meaning->explicit, accepted),
	    MEANING_PROXY, carriage);
	carriage = carry(d, meaning->dialled, MEANING_PROXY, carriage);
	carriage = carry(d,
	    diagram_and(d,
		diagram_is(d, carriage, meaning_terminal(MEANING_PROXY)),
		meaning->opened),
	    MEANING_OPENED, carriage);
	carriage = carry(d, diagram_and(d, meaning->uncarried, open),
	    MEANING_NEEDS_PROXY, carriage);
	carriage =
	    carry(d, refused_here(meaning), MEANING_NEEDS_PROXY, carriage);
	carriage = carry(d, diagram_and(d, meaning->listened, accepted),
	    MEANING_LISTENER, carriage);
	carriage = carry(d, meaning->unserved, MEANING_UNSERVED, carriage);
	return carry(d, meaning->no_zone, MEANING_NO_ZONE, carriage);
}

static bool
settle_outcome(void *context, uint32_t list, uint32_t carriage, uint32_t *ret)
{
	(void)context;
	if (!diagram_is_terminal(list) || !diagram_is_terminal(carriage))
		return false;
	*ret = list == DIAGRAM_NOWHERE
		   ? list
		   : meaning_terminal((size_t)diagram_value(list) * CARRIAGES +
				      diagram_value(carriage));
	return true;
}

/* What packets report, and no rule behind it. */
static bool
settle_alone(void *context, uint32_t packets, uint32_t unused, uint32_t *ret)
{
	struct meaning *meaning = context;
	const struct meaning_reported *at;

	if (!diagram_is_terminal(packets))
		return false;
	*ret = meaning_terminal(0);
	at = meaning_reported_at(meaning, packets);
	if (at != NULL) {
		size_t rule = at->rule;
		(void)settle_alone(context, at->then, unused, ret);
		*ret = meaning_report_before(meaning, rule, *ret);
	}
	return true;
}

/*
 * Where no rule counts, all rules are one; what was refused before the list is
 * not reported either.
 */
static uint32_t
ruled(struct meaning *meaning, uint32_t carriage)
{
	struct diagram *d = &meaning->space->diagram;
	uint32_t list = meaning->lists[0];
	uint32_t alone = diagram_apply(
	    d, settle_alone, meaning, meaning->packets[0], DIAGRAM_EMPTY);

	for (unsigned how = MEANING_NEEDS_PROXY; how < MEANING_CARRIAGE_COUNT;
	     how++) {
		bool seen =
		    how == MEANING_NEEDS_PROXY || how == MEANING_LISTENER;
		uint32_t here = diagram_is(d, carriage, meaning_terminal(how));
		list = diagram_over(d,
		    diagram_where(d, here, seen ? alone : meaning_terminal(0)),
		    list);
	}
	/* Its list was walked to the end: all of it has been reported. */
	alone = diagram_apply(
	    d, settle_alone, meaning, meaning->lists[0], DIAGRAM_EMPTY);
	return diagram_over(
	    d, diagram_where(d, refused_here(meaning), alone), list);
}

uint32_t
meaning_outcomes(struct meaning *meaning)
{
	struct diagram *d = &meaning->space->diagram;
	uint32_t carriage = find_carriage(meaning);

	return diagram_apply(
	    d, settle_outcome, NULL, ruled(meaning, carriage), carriage);
}

void
meaning_outcome_reports(const struct meaning *meaning,
    const struct meaning_outcome *outcome,
    void (*each)(void *context, const struct policy_rule *rule), void *context)
{
	const struct meaning_reported *at;

	for (uint32_t value = outcome->list;
	     (at = meaning_reported_at(meaning, value)) != NULL;
	     value = at->then)
		if (meaning->policy->rules[at->rule].log)
			each(context, &meaning->policy->rules[at->rule]);
}

static void
count_report(void *context, const struct policy_rule *rule)
{
	uint16_t *reports = context;

	reports[rule->verdict]++;
}

struct meaning_outcome
meaning_outcome(const struct meaning *meaning, uint32_t value)
{
	uint32_t number = diagram_value(value);
	struct meaning_outcome outcome = {
		.carriage = (enum meaning_carriage)(number % CARRIAGE_IPV6),
		.ipv6 = number % CARRIAGES >= CARRIAGE_IPV6,
		.list = meaning_terminal(number / CARRIAGES),
	};

	if (outcome.carriage < MEANING_NEEDS_PROXY)
		outcome.rule =
		    &meaning->policy
			 ->rules[meaning_decider(meaning, outcome.list)];
	meaning_outcome_reports(
	    meaning, &outcome, count_report, outcome.reports);
	return outcome;
}

void
meaning_outcome_forget_reports(
    const struct meaning *meaning, struct meaning_outcome *outcome)
{
	outcome->list = meaning_behind_reports(meaning, outcome->list);
	memset(outcome->reports, 0, sizeof(outcome->reports));
}

uint32_t
meaning_outcome_terminal(
    const struct meaning *meaning, const struct meaning_outcome *outcome)
{
	(void)meaning;
	return meaning_terminal(
	    (size_t)diagram_value(outcome->list) * CARRIAGES +
	    (size_t)outcome->carriage + (outcome->ipv6 ? CARRIAGE_IPV6 : 0));
}

bool
meaning_is_by_proxy(const struct meaning_outcome *outcome)
{
	return outcome->carriage == MEANING_PROXY ||
	       outcome->carriage == MEANING_OPENED;
}

enum policy_verdict
meaning_verdict(const struct meaning_outcome *outcome)
{
	static const enum policy_verdict verdicts[MEANING_CARRIAGE_COUNT] = {
		[MEANING_NEEDS_PROXY] = POLICY_VERDICT_REJECT,
		[MEANING_LISTENER] = POLICY_VERDICT_ALLOW,
		[MEANING_UNSERVED] = POLICY_VERDICT_REJECT,
		[MEANING_NO_ZONE] = POLICY_VERDICT_DROP,
	};

	return outcome->rule != NULL ? outcome->rule->verdict
				     : verdicts[outcome->carriage];
}

static bool
is_same_target(const struct policy_rule *a, const struct policy_rule *b,
    bool ipv4, bool ipv6)
{
	if (a->publish != b->publish)
		return false;
	return !a->publish ||
	       (a->target_port == b->target_port &&
		   a->target_shift == b->target_shift &&
		   (!ipv4 || address_eq(a->target4, b->target4)) &&
		   (!ipv6 || address_eq(a->target6, b->target6)));
}

bool
meaning_is_limited(const struct policy_rule *rule)
{
	return policy_rule_is_limited(rule) || rule->ban.count > 0;
}

bool
meaning_limit_same(const struct policy_rule *a, const struct policy_rule *b)
{
	return a->limit.count == b->limit.count &&
	       a->limit.seconds == b->limit.seconds &&
	       a->limit.burst == b->limit.burst &&
	       a->limit.each == b->limit.each &&
	       a->connections == b->connections &&
	       a->connections_each == b->connections_each &&
	       policy_bandwidth_same(&a->bandwidth, &b->bandwidth) &&
	       policy_quota_same(&a->quota, &b->quota) &&
	       policy_ban_same(&a->ban, &b->ban);
}

bool
meaning_outcome_same(
    const struct meaning_outcome *a, const struct meaning_outcome *b)
{
	if (a->carriage != b->carriage ||
	    memcmp(a->reports, b->reports, sizeof(a->reports)) != 0)
		return false;
	if (a->rule == NULL || b->rule == NULL)
		return true;
	return a->rule->verdict == b->rule->verdict &&
	       a->rule->log == b->rule->log &&
	       policy_parent_same(a->rule->parent, b->rule->parent) &&
	       meaning_limit_same(a->rule, b->rule) &&
	       (a->rule->publish != b->rule->publish
		       ? false
		       : is_same_target(a->rule, b->rule, !a->ipv6, a->ipv6));
}

bool
meaning_rule_same(const struct policy_rule *a, const struct policy_rule *b)
{
	return a->verdict == b->verdict && a->log == b->log &&
	       a->inspect == b->inspect &&
	       a->spares_pinned == b->spares_pinned &&
	       policy_parent_same(a->parent, b->parent) &&
	       (!a->log || str_eq(a->label, b->label)) &&
	       !meaning_is_limited(a) && !meaning_is_limited(b) && !a->report &&
	       !b->report && is_same_target(a, b, true, true);
}
