/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/compile_map.h"

#include "firewall/names.h"

#include <errno.h>

#define HANDOVER FIREWALL_TEXT(FIREWALL_MARK_HANDOVER)

static bool
is_single(const struct policy_map *map)
{
	return address_eq(map->outside.first, map->outside.last);
}

static uint8_t
family_of(const struct policy_map *map)
{
	return map->outside.first.family;
}

static const char *
word_of(const struct policy_map *map)
{
	return compile_family_word(family_of(map));
}

/* In the kernel's reach: IPv6 may be missing. */
static bool
is_wanted(const struct compiler *compiler, const struct policy_map *map)
{
	return family_of(map) == ADDRESS_IPV4 || compiler->host->ipv6;
}

bool
compile_map_has_singles(const struct compiler *compiler)
{
	const struct policy *policy = compiler->policy;

	for (size_t i = 0; i < policy->map_count; i++)
		if (is_single(&policy->maps[i]) &&
		    is_wanted(compiler, &policy->maps[i]))
			return true;
	return false;
}

static void
fill_singles(struct compiler *compiler, uint8_t zone, struct address_set *set)
{
	const struct policy *policy = compiler->policy;

	for (size_t i = 0; i < policy->map_count; i++)
		if (policy->maps[i].zone == zone &&
		    is_single(&policy->maps[i]) &&
		    is_wanted(compiler, &policy->maps[i]) &&
		    address_set_add(set, &policy->maps[i].outside) < 0)
			compiler->rc = -ENOMEM;
	address_set_freeze(set);
}

/* `each` for every family of every zone in which single addresses are seen. */
static void
for_each_set(struct compiler *compiler,
    void (*each)(struct compiler *compiler, uint8_t zone, uint8_t family,
	const struct address_set *set, const char *context),
    const char *context)
{
	static const uint8_t families[] = { ADDRESS_IPV4, ADDRESS_IPV6 };

	for (uint8_t zone = 0; zone < compiler->policy->zone_count; zone++) {
		struct address_set set = { 0 };
		fill_singles(compiler, zone, &set);
		for (size_t i = 0; i < sizeof(families); i++)
			if (compile_has_family(&set, families[i]))
				each(
				    compiler, zone, families[i], &set, context);
		address_set_fini(&set);
	}
}

static void
write_set(struct compiler *compiler, uint8_t zone, uint8_t family,
    const struct address_set *set, const char *context)
{
	(void)context;
	compile_set(compiler, "mapped",
	    policy_zone_name(compiler->policy, zone), family, set);
}

void
compile_map_sets(struct compiler *compiler)
{
	for_each_set(compiler, write_set, NULL);
}

static void
write_entry(struct compiler *compiler, uint8_t zone, uint8_t family,
    const struct address_set *set, const char *before)
{
	struct str name = policy_zone_name(compiler->policy, zone);

	(void)set;
	compile_line(compiler, "%s daddr @mapped.%.*s.%u goto %s%.*s",
	    compile_family_word(family), STR_ARG(name), family, before,
	    STR_ARG(name));
}

void
compile_map_entry(struct compiler *compiler, const char *before)
{
	for_each_set(compiler, write_entry, before);
}

static void
write_return(struct compiler *compiler, uint8_t zone, uint8_t family,
    const struct address_set *set, const char *context)
{
	(void)set;
	(void)context;
	compile_line(compiler, "%s daddr @mapped.%.*s.%u return",
	    compile_family_word(family),
	    STR_ARG(policy_zone_name(compiler->policy, zone)), family);
}

void
compile_map_returns(struct compiler *compiler)
{
	for_each_set(compiler, write_return, NULL);
}

static void
write_invalid(struct compiler *compiler, uint8_t zone, uint8_t family,
    const struct address_set *set, const char *context)
{
	(void)set;
	(void)context;
	compile_line(compiler,
	    "ct state invalid %s daddr @mapped.%.*s.%u counter name "
	    "\"invalid\" drop",
	    compile_family_word(family),
	    STR_ARG(policy_zone_name(compiler->policy, zone)), family);
}

void
compile_map_invalid(struct compiler *compiler)
{
	for_each_set(compiler, write_invalid, NULL);
}

/* `each` with the texts of the two ranges. */
static void
for_each_map(struct compiler *compiler,
    void (*each)(struct compiler *compiler, const struct policy_map *map,
	const char *inside, const char *outside))
{
	char inside[ADDRESS_RANGE_TEXT_BYTES];
	char outside[ADDRESS_RANGE_TEXT_BYTES];

	for (size_t i = 0; i < compiler->policy->map_count; i++) {
		const struct policy_map *map = &compiler->policy->maps[i];
		if (is_wanted(compiler, map))
			each(compiler, map,
			    address_range_format(&map->inside, inside),
			    address_range_format(&map->outside, outside));
	}
}

/* Answers that the gateway's own flows get by such a name are its own. */
static void
write_input(struct compiler *compiler, const struct policy_map *map,
    const char *inside, const char *outside)
{
	(void)inside;
	compile_line(compiler,
	    "ct direction original ct status & dnat == dnat ct original %s "
	    "daddr %s counter name \"misrouted\" drop comment \"line %u\"",
	    word_of(map), outside, place_line(map->place).line);
}

void
compile_map_input(struct compiler *compiler)
{
	for_each_map(compiler, write_input);
}

/* What was handed over goes to the proxy under the name that it came with. */
static void
write_destination(struct compiler *compiler, const struct policy_map *map,
    const char *inside, const char *outside)
{
	compile_line(compiler,
	    "meta mark and " HANDOVER
	    " == 0 %s daddr %s %sdnat %s %sto %s comment \"line %u\"",
	    word_of(map), outside,
	    is_single(map) ? "" : "fib daddr type != local ", word_of(map),
	    is_single(map) ? "" : "prefix ", inside,
	    place_line(map->place).line);
}

void
compile_map_destinations(struct compiler *compiler)
{
	for_each_map(compiler, write_destination);
}

/* As of published services: the answer must come back by the gateway. */
static void
write_hairpin(struct compiler *compiler, const struct policy_map *map,
    const char *inside, const char *outside)
{
	struct text home = TEXT_EMPTY;

	(void)outside;
	compile_add_home(compiler, "saddr", map->home, family_of(map), &home);
	compile_line(compiler,
	    "ct status & dnat == dnat %.*s%s daddr %s masquerade comment "
	    "\"line %u\"",
	    STR_ARG(text_str(&home)), word_of(map), inside,
	    place_line(map->place).line);
	compile_text_fini(compiler, &home);
}

void
compile_map_hairpins(struct compiler *compiler)
{
	for_each_map(compiler, write_hairpin);
}

static void
write_source(struct compiler *compiler, const struct policy_map *map,
    const char *inside, const char *outside)
{
	const struct policy_zone *zone = &compiler->policy->zones[map->zone];
	struct text line = TEXT_EMPTY;

	if (zone->interface_count == 0)
		return;
	text_addz(&line, "oifname ");
	compile_interfaces(&line, zone);
	text_addf(&line, " %s saddr %s ", word_of(map), inside);
	compile_add_home(compiler, "daddr", map->zone, family_of(map), &line);
	compile_line(compiler, "%.*ssnat %s %sto %s comment \"line %u\"",
	    STR_ARG(text_str(&line)), word_of(map),
	    is_single(map) ? "" : "prefix ", outside,
	    place_line(map->place).line);
	compile_text_fini(compiler, &line);
}

void
compile_map_sources(struct compiler *compiler)
{
	for_each_map(compiler, write_source);
}
