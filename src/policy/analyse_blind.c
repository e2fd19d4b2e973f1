/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/analyse_blind.h"

#include "policy/analyse_learned.h"
#include "policy/analyse_source.h"
#include "policy/describe.h"
#include "policy/learning.h"
#include "policy/opening.h"

#define PORT_HTTP  80
#define PORT_HTTPS 443

#define PORTS_WELL_KNOWN 1024

static bool
is_intercepted(
    const struct policy *policy, const struct policy_rule *rule, uint8_t zone)
{
	for (size_t i = 0; i < policy->intercept_count; i++)
		if ((policy->intercepts[i].zones & policy_zone_bit(zone)) !=
			0 &&
		    policy_services_meet(
			&policy->intercepts[i].services, &rule->services))
			return true;
	return false;
}

/* Whether the proxy gets to see flows of this rule that come from the zone. */
static bool
is_proxied(
    const struct policy *policy, const struct policy_rule *rule, uint8_t zone)
{
	uint64_t bit = policy_zone_bit(zone);

	if ((policy_listen_zones(policy) & bit) != 0)
		return true;
	/* It answers for names, whatever is to go there. */
	if (policy_dns_serves(&policy->dns, zone) &&
	    !policy_rule_reads_head(rule))
		return true;
	return is_intercepted(policy, rule, zone);
}

static bool
asks_more_than_packets(const struct policy_rule *rule)
{
	return policy_rule_reads_head(rule) ||
	       (rule->to.zones == 0 && rule->to.own == 0 &&
		   !policy_endpoint_has_addresses(&rule->to) &&
		   policy_endpoint_has_domains(&rule->to));
}

/* What of a rule only the proxy could tell. */
static const char *
what_is_unseen(const struct policy_rule *rule)
{
	const struct {
		bool asked;
		enum policy_fact fact;
	} facts[] = {
		{ rule->schemes != 0, POLICY_FACT_SCHEME },
		{ rule->method_count > 0, POLICY_FACT_METHOD },
		{ rule->path_count > 0, POLICY_FACT_PATH },
		{ rule->user_count > 0, POLICY_FACT_USER },
		{ rule->header_count > 0, POLICY_FACT_HEADER },
		{ rule->type_count > 0, POLICY_FACT_TYPE },
	};

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (facts[i].asked)
			return policy_fact_word(facts[i].fact);
	return policy_fact_word(POLICY_FACT_NAME);
}

/* Over TCP or by QUIC. */
static bool
is_https(const struct policy_service *service)
{
	return (service->protocol == POLICY_PROTOCOL_TCP ||
		   service->protocol == POLICY_PROTOCOL_UDP) &&
	       service->first == PORT_HTTPS && service->last == PORT_HTTPS;
}

/* Whether the web is among what it asks for: its clients know of proxies, and
 * the proxy finds names in it.  Ports that nobody has assigned may be its. */
static bool
asks_for_web(const struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->services.count; i++) {
		const struct policy_service *item = &rule->services.items[i];
		if (item->protocol == POLICY_PROTOCOL_TCP &&
		    (item->last >= PORTS_WELL_KNOWN ||
			(item->first <= PORT_HTTP && item->last >= PORT_HTTP) ||
			(item->first <= PORT_HTTPS &&
			    item->last >= PORT_HTTPS)))
			return true;
	}
	return rule->services.count == 0;
}

/* How names, or what else the proxy sees, become known. */
static void
hint_seeing(const struct policy_rule *rule, struct str zones, bool by_proxy,
    struct report *report)
{
	if (policy_rule_reads_head(rule) || asks_for_web(rule))
		report_hint(report, "intercept the service for %.*s%s",
		    STR_ARG(zones),
		    by_proxy ? "" : ", or let it use a listener");
	else
		report_hint(report,
		    "packets show the names that the gateway's DNS has told: "
		    "dns { listen ADDRESS for %.*s }",
		    STR_ARG(zones));
}

