/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_match: conditions as nftables expressions.
 */
#include "firewall/compile_impl.h"
#include "firewall/compile_learned.h"

#include <errno.h>
#include <stdlib.h>

/* The set that has what a named group has of a family. */
static void
add_set_name(struct compiler *compiler, struct text *text,
    const struct policy_group *group, uint8_t family)
{
	const struct firewall_host *host = compiler->host;
	char name[FIREWALL_SET_NAME_BYTES];
	const char *loaded = NULL;

	firewall_group_set_name(group, family, name);
	if (host->loaded_set != NULL && firewall_group_is_long(group)) {
		loaded = host->loaded_set(host->loaded_context, group, family);
		if (loaded == NULL)
			compiler->rc = -ENOENT;
	}
	text_addf(text, "@%s", loaded != NULL ? loaded : name);
}

/*
 * "ip saddr != @name.x.4": a named group is a set of the table, literals stand
 * in the rule.  False if the group has nothing in the family.
 */
static bool
add_group_text(struct compiler *compiler, struct text *text,
    const struct policy_group *group, const char *side, const char *relation,
    uint8_t family)
{
	if (!compile_has_family(&group->addresses, family) ||
	    (family == ADDRESS_IPV6 && !compiler->host->ipv6))
		return false;
	text_addf(
	    text, "%s %s %s", compile_family_word(family), side, relation);
	if (group->name.at != NULL)
		add_set_name(compiler, text, group, family);
	else
		compile_elements(text, &group->addresses, family);
	return true;
}

static void
add_group(struct compiler *compiler, struct matches *matches,
    const struct policy_group *group, const char *side, uint8_t family)
{
	struct text text = TEXT_EMPTY;
	struct match *match = NULL;

	if (add_group_text(compiler, &text, group, side, "", family))
		match = compile_add_match(compiler, matches, family, &text);
	if (match != NULL &&
	    (group->name.at == NULL || !firewall_group_is_long(group)))
		match->addresses = &group->addresses;
	compile_text_fini(compiler, &text);
}

static bool
is_within(const struct address_set *set, const struct address_range *range)
{
	for (size_t i = 0; i < address_set_count(set); i++) {
		struct address_range one = address_set_range(set, i);
		if (address_range_has(&one, range->first) &&
		    address_range_has(&one, range->last))
			return true;
	}
	return false;
}

/* Whether all of it lives behind zones with prefixes. */
static bool
is_zoned(const struct compiler *compiler, const struct address_set *set)
{
	for (size_t i = 0; i < address_set_count(set); i++) {
		struct address_range range = address_set_range(set, i);
		if (!is_within(&compiler->zoned, &range))
			return false;
	}
	return true;
}

/*
 * Whether an address of the set can stand on this side of the chain's flows.
 * Sources of a zone with prefixes live there or are link-local, elsewhere
 * lives what is in no such zone; what ends at the gateway can have any address.
 */
static bool
may_live_in(const struct compiler *compiler, const struct address_set *set,
    uint8_t zone)
{
	const struct policy *policy = compiler->policy;
	struct address shared;

	if (address_set_overlap(set, &compiler->local_scope, &shared))
		return true;
	if (zone == policy->elsewhere)
		return !is_zoned(compiler, set);
	return zone >= policy->zone_count ||
	       address_set_overlap(set, &policy->zones[zone].prefixes, &shared);
}

static void
add_groups(struct compiler *compiler, struct matches *matches,
    const struct policy_endpoint *endpoint, const char *side, uint8_t zone)
{
	for (size_t i = 0; i < endpoint->group_count; i++) {
		const struct policy_group *group = endpoint->groups[i];
		if (!may_live_in(compiler, &group->addresses, zone))
			continue;
		add_group(compiler, matches, group, side, ADDRESS_IPV4);
		add_group(compiler, matches, group, side, ADDRESS_IPV6);
	}
}

/* One alternative in one family, without the addresses of the groups. */
static void
add_without(struct compiler *compiler, struct matches *matches,
    const struct match *match, const struct policy_endpoint *except,
    const char *side, uint8_t family)
{
	struct text text = TEXT_EMPTY;
	bool tells_family = match->family == family;

	if ((match->family != 0 && match->family != family) ||
	    (family == ADDRESS_IPV6 && !compiler->host->ipv6))
		return;
	text_add(&text, match->text);
	for (size_t i = 0; i < except->group_count; i++) {
		size_t before = text.len;
		text_addz(&text, before > 0 ? " " : "");
		if (add_group_text(compiler, &text, except->groups[i], side,
			"!= ", family))
			tells_family = true;
		else
			text_cut(&text, before);
	}
	if (!tells_family)
		text_addf(&text, "%smeta nfproto %s", text.len > 0 ? " " : "",
		    family == ADDRESS_IPV4 ? "ipv4" : "ipv6");
	compile_add_match(compiler, matches, family, &text);
	compile_text_fini(compiler, &text);
}

