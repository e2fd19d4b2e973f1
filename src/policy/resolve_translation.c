/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_translation: what becomes of addresses besides `publish`.
 *
 * They allow nothing, so that none of them is wrong for what it lets pass; but
 * of two that speak of one address the kernel would take the first, and which
 * that is must be plain to the reader.
 */
#include "policy/manual.h"
#include "policy/resolve.h"

static void
resolve_masquerade(
    struct resolver *resolver, const struct syntax_masquerade *syntax)
{
	struct policy *policy = resolver->policy;
	struct policy_masquerade masquerade = { 0 };

	bool good = resolve_zones(resolver, syntax->from, &masquerade.from);
	good &= resolve_zones(resolver, syntax->to, &masquerade.to);
	if (good && (masquerade.from & masquerade.to) != 0) {
		report_error(resolver->report, syntax->to->place,
		    "a zone is not masqueraded towards itself");
		good = false;
	}
	if (good)
		policy->masquerades[policy->masquerade_count++] = masquerade;
}

/* ---- snat ---- */

/* `any` is every zone; what the gateway sends has its own address. */
static bool
check_snat_source(struct resolver *resolver, const struct syntax_snat *syntax,
    struct policy_snat *snat)
{
	const struct policy *policy = resolver->policy;
	uint64_t all = policy_zone_bit(policy->zone_count) - 1;

	if (snat->from.zones == POLICY_ZONES_ANY)
		snat->from.zones = all & ~snat->to;
	if ((snat->from.zones & ~all) != 0) {
		report_error(resolver->report, syntax->from->place,
		    "what the gateway sends has its own address");
		return false;
	}
	if ((snat->from.zones & snat->to) == 0)
		return true;
	report_error(resolver->report, syntax->to->place,
	    "a zone's source is not changed towards itself");
	return false;
}

static void
resolve_snat(struct resolver *resolver, const struct syntax_snat *syntax)
{
	struct policy *policy = resolver->policy;
	struct policy_snat snat = { .place = syntax->head.place };

	bool good = resolve_source(
	    resolver, syntax->from, syntax->from_except, &snat.from);
	good &= resolve_zones(resolver, syntax->to, &snat.to);
	good = good && check_snat_source(resolver, syntax, &snat);
	good &= resolve_target(resolver, syntax->source,
	    "a source becomes an address",
	    "a source becomes one address in each family", &snat.to4,
	    &snat.to6);
	if (good)
		policy->snats[policy->snat_count++] = snat;
}

/* ---- map ---- */

static bool
resolve_map_side(struct resolver *resolver, const struct syntax_word *word,
    struct address_range *ret)
{
	if (!resolve_range(resolver, word, ret))
		return false;
	if (address_range_prefix(ret) >= 0)
		return true;
	report_error(resolver->report, word->place,
	    "an address or a prefix is mapped, but this is a range");
	return false;
}

/* The zone that holds all of the range, or ZONE_NONE. */
static uint8_t
zone_of_range(const struct policy *policy, const struct address_range *range)
{
	uint8_t zone = policy_zone_of(policy, range->first);
	struct address_set set = { 0 };
	struct address shared;
	bool mixed = zone != policy_zone_of(policy, range->last) ||
		     zone >= policy->zone_count;

	if (mixed || address_set_add(&set, range) < 0)
		return ZONE_NONE;
	address_set_freeze(&set);
	for (uint8_t i = 0; i < policy->zone_count; i++)
		mixed |=
		    i != zone && address_set_overlap(
				     &policy->zones[i].prefixes, &set, &shared);
	address_set_fini(&set);
	return mixed ? ZONE_NONE : zone;
}

static bool
check_map_lengths(struct resolver *resolver, const struct syntax_map *syntax,
    const struct policy_map *map)
{
	if (map->inside.first.family == map->outside.first.family &&
	    address_range_prefix(&map->inside) ==
		address_range_prefix(&map->outside))
		return true;
	report_error(resolver->report, syntax->outside.place,
	    "both sides of a map are of one family and as long as each other");
	return false;
}

static bool
check_map_homes(struct resolver *resolver, const struct syntax_map *syntax,
    struct policy_map *map)
{
	const struct policy *policy = resolver->policy;

