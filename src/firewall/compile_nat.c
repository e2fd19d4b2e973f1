/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_nat: publish, snat and masquerade.
 *
 * What is translated was decided before: a published flow carries a mark, and
 * one whose source changes leaves by the interface of its zone.
 */
#include "firewall/compile_map.h"

#include "firewall/names.h"

#define PUBLISH FIREWALL_TEXT(FIREWALL_MARK_PUBLISH)

static struct address
target_of(const struct policy_rule *rule, uint8_t family)
{
	return family == ADDRESS_IPV4 ? rule->target4 : rule->target6;
}

/* "10.0.0.25", "10.0.0.25:8443" */
static void
add_target(const struct policy_rule *rule, uint8_t family, struct text *out)
{
	char text[ADDRESS_TEXT_BYTES];
	struct address_port to = { target_of(rule, family), rule->target_port };

	text_addz(out, to.port == 0 ? address_format(to.address, text)
				    : address_port_format(to, text));
}

/* The kernel moves no range of ports by itself: each of them is an element. */
static void
add_moved_ports(
    const struct policy_rule *rule, uint8_t family, struct text *out)
{
	const struct policy_service *outside = &rule->services.items[0];
	char text[ADDRESS_TEXT_BYTES];
	const char *target = address_format(target_of(rule, family), text);

	text_addf(out, "%s dport map {",
	    policy_protocol_row(outside->protocol)->word);
	for (unsigned port = outside->first; port <= outside->last; port++)
		text_addf(out, "%s %u : %s . %u",
		    port > outside->first ? "," : "", port, target,
		    policy_target_port(rule, (uint16_t)port));
	text_addz(out, " }");
}

static bool
moves_a_range(const struct policy_rule *rule)
{
	return rule->target_shift != 0 &&
	       rule->services.items[0].first != rule->services.items[0].last;
}

static void
add_new_destination(
    const struct policy_rule *rule, uint8_t family, struct text *out)
{
	struct policy_rule one = *rule;

	if (moves_a_range(rule)) {
		add_moved_ports(rule, family, out);
		return;
	}
	if (rule->target_shift != 0)
		one.target_port =
		    policy_target_port(rule, rule->services.items[0].first);
	add_target(&one, family, out);
}

/*
 * The rule that decided is the first one that matches here, for the mark says
 * that one of these did; so each stands with all that it asks for.
 */
static void
write_publish(struct compiler *compiler, const struct policy_rule *rule,
    uint8_t zone, uint8_t family)
{
	struct arena_mark mark = arena_mark(&compiler->scratch);
	struct matches times = match_time(compiler, rule);
	struct matches services = match_services(compiler, &rule->services);
	struct text target = TEXT_EMPTY;

	add_new_destination(rule, family, &target);
	for (size_t i = 0; i < times.count * services.count; i++) {
		struct str time = times.items[i / services.count].text;
		compile_line(compiler,
		    "meta mark and " PUBLISH " == " PUBLISH
		    " %.*s%s%s daddr @own.%.*s.%u %.*s dnat %s to %.*s comment "
		    "\"line %u\"",
		    STR_ARG(time), time.len > 0 ? " " : "",
		    compile_family_word(family),
		    STR_ARG(policy_zone_name(compiler->policy, zone)), family,
		    STR_ARG(services.items[i % services.count].text),
		    compile_family_word(family), STR_ARG(text_str(&target)),
		    rule->line);
	}
	compile_text_fini(compiler, &target);
	arena_rewind(&compiler->scratch, mark);
}

static void
for_each_published(struct compiler *compiler,
    void (*write)(struct compiler *, const struct policy_rule *, uint8_t zone,
	uint8_t family))
{
	const struct policy *policy = compiler->policy;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		if (!rule->publish)
			continue;
		for (uint8_t zone = 0; zone < policy->zone_count; zone++) {
			if ((rule->to.own & policy_zone_bit(zone)) == 0)
				continue;
			if (rule->target4.family != ADDRESS_NONE)
				write(compiler, rule, zone, ADDRESS_IPV4);
			if (rule->target6.family != ADDRESS_NONE &&
			    compiler->host->ipv6)
				write(compiler, rule, zone, ADDRESS_IPV6);
		}
	}
}

/*
 * A client of the target's own zone would get the answer straight from the
 * target, which it never asked: such flows come back by the gateway.
 */
