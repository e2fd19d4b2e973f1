/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_aside: rules that need a chain of their own.
 *
 *	CHAIN.limit.N		what is beyond the rule's limits is dropped, the
 *				rest goes the rule's way
 *	CHAIN.ban.N		counts whom the rule refuses (compile_refused)
 *	CHAIN.report.N		counts and logs, then the list goes on
 *
 * The state of a limit is the rule's, not the chain's: one object or one set
 * of sources in the table, which all chains share.  A source is an IPv4
 * address or an IPv6 network of 64 bits, for of those a client has as many
 * addresses as it likes.  When a set is full, whoever is not in it is beyond
 * the limit: a crowd must not push it aside.
 */
#include "firewall/compile_aside.h"
#include "firewall/compile_bandwidth.h"
#include "firewall/compile_refused.h"

#include <stdio.h>

/* Sources that are counted at once; the kernel forgets the idle ones. */
#define SOURCES_MAX 65535

static const char *
unit_word(uint32_t seconds)
{
	switch (seconds) {
	case 1:
		return "second";
	case 60:
		return "minute";
	case 3600:
		return "hour";
	default:
		return "day";
	}
}

bool
compile_is_limited(const struct policy_rule *rule)
{
	return rule->limit.count > 0 || rule->connections > 0 ||
	       rule->bandwidth_number > 0;
}

/* ---- what the table holds for a rule ---- */

/* rate.34.4, connections.34.2.6: like the rule's counter; family 0: none */
static void
object_name(const char *kind, const struct policy_rule *rule, unsigned family,
    char ret[static COMPILE_NAME_BYTES])
{
	char counter[FIREWALL_COUNTER_BYTES];

	firewall_counter_name(rule, counter);
	if (family == 0)
		(void)snprintf(ret, COMPILE_NAME_BYTES, "%s%s", kind,
		    counter + strlen("rule"));
	else
		(void)snprintf(ret, COMPILE_NAME_BYTES, "%s%s.%u", kind,
		    counter + strlen("rule"), family);
}

/* The kernel adds such elements itself; those of rates go when idle. */
static void
write_set(struct compiler *compiler, const char *name, const char *type,
    uint32_t forget_seconds)
{
	text_addf(compiler->out,
	    "\tset %s {\n\t\ttype %s\n\t\tsize %d\n\t\tflags dynamic\n", name,
	    type, SOURCES_MAX);
	if (forget_seconds > 0)
		text_addf(compiler->out, "\t\ttimeout %us\n", forget_seconds);
	text_addz(compiler->out, "\t}\n");
}

static void
write_sources(struct compiler *compiler, const char *kind,
    const struct policy_rule *rule, uint32_t forget_seconds)
{
	char name[COMPILE_NAME_BYTES];

	object_name(kind, rule, ADDRESS_IPV4, name);
	write_set(compiler, name, "ipv4_addr", forget_seconds);
	if (!compiler->host->ipv6)
		return;
	object_name(kind, rule, ADDRESS_IPV6, name);
	write_set(compiler, name, "ipv6_addr", forget_seconds);
}

static void
add_rate(struct text *out, const struct policy_limit *limit)
{
	text_addf(out, "rate over %u/%s burst %u packets", limit->count,
	    unit_word(limit->seconds), limit->burst);
}

static void
write_rate(struct compiler *compiler, const struct policy_rule *rule)
{
	const struct policy_limit *limit = &rule->limit;
	/* By then a bucket is full again, and a new one is the same.  nft takes
	 * eight digits; policy/limits keeps it to a year. */
	uint32_t refill = limit->seconds * (limit->burst / limit->count + 1);
	char name[COMPILE_NAME_BYTES];

	if (limit->each == POLICY_EACH_SOURCE) {
		write_sources(compiler, "rate", rule, refill);
		return;
	}
	object_name("rate", rule, 0, name);
	text_addf(compiler->out, "\tlimit %s {\n\t\t", name);
	add_rate(compiler->out, limit);
	text_addz(compiler->out, "\n\t}\n");
}

/* All connections together are one element, of both families. */
static void
write_connections(struct compiler *compiler, const struct policy_rule *rule)
{
	char name[COMPILE_NAME_BYTES];

	if (rule->connections_each == POLICY_EACH_SOURCE) {
		write_sources(compiler, "connections", rule, 0);
		return;
	}
	object_name("connections", rule, 0, name);
	write_set(compiler, name, "mark", 0);
}

