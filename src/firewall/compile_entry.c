/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_entry: from an interface to the list of a pair of zones.
 *
 *	in.IFACE    which zone the source lives in; spoofed if in none of this
 *	            interface
 *	from.ZONE   which zone the destination lives in
 *	A.to.B      which way the flow goes, then the list
 */
#include "firewall/compile_branch.h"
#include "firewall/compile_interface.h"
#include "firewall/compile_map.h"

#include "firewall/names.h"

#include <errno.h>
#include <stdio.h>

static bool
has_few(const struct address_set *set, uint8_t family)
{
	size_t count = 0;

	for (size_t i = 0; i < address_set_count(set); i++)
		count += address_set_range(set, i).first.family == family;
	return count <= branch_lines_max(family);
}

/* What the set has goes to the target; `name` is what it is declared as. */
static void
write_addresses(struct compiler *compiler, const char *side,
    const struct address_set *set, const char *name, const char *target)
{
	static const uint8_t families[] = { ADDRESS_IPV4, ADDRESS_IPV6 };

	for (size_t i = 0; i < (compiler->host->ipv6 ? 2 : 1); i++) {
		struct branch branch = branch_of(compiler, families[i]);
		if (has_few(set, families[i])) {
			branch_add(&branch, set, target);
			branch_write(&branch, side);
		} else {
			compile_line(compiler, "%s %s @%s.%u goto %s",
			    compile_family_word(families[i]), side, name,
			    families[i], target);
		}
	}
}

static void
write_local_scope(
    struct compiler *compiler, const char *side, const char *target)
{
	write_addresses(
	    compiler, side, &compiler->local_scope, "local", target);
}

/*
 * From addresses to the chains of the zones that `wanted` has; nothing where
 * none of them has a prefix in the family.
 */
static void
write_zones(struct compiler *compiler, const char *side, uint8_t family,
    uint64_t wanted, const char *before)
{
	const struct policy *policy = compiler->policy;
	struct branch branch = branch_of(compiler, family);
	char target[COMPILE_NAME_BYTES];

	for (uint8_t zone = 0; zone < policy->zone_count; zone++) {
		if ((wanted & policy_zone_bit(zone)) == 0)
			continue;
		(void)snprintf(target, sizeof(target), "%.80s%.*s", before,
		    STR_ARG(policy->zones[zone].name));
		branch_add(&branch, &policy->zones[zone].prefixes, target);
	}
	branch_write(&branch, side);
}

/* The zone of what has no prefix: link-local sources, DHCP clients. */
static uint8_t
main_zone(const struct policy *policy, uint64_t zones)
{
	if (policy->elsewhere != ZONE_NONE &&
	    (zones & policy_zone_bit(policy->elsewhere)) != 0)
		return policy->elsewhere;
	return (uint8_t)__builtin_ctzll(zones);
}

static void
write_unprefixed(struct compiler *compiler, uint8_t zone)
{
	struct str name = policy_zone_name(compiler->policy, zone);

	compile_line(compiler,
	    "ip saddr 0.0.0.0 udp sport 68 udp dport 67 goto from.%.*s",
	    STR_ARG(name));
	compile_line(
	    compiler, "ip saddr 169.254.0.0/16 goto from.%.*s", STR_ARG(name));
	if (compiler->host->ipv6)
		compile_line(compiler, "ip6 saddr fe80::/10 goto from.%.*s",
		    STR_ARG(name));
}

/* All that lives in a zone with prefixes is spoofed here. */
static void
write_elsewhere_checks(struct compiler *compiler, const char *spoofed)
{
	const struct policy *policy = compiler->policy;
	char name[COMPILE_NAME_BYTES];

	for (uint8_t zone = 0; zone < policy->zone_count; zone++) {
		(void)snprintf(name, sizeof(name), "zone.%.*s",
		    STR_ARG(policy->zones[zone].name));
		write_addresses(compiler, "saddr",
		    &policy->zones[zone].prefixes, name, spoofed);
	}
}

/*
 * No wire has packets from loopback, multicast and the like.  Where what is in
 * no zone is spoofed they are so too, unless a zone lies around them.
 */
