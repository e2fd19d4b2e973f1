/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/prospect.h"

#include "policy/evaluate.h"
#include "policy/rule_index.h"

/* Private by their kind, wherever they live (RFC 1918, 6598, 4193, 3879). */
static const struct {
	uint8_t family, bits;
	uint8_t bytes[2];
} private_prefixes[] = {
	{ ADDRESS_IPV4, 8, { 10, 0 } },
	{ ADDRESS_IPV4, 12, { 172, 16 } },
	{ ADDRESS_IPV4, 16, { 192, 168 } },
	{ ADDRESS_IPV4, 10, { 100, 64 } },
	{ ADDRESS_IPV6, 7, { 0xfc, 0 } },
	{ ADDRESS_IPV6, 10, { 0xfe, 0xc0 } },
};

static bool
is_private(struct address address)
{
	for (size_t i = 0;
	     i < sizeof(private_prefixes) / sizeof(private_prefixes[0]); i++) {
		unsigned shift = 16u - private_prefixes[i].bits;
		const uint8_t *bytes = private_prefixes[i].bytes;
		unsigned wanted = (unsigned)bytes[0] << 8 | bytes[1];
		unsigned found =
		    (unsigned)address.bytes[0] << 8 | address.bytes[1];
		if (address.family == private_prefixes[i].family &&
		    wanted >> shift == found >> shift)
			return true;
	}
	return false;
}

bool
policy_is_inside(const struct policy *policy, struct address address)
{
	uint8_t zone = policy_zone_of(policy, address);

	return (zone != ZONE_NONE && zone != policy->elsewhere) ||
	       is_private(address);
}

/* Whether all of it lives in one zone with prefixes, or is private. */
static bool
is_range_inside(const struct policy *policy, const struct address_range *range)
{
	uint8_t zone = policy_zone_of(policy, range->first);

	return policy_is_inside(policy, range->first) &&
	       policy_is_inside(policy, range->last) &&
	       zone == policy_zone_of(policy, range->last);
}

bool
policy_leads_outside(
    const struct policy *policy, const struct policy_endpoint *to)
{
	uint64_t inside = policy_zone_bit(ZONE_SELF);

	for (uint8_t zone = 0; zone < policy->zone_count; zone++)
		if (zone != policy->elsewhere)
			inside |= policy_zone_bit(zone);
	if ((to->zones & ~inside) != 0 || policy_endpoint_has_domains(to))
		return true;
	for (size_t i = 0; i < to->group_count; i++) {
		const struct address_set *set = &to->groups[i]->addresses;
		for (size_t j = 0; j < address_set_count(set); j++) {
			struct address_range range = address_set_range(set, j);
			if (!is_range_inside(policy, &range))
				return true;
		}
	}
	return false;
}

/* ---- the walk ---- */

/* True when the walk ends at this rule. */
static bool
consider(const struct policy *policy, const struct policy_rule *rule,
    const struct flow *flow, bool outside, struct policy_prospect *ret)
{
	enum policy_fact fact;

	if (rule->report || (rule->verdict == POLICY_VERDICT_ALLOW && outside &&
				!rule->leads_outside))
		return false;
	enum policy_match match =
	    policy_rule_match(policy, rule, flow, POLICY_PHASE_RESPONSE, &fact);
	if (match == POLICY_MATCH_NO ||
	    (match == POLICY_MATCH_MIGHT &&
		rule->verdict != POLICY_VERDICT_ALLOW))
		return false;
	ret->verdict = rule->verdict;
	ret->rule = rule;
	return true;
}

/* As policy/evaluate would ask at the last phase. */
static struct rule_index_key
key_for_index(const struct flow *flow)
{
	return (struct rule_index_key){
		.from_zone = flow->from_zone,
		.source = flow->source,
		.destination_known =
		    flow->known[POLICY_FACT_DESTINATION] == FLOW_KNOWN,
		.to_zone = flow->to_zone,
		.own_zone = flow->own_zone,
		.destination = flow->destination,
		.name_known = flow->known[POLICY_FACT_NAME] == FLOW_KNOWN,
		.name_open = flow->known[POLICY_FACT_NAME] == FLOW_NOT_GIVEN,
		.name = flow->name,
	};
}

static void
walk_indexed(const struct policy *policy, const struct flow *flow, bool outside,
    struct policy_prospect *ret)
{
	struct rule_index_key key = key_for_index(flow);
	struct rule_index_walk left;
	size_t rule;

	rule_index_begin(policy->index, &key, &left);
	while (rule_index_next(&left, &rule) &&
	       !consider(policy, &policy->rules[rule], flow, outside, ret))
		continue;
	rule_index_end(&left);
}

struct policy_prospect
policy_prospect(
    const struct policy *policy, const struct flow *flow, bool outside)
{
	struct policy_prospect prospect = { .verdict = POLICY_VERDICT_DROP };

	if (policy->index != NULL) {
		walk_indexed(policy, flow, outside, &prospect);
		return prospect;
	}
	for (size_t i = 0; i < policy->rule_count; i++)
		if (consider(
			policy, &policy->rules[i], flow, outside, &prospect))
			break;
	/* The built-in last rule always matches. */
	return prospect;
}
