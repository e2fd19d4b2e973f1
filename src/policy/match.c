/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/match.h"

#include "policy/opening.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Each fact has its function below; a new one needs an answer here. */
_Static_assert(POLICY_FACT_COUNT == 11, "a fact without a condition");

/* The last phase that a flow is known, at this phase, to be able to reach. */
static enum policy_phase
reach(const struct flow *flow, enum policy_phase phase)
{
	if (flow->way == FLOW_PLAIN)
		return POLICY_PHASE_PACKET;
	/* No packet tells what the connection will carry. */
	return phase == POLICY_PHASE_PACKET ? POLICY_PHASE_RESPONSE
					    : flow->last;
}

enum flow_known
policy_fact_see(
    const struct flow *flow, enum policy_fact fact, enum policy_phase phase)
{
	enum policy_phase first =
	    policy_fact_phase(fact, flow->way == FLOW_EXPLICIT);

	if (fact == POLICY_FACT_NAME && flow->way == FLOW_PLAIN && flow->learns)
		return (enum flow_known)flow->known[fact];
	if (first > reach(flow, phase))
		return FLOW_ABSENT;
	return first > phase ? FLOW_NOT_GIVEN
			     : (enum flow_known)flow->known[fact];
}

static bool
groups_have(const struct policy_endpoint *endpoint, struct address address)
{
	for (size_t i = 0; i < endpoint->group_count; i++)
		if (address_set_has(&endpoint->groups[i]->addresses, address))
			return true;
	return false;
}

static bool
groups_cover(const struct policy_endpoint *endpoint, struct str name)
{
	for (size_t i = 0; i < endpoint->group_count; i++)
		if (domain_set_covers(&endpoint->groups[i]->domains, name))
			return true;
	return false;
}

bool
policy_endpoint_names(
    const struct policy_endpoint *endpoint, const struct flow *flow)
{
	if (groups_cover(endpoint, flow->name))
		return true;
	for (size_t i = 0; i < flow->also_count; i++)
		if (groups_cover(endpoint, flow->also[i]))
			return true;
	return false;
}

/* What `except` leaves of a match: what it takes out is not matched. */
static enum policy_match
left_by(enum policy_match except)
{
	if (except == POLICY_MATCH_MIGHT)
		return except;
	return except == POLICY_MATCH_YES ? POLICY_MATCH_NO : POLICY_MATCH_YES;
}

/* Of the gateway's own address, where it is not known, the family is. */
static bool
groups_have_source(const struct policy_endpoint *from, const struct flow *flow)
{
	uint8_t family = flow->destination.family;

	if (flow->source.family != ADDRESS_NONE || family == ADDRESS_NONE)
		return groups_have(from, flow->source);
	for (size_t i = 0; i < from->group_count; i++)
		if (address_set_is_whole(&from->groups[i]->addresses, family))
			return true;
	return false;
}

static enum policy_match
match_source_side(const struct policy_endpoint *from, const struct flow *flow)
{
	if ((from->zones & policy_zone_bit(flow->from_zone)) != 0 ||
	    groups_have_source(from, flow))
		return POLICY_MATCH_YES;
	return POLICY_MATCH_NO;
}

static enum policy_match
match_source(const struct policy_rule *rule, const struct flow *flow)
{
	enum policy_match match = match_source_side(&rule->from, flow);

	if (match == POLICY_MATCH_NO || rule->from.except == NULL)
		return match;
	return left_by(match_source_side(rule->from.except, flow));
}

/* The own address that a publish rule stands for, in a family it serves. */
static bool
is_published(const struct policy_rule *rule, const struct flow *flow)
{
	return flow->to_zone == ZONE_SELF &&
	       (rule->to.own & policy_zone_bit(flow->own_zone)) != 0 &&
	       !(flow->destination.family == ADDRESS_IPV4 &&
		   rule->target4.family == ADDRESS_NONE) &&
	       !(flow->destination.family == ADDRESS_IPV6 &&
		   rule->target6.family == ADDRESS_NONE);
}