static bool
may_be_of_local_scope(const struct policy *policy, uint64_t zones,
    const struct address_set *local)
{
	struct address shared;

	for (uint8_t zone = 0; zone < policy->zone_count; zone++)
		if ((zones & policy_zone_bit(zone)) != 0 &&
		    (zone == policy->elsewhere ||
			address_set_overlap(
			    &policy->zones[zone].prefixes, local, &shared)))
			return true;
	return false;
}

static void
write_interface(struct compiler *compiler, struct str interface, uint64_t zones,
    void *context)
{
	const struct policy *policy = compiler->policy;
	uint8_t zone = main_zone(policy, zones);
	char name[COMPILE_NAME_BYTES], spoofed[COMPILE_NAME_BYTES];

	(void)context;
	compile_interface_name(name, "in.", interface);
	compile_interface_name(spoofed, "spoofed.", interface);
	compile_chain_begin(compiler, name);
	compile_line(compiler, "fib saddr type local goto %s", spoofed);
	write_unprefixed(compiler, zone);
	if (may_be_of_local_scope(policy, zones, &compiler->local_scope))
		write_local_scope(compiler, "saddr", spoofed);
	write_zones(compiler, "saddr", ADDRESS_IPV4, zones, "from.");
	if (compiler->host->ipv6)
		write_zones(compiler, "saddr", ADDRESS_IPV6, zones, "from.");
	if (zone == policy->elsewhere) {
		write_elsewhere_checks(compiler, spoofed);
		compile_line(compiler, "goto from.%.*s",
		    STR_ARG(policy->zones[zone].name));
	} else {
		compile_line(compiler, "goto %s", spoofed);
	}
	compile_chain_end(compiler);
	compile_chain_begin(compiler, spoofed);
	compile_log_reason(compiler, POLICY_VERDICT_DROP, POLICY_REASON_SPOOFED,
	    zone, ZONE_NONE);
	compile_line(compiler, "counter name \"spoofed\" drop");
	compile_chain_end(compiler);
}

static void
pair_name(const struct policy *policy, uint8_t from, uint8_t to,
    char ret[static COMPILE_NAME_BYTES])
{
	struct str target =
	    to == ZONE_NONE ? STR("no.zone") : policy_zone_name(policy, to);

	(void)snprintf(ret, COMPILE_NAME_BYTES, "%.*s.to.%.*s",
	    STR_ARG(policy_zone_name(policy, from)), STR_ARG(target));
}

static void
write_from(struct compiler *compiler, uint8_t from)
{
	const struct policy *policy = compiler->policy;
	struct str zone = policy_zone_name(policy, from);
	char name[COMPILE_NAME_BYTES], before[COMPILE_NAME_BYTES];

	(void)snprintf(name, sizeof(name), "from.%.*s", STR_ARG(zone));
	(void)snprintf(before, sizeof(before), "%.*s.to.", STR_ARG(zone));
	compile_chain_begin(compiler, name);
	compile_map_entry(compiler, before);
	compile_line(compiler,
	    "fib daddr type { local, broadcast, anycast, multicast } goto "
	    "%sself",
	    before);
	(void)snprintf(name, sizeof(name), "%.80sself", before);
	write_local_scope(compiler, "daddr", name);
	write_zones(compiler, "daddr", ADDRESS_IPV4, POLICY_ZONES_ANY, before);
	if (compiler->host->ipv6)
		write_zones(
		    compiler, "daddr", ADDRESS_IPV6, POLICY_ZONES_ANY, before);
	pair_name(policy, from, policy->elsewhere, name);
	compile_line(compiler, "goto %s", name);
	compile_chain_end(compiler);
}

