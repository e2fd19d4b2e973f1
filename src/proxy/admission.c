/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/admission.h"

#include "base/clock.h"
#include "policy/opening.h"

/* Each fact is set by one of the functions here; a new one needs another. */
_Static_assert(POLICY_FACT_COUNT == 11, "a fact that the proxy does not tell");

/*
 * The policy calls link-local and loopback addresses self, which is true of a
 * destination.  A source is the gateway itself only if the address is its own:
 * a neighbour with a link-local address must not pass for it.
 */
static uint8_t
home_of_source(const struct proxy_generation *generation, struct address source)
{
	uint8_t zone;

	if (proxy_generation_owns(generation, source, &zone))
		return ZONE_SELF;
	zone = policy_zone_of(generation->policy, source);
	return zone == ZONE_SELF ? ZONE_NONE : zone;
}

/* Whether the policy still has him, by the hash that he has proved to know. */
static bool
is_user(const struct policy *policy, const struct policy_user *user)
{
	return user != NULL && user->name.at != NULL &&
	       policy_users_have(&policy->users, user);
}

/* Whom a certificate names needs no file: it was checked by whoever took it. */
static bool
is_certified(const struct policy_user *user)
{
	return user != NULL && user->name.at != NULL && user->hash.at == NULL;
}

/*
 * Who is asked and has not said it is not nobody: a rule about somebody may be
 * about him.
 */
void
admission_user(const struct proxy_generation *generation, struct flow *flow,
    const struct policy_user *user)
{
	const struct policy *policy = generation->policy;

	if (flow->way != FLOW_EXPLICIT ||
	    (!policy_users_are_asked(&policy->users) && !is_certified(user))) {
		flow->known[POLICY_FACT_USER] = FLOW_ABSENT;
		return;
	}
	/* Of a tunnel the name is all that is seen, and then its user. */
	if (flow->last < POLICY_PHASE_REQUEST)
		flow->last = POLICY_PHASE_REQUEST;
	flow->known[POLICY_FACT_USER] = FLOW_NOT_GIVEN;
	if (!is_certified(user) && !is_user(policy, user))
		return;
	flow->user = user->name;
	flow->known[POLICY_FACT_USER] = FLOW_KNOWN;
}

void
admission_begin(const struct proxy_generation *generation, enum flow_way way,
    struct address source, struct flow *ret)
{
	*ret = (struct flow){
		.way = way,
		.last = POLICY_PHASE_RESPONSE,
		.source = source,
		.from_zone = home_of_source(generation, source),
		.to_zone = ZONE_NONE,
		.own_zone = ZONE_NONE,
	};
	ret->known[POLICY_FACT_SOURCE] = FLOW_KNOWN;
	admission_user(generation, ret, NULL);
	ret->known[POLICY_FACT_SCHEME] = FLOW_ABSENT;
	if (!policy_asks(generation->policy, POLICY_FACT_TIME))
		return;
	ret->minute = hours_minute_of(clock_wall());
	ret->known[POLICY_FACT_TIME] = FLOW_KNOWN;
}

void
admission_port(struct flow *flow, uint16_t port)
{
	flow->protocol = POLICY_PROTOCOL_TCP;
	flow->port = port;
	flow->known[POLICY_FACT_SERVICE] = FLOW_KNOWN;
}

void
admission_destination(const struct proxy_generation *generation,
    struct flow *flow, struct address destination)
{
	uint8_t own = ZONE_NONE;
	bool is_own = proxy_generation_owns(generation, destination, &own);

	flow->destination = destination;
	flow->own_zone = own;
	flow->to_zone = is_own
			    ? ZONE_SELF
			    : policy_zone_of(generation->policy, destination);
	flow->known[POLICY_FACT_DESTINATION] = FLOW_KNOWN;
}

static uint8_t
known_if(struct str text)
{
	return text.at != NULL ? FLOW_KNOWN : FLOW_ABSENT;
}

void
admission_name(struct flow *flow, struct str name)
{
	flow->name = name;
	flow->known[POLICY_FACT_NAME] = known_if(name);
}

void
admission_head(struct flow *flow, struct str method, struct str path)
{
	flow->method = method;
	flow->path = path;
	flow->known[POLICY_FACT_METHOD] = known_if(method);
	flow->known[POLICY_FACT_PATH] = known_if(path);
}

void
admission_tunnel(struct flow *flow)
{
	const struct str none = { NULL, 0 };

	/* No phase behind the name: what a tunnel carries is not looked at. */
	if (flow->known[POLICY_FACT_USER] == FLOW_ABSENT)
		flow->last = POLICY_PHASE_NAME;
	else
		flow->last = POLICY_PHASE_REQUEST;
	admission_head(flow, none, none);
	flow->known[POLICY_FACT_HEADER] = FLOW_ABSENT;
}

void
admission_scheme(struct flow *flow, enum policy_scheme scheme)
{
	flow->scheme = scheme;
	flow->known[POLICY_FACT_SCHEME] =
	    scheme == POLICY_SCHEME_COUNT ? FLOW_ABSENT : FLOW_KNOWN;
}

void
admission_headers(
    struct flow *flow, const struct flow_header *headers, size_t count)
{
	flow->headers = headers;
	flow->header_count = count;
	flow->known[POLICY_FACT_HEADER] = FLOW_KNOWN;
}

void
admission_type(struct flow *flow, struct str type)
{
	flow->type = type;
	flow->known[POLICY_FACT_TYPE] = known_if(type);
}

void
admission_move(const struct proxy_generation *generation, struct flow *flow)
{
	flow->from_zone = home_of_source(generation, flow->source);
	/* A policy that asks for the time may follow one that does not. */
	flow->minute = hours_minute_of(clock_wall());
	flow->known[POLICY_FACT_TIME] = FLOW_KNOWN;
	if (flow->known[POLICY_FACT_DESTINATION] == FLOW_KNOWN)
		admission_destination(generation, flow, flow->destination);
}

static bool
may_be_about_user(const struct policy *policy, const struct flow *flow)
{
	struct flow seen;

	if (flow->tls != FLOW_BARE) {
		(void)policy_see_tls(policy, flow, &seen);
		flow = &seen;
	}
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].user_count > 0 &&
		    policy_rule_match(
			policy, &policy->rules[i], flow, flow->last)
			    .match != POLICY_MATCH_NO)
			return true;
	return false;
}

/*
 * Whoever is to say who he is says it before a server is asked, not when its
 * answer has come: a request that was carried out must not be sent again.
 */
struct policy_answer
admission_ask(
    const struct proxy_generation *generation, const struct flow *flow)
{
	struct policy_answer answer = policy_decide(generation->policy, flow);

	if (answer.verdict == POLICY_VERDICT_UNDECIDED &&
	    (answer.hangs_on == POLICY_FACT_TYPE || answer.opened != NULL) &&
	    flow->known[POLICY_FACT_USER] == FLOW_NOT_GIVEN &&
	    may_be_about_user(generation->policy, flow))
		answer.hangs_on = POLICY_FACT_USER;
	return answer;
}

bool
admission_may_listen(const struct proxy_generation *generation,
    const struct flow *flow, const struct address_port *listener)
{
	const struct policy_listen *listen =
	    policy_listen_at(generation->policy, *listener);

	return listen != NULL &&
	       (listen->zones & policy_zone_bit(flow->from_zone)) != 0;
}

bool
admission_is_balancer(const struct proxy_generation *generation,
    struct address peer, const struct address_port *listener)
{
	const struct policy_listen *listen =
	    policy_listen_at(generation->policy, *listener);

	return listen != NULL && policy_listen_trusts(listen, peer);
}