static enum policy_match
match_address(const struct policy_rule *rule, const struct policy_endpoint *to,
    const struct flow *flow, enum policy_phase phase)
{
	if (to->zones == POLICY_ZONES_ANY)
		return POLICY_MATCH_YES;
	if (to->zones == 0 && to->own == 0 &&
	    !policy_endpoint_has_addresses(to))
		return POLICY_MATCH_NO;
	if (policy_fact_see(flow, POLICY_FACT_DESTINATION, phase) != FLOW_KNOWN)
		return POLICY_MATCH_MIGHT;
	if ((to->zones & policy_zone_bit(flow->to_zone)) != 0 ||
	    is_published(rule, flow) || groups_have(to, flow->destination))
		return POLICY_MATCH_YES;
	return POLICY_MATCH_NO;
}

/*
 * A name may refuse any address, but it opens only what lives elsewhere:
 * whoever holds an allowed name could else point it at the gateway itself or
 * behind a zone (DNS rebinding).
 */
static enum policy_match
may_open_by_name(const struct policy *policy, const struct policy_rule *rule,
    const struct flow *flow, enum policy_phase phase)
{
	/* A parent finds its own address for the name, and dials it itself. */
	if (rule->verdict != POLICY_VERDICT_ALLOW || rule->parent != NULL)
		return POLICY_MATCH_YES;
	if (policy_fact_see(flow, POLICY_FACT_DESTINATION, phase) != FLOW_KNOWN)
		return POLICY_MATCH_MIGHT;
	return flow->to_zone == ZONE_NONE || flow->to_zone == policy->elsewhere
		   ? POLICY_MATCH_YES
		   : POLICY_MATCH_NO;
}

/* Whether the name is one of the endpoint's, wherever it may lead. */
static enum policy_match
match_bare_name(const struct policy_endpoint *to, const struct flow *flow,
    enum policy_phase phase)
{
	enum flow_known known = policy_fact_see(flow, POLICY_FACT_NAME, phase);

	if (known == FLOW_ABSENT || !policy_endpoint_has_domains(to))
		return POLICY_MATCH_NO;
	if (known == FLOW_NOT_GIVEN)
		return POLICY_MATCH_MIGHT;
	return policy_endpoint_names(to, flow) ? POLICY_MATCH_YES
					       : POLICY_MATCH_NO;
}

static enum policy_match
match_name(const struct policy *policy, const struct policy_rule *rule,
    const struct flow *flow, enum policy_phase phase)
{
	enum policy_match name = match_bare_name(&rule->to, flow, phase);

	if (name == POLICY_MATCH_NO)
		return name;
	enum policy_match open = may_open_by_name(policy, rule, flow, phase);
	return name < open ? name : open;
}

static enum policy_match
match_time(const struct policy_rule *rule, const struct flow *flow,
    enum policy_phase phase)
{
	enum flow_known known = policy_fact_see(flow, POLICY_FACT_TIME, phase);

	if (rule->during == NULL)
		return POLICY_MATCH_YES;
	if (known != FLOW_KNOWN)
		return POLICY_MATCH_MIGHT;
	return hours_has(rule->during, flow->minute) ? POLICY_MATCH_YES
						     : POLICY_MATCH_NO;
}

static enum policy_match
match_service(const struct policy_rule *rule, const struct flow *flow,
    enum policy_phase phase)
{
	enum flow_known known =
	    policy_fact_see(flow, POLICY_FACT_SERVICE, phase);
	enum policy_match match = POLICY_MATCH_NO;

	if (rule->services.count == 0)
		return POLICY_MATCH_YES;
	if (known == FLOW_ABSENT) /* of a protocol that no rule can name */
		return POLICY_MATCH_NO;
	if (known != FLOW_KNOWN)
		return POLICY_MATCH_MIGHT;
	if (!flow->any_port)
		return policy_services_have(
			   &rule->services, flow->protocol, flow->port)
			   ? POLICY_MATCH_YES
			   : POLICY_MATCH_NO;
	for (size_t i = 0; i < rule->services.count; i++) {
		const struct policy_service *item = &rule->services.items[i];
		if (item->protocol != flow->protocol)
			continue;
		if (item->first == 0 && item->last == UINT16_MAX)
			return POLICY_MATCH_YES;
		match = POLICY_MATCH_MIGHT;
	}
	return match;
}

/* Whether a condition is asked for and what of it is to be seen: YES where
 * nothing is asked, MIGHT and NO where nothing is seen; else *ret_ask. */
