/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/compile_tail.h"

#include "firewall/compile_aside.h"
#include "firewall/log_prefix.h"
#include "firewall/names.h"

#include <errno.h>
#include <stdio.h>

static void
add_log(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule, struct text *tail)
{
	struct log_prefix prefix = {
		.verdict = rule->verdict,
		.reason =
		    rule->report ? POLICY_REASON_REPORT : POLICY_REASON_NONE,
		.rule_line = rule->line,
		.zone_from = policy_zone_name(compiler->policy, chain->from),
		.rule_name = rule->label,
	};

	if (chain->to != ZONE_NONE)
		prefix.zone_to = policy_zone_name(compiler->policy, chain->to);
	text_addz(tail, "log prefix \"");
	if (log_prefix_write(&prefix, tail) < 0)
		compiler->rc = -EINVAL;
	text_addf(tail, "\" group %d snaplen %d ", FIREWALL_NUMBER,
	    FIREWALL_LOG_SNAPLEN);
}

struct tail_verdict
tail_verdict(const struct policy_rule *rule, bool is_proxied)
{
	static const struct tail_verdict dropped = { "drop", "drop" };
	static const struct tail_verdict refused = { "goto refuse",
		"goto refuse" };
	static const struct tail_verdict allowed = { "accept", "goto allowed" };
	static const struct tail_verdict proxied = { "goto handover",
		"goto proxied" };

	if (rule->verdict == POLICY_VERDICT_ALLOW)
		return is_proxied && !rule->direct ? proxied : allowed;
	return rule->verdict == POLICY_VERDICT_REJECT ? refused : dropped;
}

static const char *
action_of(const struct chain *chain, const struct policy_rule *rule)
{
	if (rule->verdict == POLICY_VERDICT_ALLOW && rule->publish)
		return "meta mark set meta mark or " FIREWALL_TEXT(
		    FIREWALL_MARK_PUBLISH) " accept";
	return tail_verdict(rule, chain->kind == CHAIN_PROXIED).line;
}

/* What the proxy is going to log, the kernel does not log as well. */
bool
tail_is_logged(const struct chain *chain, const struct policy_rule *rule)
{
	if (!rule->log || rule->report || rule->verdict != POLICY_VERDICT_ALLOW)
		return rule->log;
	return chain->kind == CHAIN_PLAIN || chain->kind == CHAIN_UNCARRIED ||
	       (chain->kind == CHAIN_PROXIED && rule->direct);
}

/* Counter, log and verdict of a rule that is settled. */
void
tail_add_settled(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule, struct text *tail)
{
	char counter[FIREWALL_COUNTER_BYTES];

	firewall_counter_name(rule, counter);
	text_addf(tail, "counter name \"%s\" ", counter);
	if (tail_is_logged(chain, rule))
		add_log(compiler, chain, rule, tail);
	if (!rule->report)
		text_addz(tail, action_of(chain, rule));
}

void
tail_add_comment(const struct policy_rule *rule, struct text *tail)
{
	if (rule->line == 0)
		text_addz(tail, " comment \"the built-in last rule\"");
	else
		text_addf(tail, " comment \"line %u\"", rule->line);
}

/* What becomes of a flow that only the proxy can decide. */
const char *
tail_undecided(const struct chain *chain, char ret[static TAIL_ACTION_BYTES])
{
	switch (chain->kind) {
	case CHAIN_PROXIED:
		return "goto handover";
	case CHAIN_UNCARRIED:
		(void)snprintf(ret, TAIL_ACTION_BYTES, "goto %.64s.undecided",
		    chain->name);
		return ret;
	case CHAIN_EXPLICIT:
		return "accept";
	case CHAIN_PLAIN:
		break;
	}
	return "drop"; /* not written: packets settle every rule there */
}

/* Whether the limits of a rule are the kernel's affair here: what goes on to
 * the proxy is counted there. */
bool
tail_is_limited(const struct chain *chain, const struct policy_rule *rule)
{
	return compile_is_limited(rule) && chain->kind != CHAIN_EXPLICIT &&
	       (chain->kind != CHAIN_PROXIED || rule->direct);
}
