/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_bans: what is banned is dropped before anything else.
 *
 * Before flows that are known, too: a ban ends those that live.  Both sides are
 * looked at, so that nothing goes on to somebody who is not heard any more.  In
 * front of it stands only loopback.  The sets are those of firewall/ban_sets.
 */
#include "firewall/compile_impl.h"

/* `first`: 0 for both sides, 1 for the destination alone. */
static void
write_questions(struct compiler *compiler, size_t first, const char *family,
    unsigned number)
{
	static const char *const sides[] = { "saddr", "daddr" };

	for (size_t i = first; i < sizeof(sides) / sizeof(sides[0]); i++) {
		compile_line(compiler, "%s %s @ban.%u goto banned", family,
		    sides[i], number);
		compile_line(compiler, "%s %s @ban.net.%u goto banned", family,
		    sides[i], number);
	}
}

/* Each packet asks: those of IPv4 pass the questions of IPv6 by in one step. */
void
compile_ask_bans(struct compiler *compiler, bool of_ours)
{
	write_questions(compiler, of_ours, "ip", ADDRESS_IPV4);
	if (compiler->host->ipv6)
		compile_line(compiler, "meta nfproto ipv6 jump %s",
		    of_ours ? "bans.ours" : "bans");
}

static void
write_banned(struct compiler *compiler)
{
	static const struct log_prefix prefix = {
		.verdict = POLICY_VERDICT_DROP,
		.reason = POLICY_REASON_BAN,
		.rule_name = { "ban", 3 },
	};

	compile_chain_begin(compiler, "banned");
	compile_log_prefix(compiler, &prefix);
	compile_line(compiler, "counter name \"ban\" drop");
	compile_chain_end(compiler);
}

static void
write_ipv6(struct compiler *compiler, const char *name, bool of_ours)
{
	compile_chain_begin(compiler, name);
	write_questions(compiler, of_ours, "ip6", ADDRESS_IPV6);
	compile_chain_end(compiler);
}

void
compile_bans(struct compiler *compiler)
{
	write_banned(compiler);
	if (!compiler->host->ipv6)
		return;
	write_ipv6(compiler, "bans", false);
	write_ipv6(compiler, "bans.ours", true);
}

static void
write_set(struct compiler *compiler, const char *name, unsigned family,
    const char *flags)
{
	text_addf(compiler->out,
	    "\tset %s.%u {\n\t\ttype %s\n\t\tflags %s\n\t}\n", name, family,
	    family == ADDRESS_IPV4 ? "ipv4_addr" : "ipv6_addr", flags);
}

void
compile_ban_sets(struct compiler *compiler)
{
	if (compiler->host->loaded_set != NULL)
		return;
	write_set(compiler, "ban", ADDRESS_IPV4, "timeout");
	write_set(compiler, "ban.net", ADDRESS_IPV4, "interval,timeout");
	if (!compiler->host->ipv6)
		return;
	write_set(compiler, "ban", ADDRESS_IPV6, "timeout");
	write_set(compiler, "ban.net", ADDRESS_IPV6, "interval,timeout");
}
