/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/analyse.h"

#include "policy/analyse_hidden.h"
#include "policy/analyse_journal.h"
#include "policy/analyse_learned.h"
#include "policy/describe.h"
#include "policy/opening.h"
#include "policy/partition.h"

#include <stdlib.h>

#define PORT_HTTPS 443

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
services_meet(const struct policy_services *a, const struct policy_services *b)
{
	if (a->count == 0 || b->count == 0)
		return true;
	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < b->count; j++)
			if (a->items[i].protocol == b->items[j].protocol &&
			    a->items[i].first <= b->items[j].last &&
			    b->items[j].first <= a->items[i].last)
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
	for (size_t i = 0; i < policy->intercept_count; i++)
		if ((policy->intercepts[i].zones & bit) != 0 &&
		    services_meet(
			&policy->intercepts[i].services, &rule->services))
			return true;
	return false;
}

/* The sets that tell a rule's sources apart, in this order. */
struct source_sets {
	const struct policy *policy;
	const struct policy_endpoint *from, *except;
	struct partition_set *items; /* all, zones, groups, groups behind it */
	size_t count;
	struct partition atoms;
};

static void
add_groups(struct source_sets *sets, const struct policy_endpoint *endpoint)
{
	for (size_t i = 0; endpoint != NULL && i < endpoint->group_count; i++)
		sets->items[sets->count++].addresses =
		    &endpoint->groups[i]->addresses;
}

static bool
has_atom(const struct source_sets *sets, const struct policy_endpoint *endpoint,
    size_t first, size_t atom, uint8_t zone)
{
	if (endpoint == NULL)
		return false;
	if ((endpoint->zones & policy_zone_bit(zone)) != 0)
		return true;
	for (size_t i = 0; i < endpoint->group_count; i++)
		if (partition_has(&sets->atoms, atom, first + i))
			return true;
	return false;
}

/* Where some of what the atoms hold is a source of the rule. */
static uint64_t
zones_of_atoms(const struct source_sets *sets)
{
	const struct policy *policy = sets->policy;
	size_t groups = 1 + policy->zone_count;
	uint64_t zones = 0;

	for (size_t atom = 0; atom < sets->atoms.count; atom++) {
		uint8_t zone = 0;
		while (zone < policy->zone_count &&
		       !partition_has(&sets->atoms, atom, 1 + zone))
			zone++;
		if (zone == policy->zone_count)
			zone = policy->elsewhere;
		if (has_atom(sets, sets->from, groups, atom, zone) &&
		    !has_atom(sets, sets->except,
			groups + sets->from->group_count, atom, zone))
			zones |= policy_zone_bit(zone);
	}
	return zones;
}

static int
add_all_addresses(struct address_set *all)
{
	static const char *const families[] = { "0.0.0.0/0", "::/0" };
	struct address_range range;
	const char *why;
	int rc = 0;

	for (size_t i = 0; i < 2 && rc == 0; i++) {
		(void)address_range_parse(str_of(families[i]), &range, &why);
		rc = address_set_add(all, &range);
	}
	address_set_freeze(all);
	return rc;
}