	map->home = zone_of_range(policy, &map->inside);
	if (map->home == ZONE_NONE || map->home == policy->elsewhere ||
	    map->home == map->zone) {
		report_error(resolver->report, syntax->inside.place,
		    "what is mapped lives in one zone with prefixes, which is "
		    "not '%.*s'",
		    STR_ARG(syntax->zone.text));
		return false;
	}
	if (zone_of_range(policy, &map->outside) == map->zone)
		return true;
	report_error(resolver->report, syntax->outside.place,
	    "%.*s does not live in '%.*s'", STR_ARG(syntax->outside.text),
	    STR_ARG(syntax->zone.text));
	report_hint(resolver->report,
	    "the address outside is one of the zone that it is seen in");
	return false;
}

static bool
ranges_meet(const struct address_range *a, const struct address_range *b)
{
	return address_range_has(a, b->first) || address_range_has(b, a->first);
}

static bool
check_map_apart(struct resolver *resolver, const struct syntax_map *syntax,
    const struct policy_map *map)
{
	const struct policy *policy = resolver->policy;

	for (size_t i = 0; i < policy->map_count; i++) {
		const struct policy_map *other = &policy->maps[i];
		bool inside = ranges_meet(&other->inside, &map->inside) &&
			      other->zone == map->zone;
		if (!inside && !ranges_meet(&other->outside, &map->outside))
			continue;
		report_error(resolver->report,
		    inside ? syntax->inside.place : syntax->outside.place,
		    "this is mapped twice");
		if (resolver->report->kept)
			report_hint(resolver->report, "it is mapped in line %u",
			    place_line(other->place).line);
		return false;
	}
	for (size_t i = 0; i < policy->listen_count; i++) {
		if (!address_range_has(
			&map->outside, policy->listens[i].at.address))
			continue;
		report_error(resolver->report, syntax->outside.place,
		    "the proxy listens there");
		return false;
	}
	return true;
}

static void
resolve_map(struct resolver *resolver, const struct syntax_map *syntax)
{
	struct policy *policy = resolver->policy;
	struct policy_map map = { .place = syntax->inside.place };
	uint64_t zone = 0;

	bool good = resolve_map_side(resolver, &syntax->inside, &map.inside);
	good &= resolve_map_side(resolver, &syntax->outside, &map.outside);
	good &= resolve_zones(resolver, &syntax->zone, &zone);
	if (zone != 0)
		map.zone = (uint8_t)__builtin_ctzll(zone);
	if (good && check_map_lengths(resolver, syntax, &map) &&
	    check_map_homes(resolver, syntax, &map) &&
	    check_map_apart(resolver, syntax, &map))
		policy->maps[policy->map_count++] = map;
}

static bool
make_room(struct resolver *resolver, const struct syntax *syntax)
{
	struct policy *policy = resolver->policy;

	policy->masquerades = arena_array(resolver->arena,
	    syntax_count(syntax->masquerades), sizeof(*policy->masquerades));
	policy->snats = arena_array(resolver->arena,
	    syntax_count(syntax->snats), sizeof(*policy->snats));
	policy->maps = arena_array(
	    resolver->arena, syntax_count(syntax->maps), sizeof(*policy->maps));
	return !resolver->arena->full;
}

void
resolve_translations(struct resolver *resolver, const struct syntax *syntax)
{
	if (!make_room(resolver, syntax))
		return;
	(void)report_topic(resolver->report, MANUAL_PUBLISH);
	for (const struct syntax_masquerade *masquerade = syntax->masquerades;
	     masquerade != NULL; masquerade = masquerade->next)
		resolve_masquerade(resolver, masquerade);
	(void)report_topic(resolver->report, MANUAL_SOURCES);
	for (const struct syntax_snat *snat = syntax->snats; snat != NULL;
	     snat = snat->next)
		resolve_snat(resolver, snat);
	(void)report_topic(resolver->report, MANUAL_MAPS);
	for (const struct syntax_map *map = syntax->maps; map != NULL;
	     map = map->next)
		resolve_map(resolver, map);
}
