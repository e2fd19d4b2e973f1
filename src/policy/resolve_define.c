/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_define: zones, names, lists and services.
 */
#include "policy/duration.h"
#include "policy/list_file.h"
#include "policy/manual.h"
#include "policy/resolve.h"

#include "base/file.h"

#include <errno.h>

/* A packet comes in by one of them, and which must be plain. */
static bool
refuse_half_shared(
    struct resolver *resolver, const struct syntax_word *word, struct str other)
{
	struct str one = word->text;

	if (str_eq(one, other) || (!policy_interface_fits(one, other) &&
				      !policy_interface_fits(other, one)))
		return true;
	report_error(resolver->report, word->place,
	    "interfaces do not overlap, but '%.*s' and '%.*s' do", STR_ARG(one),
	    STR_ARG(other));
	return false;
}

static bool
is_interface_apart(struct resolver *resolver, const struct syntax_word *word)
{
	const struct policy *policy = resolver->policy;

	for (uint8_t i = 0; i < policy->zone_count; i++) {
		const struct policy_zone *zone = &policy->zones[i];
		for (size_t j = 0; j < zone->interface_count; j++)
			if (!refuse_half_shared(
				resolver, word, zone->interfaces[j]))
				return false;
	}
	return true;
}

static bool
add_interface(struct resolver *resolver, struct policy_zone *zone,
    const struct syntax_word *word)
{
	if (!policy_word_is_interface(word->text)) {
		report_error(resolver->report, word->place,
		    "'%.*s' is neither an interface nor a prefix",
		    STR_ARG(word->text));
		return false;
	}
	for (size_t i = 0; i < zone->interface_count; i++) {
		if (str_eq(zone->interfaces[i], word->text)) {
			report_error(resolver->report, word->place,
			    "the interface stands here twice");
			return false;
		}
	}
	if (!is_interface_apart(resolver, word))
		return false;
	zone->interfaces[zone->interface_count++] = word->text;
	return true;
}

static bool
add_prefix(struct resolver *resolver, struct policy_zone *zone,
    const struct syntax_word *word)
{
	struct address_range range;

	if (!resolve_range(resolver, word, &range))
		return false;
	if (address_is_local_scope(range.first) &&
	    address_range_prefix(&range) != 0) {
		report_error(resolver->report, word->place,
		    "such addresses end at the gateway and live in no zone");
		return false;
	}
	if (address_set_add(&zone->prefixes, &range) < 0)
		resolver->rc = -ENOMEM;
	return true;
}

static void
check_overlaps(struct resolver *resolver, const struct policy_zone *zone,
    const struct syntax_word *name)
{
	const struct policy *policy = resolver->policy;
	char text[ADDRESS_TEXT_BYTES];
	struct address shared;

	for (uint8_t i = 0; i < policy->zone_count; i++) {
		const struct policy_zone *other = &policy->zones[i];
		if (other == zone || !address_set_overlap(&other->prefixes,
					 &zone->prefixes, &shared))
			continue;
		report_error(resolver->report, name->place,
		    "zones do not overlap, but %s lives in '%.*s' and in "
		    "'%.*s'",
		    address_format(shared, text), STR_ARG(other->name),
		    STR_ARG(zone->name));
		return;
	}
}

static void
note_elsewhere(
    struct resolver *resolver, uint8_t index, const struct syntax_word *name)
{
	struct policy *policy = resolver->policy;

	if (!address_set_is_empty(&policy->zones[index].prefixes))
		return;
	if (policy->elsewhere == ZONE_NONE) {
		policy->elsewhere = index;
		return;
	}
	report_error(resolver->report, name->place,
	    "two zones have no prefixes: '%.*s' and '%.*s'",
	    STR_ARG(policy->zones[policy->elsewhere].name),
	    STR_ARG(name->text));
	report_hint(resolver->report,
	    "one zone holds all that lives nowhere else: give it both "
	    "interfaces, or give one of them its prefixes");
}

