/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/analyse.h"

#include "policy/analyse_blind.h"
#include "policy/analyse_bypass.h"
#include "policy/analyse_hidden.h"
#include "policy/analyse_journal.h"
#include "policy/analyse_learned.h"
#include "policy/analyse_source.h"

static void
find_unused(const struct policy *policy, struct report *report)
{
	for (size_t i = 0; i < policy->group_count; i++) {
		const struct policy_group *group = policy->groups[i];
		if (!group->used)
			report_warning(report, "unused", group->place,
			    "no rule uses the %s '%.*s'",
			    group->is_list ? "list" : "name",
			    STR_ARG(group->name));
	}
}

static void
find_unused_services(const struct policy *policy, struct report *report)
{
	for (size_t i = 0; i < policy->service_name_count; i++) {
		const struct policy_service_name *service =
		    &policy->service_names[i];
		if (!service->used)
			report_warning(report, "unused", service->place,
			    "nothing uses the service '%.*s'",
			    STR_ARG(service->name));
	}
}

static void
find_unused_parents(const struct policy *policy, struct report *report)
{
	for (size_t i = 0; i < policy->parent_count; i++)
		if (!policy->parents[i].used)
			report_warning(report, "unused",
			    policy->parents[i].place,
			    "no rule goes via the parent '%.*s'",
			    STR_ARG(policy->parents[i].name));
}

/* Behind `except`, too. */
static uint64_t
zones_of(const struct policy_endpoint *endpoint)
{
	uint64_t zones = endpoint->own;

	if (endpoint->zones != POLICY_ZONES_ANY)
		zones |= endpoint->zones;
	if (endpoint->except != NULL)
		zones |= endpoint->except->zones;
	return zones;
}

/* Zones that something names; `any` names none. */
static uint64_t
zones_named(const struct policy *policy)
{
	uint64_t zones = policy_listen_zones(policy);

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		if (!rule->publish)
			zones |= zones_of(&rule->from);
		zones |= zones_of(&rule->to);
	}
	for (size_t i = 0; i < policy->intercept_count; i++)
		zones |= policy->intercepts[i].zones;
	zones |= policy->dns.intercepts;
	for (size_t i = 0; i < policy->dns.listen_count; i++)
		zones |= policy->dns.listens[i].zones;
	for (size_t i = 0; i < policy->masquerade_count; i++)
		zones |=
		    policy->masquerades[i].from | policy->masquerades[i].to;
	for (size_t i = 0; i < policy->snat_count; i++)
		zones |= zones_of(&policy->snats[i].from) | policy->snats[i].to;
	for (size_t i = 0; i < policy->map_count; i++)
		zones |= policy_zone_bit(policy->maps[i].zone);
	for (unsigned i = 0; i < POLICY_HELPER_COUNT; i++)
		zones |= policy->helpers[i];
	for (size_t i = 0; i < policy->never_count; i++)
		zones |= zones_of(&policy->nevers[i].who);
	return zones;
}

static void
find_unused_zones(const struct policy *policy, struct report *report)
{
	uint64_t named = zones_named(policy);

	/* Where there is but one, it is `any`. */
	if (policy->zone_count == 1)
		return;
	for (uint8_t zone = 0; zone < policy->zone_count; zone++)
		if ((named & policy_zone_bit(zone)) == 0)
			report_warning(report, "unused",
			    policy->zones[zone].place,
			    "no rule names the zone '%.*s'",
			    STR_ARG(policy->zones[zone].name));
}

/* Whether the earlier one takes all that the later one asks for, as far as
 * zones tell. */
static bool
takes_all(const struct policy_snat *earlier, const struct policy_snat *later)
{
	return (later->from.zones & ~earlier->from.zones) == 0 &&
	       (later->to & ~earlier->to) == 0 && later->from.zones != 0 &&
	       later->from.group_count == 0 && earlier->from.except == NULL &&
	       (earlier->to4.family != ADDRESS_NONE ||
		   later->to4.family == ADDRESS_NONE) &&
	       (earlier->to6.family != ADDRESS_NONE ||
		   later->to6.family == ADDRESS_NONE);
}

