/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_base: the base chains, handover, and what IPv4 and IPv6
 * need to work at all.
 *
 * Each base chain ends in an explicit drop besides its policy: a table that is
 * replaced while packets flow leaks by the chain's policy alone.  And what it
 * asks of ranges it asks of sets with names, which are there before it
 * (firewall/split).
 */
#include "firewall/compile_bandwidth.h"
#include "firewall/compile_interface.h"
#include "firewall/compile_keep.h"
#include "firewall/compile_known.h"
#include "firewall/compile_leaving.h"
#include "firewall/compile_map.h"
#include "firewall/compile_refused.h"
#include "firewall/compile_settings.h"

#include "firewall/names.h"

#include <errno.h>
#include <stdio.h>

#define HANDOVER FIREWALL_TEXT(FIREWALL_MARK_HANDOVER)
#define PUBLISH  FIREWALL_TEXT(FIREWALL_MARK_PUBLISH)
#define PROXY    FIREWALL_TEXT(FIREWALL_MARK_PROXY)
#define ENDED    FIREWALL_TEXT(FIREWALL_MARK_ENDED)
#define ASIDE    FIREWALL_TEXT(FIREWALL_MARKS_ASIDE)
#define NUMBER   FIREWALL_TEXT(FIREWALL_NUMBER)

/*
 * RFC 4890: neighbour discovery comes from the same link (hop limit 255), and
 * listener reports too (hop limit 1), from a link-local address or from none
 * yet.  IGMP is the same for IPv4.  ICMP errors of a known flow are `related`.
 */
static void
write_essentials(struct compiler *compiler)
{
	compile_chain_begin(compiler, "essentials");
	compile_line(compiler, "ip protocol igmp ip ttl 1 accept");
	if (compiler->host->ipv6) {
		compile_line(compiler,
		    "icmpv6 type { nd-router-solicit, nd-router-advert, "
		    "nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit "
		    "255 accept");
		compile_line(compiler,
		    "icmpv6 type { mld-listener-query, mld-listener-report, "
		    "mld-listener-done, mld2-listener-report } ip6 saddr { "
		    "::, fe80::/10 } ip6 hoplimit 1 accept");
	}
	compile_chain_end(compiler);
}

/*
 * What the gateway says to itself, and what goes from neighbour to neighbour.
 * This ends here: were it let through to any
 * destination, a packet made to look like it could be sent across the gateway.
 */
static void
write_not_judged(struct compiler *compiler)
{
	compile_line(compiler, "iif lo accept");
	compile_line(compiler,
	    "meta l4proto { 2, 58 } fib daddr type { local, anycast, "
	    "multicast } jump essentials");
}

/*
 * An IPv4 address in the clothes of IPv6 (RFC 4291, 2.5.5.2) is seen on no
 * wire, and policies know it as IPv4 only.  A host that has no IPv6 has no
 * rules for it either, so none of it may pass.
 */
static void
write_foreign_forms(struct compiler *compiler)
{
	static const char away[] = "counter name \"invalid\" drop";

	if (!compiler->host->ipv6) {
		compile_line(compiler, "meta nfproto ipv6 %s", away);
		return;
	}
	compile_line(compiler, "ip6 saddr ::ffff:0.0.0.0/96 %s", away);
	compile_line(compiler, "ip6 daddr ::ffff:0.0.0.0/96 %s", away);
}

static void
write_prerouting(struct compiler *compiler)
{
	compile_chain_begin(compiler, FIREWALL_PREROUTING);
	compile_line(compiler,
	    "type filter hook prerouting priority mangle; policy drop;");
	compile_ask_bans(compiler, false);
	compile_ask_known(compiler);
	write_not_judged(compiler);
	compile_invalid_in(compiler);
	write_foreign_forms(compiler);
	compile_ask_caught(compiler);
	compile_line(compiler, "goto arriving");
	compile_line(compiler, "drop");
	compile_chain_end(compiler);
}

/* Not in `prerouting` itself: with `ppp*` it is a map of ranges. */
static void
write_arriving(struct compiler *compiler)
{
	compile_chain_begin(compiler, "arriving");
	compile_interface_chains(compiler, "iifname", "in.");
	compile_line(compiler, "goto " COMPILE_NO_ZONE);
	compile_chain_end(compiler);
	compile_chain_begin(compiler, COMPILE_NO_ZONE);
	compile_log_reason(compiler, POLICY_VERDICT_DROP, POLICY_REASON_NO_ZONE,
	    ZONE_NONE, ZONE_NONE);
	compile_line(compiler, "counter name \"no.zone\" drop");
	compile_chain_end(compiler);
}