static void
resolve_zone(struct resolver *resolver, const struct syntax_group *syntax)
{
	struct policy *policy = resolver->policy;
	struct symbol *symbol =
	    resolve_define(resolver, &syntax->name, SYMBOL_ZONE, false);

	if (symbol == NULL)
		return;
	uint8_t index = policy->zone_count++;
	struct policy_zone *zone = &policy->zones[index];
	symbol->zone = index;
	zone->name = syntax->name.text;
	zone->place = syntax->name.place;
	zone->interfaces = arena_array(resolver->arena,
	    syntax_count(syntax->members), sizeof(*zone->interfaces));
	if (zone->interfaces == NULL)
		return;
	bool good = true;
	for (const struct syntax_word *word = syntax->members; word != NULL;
	     word = word->next) {
		if (resolve_looks_like_address(word->text) ||
		    str_find(word->text, '/') < word->text.len)
			good &= add_prefix(resolver, zone, word);
		else
			good &= add_interface(resolver, zone, word);
	}
	address_set_freeze(&zone->prefixes);
	check_overlaps(resolver, zone, &syntax->name);
	/* Which addresses it was to have is not known where one is wrong. */
	if (good)
		note_elsewhere(resolver, index, &syntax->name);
}

static void
resolve_all_zones(struct resolver *resolver, const struct syntax_group *zones)
{
	for (; zones != NULL; zones = zones->next) {
		if (resolver->policy->zone_count == POLICY_ZONES_MAX) {
			report_error(resolver->report, zones->name.place,
			    "a policy has at most %d zones", POLICY_ZONES_MAX);
			report_see(resolver->report, MANUAL_LIMITS);
			return;
		}
		resolve_zone(resolver, zones);
	}
}

static struct policy_group *
new_group(struct resolver *resolver, const struct syntax_word *name,
    struct symbol *symbol)
{
	struct policy *policy = resolver->policy;
	struct policy_group *group = resolve_group(resolver);

	if (group == NULL)
		return NULL;
	group->name = name->text;
	group->place = name->place;
	symbol->group = group;
	policy->groups[policy->group_count++] = group;
	return group;
}

/* The member is no name above this one: it is this one, or below, or none. */
static void
report_no_member(struct resolver *resolver, const struct syntax_group *name,
    const struct syntax_word *word)
{
	const struct syntax_group *below = name->next;

	if (str_eq(word->text, name->name.text)) {
		report_error(resolver->report, word->place,
		    "'%.*s' cannot hold itself", STR_ARG(word->text));
		return;
	}
	resolve_unknown(resolver, word, "a name above this one",
	    1u << SYMBOL_NAME | 1u << SYMBOL_LIST);
	if (!resolver->report->kept)
		return;
	while (below != NULL && !str_eq(below->name.text, word->text))
		below = below->next;
	if (below != NULL)
		report_hint(resolver->report,
		    "it is defined below, in line %u: a name stands above "
		    "those that use it",
		    place_line(below->name.place).line);
}

/* A name's member: another name above it, an address, or a domain. */
static void
add_member(struct resolver *resolver, struct policy_group *group,
    const struct syntax_group *name, const struct syntax_word *word)
{
	const struct symbol *symbol = resolve_find(resolver, word->text);

	if (symbol != NULL && symbol->group != NULL && symbol->group != group) {
		symbol->group->used = true;
		if (address_set_add_all(
			&group->addresses, &symbol->group->addresses) < 0 ||
		    domain_set_add_all(
			&group->domains, &symbol->group->domains) < 0)
			resolver->rc = -ENOMEM;
	} else if (symbol != NULL ||
		   str_find(word->text, '.') == word->text.len) {
		if (symbol == NULL && resolve_looks_like_address(word->text))
			(void)resolve_literal(resolver, word, group);
		else
			report_no_member(resolver, name, word);
	} else {
		(void)resolve_literal(resolver, word, group);
	}
}

static void
resolve_name(struct resolver *resolver, const struct syntax_group *syntax)
{
	struct symbol *symbol =
	    resolve_define(resolver, &syntax->name, SYMBOL_NAME, false);
	struct policy_group *group =
	    symbol != NULL ? new_group(resolver, &syntax->name, symbol) : NULL;

	if (group == NULL)
		return;
	for (const struct syntax_word *word = syntax->members; word != NULL;
	     word = word->next)
		add_member(resolver, group, syntax, word);
	address_set_freeze(&group->addresses);
	if (domain_set_freeze(&group->domains) < 0)
		resolver->rc = -ENOMEM;
}

static void
read_list(struct resolver *resolver, const struct syntax_list *syntax,
    struct policy_group *group)
{
	struct text text = TEXT_EMPTY;
	bool domains = str_is(syntax->kind.text, "domains");