static bool
takes_addresses_from(const struct compiler *compiler,
    const struct policy_endpoint *except, uint8_t zone)
{
	for (size_t i = 0; i < except->group_count; i++) {
		const struct address_set *set = &except->groups[i]->addresses;
		if (!address_set_is_empty(set) &&
		    may_live_in(compiler, set, zone))
			return true;
	}
	return false;
}

struct matches
match_without(struct compiler *compiler, struct matches matches,
    const struct policy_endpoint *except, const char *side, uint8_t zone)
{
	if (except == NULL)
		return matches;
	if ((except->zones & policy_zone_bit(zone)) != 0)
		return (struct matches){ NULL, 0 };
	if (!takes_addresses_from(compiler, except, zone))
		return matches;
	struct matches left = match_room(compiler, 2 * matches.count);
	for (size_t i = 0; i < matches.count; i++) {
		add_without(compiler, &left, &matches.items[i], except, side,
		    ADDRESS_IPV4);
		add_without(compiler, &left, &matches.items[i], except, side,
		    ADDRESS_IPV6);
	}
	return left;
}

struct matches
match_source(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule)
{
	const struct policy_endpoint *from = &rule->from;

	if ((from->zones & policy_zone_bit(chain->from)) != 0)
		return match_without(compiler, match_always(compiler),
		    from->except, "saddr", chain->from);
	struct matches matches = match_room(compiler, 2 * from->group_count);
	add_groups(compiler, &matches, from, "saddr", chain->from);
	return match_without(
	    compiler, matches, from->except, "saddr", chain->from);
}

static void
add_zone(struct compiler *compiler, struct matches *matches, uint8_t zone,
    uint8_t family)
{
	const struct policy_zone *one = &compiler->policy->zones[zone];
	struct text text = TEXT_EMPTY;
	char name[COMPILE_NAME_BYTES];

	if (!compile_has_family(&one->prefixes, family) ||
	    (family == ADDRESS_IPV6 && !compiler->host->ipv6))
		return;
	compile_set_name(name, "zone", one->name, family);
	text_addf(&text, "%s saddr @%s", compile_family_word(family), name);
	compile_add_match(compiler, matches, family, &text);
	compile_text_fini(compiler, &text);
}

struct matches
match_sources(struct compiler *compiler, const struct policy_endpoint *who)
{
	struct matches matches =
	    match_room(compiler, 2 * (who->group_count + POLICY_ZONES_MAX));

	for (uint8_t zone = 0; zone < compiler->policy->zone_count; zone++) {
		if ((who->zones & policy_zone_bit(zone)) == 0)
			continue;
		add_zone(compiler, &matches, zone, ADDRESS_IPV4);
		add_zone(compiler, &matches, zone, ADDRESS_IPV6);
	}
	for (size_t i = 0; i < who->group_count; i++) {
		const struct policy_group *group = who->groups[i];
		add_group(compiler, &matches, group, "saddr", ADDRESS_IPV4);
		add_group(compiler, &matches, group, "saddr", ADDRESS_IPV6);
	}
	return matches;
}

/* The gateway's own addresses in the zones of a publish rule. */
static void
add_own(struct compiler *compiler, struct matches *matches,
    const struct policy_rule *rule, const char *word, uint8_t family)
{
	struct text text = TEXT_EMPTY;
	char name[COMPILE_NAME_BYTES];

	for (uint8_t zone = 0; zone < compiler->policy->zone_count; zone++) {
		if ((rule->to.own & policy_zone_bit(zone)) == 0)
			continue;
		compile_set_name(
		    name, "own", compiler->policy->zones[zone].name, family);
		text_addf(&text, "%s daddr @%s", word, name);
		compile_add_match(compiler, matches, family, &text);
	}
	compile_text_fini(compiler, &text);
}

static struct matches
match_place(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule)
{
	const struct policy_endpoint *to = &rule->to;

	if (to->zones == POLICY_ZONES_ANY ||
	    (chain->kind != CHAIN_EXPLICIT &&
		(to->zones & policy_zone_bit(chain->to)) != 0))
		return match_without(compiler, match_always(compiler),
		    to->except, "daddr", chain->to);
	if (chain->kind == CHAIN_EXPLICIT)
		return (struct matches){ NULL, 0 };
	struct matches matches =
	    match_room(compiler, 2 * (to->group_count + POLICY_ZONES_MAX));
	if (chain->to == ZONE_SELF && rule->target4.family != ADDRESS_NONE)
		add_own(compiler, &matches, rule, "ip", ADDRESS_IPV4);
	if (chain->to == ZONE_SELF && rule->target6.family != ADDRESS_NONE &&
	    compiler->host->ipv6)
		add_own(compiler, &matches, rule, "ip6", ADDRESS_IPV6);
	add_groups(compiler, &matches, to, "daddr", chain->to);
	compile_add_learned(compiler, chain, rule, &matches);
	return match_without(compiler, matches, to->except, "daddr", chain->to);
}

struct matches
match_destination(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule)
{
	return compile_without_learned(compiler, chain, rule->to.except,
	    match_place(compiler, chain, rule));
}

static int
by_first(const void *a, const void *b)
{
	return ((const struct policy_service *)a)->first -
	       ((const struct policy_service *)b)->first;
}

