/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/compile_keep.h"

#include "firewall/compile_map.h"
#include "firewall/names.h"

#define HANDOVER FIREWALL_TEXT(FIREWALL_MARK_HANDOVER)
#define KEPT     FIREWALL_TEXT(FIREWALL_MARKS_KEPT)

static void
refuse_asks(struct compiler *compiler, const char *protocols)
{
	compile_line(compiler,
	    "meta skuid %u meta l4proto %s socket transparent 1 counter name "
	    "\"spoofed\" drop",
	    compiler->host->proxy_uid, protocols);
}

/*
 * Those that gatehoused makes are root's.  Of what the proxy was handed over it
 * could bind each socket to any other address, and ask under it.
 */
void
compile_keep_asks(struct compiler *compiler)
{
	if (policy_keep_zones(compiler->policy) != 0)
		compile_line(compiler,
		    "meta skuid 0 meta l4proto tcp socket transparent 1 jump "
		    "keep");
	if (firewall_hands_datagrams(compiler->policy))
		refuse_asks(compiler, "{ tcp, udp }");
	else if (compiler->policy->intercept_count > 0)
		refuse_asks(compiler, "tcp");
}

void
compile_keep_answers(struct compiler *compiler)
{
	if (policy_keep_zones(compiler->policy) != 0)
		compile_line(
		    compiler, "ct mark and " KEPT " == " KEPT " goto kept");
}

static void
write_zone(struct compiler *compiler, uint8_t zone, uint8_t family)
{
	const struct policy *policy = compiler->policy;
	struct text line = TEXT_EMPTY;

	if (zone != policy->elsewhere &&
	    !compile_has_family(&policy->zones[zone].prefixes, family))
		return;
	compile_add_home(compiler, "saddr", zone, family, &line);
	compile_line(compiler,
	    "meta nfproto %s %.*stcp sport %u-%u ct mark set ct mark or " KEPT
	    " goto carried",
	    family == ADDRESS_IPV4 ? "ipv4" : "ipv6", STR_ARG(text_str(&line)),
	    FIREWALL_KEPT_PORT, FIREWALL_KEPT_PORT + FIREWALL_KEPT_PORTS - 1);
	compile_text_fini(compiler, &line);
}

static void
write_asks(struct compiler *compiler)
{
	uint64_t zones = policy_keep_zones(compiler->policy);

	compile_chain_begin(compiler, "keep");
	for (uint8_t zone = 0; zone < compiler->policy->zone_count; zone++) {
		if ((zones & policy_zone_bit(zone)) == 0)
			continue;
		write_zone(compiler, zone, ADDRESS_IPV4);
		if (compiler->host->ipv6)
			write_zone(compiler, zone, ADDRESS_IPV6);
	}
	compile_chain_end(compiler);
}

/*
 * Where the socket is gone the server is told so: the client, to whom the
 * packet would go by its address, knows nothing of the connection.
 */
static void
write_answers(struct compiler *compiler)
{
	static const char mark[] = "meta mark set meta mark or " HANDOVER;

	compile_chain_begin(compiler, "kept");
	compile_line(compiler, "meta l4proto { 1, 58 } %s accept", mark);
	compile_line(
	    compiler, "socket transparent 1 socket wildcard 0 %s accept", mark);
	compile_line(compiler, "goto refuse");
	compile_chain_end(compiler);
}

void
compile_keep_chains(struct compiler *compiler)
{
	if (policy_keep_zones(compiler->policy) == 0)
		return;
	write_asks(compiler);
	write_answers(compiler);
}