/* The port stays as it is.  Only where something of UDP is handed over at all.
 */
static void
write_handed_datagrams(struct compiler *compiler)
{
	static const char mark[] = "meta mark set meta mark or " HANDOVER;

	if (!firewall_hands_datagrams(compiler->policy))
		return;
	compile_line(compiler,
	    "meta nfproto ipv4 meta l4proto udp %s tproxy ip "
	    "to " FIREWALL_DATAGRAMS_4 " accept",
	    mark);
	if (compiler->host->ipv6)
		compile_line(compiler,
		    "meta nfproto ipv6 meta l4proto udp %s tproxy ip6 to "
		    "[" FIREWALL_DATAGRAMS_6 "] accept",
		    mark);
}

/* `tproxy` looks for a socket of the flow itself before the listener's: there
 * is one as soon as it is allowed (daemon/client_source).  Behind the DNS, of
 * whose ports nobody else is a listener. */
static void
write_handed_quic(struct compiler *compiler, const char *mark)
{
	compile_line(compiler,
	    "meta nfproto ipv4 meta l4proto udp %s tproxy ip to "
	    "127.0.0.1:" NUMBER " accept",
	    mark);
	if (compiler->host->ipv6)
		compile_line(compiler,
		    "meta nfproto ipv6 meta l4proto udp %s tproxy ip6 to "
		    "[::1]:" NUMBER " accept",
		    mark);
}

/*
 * Three rules a match.  The mark is set before `tproxy`: where nobody listens
 * the statement does not match and the packet would go straight to the
 * server.  `wildcard 0` keeps clients from dialling the listener itself under
 * a foreign address.  ICMP errors of such a flow belong to the proxy's socket.
 */
static void
write_handover(struct compiler *compiler)
{
	static const char mark[] = "meta mark set meta mark or " HANDOVER;

	compile_chain_begin(compiler, "handover");
	compile_line(compiler, "counter name \"handover\"");
	compile_line(
	    compiler, "ct mark set ct mark or " HANDOVER " goto handed");
	compile_chain_end(compiler);
	compile_chain_begin(compiler, "handed");
	compile_line(compiler, "meta l4proto { 1, 58 } %s accept", mark);
	compile_line(compiler,
	    "meta l4proto tcp socket transparent 1 socket wildcard 0 %s "
	    "accept",
	    mark);
	compile_line(compiler,
	    "meta nfproto ipv4 meta l4proto tcp %s tproxy ip to "
	    "127.0.0.1:" NUMBER " accept",
	    mark);
	if (compiler->host->ipv6)
		compile_line(compiler,
		    "meta nfproto ipv6 meta l4proto tcp %s tproxy ip6 to "
		    "[::1]:" NUMBER " accept",
		    mark);
	write_handed_datagrams(compiler);
	if (policy_reads_quic(compiler->policy))
		write_handed_quic(compiler, mark);
	compile_line(compiler, "counter name \"handover.lost\" drop");
	compile_chain_end(compiler);
}

/*
 * A flow that was ended (firewall/conntrack) keeps its entry for a while.  Were
 * it gone, the next packet in the midst of the connection would be a new flow's
 * for the kernel (nf_conntrack_tcp_loose), from whichever side it comes, and a
 * rule for that direction could take it up again.  Each side that goes on is
 * told so; what tells it is `related` to the flow, and leaves by `output`.
 */
static void
write_ended(struct compiler *compiler)
{
	compile_chain_begin(compiler, "aside");
	write_not_judged(compiler);
	compile_line(compiler, "ct mark and " ENDED " == " ENDED " goto ended");
	compile_keep_answers(compiler);
	compile_line(compiler, "goto handed");
	compile_chain_end(compiler);
	compile_chain_begin(compiler, "ended");
	compile_line(compiler, "counter name \"ended\" goto refuse");
	compile_chain_end(compiler);
}

static void
write_refuse(struct compiler *compiler)
{
	compile_chain_begin(compiler, "refuse");
	compile_line(compiler, "meta l4proto tcp reject with tcp reset");
	compile_line(compiler, "reject with icmpx admin-prohibited");
	compile_chain_end(compiler);
}