/* The zones that a rule's sources lie in; without memory, what it names. */
static uint64_t
source_zones(const struct policy *policy, const struct policy_rule *rule)
{
	struct source_sets sets = { .policy = policy,
		.from = &rule->from,
		.except = rule->from.except };
	size_t behind = sets.except != NULL ? sets.except->group_count : 0;
	uint64_t zones = rule->from.zones;
	struct address_set all = { 0 };

	if (rule->from.group_count == 0 && sets.except == NULL)
		return zones;
	sets.items =
	    calloc(1 + policy->zone_count + rule->from.group_count + behind,
		sizeof(*sets.items));
	if (sets.items != NULL && add_all_addresses(&all) == 0) {
		sets.items[sets.count++].addresses = &all;
		for (uint8_t zone = 0; zone < policy->zone_count; zone++)
			sets.items[sets.count++].addresses =
			    &policy->zones[zone].prefixes;
		add_groups(&sets, sets.from);
		add_groups(&sets, sets.except);
		if (partition_addresses(&sets.atoms, sets.items, sets.count) ==
		    0)
			zones = zones_of_atoms(&sets);
		partition_fini(&sets.atoms);
	}
	free(sets.items);
	address_set_fini(&all);
	return zones;
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

static void
report_blind(const struct policy *policy, const struct policy_rule *rule,
    uint64_t blind, struct report *report)
{
	struct policy_endpoint zones = { .zones = blind };
	struct text words = TEXT_EMPTY;

	describe_endpoint(policy, &zones, &words);
	report_warning(report, "blind", rule->place,
	    "from %.*s this rule matches nothing: the proxy does not see "
	    "such flows, and packets show no %s",
	    STR_ARG(text_str(&words)), what_is_unseen(rule));
	report_hint(report,
	    "intercept the service for %.*s, or let it use a listener",
	    STR_ARG(text_str(&words)));
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

/* Whether it asks only for what TLS carries. */
static bool
is_of_tls(const struct policy_rule *rule)
{
	if (rule->schemes == 1u << POLICY_SCHEME_HTTPS)
		return true;
	for (size_t i = 0; i < rule->services.count; i++)
		if (rule->services.items[i].protocol != POLICY_PROTOCOL_TCP ||
		    rule->services.items[i].first != PORT_HTTPS ||
		    rule->services.items[i].last != PORT_HTTPS)
			return false;
	return rule->services.count > 0;
}

/* Whether a rule that says `inspect` may open what this one asks for, as far as
 * zones and services tell. */
static bool
may_be_opened(const struct policy *policy, const struct policy_rule *rule)
{
	uint64_t zones = source_zones(policy, rule);

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *opens = &policy->rules[i];
		if (opens->inspect &&
		    (source_zones(policy, opens) & zones) != 0 &&
		    services_meet(&opens->services, &rule->services))
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
	if (!looks_inside(rule) || !is_of_tls(rule) ||
	    may_be_opened(policy, rule))
		return;
	report_warning(report, "blind", rule->place,
	    "this rule matches nothing: TLS shows no %s unless it is opened",
	    what_is_unseen(rule));
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
	uint64_t zones = source_zones(policy, rule), blind = 0, seen = 0;

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
	uint64_t zones = source_zones(policy, rule);
	uint64_t asked = zones & policy_listen_zones(policy);
	struct policy_endpoint deaf = { 0 };
	struct text words = TEXT_EMPTY;

	for (uint8_t zone = 0; zone < policy->zone_count; zone++)
		if ((zones & ~asked & policy_zone_bit(zone)) != 0 &&
		    is_proxied(policy, rule, zone))
			deaf.zones |= policy_zone_bit(zone);
	if (rule->user_count == 0 || !policy_has_users(policy) ||
	    deaf.zones == 0 ||
	    (rule->from.zones == POLICY_ZONES_ANY && asked != 0))
		return;
	describe_endpoint(policy, &deaf, &words);
	report_warning(report, "blind", rule->place,
	    "from %.*s this rule matches nothing: who is intercepted is not "
	    "asked for his name",
	    STR_ARG(text_str(&words)));
	report_hint(
	    report, "let %.*s use a listener", STR_ARG(text_str(&words)));
	text_fini(&words);
}

/* A name behind `except` takes out nothing where no name is seen. */
static void
report_blind_except(const struct policy *policy, const struct policy_rule *rule,
    uint64_t blind, struct report *report)
{
	struct policy_endpoint zones = { .zones = blind };
	struct text words = TEXT_EMPTY;

	describe_endpoint(policy, &zones, &words);
	report_warning(report, "blind", rule->place,
	    "from %.*s the names behind 'except' take nothing out: the proxy "
	    "does not see such flows, and packets show no name",
	    STR_ARG(text_str(&words)));
	text_fini(&words);
}

/* Only the proxy goes by a parent, and only it counts. */
static void
report_uncarried(const struct policy *policy, const struct policy_rule *rule,
    uint64_t blind, struct report *report)
{
	struct policy_endpoint zones = { .zones = blind };
	struct text words = TEXT_EMPTY;

	if (blind == 0)
		return;
	describe_endpoint(policy, &zones, &words);
	if (rule->parent != NULL)
		report_warning(report, "blind", rule->place,
		    "from %.*s this rule matches nothing: the proxy does not "
		    "see such flows, so none goes via %.*s",
		    STR_ARG(text_str(&words)), STR_ARG(rule->parent->name));
	else
		report_warning(report, "blind", rule->place,
		    "from %.*s this rule matches nothing: the proxy does not "
		    "see such flows, so none would count for the quota",
		    STR_ARG(text_str(&words)));
	report_hint(report,
	    "intercept the service for %.*s, or let it use a listener",
	    STR_ARG(text_str(&words)));
	text_fini(&words);
}

/* A condition on what packets do not show, where nothing else is seen. */
static void
find_blind(const struct policy *policy, const struct policy_rule *rule,
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
	if (blind != 0 && whole)
		report_blind(policy, rule, blind, report);
	else if (blind != 0)
		report_blind_except(policy, rule, blind, report);
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

void
policy_analyse(const struct policy *policy, struct report *report)
{
	find_unreachable_zones(policy, report);
	find_unused(policy, report);
	find_unused_services(policy, report);
	find_unused_parents(policy, report);
	find_unused_zones(policy, report);
	find_unreached_snats(policy, report);
	analyse_hidden(policy, report);
	analyse_journal(policy, report);
	for (size_t i = 0; i < policy->rule_count; i++) {
		find_blind(policy, &policy->rules[i], report);
		analyse_learned(policy, &policy->rules[i], report);
		find_spared(policy, &policy->rules[i], report);
	}
	report_sort(report);
}