void
compile_limit_objects(struct compiler *compiler)
{
	for (size_t i = 0; i < compiler->policy->rule_count; i++) {
		const struct policy_rule *rule = &compiler->policy->rules[i];
		if (rule->limit.count > 0)
			write_rate(compiler, rule);
		if (rule->connections > 0)
			write_connections(compiler, rule);
	}
}

/* ---- chains ---- */

#define BEYOND "counter name \"limited\" drop"

/* What is beyond it in the source's own element, or has no room for one. */
static void
write_source_checks(struct compiler *compiler, const char *verb,
    const char *kind, const struct policy_rule *rule, struct str over)
{
	static const struct {
		unsigned family;
		const char *source;
	} rows[] = {
		{ ADDRESS_IPV4, "ip saddr" },
		{ ADDRESS_IPV6, "ip6 saddr & ffff:ffff:ffff:ffff::" },
	};
	char name[COMPILE_NAME_BYTES];

	for (size_t i = 0; i < (compiler->host->ipv6 ? 2 : 1); i++) {
		object_name(kind, rule, rows[i].family, name);
		compile_line(compiler, "%s @%s { %s %.*s } " BEYOND, verb, name,
		    rows[i].source, STR_ARG(over));
		compile_line(
		    compiler, "%s != @%s " BEYOND, rows[i].source, name);
	}
}

static void
write_rate_checks(struct compiler *compiler, const struct policy_rule *rule)
{
	char name[COMPILE_NAME_BYTES];
	struct text over = TEXT_EMPTY;

	if (rule->limit.count == 0)
		return;
	if (rule->limit.each != POLICY_EACH_SOURCE) {
		object_name("rate", rule, 0, name);
		compile_line(compiler, "limit name \"%s\" " BEYOND, name);
		return;
	}
	text_addz(&over, "limit ");
	add_rate(&over, &rule->limit);
	write_source_checks(compiler, "update", "rate", rule, text_str(&over));
	compile_text_fini(compiler, &over);
}

/* What is invalid is no connection and would be counted as one for seconds. */
static void
write_uncounted(struct compiler *compiler, struct str tail)
{
	if (compiler->policy->invalid != 0)
		compile_line(compiler, "ct state invalid %.*s", STR_ARG(tail));
}

static void
write_connection_checks(
    struct compiler *compiler, const struct policy_rule *rule)
{
	char name[COMPILE_NAME_BYTES];
	struct text over = TEXT_EMPTY;

	if (rule->connections == 0)
		return;
	text_addf(&over, "ct count over %u", rule->connections);
	object_name("connections", rule, 0, name);
	if (rule->connections_each == POLICY_EACH_SOURCE)
		write_source_checks(
		    compiler, "add", "connections", rule, text_str(&over));
	else /* always the same key, whatever the mark is */
		compile_line(compiler, "add @%s { meta mark & 0 %.*s } " BEYOND,
		    name, STR_ARG(text_str(&over)));
	compile_text_fini(compiler, &over);
}

void
compile_aside_name(const struct chain *chain, const struct policy_rule *rule,
    char ret[static COMPILE_NAME_BYTES])
{
	char counter[FIREWALL_COUNTER_BYTES];

	firewall_counter_name(rule, counter);
	(void)snprintf(ret, COMPILE_NAME_BYTES, "%.56s.%s.%.20s", chain->name,
	    rule->report          ? "report"
	    : rule->ban.count > 0 ? "ban"
				  : "limit",
	    counter + strlen("rule."));
}

void
compile_limit_chain(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule, struct str tail)
{
	char name[COMPILE_NAME_BYTES];

	compile_aside_name(chain, rule, name);
	compile_chain_begin(compiler, name);
	write_rate_checks(compiler, rule);
	if (rule->connections > 0)
		write_uncounted(compiler, tail);
	write_connection_checks(compiler, rule);
	compile_bandwidth_mark(compiler, rule);
	compile_refused_jump(compiler, rule);
	compile_line(compiler, "%.*s", STR_ARG(tail));
	compile_chain_end(compiler);
}