static void
write_forward(struct compiler *compiler)
{
	compile_chain_begin(compiler, "forward");
	compile_line(
	    compiler, "type filter hook forward priority filter; policy drop;");
	/* Without its policy route a handed-over packet would pass by. */
	compile_line(compiler, "meta mark and " HANDOVER " == " HANDOVER
			       " counter name \"handover.lost\" drop");
	compile_line(
	    compiler, "ct direction original counter name \"forwarded.in\"");
	compile_line(
	    compiler, "ct direction reply counter name \"forwarded.out\"");
	compile_clamps(compiler);
	compile_line(compiler, "goto leaving");
	compile_line(compiler, "drop");
	compile_chain_end(compiler);
}

/*
 * No address of what is invalid is translated: what a rule lets in to somebody
 * else, under an address that the gateway itself has, would arrive here.
 */
static void
write_untranslated(struct compiler *compiler)
{
	compile_line(compiler, "ct state invalid meta mark and " PUBLISH
			       " == " PUBLISH " counter name \"invalid\" drop");
	compile_map_invalid(compiler);
}

/* Only where something is mapped or published can what arrives be for somebody
 * else. */
static void
write_input(struct compiler *compiler)
{
	const struct policy *policy = compiler->policy;
	bool untranslated = policy->invalid != 0 &&
			    (policy->map_count > 0 || policy_publishes(policy));

	if (policy->map_count == 0 && !untranslated)
		return;
	compile_chain_begin(compiler, "input");
	compile_line(
	    compiler, "type filter hook input priority filter; policy accept;");
	if (untranslated)
		write_untranslated(compiler);
	compile_map_input(compiler);
	compile_chain_end(compiler);
}

/* What the gateway says to itself; but for the kernel an address outside that
 * is mapped may be the gateway's own. */
static void
write_loopback(struct compiler *compiler)
{
	if (!compile_map_has_singles(compiler)) {
		compile_line(compiler, "oif lo accept");
		return;
	}
	compile_line(compiler, "oif lo jump loopback");
}

static void
write_loopback_chain(struct compiler *compiler)
{
	if (!compile_map_has_singles(compiler))
		return;
	compile_chain_begin(compiler, "loopback");
	compile_map_returns(compiler);
	compile_line(compiler, "accept");
	compile_chain_end(compiler);
}

/*
 * The proxy's own connections and questions are its own affair: it asks the
 * policy before it dials.  Everything else of the gateway is `self -> ...`.
 */
static void
write_output(struct compiler *compiler)
{
	static const char carry[] =
	    "ct mark set ct mark or " PROXY " goto carried";
	unsigned uid = compiler->host->proxy_uid;

	compile_chain_begin(compiler, FIREWALL_OUTPUT);
	compile_line(
	    compiler, "type filter hook output priority mangle; policy drop;");
	compile_ask_bans(compiler, true);
	write_loopback(compiler);
	compile_line(compiler, "jump essentials");
	compile_line(compiler,
	    "ct mark and " ENDED " == " ENDED " ct state != related goto "
	    "ended");
	compile_ask_bandwidth(compiler);
	compile_line(compiler, "ct state established ct mark and " PROXY
			       " == " PROXY " goto carried");
	compile_known_flows(compiler);
	compile_resets(compiler);
	compile_invalid_out(compiler);
	write_foreign_forms(compiler);
	compile_keep_asks(compiler);
	compile_line(compiler, "meta skuid %u meta l4proto tcp %s", uid, carry);
	/* The datagrams of those who asked a listener for it, and QUIC; name
	 * servers may have any port. */
	compile_line(compiler, "meta skuid %u %s %s", uid,
	    compiler->policy->listen_count > 0 ||
		    compiler->policy->dns.is_there ||
		    policy_reads_quic(compiler->policy)
		? "meta l4proto udp"
		: "udp dport 53",
	    carry);
	compile_line(compiler, "jump from.self");
	compile_line(compiler, "drop");
	compile_chain_end(compiler);
}

void
compile_base(struct compiler *compiler)
{
	write_prerouting(compiler);
	compile_known_chains(compiler);
	compile_unplaced(compiler);
	write_arriving(compiler);
	compile_helpers(compiler);
	write_forward(compiler);
	compile_leaving(compiler);
	compile_carried(compiler);
	write_input(compiler);
	write_output(compiler);
	write_loopback_chain(compiler);
	write_essentials(compiler);
	write_handover(compiler);
	write_ended(compiler);
	compile_keep_chains(compiler);
	compile_bandwidth_chains(compiler);
	write_refuse(compiler);
	compile_bans(compiler);
	compile_refused_chains(compiler);
}