static void
find_unreached_snats(const struct policy *policy, struct report *report)
{
	for (size_t i = 0; i < policy->snat_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (!takes_all(&policy->snats[j], &policy->snats[i]))
				continue;
			report_warning(report, "unreached",
			    policy->snats[i].place,
			    "no flow gets its source here: an earlier 'snat' "
			    "takes them all");
			report_by(
			    report, place_line(policy->snats[j].place).line);
			break;
		}
	}
}

static void
find_unreachable_zones(const struct policy *policy, struct report *report)
{
	for (uint8_t i = 0; i < policy->zone_count; i++) {
		const struct policy_zone *zone = &policy->zones[i];
		if (zone->interface_count > 0 || i == policy->sandbox)
			continue;
		report_warning(report, "interface", zone->place,
		    "zone '%.*s' has no interface: nothing enters by it",
		    STR_ARG(zone->name));
	}
}

static bool
is_one_of(const struct policy_endpoint *who, const struct policy_group *group)
{
	for (size_t i = 0; i < who->group_count; i++)
		if (who->groups[i] == group)
			return true;
	return false;
}

/* Zones and groups that some `never ban` names as a whole. */
static bool
is_never(const struct policy *policy, const struct policy_group *group)
{
	for (size_t i = 0; i < policy->never_count; i++)
		if (is_one_of(&policy->nevers[i].who, group))
			return true;
	return false;
}

/* A rule that bans, and refuses none but those who never are. */
static void
find_spared(const struct policy *policy, const struct policy_rule *rule,
    struct report *report)
{
	uint64_t spared = 0;

	for (size_t i = 0; i < policy->never_count; i++)
		spared |= policy->nevers[i].who.zones;
	if (rule->ban.count == 0 || (rule->from.zones & ~spared) != 0)
		return;
	for (size_t i = 0; i < rule->from.group_count; i++)
		if (!is_never(policy, rule->from.groups[i]))
			return;
	report_warning(report, "spared", rule->place,
	    "this rule bans nobody: those whom it refuses are never banned");
}

/* Whether a rule lets through something from the zone that the line could
 * intercept; what is published ends at the gateway's own address. */
static bool
intercepts_some(const struct policy *policy,
    const struct policy_intercept *intercept, uint8_t zone)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		bool inward = rule->publish ||
			      (rule->to.zones == policy_zone_bit(ZONE_SELF) &&
				  rule->to.group_count == 0);
		if (rule->verdict == POLICY_VERDICT_ALLOW && !inward &&
		    (analyse_source_zones(policy, rule) &
			policy_zone_bit(zone)) != 0 &&
		    policy_services_meet(&intercept->services, &rule->services))
			return true;
	}
	return false;
}

static void
find_idle_intercepts(const struct policy *policy, struct report *report)
{
	for (size_t i = 0; i < policy->intercept_count; i++) {
		const struct policy_intercept *one = &policy->intercepts[i];
		for (uint8_t zone = 0; zone < policy->zone_count; zone++) {
			if ((one->zones & policy_zone_bit(zone)) == 0 ||
			    intercepts_some(policy, one, zone))
				continue;
			report_warning(report, "unused", one->place,
			    "nothing of %.*s is intercepted: no rule allows "
			    "such a flow, and what is published goes past the "
			    "proxy",
			    STR_ARG(policy_zone_name(policy, zone)));
		}
	}
}

static void
find_nothing(const struct policy *policy, struct report *report)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].verdict == POLICY_VERDICT_ALLOW &&
		    !policy->rules[i].report)
			return;
	report_warning(report, "nothing", (struct place){ 0 },
	    "no rule allows anything: nothing passes");
}

void
policy_analyse(const struct policy *policy, struct report *report)
{
	find_unreachable_zones(policy, report);
	find_unused(policy, report);
	find_unused_services(policy, report);
	find_unused_parents(policy, report);
	find_unused_zones(policy, report);
	find_unreached_snats(policy, report);
	find_idle_intercepts(policy, report);
	find_nothing(policy, report);
	analyse_hidden(policy, report);
	analyse_bypass(policy, report);
	analyse_journal(policy, report);
	for (size_t i = 0; i < policy->rule_count; i++) {
		analyse_blind(policy, &policy->rules[i], report);
		find_spared(policy, &policy->rules[i], report);
	}
	analyse_learned(policy, report);
	report_sort(report);
}