/* A name behind `except` takes out nothing where no name is seen. */
static void
report_blind(const struct policy *policy, const struct policy_rule *rule,
    uint64_t blind, struct report *report)
{
	bool whole = asks_more_than_packets(rule);
	struct text words = TEXT_EMPTY;

	describe_zones(policy, blind, &words);
	report_warning(report, "blind", rule->place,
	    "from %.*s %s: the proxy does not see such flows, and packets show "
	    "no %s",
	    STR_ARG(text_str(&words)),
	    whole ? "this rule matches nothing"
		  : "the names behind 'except' take nothing out",
	    what_is_unseen(rule));
	if (whole)
		hint_seeing(rule, text_str(&words), false, report);
	text_fini(&words);
}

/* Only what asks a listener shows its name, which few but browsers do. */
static void
find_asked_only(const struct policy *policy, const struct policy_rule *rule,
    struct report *report)
{
	uint64_t zones = analyse_source_zones(policy, rule);
	uint64_t deaf = 0;
	struct text words = TEXT_EMPTY;

	for (uint8_t zone = 0; zone < policy->zone_count; zone++)
		if ((zones & policy_listen_zones(policy) &
			policy_zone_bit(zone)) != 0 &&
		    !policy_learns(policy, zone) &&
		    !is_intercepted(policy, rule, zone))
			deaf |= policy_zone_bit(zone);
	if (deaf == 0 || policy_rule_reads_head(rule) ||
	    policy_rule_needs_proxy(rule) || asks_for_web(rule))
		return;
	describe_zones(policy, deaf, &words);
	report_warning(report, "blind", rule->place,
	    "from %.*s this rule matches only what the listener is asked for: "
	    "packets show no name",
	    STR_ARG(text_str(&words)));
	hint_seeing(rule, text_str(&words), true, report);
	text_fini(&words);
}

/* Nobody else can say who he is. */
static void
find_users(const struct policy *policy, const struct policy_rule *rule,
    struct report *report)
{
	const struct policy_users *users = &policy->users;

	if (rule->user_count > 0 && !policy_has_users(policy)) {
		report_warning(report, "blind", rule->place,
		    "this rule matches nothing: the proxy has no users");
		report_hint(report, "name the file of their passwords in "
				    "'proxy': users \"FILE\"");
		return;
	}
	/* Whom a CA or the host knows is not known here. */
	if (policy_has_certified_users(policy) || users->service.at != NULL)
		return;
	for (size_t i = 0; i < rule->user_count; i++)
		if (policy_users_find(users, rule->users[i]) == NULL)
			report_warning(report, "blind", rule->place,
			    "nobody in %.*s is called '%.*s'",
			    STR_ARG(users->file), STR_ARG(rule->users[i]));
}

/* How much of what it asks for TLS carries. */
enum tls_part {
	TLS_NONE,
	TLS_SOME, /* that it names besides others */
	TLS_ALL,
};

static enum tls_part
part_of_tls(const struct policy_rule *rule)
{
	size_t count = 0;

	if (rule->schemes != 0)
		return rule->schemes == 1u << POLICY_SCHEME_HTTPS ? TLS_ALL
								  : TLS_NONE;
	for (size_t i = 0; i < rule->services.count; i++)
		count += is_https(&rule->services.items[i]);
	if (count == 0)
		return TLS_NONE;
	return count == rule->services.count ? TLS_ALL : TLS_SOME;
}

/* Whether a rule that says `inspect` may open what this one asks for, as far as
 * zones and services tell. */
static bool
may_be_opened(const struct policy *policy, const struct policy_rule *rule)
{
	uint64_t zones = analyse_source_zones(policy, rule);

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *opens = &policy->rules[i];
		if (opens->inspect &&
		    (analyse_source_zones(policy, opens) & zones) != 0 &&
		    policy_services_meet(&opens->services, &rule->services))
			return true;
	}
	return false;
}

/* A CONNECT and who asks are seen outside as well. */
static bool
looks_inside(const struct policy_rule *rule)
{
	return rule->schemes != 0 || rule->path_count > 0 ||
	       rule->header_count > 0 || rule->type_count > 0 ||
	       (rule->method_count > 0 && !policy_rule_is_of_connect(rule));
}

/* What lies inside of TLS that nobody opens. */
static void
find_closed(const struct policy *policy, const struct policy_rule *rule,
    struct report *report)
{
	enum tls_part part = part_of_tls(rule);

