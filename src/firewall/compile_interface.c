/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/compile_interface.h"

#include <errno.h>
#include <stdio.h>

/* With its NUL, as the kernel has it. */
#define INTERFACE_BYTES 16

static uint64_t
zones_on(const struct policy *policy, struct str interface)
{
	uint64_t zones = 0;

	for (uint8_t zone = 0; zone < policy->zone_count; zone++)
		if (policy_zone_has_interface(&policy->zones[zone], interface))
			zones |= policy_zone_bit(zone);
	return zones;
}

void
compile_each_interface(
    struct compiler *compiler, compile_interface_fn fn, void *context)
{
	const struct policy *policy = compiler->policy;

	for (uint8_t zone = 0; zone < policy->zone_count; zone++) {
		const struct policy_zone *z = &policy->zones[zone];
		for (size_t i = 0; i < z->interface_count; i++) {
			uint64_t zones = zones_on(policy, z->interfaces[i]);
			/* Of several zones the first one brings it. */
			if (__builtin_ctzll(zones) == zone)
				fn(compiler, z->interfaces[i], zones, context);
		}
	}
}

/* Each is a line that packets of the others pass by; a look-up costs as much as
 * five. */
#define LINES_MAX 4

struct leading {
	const char *match, *before;
	struct text map;
	size_t count;
};

static void
count_interface(struct compiler *compiler, struct str interface, uint64_t zones,
    void *context)
{
	size_t *count = context;

	(void)compiler;
	(void)interface;
	(void)zones;
	*count += 1;
}

static void
lead(struct compiler *compiler, struct str interface, uint64_t zones,
    void *context)
{
	struct leading *leading = context;
	char chain[COMPILE_NAME_BYTES];

	(void)zones;
	compile_interface_name(chain, leading->before, interface);
	if (leading->count <= LINES_MAX)
		compile_line(compiler, "%s \"%.*s\" goto %s", leading->match,
		    STR_ARG(interface), chain);
	else
		text_addf(&leading->map, "%s\"%.*s\" : goto %s",
		    leading->map.len > 0 ? ", " : "", STR_ARG(interface),
		    chain);
}

void
compile_interface_chains(
    struct compiler *compiler, const char *match, const char *before)
{
	struct leading leading = { .match = match, .before = before };

	compile_each_interface(compiler, count_interface, &leading.count);
	compile_each_interface(compiler, lead, &leading);
	if (leading.map.len > 0)
		compile_line(compiler, "%s vmap { %.*s }", match,
		    STR_ARG(text_str(&leading.map)));
	compile_text_fini(compiler, &leading.map);
}

/* The prefixes of the zones that are among these, or of all others. */
static void
fill_prefixes(struct compiler *compiler, uint64_t zones, bool others,
    struct address_set *set)
{
	const struct policy *policy = compiler->policy;

	for (uint8_t zone = 0; zone < policy->zone_count; zone++)
		if (((zones & policy_zone_bit(zone)) == 0) == others &&
		    address_set_add_all(set, &policy->zones[zone].prefixes) < 0)
			compiler->rc = -ENOMEM;
	address_set_freeze(set);
}

/* A range alone is no look-up. */
static void
add_ranges(const struct address_set *set, uint8_t family, struct text *out)
{
	char text[ADDRESS_RANGE_TEXT_BYTES];
	struct address_range only;
	size_t count = 0;

	for (size_t i = 0; i < address_set_count(set); i++) {
		struct address_range range = address_set_range(set, i);
		if (range.first.family == family && count++ == 0)
			only = range;
	}
	if (count == 1)
		text_addz(out, address_range_format(&only, text));
	else
		compile_elements(out, set, family);
}

/* In the zone without prefixes lives what is in none of the others. */
void
compile_home(
    struct compiler *compiler, const struct compile_home *home, uint8_t family)
{
	uint8_t elsewhere = compiler->policy->elsewhere;
	bool others = !home->is_other && elsewhere != ZONE_NONE &&
		      (home->zones & policy_zone_bit(elsewhere)) != 0;
	struct address_set set = { 0 };
	struct text elements = TEXT_EMPTY;

	fill_prefixes(compiler, home->zones, others || home->is_other, &set);
	if (compile_has_family(&set, family)) {
		add_ranges(&set, family, &elements);
		compile_line(compiler, "%s%s%s %s %s%.*s %s", home->when,
		    home->what, compile_family_word(family), home->side,
		    others ? "!= " : "", STR_ARG(text_str(&elements)),
		    home->there);
	} else if (others) {
		compile_line(compiler, "%smeta nfproto %s %s", home->when,
		    family == ADDRESS_IPV4 ? "ipv4" : "ipv6", home->there);
	}
	compile_text_fini(compiler, &elements);
	address_set_fini(&set);
}

/* ---- by the interface ---- */

struct asking {
	const struct compile_ways *ways;
	uint8_t family;
};

static void
ask_there(struct compiler *compiler, struct str interface, uint64_t zones,
    void *context)
{
	const struct asking *asking = context;
	char when[32 + 2 * INTERFACE_BYTES];
	const struct compile_home home = { .zones = zones,
		.when = when,
		.what = "",
		.side = asking->ways->side,
		.there = asking->ways->there };

	(void)snprintf(when, sizeof(when), "%s \"%.*s\" ", asking->ways->match,
	    STR_ARG(interface));
	compile_home(compiler, &home, asking->family);
}

static bool
are_few(struct compiler *compiler)
{
	size_t count = 0;

	compile_each_interface(compiler, count_interface, &count);
	return count <= LINES_MAX;
}

void
compile_ways(struct compiler *compiler, const struct compile_ways *ways)
{
	struct asking asking = { ways, ADDRESS_IPV4 };

	if (!are_few(compiler)) {
		compile_interface_chains(compiler, ways->match, ways->before);
		return;
	}
	compile_each_interface(compiler, ask_there, &asking);
	asking.family = ADDRESS_IPV6;
	if (compiler->host->ipv6)
		compile_each_interface(compiler, ask_there, &asking);
	if (ways->rest_is_each)
		compile_interface_chains(compiler, ways->match, ways->rest);
}

static void
write_way(struct compiler *compiler, struct str interface, uint64_t zones,
    void *context)
{
	const struct compile_ways *ways = context;
	const struct compile_home home = { .zones = zones,
		.when = "",
		.what = "",
		.side = ways->side,
		.there = ways->there };
	char name[COMPILE_NAME_BYTES];

	compile_interface_name(name, ways->before, interface);
	compile_chain_begin(compiler, name);
	compile_home(compiler, &home, ADDRESS_IPV4);
	if (compiler->host->ipv6)
		compile_home(compiler, &home, ADDRESS_IPV6);
	if (ways->rest_is_each)
		compile_interface_name(name, ways->rest, interface);
	compile_line(
	    compiler, "goto %s", ways->rest_is_each ? name : ways->rest);
	compile_chain_end(compiler);
}

void
compile_ways_chains(struct compiler *compiler, const struct compile_ways *ways)
{
	struct compile_ways copy = *ways;

	if (!are_few(compiler))
		compile_each_interface(compiler, write_way, &copy);
}