static enum policy_match
may_ask(bool asked, const struct flow *flow, enum policy_fact fact,
    enum policy_phase phase, bool *ret_ask)
{
	enum flow_known known = policy_fact_see(flow, fact, phase);

	*ret_ask = asked && known == FLOW_KNOWN;
	if (!asked)
		return POLICY_MATCH_YES;
	return known == FLOW_ABSENT ? POLICY_MATCH_NO : POLICY_MATCH_MIGHT;
}

static enum policy_match
yes_if(bool matches)
{
	return matches ? POLICY_MATCH_YES : POLICY_MATCH_NO;
}

static enum policy_match
match_scheme(const struct policy_rule *rule, const struct flow *flow,
    enum policy_phase phase)
{
	bool ask;
	bool spared = rule->inspect && !policy_rule_inspects(rule, flow);
	enum policy_match match = may_ask(rule->schemes != 0 && !spared, flow,
	    POLICY_FACT_SCHEME, phase, &ask);

	return ask ? yes_if((rule->schemes >> flow->scheme & 1) != 0) : match;
}

static enum policy_match
match_method(const struct policy_rule *rule, const struct flow *flow,
    enum policy_phase phase)
{
	bool ask;
	enum policy_match match = may_ask(
	    rule->method_count > 0, flow, POLICY_FACT_METHOD, phase, &ask);

	return ask ? yes_if(str_is_one_of(
			 flow->method, rule->methods, rule->method_count))
		   : match;
}

static enum policy_match
match_user(const struct policy_rule *rule, const struct flow *flow,
    enum policy_phase phase)
{
	bool ask;
	enum policy_match match =
	    may_ask(rule->user_count > 0, flow, POLICY_FACT_USER, phase, &ask);

	return ask ? yes_if(str_is_one_of(
			 flow->user, rule->users, rule->user_count))
		   : match;
}

/*
 * `*` stands for any characters, `/` too.  Without recursion: on a mismatch the
 * last `*` takes one character more, and no earlier one ever needs to.
 */
