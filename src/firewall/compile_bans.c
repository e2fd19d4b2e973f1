/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_bans: what is banned is dropped before anything else.
 *
 * Before flows that are known, too: a ban ends those that live.  Both sides are
 * looked at, so that nothing goes on to somebody who is not heard any more.
 * Only loopback is not asked.  The sets are those of firewall/ban_sets.
 *
 * As long as nobody is banned no packet is asked: the four look-ups would be a
 * tenth of what one of a known flow costs.  With the first ban
 * firewall/ban_sets puts the jump to the questions in front of the chains, in
 * the same transaction.
 */
#include "firewall/compile_impl.h"
#include "firewall/names.h"

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

void
compile_ask_bans(struct compiler *compiler, bool of_ours)
{
	if (compiler->host->has_bans)
		compile_line(compiler, "jump %s",
		    of_ours ? FIREWALL_BANS_OURS : FIREWALL_BANS);
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

void
compile_bans(struct compiler *compiler)
{
	write_banned(compiler);
	compile_chain_begin(compiler, FIREWALL_BANS);
	compile_line(compiler, "iif lo return");
	write_questions(compiler, 0, "ip", ADDRESS_IPV4);
	if (compiler->host->ipv6)
		write_questions(compiler, 0, "ip6", ADDRESS_IPV6);
	compile_chain_end(compiler);
	compile_chain_begin(compiler, FIREWALL_BANS_OURS);
	compile_line(compiler, "oif lo return");
	write_questions(compiler, 1, "ip", ADDRESS_IPV4);
	if (compiler->host->ipv6)
		write_questions(compiler, 1, "ip6", ADDRESS_IPV6);
	compile_chain_end(compiler);
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
