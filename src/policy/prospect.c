/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/prospect.h"

#include "policy/rule_index.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

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
	for (size_t i = 0; i < COUNT_OF(private_prefixes); i++) {
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

static bool
lives_inside(const struct policy *policy, struct address address)
{
	uint8_t zone = policy_zone_of(policy, address);

	return (zone != ZONE_NONE && zone != policy->elsewhere) ||
	       is_private(address);
}

bool
policy_is_inside(const struct policy *policy, struct address address)
{
	struct address embedded;

	return lives_inside(policy, address) ||
	       (address_embedded(address, &embedded) &&
		   lives_inside(policy, embedded));
}

/* ---- which rules lead outside ---- */

static int
add_prefix(struct address_set *set, const uint8_t *bytes, unsigned bits,
    uint8_t family)
{
	struct address_range range = {
		.first = { .family = family, .bytes = { bytes[0], bytes[1] } },
		.last = { .family = family },
	};

	for (unsigned i = 0; i < address_width(range.first); i++) {
		unsigned kept = bits > i * 8 ? bits - i * 8 : 0;
		uint8_t host = (uint8_t)(kept >= 8 ? 0 : 0xff >> kept);
		range.last.bytes[i] = range.first.bytes[i] | host;
	}
	return address_set_add(set, &range);
}

/* All of which lives_inside is true. */
static int
fill_inside(const struct policy *policy, struct address_set *set)
{
	/* What base/address calls local scope. */
	static const struct {
		uint8_t family, bits;
		uint8_t bytes[2];
	} local[] = {
		{ ADDRESS_IPV4, 8, { 0, 0 } },
		{ ADDRESS_IPV4, 8, { 127, 0 } },
		{ ADDRESS_IPV4, 16, { 169, 254 } },
		{ ADDRESS_IPV4, 4, { 224, 0 } },
		{ ADDRESS_IPV6, 127, { 0, 0 } },
		{ ADDRESS_IPV6, 10, { 0xfe, 0x80 } },
		{ ADDRESS_IPV6, 8, { 0xff, 0 } },
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < COUNT_OF(local); i++)
		rc = add_prefix(
		    set, local[i].bytes, local[i].bits, local[i].family);
	for (size_t i = 0; rc == 0 && i < COUNT_OF(private_prefixes); i++)
		rc = add_prefix(set, private_prefixes[i].bytes,
		    private_prefixes[i].bits, private_prefixes[i].family);
	for (uint8_t zone = 0; rc == 0 && zone < policy->zone_count; zone++)
		if (zone != policy->elsewhere)
			rc = address_set_add_all(
			    set, &policy->zones[zone].prefixes);
	address_set_freeze(set);
	return rc;
}

/* The ranges of a frozen set are disjoint, and do not touch. */
static bool
covers(const struct address_set *inside, const struct address_range *range)
{
	for (size_t i = 0; i < address_set_count(inside); i++) {
		struct address_range one = address_set_range(inside, i);
		if (address_range_has(&one, range->first))
			return address_range_has(&one, range->last);
	}
	return false;
}

static bool
leads_outside(const struct policy *policy, const struct policy_endpoint *to,
    const struct address_set *inside)
{
	uint64_t zones = policy_zone_bit(ZONE_SELF);

	for (uint8_t zone = 0; zone < policy->zone_count; zone++)
		if (zone != policy->elsewhere)
			zones |= policy_zone_bit(zone);
	/* What is published to the outside, too. */
	if ((to->zones & ~zones) != 0 ||
	    (policy->elsewhere != ZONE_NONE &&
		(to->own & policy_zone_bit(policy->elsewhere)) != 0) ||
	    policy_endpoint_has_domains(to))
		return true;
	for (size_t i = 0; i < to->group_count; i++) {
		const struct address_set *set = &to->groups[i]->addresses;
		for (size_t j = 0; j < address_set_count(set); j++) {
			struct address_range range = address_set_range(set, j);
			if (!covers(inside, &range))
				return true;
		}
	}
	return false;
}

int
policy_find_outside(struct policy *policy)
{
	struct address_set inside = { 0 };
	int rc = fill_inside(policy, &inside);

	for (size_t i = 0; rc == 0 && i < policy->rule_count; i++) {
		struct policy_rule *rule = &policy->rules[i];
		rule->leads_outside = rule->verdict == POLICY_VERDICT_ALLOW &&
				      leads_outside(policy, &rule->to, &inside);
	}
	address_set_fini(&inside);
	return rc;
}

/* ---- the walk ---- */

struct walk {
	const struct policy *policy;
	const struct flow *flow;
	bool outside;
	const struct policy_trace *trace; /* NULL: nobody looks on */
	struct policy_prospect prospect;
};

static struct policy_matched
match(const struct walk *walk, const struct policy_rule *rule)
{
	static const struct policy_matched leads_inside = {
		.match = POLICY_MATCH_NO, .fact = POLICY_FACT_DESTINATION
	};

	if (rule->verdict == POLICY_VERDICT_ALLOW && walk->outside &&
	    !rule->leads_outside)
		return leads_inside;
	return policy_rule_match(
	    walk->policy, rule, walk->flow, POLICY_PHASE_RESPONSE);
}

/* True when the walk ends at this rule. */
static bool
consider(struct walk *walk, const struct policy_rule *rule)
{
	struct policy_matched matched = match(walk, rule);

	if (walk->trace != NULL)
		walk->trace->step(
		    walk->trace->context, rule, matched.match, matched.fact);
	if (rule->report || matched.match == POLICY_MATCH_NO ||
	    (matched.match == POLICY_MATCH_MIGHT &&
		rule->verdict != POLICY_VERDICT_ALLOW))
		return false;
	walk->prospect.verdict = rule->verdict;
	walk->prospect.rule = rule;
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
walk_indexed(struct walk *walk)
{
	struct rule_index_key key = key_for_index(walk->flow);
	struct rule_index_walk left;
	size_t rule;

	rule_index_begin(walk->policy->index, &key, &left);
	while (rule_index_next(&left, &rule) &&
	       !consider(walk, &walk->policy->rules[rule]))
		continue;
	rule_index_end(&left);
}

struct policy_prospect
policy_prospect(const struct policy *policy, const struct flow *flow,
    bool outside, const struct policy_trace *trace)
{
	struct walk walk = { policy, flow, outside, trace,
		{ .verdict = POLICY_VERDICT_DROP } };

	if (policy->index != NULL && trace == NULL) {
		walk_indexed(&walk);
		return walk.prospect;
	}
	for (size_t i = 0; i < policy->rule_count; i++)
		if (consider(&walk, &policy->rules[i]))
			break;
	/* The built-in last rule always matches. */
	return walk.prospect;
}