static bool
matches_pattern(struct str pattern, struct str text)
{
	size_t at = 0, p = 0, star = SIZE_MAX, taken = 0;

	while (at < text.len) {
		if (p < pattern.len && pattern.at[p] == '*') {
			star = p++;
			taken = at;
		} else if (p < pattern.len && pattern.at[p] == text.at[at]) {
			p++;
			at++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			at = ++taken;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.at[p] == '*')
		p++;
	return p == pattern.len;
}

static bool
matches_one_of(const struct str *patterns, size_t count, struct str text)
{
	for (size_t i = 0; i < count; i++)
		if (matches_pattern(patterns[i], text))
			return true;
	return false;
}

static enum policy_match
match_path(const struct policy_rule *rule, const struct flow *flow,
    enum policy_phase phase)
{
	bool ask;
	enum policy_match match =
	    may_ask(rule->path_count > 0, flow, POLICY_FACT_PATH, phase, &ask);

	return ask ? yes_if(matches_one_of(
			 rule->paths, rule->path_count, flow->path))
		   : match;
}

static enum policy_match
match_type(const struct policy_rule *rule, const struct flow *flow,
    enum policy_phase phase)
{
	bool ask;
	enum policy_match match =
	    may_ask(rule->type_count > 0, flow, POLICY_FACT_TYPE, phase, &ask);

	return ask ? yes_if(matches_one_of(
			 rule->types, rule->type_count, flow->type))
		   : match;
}

bool
policy_header_is_in(const struct policy_header *header, const struct flow *flow)
{
	for (size_t i = 0; i < flow->header_count; i++)
		if (str_eq_nocase(flow->headers[i].name, header->name) &&
		    matches_one_of(header->values, header->value_count,
			flow->headers[i].value))
			return true;
	return false;
}

static bool
has_headers(const struct policy_rule *rule, const struct flow *flow)
{
	for (size_t i = 0; i < rule->header_count; i++)
		if (!policy_header_is_in(&rule->headers[i], flow))
			return false;
	return true;
}

static enum policy_match
match_header(const struct policy_rule *rule, const struct flow *flow,
    enum policy_phase phase)
{
	bool ask;
	enum policy_match match = may_ask(
	    rule->header_count > 0, flow, POLICY_FACT_HEADER, phase, &ask);

	return ask ? yes_if(has_headers(rule, flow)) : match;
}

/*
 * Only the proxy goes by a parent, and only it counts for a quota: what it
 * never sees does not match such a rule, so that it cannot slip out past it.
 * Where the service, which says whether the proxy sees the flow, is open, so is
 * the match; and what is intercepted and cannot be carried is left open, to be
 * refused.
 */
static enum policy_match
match_carriage(const struct policy_rule *rule, const struct flow *flow)
{
	bool is_service_known =
	    flow->known[POLICY_FACT_SERVICE] == FLOW_KNOWN && !flow->any_port;

	if (!policy_rule_needs_proxy(rule) || flow->way == FLOW_EXPLICIT)
		return POLICY_MATCH_YES;
	if (flow->way == FLOW_PLAIN)
		return POLICY_MATCH_NO;
	return flow->way == FLOW_INTERCEPTED && is_service_known
		   ? POLICY_MATCH_YES
		   : POLICY_MATCH_MIGHT;
}

/* Keeps the first NO, else the first MIGHT; false when it is settled. */
static bool
settle(struct policy_matched *settled, enum policy_match match,
    enum policy_fact fact)
{
	if (match < settled->match) {
		settled->match = match;
		settled->fact = fact;
	}
	return match != POLICY_MATCH_NO;
}

static bool
settle_destination(struct policy_matched *settled, const struct policy *policy,
    const struct policy_rule *rule, const struct flow *flow,
    enum policy_phase phase)
{
	enum policy_match address = match_address(rule, &rule->to, flow, phase);

	if (address == POLICY_MATCH_YES)
		return true;
	enum policy_match bare = match_bare_name(&rule->to, flow, phase);
	enum policy_match name = match_name(policy, rule, flow, phase);
	settled->by_name = name == POLICY_MATCH_YES;
	/* A name that is known, but not yet where it leads. */
	if (name == POLICY_MATCH_MIGHT && bare == POLICY_MATCH_YES)
		return settle(settled, name, POLICY_FACT_DESTINATION);
	if (name >= address && policy_endpoint_has_domains(&rule->to))
		return settle(settled, name, POLICY_FACT_NAME);
	return settle(settled, address, POLICY_FACT_DESTINATION);
}

/*
 * What is left of the destination; a name takes out any address.  The fact is
 * that which takes it out.
 */
static bool
settle_except(struct policy_matched *settled, const struct policy_rule *rule,
    const struct flow *flow, enum policy_phase phase)
{
	const struct policy_endpoint *except = rule->to.except;

	if (except == NULL)
		return true;
	enum policy_match address = match_address(rule, except, flow, phase);
	enum policy_match name = match_bare_name(except, flow, phase);
	return settle(settled, left_by(address > name ? address : name),
	    name > address ? POLICY_FACT_NAME : POLICY_FACT_DESTINATION);
}

/* Conditions in the order in which a flow tells its facts. */
static const struct {
	enum policy_match (*match)(
	    const struct policy_rule *, const struct flow *, enum policy_phase);
	enum policy_fact fact;
} conditions[] = {
	{ match_service, POLICY_FACT_SERVICE },
	{ match_scheme, POLICY_FACT_SCHEME },
	{ match_method, POLICY_FACT_METHOD },
	{ match_path, POLICY_FACT_PATH },
	{ match_user, POLICY_FACT_USER },
	{ match_header, POLICY_FACT_HEADER },
	{ match_type, POLICY_FACT_TYPE },
};

struct policy_matched
policy_rule_match(const struct policy *policy, const struct policy_rule *rule,
    const struct flow *flow, enum policy_phase phase)
{
	struct policy_matched settled = { POLICY_MATCH_YES, POLICY_FACT_SOURCE,
		false };
	bool open =
	    settle(&settled, match_source(rule, flow), POLICY_FACT_SOURCE) &&
	    settle(&settled, match_time(rule, flow, phase), POLICY_FACT_TIME) &&
	    settle_destination(&settled, policy, rule, flow, phase) &&
	    settle_except(&settled, rule, flow, phase);

	for (size_t i = 0; open && i < COUNT_OF(conditions); i++)
		open = settle(&settled, conditions[i].match(rule, flow, phase),
		    conditions[i].fact);
	if (open)
		(void)settle(
		    &settled, match_carriage(rule, flow), POLICY_FACT_SERVICE);
	return settled;
}