/*
 * The numbers of one protocol, ascending and folded: the kernel's sets take no
 * overlaps.  NULL when there is no memory.
 */
static struct policy_service *
fold_numbers(struct compiler *compiler, const struct policy_services *services,
    enum policy_protocol protocol, size_t *ret_count)
{
	struct policy_service *folded =
	    arena_array(&compiler->scratch, services->count, sizeof(*folded));
	size_t count = 0, kept = 0;

	if (folded == NULL)
		return NULL;
	for (size_t i = 0; i < services->count; i++)
		if (services->items[i].protocol == protocol)
			folded[count++] = services->items[i];
	qsort(folded, count, sizeof(*folded), by_first);
	for (size_t i = 1; i < count; i++) {
		if (folded[i].first > folded[kept].last)
			folded[++kept] = folded[i];
		else if (folded[i].last > folded[kept].last)
			folded[kept].last = folded[i].last;
	}
	*ret_count = kept + 1;
	return folded;
}

/* "80", "1-79", "{ 80, 443 }" */
static void
add_ports(struct text *out, const struct policy_service *ports, size_t count)
{
	text_addz(out, count > 1 ? "{ " : "");
	for (size_t i = 0; i < count; i++) {
		text_addf(out, "%s%u", i > 0 ? ", " : "", ports[i].first);
		if (ports[i].last != ports[i].first)
			text_addf(out, "-%u", ports[i].last);
	}
	text_addz(out, count > 1 ? " }" : "");
}

static bool
is_named(const struct policy_services *services, enum policy_protocol protocol)
{
	for (size_t i = 0; i < services->count; i++)
		if (services->items[i].protocol == protocol)
			return true;
	return false;
}

static bool
is_whole(const struct policy_services *services, enum policy_protocol protocol)
{
	for (size_t i = 0; i < services->count; i++)
		if (services->items[i].protocol == protocol &&
		    services->items[i].first == 0 &&
		    services->items[i].last == UINT16_MAX)
			return true;
	return false;
}

/* The types of one family among the kinds that the services name. */
static void
add_icmp_types(struct compiler *compiler, struct matches *matches,
    const struct policy_services *services, uint8_t family)
{
	struct text text = TEXT_EMPTY;
	const char *before =
	    family == ADDRESS_IPV4 ? "icmp type { " : "icmpv6 type { ";

	size_t count = 0;
	const struct policy_service *kinds =
	    fold_numbers(compiler, services, POLICY_PROTOCOL_ICMP, &count);

	for (size_t i = 0; kinds != NULL && i < count; i++) {
		const struct policy_icmp_kind *kind =
		    &policy_icmp_kinds[kinds[i].first];
		int type = family == ADDRESS_IPV4 ? kind->type4 : kind->type6;
		if (type < 0)
			continue;
		text_addf(&text, "%s%d", before, type);
		before = ", ";
	}
	if (text.len > 0) {
		text_addz(&text, " }");
		compile_add_match(compiler, matches, family, &text);
	}
	compile_text_fini(compiler, &text);
}

static void
add_icmp(struct compiler *compiler, struct matches *matches,
    const struct policy_services *services)
{
	struct text text = TEXT_EMPTY;

	if (is_whole(services, POLICY_PROTOCOL_ICMP)) {
		text_addz(&text, "meta l4proto { 1, 58 }");
		compile_add_match(compiler, matches, 0, &text);
		compile_text_fini(compiler, &text);
		return;
	}
	add_icmp_types(compiler, matches, services, ADDRESS_IPV4);
	if (compiler->host->ipv6)
		add_icmp_types(compiler, matches, services, ADDRESS_IPV6);
}

static void
add_protocol(struct compiler *compiler, struct matches *matches,
    const struct policy_services *services, enum policy_protocol protocol)
{
	const struct policy_protocol_row *row = policy_protocol_row(protocol);
	struct text text = TEXT_EMPTY;
	size_t count = 0;

	if (protocol == POLICY_PROTOCOL_ICMP) {
		add_icmp(compiler, matches, services);
		return;
	}
	const struct policy_service *numbers =
	    fold_numbers(compiler, services, protocol, &count);
	if (is_whole(services, protocol)) {
		text_addf(&text, "meta l4proto %u", row->number);
	} else {
		text_addf(&text, "%s dport ", row->word);
		add_ports(&text, numbers, count);
	}
	struct match *match = compile_add_match(compiler, matches, 0, &text);
	if (match != NULL) {
		match->services = numbers;
		match->service_count = count;
	}
	compile_text_fini(compiler, &text);
}

struct matches
match_services(
    struct compiler *compiler, const struct policy_services *services)
{
	if (services->count == 0)
		return match_always(compiler);
	struct matches matches =
	    match_room(compiler, (size_t)2 * POLICY_PROTOCOL_COUNT);
	for (unsigned i = 0; i < POLICY_PROTOCOL_COUNT; i++)
		if (is_named(services, (enum policy_protocol)i))
			add_protocol(compiler, &matches, services,
			    (enum policy_protocol)i);
	return matches;
}
