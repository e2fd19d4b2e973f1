/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/dns_judge.h"

#include "dns/service.h"
#include "proxy/admission.h"

/* ---- the name ---- */

/* The name behind the labels of a service. */
static struct str
without_service(struct str name)
{
	while (
	    name.len > 0 && name.at[0] == '_' && str_find(name, '.') < name.len)
		name = str_skip(name, str_find(name, '.') + 1);
	return name;
}

/* Four labels, from the last to the first. */
static bool
read_reverse4(struct str name, struct address *ret)
{
	uint8_t bytes[4];
	uint64_t number;

	for (size_t i = 4; i-- > 0;) {
		if (str_number(str_cut(&name, '.'), 255, &number) < 0)
			return false;
		bytes[i] = (uint8_t)number;
	}
	*ret = address_from_bytes(ADDRESS_IPV4, bytes);
	return str_is(name, "in-addr.arpa");
}

static int
hex_digit(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
read_reverse6(struct str name, struct address *ret)
{
	uint8_t bytes[16] = { 0 };

	for (size_t i = 32; i-- > 0;) {
		struct str label = str_cut(&name, '.');
		int digit = label.len == 1 ? hex_digit(label.at[0]) : -1;
		if (digit < 0)
			return false;
		bytes[i / 2] |= (uint8_t)(digit << (i % 2 == 0 ? 4 : 0));
	}
	*ret = address_from_bytes(ADDRESS_IPV6, bytes);
	return str_is(name, "ip6.arpa");
}

static bool
is_local(const struct policy *policy, struct str name)
{
	const struct policy_group *local = policy->dns.local;

	return local != NULL && domain_set_covers(&local->domains, name);
}

void
dns_judge_begin(struct dns_judge *judge,
    const struct proxy_generation *generation, struct address source,
    const struct dns_name *name)
{
	struct address address;

	judge->name = dns_name_text(name, judge->text);
	struct str bare = without_service(judge->name);
	admission_begin(generation, FLOW_EXPLICIT, source, &judge->flow);
	judge->flow.known[POLICY_FACT_SCHEME] = FLOW_NOT_GIVEN;
	judge->is_local = is_local(generation->policy, bare);
	judge->is_reverse = str_ends(judge->name, STR(".arpa")) &&
			    (read_reverse4(judge->name, &address) ||
				read_reverse6(judge->name, &address));
	if (judge->is_reverse) {
		admission_name(&judge->flow, (struct str){ NULL, 0 });
		admission_destination(generation, &judge->flow, address);
	} else {
		admission_name(&judge->flow, bare);
	}
}

static const struct policy_prospect passes = { .verdict =
						   POLICY_VERDICT_ALLOW };

/*
 * A name inside may be a neighbour's, to whom flows go without the gateway: so
 * it is refused by a rule that means it, and else when its address is known.
 */
struct policy_prospect
dns_judge_question(
    const struct dns_judge *judge, const struct proxy_generation *generation)
{
	struct policy_prospect prospect = policy_prospect(generation->policy,
	    &judge->flow, !judge->is_local && !judge->is_reverse);

	if (prospect.verdict != POLICY_VERDICT_ALLOW && judge->is_local &&
	    !policy_endpoint_has_domains(&prospect.rule->to))
		return passes;
	return prospect;
}

/* ---- the answer ---- */

/*
 * What the gateway itself has towards the outside is no secret: what is
 * published there has a name.
 */
static bool
is_inside(const struct proxy_generation *generation, struct address address)
{
	uint8_t zone;

	if (proxy_generation_owns(generation, address, &zone))
		return zone != generation->policy->elsewhere;
	return policy_is_inside(generation->policy, address);
}

bool
dns_judge_is_nobodys(
    const struct dns_judge *judge, const struct proxy_generation *generation)
{
	return judge->is_reverse && !judge->is_local &&
	       is_inside(generation, judge->flow.destination);
}

struct hints {
	const struct proxy_generation *generation;
	bool inside;
};

static void
see_hint(void *context, struct address address)
{
	struct hints *hints = context;

	hints->inside |= is_inside(hints->generation, address);
}

bool
dns_judge_leads_inside(const struct dns_judge *judge,
    const struct proxy_generation *generation, const struct dns_answer *answer)
{
	struct hints hints = { generation, false };
	struct address address;

	if (judge->is_local)
		return false;
	for (size_t i = 0; dns_answer_address(answer, i, &address); i++)
		if (is_inside(generation, address))
			return true;
	if (answer->has_services)
		dns_service_each_hint(answer, see_hint, &hints);
	return hints.inside;
}

static bool
is_neighbour(const struct policy *policy, const struct flow *flow)
{
	return flow->to_zone == flow->from_zone &&
	       flow->from_zone < policy->zone_count &&
	       flow->from_zone != policy->elsewhere;
}

struct policy_prospect
dns_judge_answer(struct dns_judge *judge,
    const struct proxy_generation *generation, const struct dns_answer *answer)
{
	struct policy_prospect prospect;
	struct address address;

	if (answer->address_count == 0)
		return dns_judge_question(judge, generation);

	for (size_t i = 0; dns_answer_address(answer, i, &address); i++) {
		admission_destination(generation, &judge->flow, address);
		if (is_neighbour(generation->policy, &judge->flow))
			return passes;
		prospect =
		    policy_prospect(generation->policy, &judge->flow, false);
		if (prospect.verdict == POLICY_VERDICT_ALLOW)
			break;
	}
	return prospect;
}