	if (syntax->file.text.len == 0) {
		report_error(resolver->report, syntax->file.place,
		    "a list needs the name of its file");
		return;
	}
	int rc = resolve_file(resolver, &syntax->file, "a list's file",
	    POLICY_LIST_BYTES_MAX, &group->file, &text);
	if (rc == 0 &&
	    list_file_read(text_str(&text), group->file.at, domains,
		syntax->file.place, resolver->report, group) == -ENOMEM)
		resolver->rc = -ENOMEM;
	text_fini(&text);
}

_Static_assert(POLICY_REFRESH_SECONDS_MIN == 1, "the words below say so");

static void
read_refresh(struct resolver *resolver, const struct syntax_word *word,
    struct policy_group *group)
{
	const char *why;

	if (word->text.at == NULL)
		return;
	if (duration_parse(word->text, &group->refresh, &why) < 0)
		report_error(resolver->report, word->place, "%s", why);
	else if (group->refresh < POLICY_REFRESH_SECONDS_MIN * CLOCK_SECOND)
		report_error(resolver->report, word->place,
		    "a list is looked at every second at most");
}

static void
resolve_list(struct resolver *resolver, const struct syntax_list *syntax)
{
	struct symbol *symbol =
	    resolve_define(resolver, &syntax->name, SYMBOL_LIST, false);
	struct policy_group *group =
	    symbol != NULL ? new_group(resolver, &syntax->name, symbol) : NULL;

	if (group == NULL)
		return;
	group->is_list = true;
	if (!str_is(syntax->kind.text, "addresses") &&
	    !str_is(syntax->kind.text, "domains")) {
		report_error(resolver->report, syntax->kind.place,
		    "a list holds 'addresses' or 'domains', not '%.*s'",
		    STR_ARG(syntax->kind.text));
		return;
	}
	read_refresh(resolver, &syntax->refresh, group);
	read_list(resolver, syntax, group);
}

/* Kept so that one that nothing uses can be named. */
static struct policy_service_name *
keep_service_name(struct policy *policy, const struct syntax_word *name)
{
	struct policy_service_name *kept =
	    &policy->service_names[policy->service_name_count++];

	kept->name = name->text;
	kept->place = name->place;
	return kept;
}

static void
resolve_service_name(struct resolver *resolver,
    const struct syntax_service_name *syntax, bool built_in)
{
	struct policy_services services;

	/* Its items first: a service may stand on the one it replaces. */
	bool good = resolve_services(resolver, syntax->services, &services);
	struct symbol *symbol =
	    resolve_define(resolver, &syntax->name, SYMBOL_SERVICE, built_in);
	if (symbol == NULL || !good)
		return;
	symbol->services = services;
	if (!built_in)
		symbol->service_name =
		    keep_service_name(resolver->policy, &syntax->name);
}

void
resolve_definitions(
    struct resolver *resolver, const struct syntax *syntax, bool built_in)
{
	struct policy *policy = resolver->policy;

	policy->zones = arena_array(
	    resolver->arena, POLICY_ZONES_MAX, sizeof(*policy->zones));
	policy->groups = arena_array(resolver->arena,
	    syntax_count(syntax->names) + syntax_count(syntax->lists),
	    sizeof(*policy->groups));
	policy->service_names = arena_array(resolver->arena,
	    syntax_count(syntax->services), sizeof(*policy->service_names));
	if (policy->zones == NULL || policy->groups == NULL ||
	    policy->service_names == NULL)
		return;
	(void)report_topic(resolver->report, MANUAL_NAMES);
	for (const struct syntax_service_name *service = syntax->services;
	     service != NULL; service = service->next)
		resolve_service_name(resolver, service, built_in);
	(void)report_topic(resolver->report, MANUAL_ZONES);
	resolve_all_zones(resolver, syntax->zones);
	if (!built_in)
		resolve_sandbox(resolver, syntax);
	(void)report_topic(resolver->report, MANUAL_NAMES);
	for (const struct syntax_list *list = syntax->lists; list != NULL;
	     list = list->next)
		resolve_list(resolver, list);
	for (const struct syntax_group *name = syntax->names; name != NULL;
	     name = name->next)
		resolve_name(resolver, name);
}