static struct chain
chain_of(
    const struct policy *policy, enum chain_kind kind, uint8_t from, uint8_t to)
{
	static const char *const endings[] = {
		[CHAIN_PLAIN] = "",
		[CHAIN_PROXIED] = ".proxied",
		[CHAIN_UNCARRIED] = ".uncarried",
		[CHAIN_EXPLICIT] = "",
	};
	struct chain chain = { .kind = kind, .from = from, .to = to };
	char pair[COMPILE_NAME_BYTES];

	if (kind == CHAIN_EXPLICIT)
		(void)snprintf(pair, sizeof(pair), "%.*s.to.proxy",
		    STR_ARG(policy_zone_name(policy, from)));
	else
		pair_name(policy, from, to, pair);
	(void)snprintf(
	    chain.name, sizeof(chain.name), "%.64s%s", pair, endings[kind]);
	return chain;
}

/* The intercepted services of a zone: what the proxy carries, or what not. */
static struct policy_services
intercepted(struct compiler *compiler, uint8_t from, bool carried)
{
	const struct policy *policy = compiler->policy;
	struct policy_services services = { 0 };
	size_t room = 0;

	for (size_t i = 0; i < policy->intercept_count; i++)
		room += policy->intercepts[i].services.count;
	services.items =
	    arena_array(&compiler->scratch, room, sizeof(*services.items));
	for (size_t i = 0;
	     services.items != NULL && i < policy->intercept_count; i++) {
		const struct policy_intercept *one = &policy->intercepts[i];
		if (from == ZONE_SELF ||
		    (one->zones & policy_zone_bit(from)) == 0)
			continue;
		for (size_t j = 0; j < one->services.count; j++) {
			const struct policy_service *item =
			    &one->services.items[j];
			bool carries = item->protocol == POLICY_PROTOCOL_TCP ||
				       one->reads_quic;
			if (carries == carried)
				services.items[services.count++] = *item;
		}
	}
	return services;
}

/* Sends the intercepted services off to their own list; false if none. */
static bool
write_way(struct compiler *compiler, const struct chain *way, struct text *head)
{
	struct arena_mark mark = arena_mark(&compiler->scratch);
	struct policy_services services =
	    intercepted(compiler, way->from, way->kind == CHAIN_PROXIED);
	struct matches matches = { NULL, 0 };

	if (services.count > 0)
		matches = match_services(compiler, &services);
	for (size_t i = 0; i < matches.count; i++)
		text_addf(head, "\t\t%.*s goto %s\n",
		    STR_ARG(matches.items[i].text), way->name);
	arena_rewind(&compiler->scratch, mark);
	return matches.count > 0;
}

/* Whoever it is asked of; what is for the gateway itself never comes here. */
static void
write_to_any_dns(struct compiler *compiler, uint8_t from, struct text *head)
{
	if (from == ZONE_SELF ||
	    (compiler->policy->dns.intercepts & policy_zone_bit(from)) == 0)
		return;
	text_addf(head,
	    "\t\tmeta l4proto { tcp, udp } th dport %d "
	    "goto handover\n",
	    POLICY_DNS_PORT);
}

/* What passes through: intercepted services go their own ways. */
static void
write_pair(struct compiler *compiler, uint8_t from, uint8_t to)
{
	const struct policy *policy = compiler->policy;
	struct chain plain = chain_of(policy, CHAIN_PLAIN, from, to);
	struct chain proxied = chain_of(policy, CHAIN_PROXIED, from, to);
	struct chain uncarried = chain_of(policy, CHAIN_UNCARRIED, from, to);
	struct text head = TEXT_EMPTY;

	write_to_any_dns(compiler, from, &head);
	bool has_proxied = write_way(compiler, &proxied, &head);
	bool has_uncarried = write_way(compiler, &uncarried, &head);
	compile_list(compiler, &plain, text_str(&head));
	if (has_proxied)
		compile_list(compiler, &proxied, STR(""));
	if (has_uncarried)
		compile_list(compiler, &uncarried, STR(""));
	compile_text_fini(compiler, &head);
}

static void
write_to_listener(const struct policy_listen *listen, const char *source,
    const char *protocol, const char *then, struct text *out)
{
	char address[ADDRESS_TEXT_BYTES];

	text_addf(out, "\t\t%s%s daddr %s %s dport %u %s\n", source,
	    compile_family_word(listen->at.address.family),
	    address_format(listen->at.address, address), protocol,
	    listen->at.port, then);
}

