/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/compile_settings.h"

/* `{ "int0", "ext0" }`, each once; "" where the zones have none. */
static void
add_interfaces_of(
    const struct compiler *compiler, uint64_t zones, struct text *out)
{
	const struct policy *policy = compiler->policy;
	size_t start = out->len;

	for (uint8_t zone = 0; zone < policy->zone_count; zone++) {
		const struct policy_zone *one = &policy->zones[zone];
		if ((zones & policy_zone_bit(zone)) == 0)
			continue;
		for (size_t i = 0; i < one->interface_count; i++) {
			bool first = true;
			for (uint8_t j = 0; j < zone; j++)
				first &=
				    (zones & policy_zone_bit(j)) == 0 ||
				    !policy_zone_has_interface(
					&policy->zones[j], one->interfaces[i]);
			if (first)
				text_addf(out, "%s\"%.*s\"",
				    out->len > start ? ", " : "{ ",
				    STR_ARG(one->interfaces[i]));
		}
	}
	text_addz(out, out->len > start ? " }" : "");
}

void
compile_known_flows(struct compiler *compiler)
{
	const struct policy *policy = compiler->policy;

	compile_line(compiler, "ct state established accept");
	compile_line(
	    compiler, "ct state related meta l4proto { 1, 58 } accept");
	for (unsigned i = 0; i < POLICY_HELPER_COUNT; i++)
		if (policy->helpers[i] != 0)
			compile_line(compiler,
			    "ct state related ct helper \"%s\" accept",
			    policy_helper_row((enum policy_helper)i)->word);
}

/* The resets of `reject` are related to what they refuse. */
void
compile_resets(struct compiler *compiler)
{
	compile_line(
	    compiler, "ct state related tcp flags & rst == rst accept");
}

void
compile_invalid_in(struct compiler *compiler)
{
	uint64_t allowed = compiler->policy->invalid;
	struct text interfaces = TEXT_EMPTY;

	if (allowed == POLICY_ZONES_ANY)
		return;
	add_interfaces_of(compiler, allowed, &interfaces);
	compile_line(compiler, "ct state invalid %s%.*s%sjump unplaced",
	    interfaces.len > 0 ? "iifname != " : "",
	    STR_ARG(text_str(&interfaces)), interfaces.len > 0 ? " " : "");
	compile_text_fini(compiler, &interfaces);
}

/* A redirect of ICMPv6 (RFC 4861, 8.1) is one to connection tracking, and goes
 * to the list as one of IPv4 does. */
void
compile_unplaced(struct compiler *compiler)
{
	compile_chain_begin(compiler, "unplaced");
	if (compiler->host->ipv6)
		compile_line(compiler,
		    "icmpv6 type nd-redirect ip6 hoplimit 255 return");
	compile_line(compiler, "counter name \"invalid\" drop");
	compile_chain_end(compiler);
}

void
compile_invalid_out(struct compiler *compiler)
{
	if ((compiler->policy->invalid & policy_zone_bit(ZONE_SELF)) == 0)
		compile_line(
		    compiler, "ct state invalid counter name \"invalid\" drop");
}

/*
 * The kernel takes the least of the routes to both ends, and never makes a
 * segment larger: so one line for each way serves both handshakes.
 */
void
compile_clamps(struct compiler *compiler)
{
	static const char *const sides[] = { "oifname", "iifname" };
	struct text interfaces = TEXT_EMPTY;

	add_interfaces_of(compiler, compiler->policy->clamped, &interfaces);
	for (size_t i = 0;
	     interfaces.len > 0 && i < sizeof(sides) / sizeof(sides[0]); i++)
		compile_line(compiler,
		    "%s %.*s tcp flags syn / syn,rst tcp option maxseg size "
		    "set rt mtu",
		    sides[i], STR_ARG(text_str(&interfaces)));
	compile_text_fini(compiler, &interfaces);
}

void
compile_helper_objects(struct compiler *compiler)
{
	for (unsigned i = 0; i < POLICY_HELPER_COUNT; i++) {
		const struct policy_helper_row *row =
		    policy_helper_row((enum policy_helper)i);
		if (compiler->policy->helpers[i] == 0)
			continue;
		text_addf(compiler->out,
		    "\n\tct helper helper.%s {\n"
		    "\t\ttype \"%s\" protocol %s;\n\t}\n",
		    row->word, row->word,
		    policy_protocol_row(row->protocol)->word);
	}
}

static void
write_helper(struct compiler *compiler, enum policy_helper helper)
{
	const struct policy_helper_row *row = policy_helper_row(helper);
	struct text interfaces = TEXT_EMPTY;

	add_interfaces_of(
	    compiler, compiler->policy->helpers[helper], &interfaces);
	if (interfaces.len > 0)
		compile_line(compiler,
		    "ct state new iifname %.*s %s dport %u ct helper set "
		    "\"helper.%s\"",
		    STR_ARG(text_str(&interfaces)),
		    policy_protocol_row(row->protocol)->word, row->port,
		    row->word);
	compile_text_fini(compiler, &interfaces);
}

/*
 * Behind the list, so that only what it allowed gets there; before addresses
 * are translated, for a helper must know that they will be.
 */
void
compile_helpers(struct compiler *compiler)
{
	bool any = false;

	for (unsigned i = 0; i < POLICY_HELPER_COUNT; i++)
		any |= compiler->policy->helpers[i] != 0;
	if (!any)
		return;
	compile_chain_begin(compiler, "helpers");
	compile_line(compiler,
	    "type filter hook prerouting priority -140; policy "
	    "accept;");
	for (unsigned i = 0; i < POLICY_HELPER_COUNT; i++)
		if (compiler->policy->helpers[i] != 0)
			write_helper(compiler, (enum policy_helper)i);
	compile_chain_end(compiler);
}
