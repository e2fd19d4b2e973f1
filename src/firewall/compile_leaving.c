/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/compile_leaving.h"

#include "firewall/compile_branch.h"
#include "firewall/compile_interface.h"

static const struct compile_ways ways = { .match = "oifname",
	.side = "daddr",
	.there = "accept",
	.before = "out.",
	.rest = "misrouted" };

static void
write_local_scope(struct compiler *compiler, uint8_t family)
{
	struct branch branch = branch_of(compiler, family);

	compile_line(compiler, "%s goto misrouted",
	    family == ADDRESS_IPV4 ? "ip saddr 169.254.0.0/16"
				   : "ip6 saddr fe80::/10");
	branch_add(&branch, &compiler->local_scope, "misrouted");
	branch_write(&branch, "daddr");
}

/*
 * Addresses of local scope end at the gateway for the policy, but not for the
 * kernel, which would route 169.254.0.0/16 (RFC 3927, 7) like any other: a
 * flow judged as one to `self` would leave.  Of such sources only those of a
 * link come this far: the others are spoofed, and nothing has a route from
 * 0.0.0.0.  What never begins is never known.
 */
static void
write_beginning(struct compiler *compiler)
{
	compile_chain_begin(compiler, "beginning");
	write_local_scope(compiler, ADDRESS_IPV4);
	if (compiler->host->ipv6)
		write_local_scope(compiler, ADDRESS_IPV6);
	compile_chain_end(compiler);
}

/* Not in `forward` itself: a base chain has no ranges of its own. */
void
compile_leaving(struct compiler *compiler)
{
	compile_chain_begin(compiler, "leaving");
	compile_line(compiler, "ct state != established jump beginning");
	compile_ways(compiler, &ways);
	compile_line(compiler, "goto misrouted");
	compile_chain_end(compiler);
	write_beginning(compiler);
	compile_ways_chains(compiler, &ways);
	compile_chain_begin(compiler, "misrouted");
	compile_line(compiler, "counter name \"misrouted\" drop");
	compile_chain_end(compiler);
}

static void
write_carried(struct compiler *compiler, struct str interface, uint64_t zones,
    void *context)
{
	const struct compile_home home = { .zones = zones,
		.when = "",
		.what = "",
		.side = "daddr",
		.there = "goto misrouted",
		.is_other = true };
	char name[COMPILE_NAME_BYTES];

	(void)context;
	compile_interface_name(name, "carried.", interface);
	compile_chain_begin(compiler, name);
	compile_home(compiler, &home, ADDRESS_IPV4);
	if (compiler->host->ipv6)
		compile_home(compiler, &home, ADDRESS_IPV6);
	compile_line(compiler, "accept");
	compile_chain_end(compiler);
}

void
compile_carried(struct compiler *compiler)
{
	compile_chain_begin(compiler, "carried");
	compile_interface_chains(compiler, "oifname", "carried.");
	compile_line(compiler, "accept");
	compile_chain_end(compiler);
	compile_each_interface(compiler, write_carried, NULL);
}