/*
 * The list is not for balancers but for those whom they speak for, and the
 * proxy asks it.  Each of the ranges lives in one zone.
 */
static void
write_balancers(struct compiler *compiler, const struct policy_listen *listen,
    uint8_t from, struct text *out)
{
	const struct address_set *set = &listen->behind->addresses;
	char text[ADDRESS_RANGE_TEXT_BYTES];
	char source[ADDRESS_RANGE_TEXT_BYTES + sizeof("ip6 saddr ")];

	for (size_t i = 0; i < address_set_count(set); i++) {
		struct address_range range = address_set_range(set, i);
		if (range.first.family != listen->at.address.family ||
		    policy_zone_of(compiler->policy, range.first) != from)
			continue;
		(void)snprintf(source, sizeof(source), "%s saddr %s ",
		    compile_family_word(range.first.family),
		    address_range_format(&range, text));
		write_to_listener(listen, source, "tcp",
		    "accept comment \"a balancer\"", out);
	}
}

static void
write_to_console(struct compiler *compiler, uint8_t from, struct text *out)
{
	const struct policy_console *console = &compiler->policy->console;

	for (size_t i = 0; i < console->listen_count; i++) {
		const struct policy_listen at = { .at = console->listens[i] };
		if (policy_console_takes(console, from, at.at))
			write_to_listener(&at, "", "tcp",
			    "accept comment \"the console\"", out);
	}
}

static void
write_to_dns(struct compiler *compiler, uint8_t from, struct text *out)
{
	static const char then[] = "accept comment \"the DNS\"";
	const struct policy_dns *dns = &compiler->policy->dns;

	for (size_t i = 0; i < dns->listen_count; i++) {
		const struct policy_listen at = { .at = dns->listens[i].at };
		if ((dns->listens[i].zones & policy_zone_bit(from)) == 0)
			continue;
		write_to_listener(&at, "", "udp", then, out);
		write_to_listener(&at, "", "tcp", then, out);
	}
}

/* What ends at the gateway; to the listener it goes by a list of its own. */
static void
write_self_pair(struct compiler *compiler, uint8_t from)
{
	const struct policy *policy = compiler->policy;
	struct chain plain = chain_of(policy, CHAIN_PLAIN, from, ZONE_SELF);
	struct chain asked = chain_of(policy, CHAIN_EXPLICIT, from, ZONE_NONE);
	struct text head = TEXT_EMPTY;
	char then[sizeof(asked.name) + sizeof("goto ")];
	bool is_asked = false;

	(void)snprintf(then, sizeof(then), "goto %s", asked.name);
	write_to_console(compiler, from, &head);
	write_to_dns(compiler, from, &head);
	for (size_t i = 0; i < policy->listen_count; i++) {
		const struct policy_listen *listen = &policy->listens[i];
		if (listen->behind != NULL)
			write_balancers(compiler, listen, from, &head);
		if ((listen->zones & policy_zone_bit(from)) == 0)
			continue;
		/* Whom it has let in may send it datagrams (SOCKS). */
		write_to_listener(listen, "", "tcp", then, &head);
		write_to_listener(listen, "", "udp", then, &head);
		is_asked = true;
	}
	compile_list(compiler, &plain, text_str(&head));
	if (is_asked)
		compile_list(compiler, &asked, STR(""));
	compile_text_fini(compiler, &head);
}

static void
write_source(struct compiler *compiler, uint8_t from)
{
	const struct policy *policy = compiler->policy;

	write_from(compiler, from);
	write_self_pair(compiler, from);
	for (uint8_t to = 0; to < policy->zone_count; to++)
		write_pair(compiler, from, to);
	if (policy->elsewhere == ZONE_NONE)
		write_pair(compiler, from, ZONE_NONE);
}

void
compile_entry(struct compiler *compiler)
{
	compile_each_interface(compiler, write_interface, NULL);
	for (uint8_t zone = 0; zone < compiler->policy->zone_count; zone++)
		write_source(compiler, zone);
	write_source(compiler, ZONE_SELF);
}
