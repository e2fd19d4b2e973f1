/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/analyse_bypass.h"

#include "policy/analyse_source.h"
#include "policy/describe.h"
#include "policy/evaluate.h"
#include "policy/learning.h"

#define PORT_HTTP  80
#define PORT_HTTPS 443

/* The rule by which packets of the zone reach what lives elsewhere, past the
 * proxy, whenever they come; NULL: none does, or not always. */
static const struct policy_rule *
passing_rule(const struct policy *policy, uint8_t zone,
    enum policy_protocol protocol, uint16_t port)
{
	struct flow flow = {
		.way = FLOW_PLAIN,
		.last = POLICY_PHASE_PACKET,
		.from_zone = zone,
		.to_zone = policy->elsewhere,
		.own_zone = ZONE_NONE,
		.protocol = protocol,
		.port = port,
	};

	flow.known[POLICY_FACT_SOURCE] = FLOW_KNOWN;
	flow.known[POLICY_FACT_DESTINATION] = FLOW_KNOWN;
	flow.known[POLICY_FACT_SERVICE] = FLOW_KNOWN;
	if (policy->elsewhere == ZONE_NONE || zone == policy->elsewhere ||
	    policy_intercepts(policy, zone, protocol, port))
		return NULL;
	struct policy_answer answer = policy_decide(policy, &flow);
	return answer.verdict == POLICY_VERDICT_ALLOW ? answer.rule : NULL;
}

/* Whether the names of a rule are what it refuses. */
static bool
refuses_names(const struct policy_rule *rule)
{
	return rule->verdict != POLICY_VERDICT_ALLOW && !rule->report &&
	       policy_endpoint_has_domains(&rule->to);
}

static void
warn_of_direct(const struct policy *policy, const struct policy_rule *rule,
    uint8_t zone, const struct policy_rule *passes, struct report *report)
{
	struct text words = TEXT_EMPTY;

	describe_rule(passes, &words);
	report_warning(report, "bypass", rule->place,
	    "who in %.*s does not use the proxy reaches these names all the "
	    "same: packets show no names, and %.*s allows them",
	    STR_ARG(policy_zone_name(policy, zone)), STR_ARG(text_str(&words)));
	report_by(report, passes->line);
	report_hint(report, "in 'proxy': intercept web for %.*s",
	    STR_ARG(policy_zone_name(policy, zone)));
	text_fini(&words);
}

/* The first rule whose names a zone can go past; one of them is enough. */
static void
find_direct(const struct policy *policy, uint8_t zone, struct report *report)
{
	const struct policy_rule *passes =
	    passing_rule(policy, zone, POLICY_PROTOCOL_TCP, PORT_HTTPS);

	if (passes == NULL)
		passes =
		    passing_rule(policy, zone, POLICY_PROTOCOL_TCP, PORT_HTTP);
	if (passes == NULL || policy_learns(policy, zone) ||
	    (policy_listen_zones(policy) & policy_zone_bit(zone)) == 0)
		return;
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		if (!refuses_names(rule) ||
		    (analyse_source_zones(policy, rule) &
			policy_zone_bit(zone)) == 0)
			continue;
		warn_of_direct(policy, rule, zone, passes, report);
		return;
	}
}

/* By QUIC, past a line that intercepts TLS over TCP; where the zone's names are
 * learned, packets show them. */
static const struct policy_rule *
quic_rule(const struct policy *policy, uint8_t zone)
{
	const struct policy_rule *passes =
	    passing_rule(policy, zone, POLICY_PROTOCOL_UDP, PORT_HTTPS);

	if (passes == NULL || passes->direct ||
	    (policy_learns(policy, zone) && !policy->inspects))
		return NULL;
	return passes;
}

static void
warn_of_quic(const struct policy *policy, const struct policy_intercept *half,
    uint64_t zones, const struct policy_rule *passes, struct report *report)
{
	struct text who = TEXT_EMPTY, words = TEXT_EMPTY;

	describe_zones(policy, zones, &who);
	describe_rule(passes, &words);
	report_warning(report, "bypass", half->place,
	    "browsers in %.*s go around this by QUIC: %.*s allows udp 443",
	    STR_ARG(text_str(&who)), STR_ARG(text_str(&words)));
	report_by(report, passes->line);
	report_hint(report,
	    "intercept udp 443 as well, which 'web' holds: browsers then take "
	    "TCP");
	text_fini(&who);
	text_fini(&words);
}

static void
find_quic(const struct policy *policy, const struct policy_intercept *half,
    struct report *report)
{
	const struct policy_rule *first = NULL;
	uint64_t zones = 0;

	if (!policy_services_have(
		&half->services, POLICY_PROTOCOL_TCP, PORT_HTTPS))
		return;
	for (uint8_t zone = 0; zone < policy->zone_count; zone++) {
		if ((half->zones & policy_zone_bit(zone)) == 0)
			continue;
		const struct policy_rule *passes = quic_rule(policy, zone);
		if (passes == NULL)
			continue;
		zones |= policy_zone_bit(zone);
		if (first == NULL)
			first = passes;
	}
	if (first != NULL)
		warn_of_quic(policy, half, zones, first, report);
}

void
analyse_bypass(const struct policy *policy, struct report *report)
{
	for (uint8_t zone = 0; zone < policy->zone_count; zone++)
		find_direct(policy, zone, report);
	for (size_t i = 0; i < policy->intercept_count; i++)
		find_quic(policy, &policy->intercepts[i], report);
}
