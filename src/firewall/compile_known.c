/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/compile_known.h"

#include "firewall/compile_bandwidth.h"
#include "firewall/compile_interface.h"
#include "firewall/compile_settings.h"
#include "firewall/names.h"

#define ASIDE FIREWALL_TEXT(FIREWALL_MARKS_ASIDE)

/*
 * A first packet that is sent again is new, and may be of a flow that was
 * handed over.  What a helper announced, and is no flow's that is known here,
 * comes back from `related`, and so does a redirect: that speaks to a neighbour
 * of routes, and of no flow's end.
 */
void
compile_ask_known(struct compiler *compiler)
{
	compile_line(compiler, "ct state established goto known");
	compile_line(compiler, "ct state related jump related");
	compile_line(
	    compiler, "ct state new ct mark and " ASIDE " != 0 goto known");
}

static void
write_own_answers(struct compiler *compiler)
{
	compile_line(compiler,
	    "ct direction reply fib daddr type local fib saddr . iif oif "
	    "exists goto belongs");
}

static const struct compile_ways ways = { .match = "iifname",
	.side = "saddr",
	.there = "goto belongs",
	.before = "known.",
	.rest = "strange.",
	.rest_is_each = true };

static void
write_strange(struct compiler *compiler, struct str interface, uint64_t zones,
    void *context)
{
	char name[COMPILE_NAME_BYTES];

	(void)zones;
	(void)context;
	compile_interface_name(name, "strange.", interface);
	compile_chain_begin(compiler, name);
	/* Of IPv4 one address of a link may be far: a cloud's. */
	compile_line(compiler,
	    "ip saddr 169.254.0.0/16 fib saddr . iif oif exists goto "
	    "belongs");
	if (compiler->host->ipv6)
		compile_line(compiler, "ip6 saddr fe80::/10 goto belongs");
	write_own_answers(compiler);
	compile_interface_name(name, "spoofed.", interface);
	compile_line(compiler, "goto %s", name);
	compile_chain_end(compiler);
}

/* What comes of the side that opened the flow, and of the other one. */
static void
write_errors(struct compiler *compiler, struct str interface, uint64_t zones,
    void *context)
{
	static const struct {
		const char *when, *what;
	} ends[] = {
		{ "ct direction original ", "ct original " },
		{ "ct direction reply ", "ct reply " },
	};
	char name[COMPILE_NAME_BYTES];

	(void)context;
	compile_interface_name(name, "errors.", interface);
	compile_chain_begin(compiler, name);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const struct compile_home home = { .zones = zones,
			.when = ends[i].when,
			.what = ends[i].what,
			.side = "saddr",
			.there = "goto belongs" };
		compile_home(compiler, &home, ADDRESS_IPV4);
		if (compiler->host->ipv6)
			compile_home(compiler, &home, ADDRESS_IPV6);
	}
	compile_line(compiler, "goto astray");
	compile_chain_end(compiler);
}

/* By an interface of no zone, too, the gateway may have asked something. */
static void
write_end(struct compiler *compiler)
{
	compile_line(compiler, "iif lo goto belongs");
	write_own_answers(compiler);
	compile_line(compiler, "goto " COMPILE_NO_ZONE);
	compile_chain_end(compiler);
}

static void
write_known_chain(struct compiler *compiler)
{
	compile_chain_begin(compiler, "known");
	compile_ways(compiler, &ways);
	write_end(compiler);
	compile_ways_chains(compiler, &ways);
	compile_each_interface(compiler, write_strange, NULL);
}

static void
write_errors_chain(struct compiler *compiler)
{
	compile_chain_begin(compiler, "related");
	compile_line(compiler, "icmp type redirect return");
	compile_line(compiler, "meta l4proto != { 1, 58 } goto known");
	compile_interface_chains(compiler, "iifname", "errors.");
	write_end(compiler);
	compile_each_interface(compiler, write_errors, NULL);
	compile_chain_begin(compiler, "astray");
	write_own_answers(compiler);
	compile_line(compiler, "goto unplaced");
	compile_chain_end(compiler);
}

/*
 * Flows that were handed over stay handed over, and what was ended stays ended,
 * so they are looked at before `established` would wave them through to the
 * server.  In front of it stands nothing that can stand elsewhere: most packets
 * are of known flows, and each line is paid by all of them.
 */
static void
write_belongs(struct compiler *compiler)
{
	compile_chain_begin(compiler, "belongs");
	compile_line(compiler, "ct mark and " ASIDE " != 0 goto aside");
	compile_ask_bandwidth(compiler);
	compile_known_flows(compiler);
	compile_chain_end(compiler);
}

void
compile_known_chains(struct compiler *compiler)
{
	write_known_chain(compiler);
	write_errors_chain(compiler);
	write_belongs(compiler);
}