static void
write_hairpin(struct compiler *compiler, const struct policy_rule *rule,
    uint8_t zone, uint8_t family)
{
	char text[ADDRESS_TEXT_BYTES];
	struct address target = target_of(rule, family);
	uint8_t home = policy_zone_of(compiler->policy, target);
	struct text sources = TEXT_EMPTY;

	(void)zone;
	if (home >= compiler->policy->zone_count)
		return;
	compile_add_home(compiler, "saddr", home, family, &sources);
	compile_line(compiler,
	    "ct status & dnat == dnat %.*s%s daddr %s masquerade comment "
	    "\"line %u\"",
	    STR_ARG(text_str(&sources)), compile_family_word(family),
	    address_format(target, text), rule->line);
	compile_text_fini(compiler, &sources);
}

/* Unique local addresses are the only ones of IPv6 that need it. */
static bool
has_unique_local(const struct address_set *set)
{
	static const struct address_range local = {
		.first = { { 0xfc }, ADDRESS_IPV6 },
		.last = { { 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		    ADDRESS_IPV6 },
	};

	for (size_t i = 0; i < address_set_count(set); i++) {
		struct address_range range = address_set_range(set, i);
		if (range.first.family == ADDRESS_IPV6 &&
		    address_cmp(range.first, local.last) <= 0 &&
		    address_cmp(local.first, range.last) <= 0)
			return true;
	}
	return false;
}

static bool
lives_in(const struct policy *policy, uint8_t zone, uint8_t family)
{
	return zone == policy->elsewhere ||
	       compile_has_family(&policy->zones[zone].prefixes, family);
}

static bool
needs_masquerade(
    const struct policy *policy, uint8_t from, uint8_t to, uint8_t family)
{
	if (!lives_in(policy, from, family) || !lives_in(policy, to, family))
		return false;
	return family == ADDRESS_IPV4 || from == policy->elsewhere ||
	       has_unique_local(&policy->zones[from].prefixes);
}

static void
write_masquerade_from(
    struct compiler *compiler, uint8_t from, uint8_t to, uint8_t family)
{
	const struct policy *policy = compiler->policy;
	struct text line = TEXT_EMPTY;

	if (!needs_masquerade(policy, from, to, family))
		return;
	text_addz(&line, "oifname ");
	compile_interfaces(&line, &policy->zones[to]);
	if (family == ADDRESS_IPV6)
		text_addz(&line, " ip6 saddr fc00::/7");
	else if (from == policy->elsewhere)
		text_addz(&line, " meta nfproto ipv4");
	text_addc(&line, ' ');
	/* An interface alone does not tell: it may lead to several zones, and
	 * by a route of the host's to addresses of others. */
	compile_add_home(compiler, "saddr", from, family, &line);
	compile_add_home(compiler, "daddr", to, family, &line);
	compile_line(compiler, "%.*smasquerade", STR_ARG(text_str(&line)));
	compile_text_fini(compiler, &line);
}

static void
write_masquerade(
    struct compiler *compiler, const struct policy_masquerade *masquerade)
{
	const struct policy *policy = compiler->policy;

	for (uint8_t to = 0; to < policy->zone_count; to++) {
		if ((masquerade->to & policy_zone_bit(to)) == 0 ||
		    policy->zones[to].interface_count == 0)
			continue;
		for (uint8_t from = 0; from < policy->zone_count; from++) {
			if ((masquerade->from & policy_zone_bit(from)) == 0)
				continue;
			write_masquerade_from(compiler, from, to, ADDRESS_IPV4);
			if (compiler->host->ipv6)
				write_masquerade_from(
				    compiler, from, to, ADDRESS_IPV6);
		}
	}
}

/* One `snat` in one family, from one zone to one. */
static void
write_new_source(struct compiler *compiler, const struct policy_snat *snat,
    const struct chain *way, uint8_t family)
{
	const struct policy *policy = compiler->policy;
	const struct policy_rule rule = { .from = snat->from };
	struct arena_mark mark = arena_mark(&compiler->scratch);
	struct matches sources = match_source(compiler, way, &rule);
	struct address to = family == ADDRESS_IPV4 ? snat->to4 : snat->to6;
	char text[ADDRESS_TEXT_BYTES];

	for (size_t i = 0; i < sources.count; i++) {
		struct text line = TEXT_EMPTY;
		if (sources.items[i].family != 0 &&
		    sources.items[i].family != family)
			continue;
		text_addz(&line, "oifname ");
		compile_interfaces(&line, &policy->zones[way->to]);
		text_addc(&line, ' ');
		compile_add_home(compiler, "saddr", way->from, family, &line);
		text_add(&line, sources.items[i].text);
		text_addz(&line, sources.items[i].text.len > 0 ? " " : "");
		compile_add_home(compiler, "daddr", way->to, family, &line);
		compile_line(compiler,
		    "meta nfproto %s %.*ssnat %s to %s comment \"line %u\"",
		    family == ADDRESS_IPV4 ? "ipv4" : "ipv6",
		    STR_ARG(text_str(&line)), compile_family_word(family),
		    address_format(to, text), place_line(snat->place).line);
		compile_text_fini(compiler, &line);
	}
	arena_rewind(&compiler->scratch, mark);
}

static void
write_new_sources_from(struct compiler *compiler,
    const struct policy_snat *snat, uint8_t from, uint8_t to)
{
	const struct policy *policy = compiler->policy;
	struct chain way = { .from = from, .to = to };
	bool is_anywhere = from == ZONE_NONE;

	if (snat->to4.family != ADDRESS_NONE &&
	    (is_anywhere || lives_in(policy, from, ADDRESS_IPV4)) &&
	    lives_in(policy, to, ADDRESS_IPV4))
		write_new_source(compiler, snat, &way, ADDRESS_IPV4);
	if (snat->to6.family != ADDRESS_NONE && compiler->host->ipv6 &&
	    (is_anywhere || lives_in(policy, from, ADDRESS_IPV6)) &&
	    lives_in(policy, to, ADDRESS_IPV6))
		write_new_source(compiler, snat, &way, ADDRESS_IPV6);
}

/* What the gateway itself sends may come from an address that is in no zone. */
static void
write_new_sources(struct compiler *compiler, const struct policy_snat *snat)
{
	const struct policy *policy = compiler->policy;

	for (uint8_t to = 0; to < policy->zone_count; to++) {
		if ((snat->to & policy_zone_bit(to)) == 0 ||
		    policy->zones[to].interface_count == 0)
			continue;
		for (uint8_t from = 0; from < policy->zone_count; from++)
			if (from != to)
				write_new_sources_from(
				    compiler, snat, from, to);
		if (policy->elsewhere == ZONE_NONE)
			write_new_sources_from(compiler, snat, ZONE_NONE, to);
	}
}

/*
 * In the kernel the first rule that translates is the last one that is asked:
 * so what is more particular stands before what is less.
 */
static void
write_sources(struct compiler *compiler)
{
	const struct policy *policy = compiler->policy;

	for_each_published(compiler, write_hairpin);
	compile_map_hairpins(compiler);
	compile_map_sources(compiler);
	for (size_t i = 0; i < policy->snat_count; i++)
		write_new_sources(compiler, &policy->snats[i]);
	for (size_t i = 0; i < policy->masquerade_count; i++)
		write_masquerade(compiler, &policy->masquerades[i]);
}

static void
begin_hook(struct compiler *compiler, const char *name, const char *hook)
{
	compile_chain_begin(compiler, name);
	compile_line(compiler, "type nat hook %s; policy accept;", hook);
}

static bool
changes_sources(const struct policy *policy)
{
	return policy->masquerade_count > 0 || policy->snat_count > 0;
}

bool
firewall_translates(
    const struct policy *policy, const struct firewall_host *host)
{
	return host->keeps_nat || policy_publishes(policy) ||
	       policy->map_count > 0 || changes_sources(policy);
}

/*
 * Only where there is something to translate: for each of these chains, empty
 * or not, the kernel finds every new flow a free port, and looks at every
 * packet.  One of them is enough for packets of flows that were translated.
 */
void
compile_nat(struct compiler *compiler)
{
	const struct policy *policy = compiler->policy;

	if (policy_publishes(policy) || policy->map_count > 0) {
		begin_hook(
		    compiler, "nat.prerouting", "prerouting priority dstnat");
		for_each_published(compiler, write_publish);
		compile_map_destinations(compiler);
		compile_chain_end(compiler);
	}
	/* The gateway's own packets, the proxy's among them, find what is
	 * mapped. */
	if (policy->map_count > 0) {
		begin_hook(compiler, "nat.output", "output priority -100");
		compile_map_destinations(compiler);
		compile_chain_end(compiler);
	}
	if (firewall_translates(policy, compiler->host)) {
		begin_hook(compiler, FIREWALL_POSTROUTING,
		    "postrouting priority srcnat");
		write_sources(compiler);
		compile_chain_end(compiler);
	}
}