	if (!looks_inside(rule) || part == TLS_NONE ||
	    may_be_opened(policy, rule))
		return;
	report_warning(report, "blind", rule->place,
	    "%sthis rule matches nothing: TLS shows no %s unless it is opened",
	    part == TLS_SOME ? "of https, " : "", what_is_unseen(rule));
	report_hint(
	    report, "a rule that allows it has it opened if it says 'inspect'");
}

/*
 * The zones from which flows of the rule go past the proxy.  `any` means
 * whoever the proxy serves, so there are some only if that is nobody.
 */
static uint64_t
unseen_zones(const struct policy *policy, const struct policy_rule *rule)
{
	uint64_t zones = analyse_source_zones(policy, rule), blind = 0,
		 seen = 0;

	for (uint8_t zone = 0; zone < policy->zone_count; zone++) {
		uint64_t bit = policy_zone_bit(zone);
		if ((zones & bit) == 0)
			continue;
		*(is_proxied(policy, rule, zone) ? &seen : &blind) |= bit;
	}
	return rule->from.zones != POLICY_ZONES_ANY || seen == 0 ? blind : 0;
}

/* Who is intercepted knows of no proxy, and is not asked. */
static void
find_unasked(const struct policy *policy, const struct policy_rule *rule,
    struct report *report)
{
	uint64_t zones = analyse_source_zones(policy, rule);
	uint64_t asked = zones & policy_listen_zones(policy);
	uint64_t deaf = 0;
	struct text words = TEXT_EMPTY;

	for (uint8_t zone = 0; zone < policy->zone_count; zone++)
		if ((zones & ~asked & policy_zone_bit(zone)) != 0 &&
		    is_proxied(policy, rule, zone))
			deaf |= policy_zone_bit(zone);
	if (rule->user_count == 0 || !policy_has_users(policy) || deaf == 0 ||
	    (rule->from.zones == POLICY_ZONES_ANY && asked != 0))
		return;
	describe_zones(policy, deaf, &words);
	report_warning(report, "blind", rule->place,
	    "from %.*s this rule matches nothing: who is intercepted is not "
	    "asked for his name",
	    STR_ARG(text_str(&words)));
	report_hint(
	    report, "let %.*s use a listener", STR_ARG(text_str(&words)));
	text_fini(&words);
}

/* Only the proxy goes by a parent, and only it counts. */
static void
report_uncarried(const struct policy *policy, const struct policy_rule *rule,
    uint64_t blind, struct report *report)
{
	struct text words = TEXT_EMPTY, lost = TEXT_EMPTY;

	if (blind == 0)
		return;
	describe_zones(policy, blind, &words);
	if (rule->parent != NULL)
		text_addf(&lost, "goes via %.*s", STR_ARG(rule->parent->name));
	else
		text_addz(&lost, "would count for the quota");
	report_warning(report, "blind", rule->place,
	    "from %.*s this rule matches nothing: the proxy does not see such "
	    "flows, so none %.*s",
	    STR_ARG(text_str(&words)), STR_ARG(text_str(&lost)));
	report_hint(report,
	    "intercept the service for %.*s, or let it use a listener",
	    STR_ARG(text_str(&words)));
	text_fini(&lost);
	text_fini(&words);
}

/* A condition on what packets do not show, where nothing else is seen. */
void
analyse_blind(const struct policy *policy, const struct policy_rule *rule,
    struct report *report)
{
	const struct policy_endpoint *except = rule->to.except;

	find_users(policy, rule, report);
	find_unasked(policy, rule, report);
	find_closed(policy, rule, report);
	bool whole = asks_more_than_packets(rule);
	if (policy_rule_needs_proxy(rule) && !whole)
		report_uncarried(
		    policy, rule, unseen_zones(policy, rule), report);
	if (!whole && (except == NULL || !policy_endpoint_has_domains(except)))
		return;
	uint64_t blind = unseen_zones(policy, rule);
	uint64_t learned = analyse_learned_zones(policy, rule);
	if (rule->from.zones == POLICY_ZONES_ANY && learned != 0)
		return;
	blind &= ~learned;
	if (whole)
		find_asked_only(policy, rule, report);
	if (blind != 0)
		report_blind(policy, rule, blind, report);
}
