/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_bandwidth: what passes of flows that packets decide.
 *
 *	bandwidth	where a known flow's packet goes whose connection mark
 *			holds the number of a rule
 *	bandwidth.N	what is beyond the rule's bandwidth is dropped
 *
 * It is a policer: the kernel holds no packets back for us, and who sends too
 * much finds out by those that are lost.  A second's worth may come at once:
 * the kernel's bucket of bytes holds that much and the burst, so the burst is
 * nothing but for slow rates, where a bucket must hold the largest pieces that
 * a receiving interface makes of packets, or none of those would ever pass.
 *
 * Flows that go through the proxy have no such number: it paces them itself.
 */
#include "firewall/compile_bandwidth.h"

#include "firewall/names.h"

#include <inttypes.h>
#include <stdio.h>

#define MARK FIREWALL_TEXT(FIREWALL_MARK_BANDWIDTH)
#define REST FIREWALL_TEXT(FIREWALL_MARK_NO_BANDWIDTH)

#define BUCKET_BYTES_MIN (UINT64_C(128) << 10)

#define BEYOND "counter name \"bandwidth\" drop"

/* As of other limits (firewall/compile_aside). */
#define SOURCES_MAX 65535

static bool
has_bandwidth(const struct policy_rule *rule)
{
	return rule->bandwidth_number > 0;
}

/* "bandwidth.34.2", "bandwidth.34.2.up", "bandwidth.34.2.up.4" */
static void
chain_name(const struct policy_rule *rule, char ret[static COMPILE_NAME_BYTES])
{
	char counter[FIREWALL_COUNTER_BYTES];

	firewall_counter_name(rule, counter);
	(void)snprintf(
	    ret, COMPILE_NAME_BYTES, "bandwidth%s", counter + strlen("rule"));
}

static void
object_name(const struct policy_rule *rule, enum policy_direction direction,
    unsigned family, char ret[static COMPILE_NAME_BYTES])
{
	const char *way = policy_direction_word(direction);
	char chain[COMPILE_NAME_BYTES];

	chain_name(rule, chain);
	if (family == 0)
		(void)snprintf(ret, COMPILE_NAME_BYTES, "%.64s.%s", chain, way);
	else
		(void)snprintf(
		    ret, COMPILE_NAME_BYTES, "%.64s.%s.%u", chain, way, family);
}

static uint64_t
burst_of(uint64_t rate)
{
	return rate < BUCKET_BYTES_MIN ? BUCKET_BYTES_MIN - rate : 0;
}

static void
add_rate(uint64_t rate, struct text *out)
{
	text_addf(out, "rate over %" PRIu64 " bytes/second", rate);
	if (burst_of(rate) > 0)
		text_addf(out, " burst %" PRIu64 " bytes", burst_of(rate));
}

/* By then a bucket is full again, and a new one is the same. */
static uint64_t
refill_seconds(uint64_t rate)
{
	return (rate + burst_of(rate)) / rate + 1;
}

/* ---- what the table holds ---- */

static void
write_set(struct compiler *compiler, const struct policy_rule *rule,
    enum policy_direction direction, unsigned family, uint64_t rate)
{
	char name[COMPILE_NAME_BYTES];

	object_name(rule, direction, family, name);
	text_addf(compiler->out,
	    "\tset %s {\n\t\ttype %s\n\t\tsize %d\n\t\tflags dynamic\n"
	    "\t\ttimeout %" PRIu64 "s\n\t}\n",
	    name, family == ADDRESS_IPV4 ? "ipv4_addr" : "ipv6_addr",
	    SOURCES_MAX, refill_seconds(rate));
}

static void
write_objects(struct compiler *compiler, const struct policy_rule *rule,
    enum policy_direction direction)
{
	const uint64_t *rates = rule->bandwidth.rates[direction];
	uint64_t each = rates[POLICY_SCOPE_SOURCE];
	char name[COMPILE_NAME_BYTES];

	if (rates[POLICY_SCOPE_RULE] > 0) {
		object_name(rule, direction, 0, name);
		text_addf(compiler->out, "\tlimit %s {\n\t\t", name);
		add_rate(rates[POLICY_SCOPE_RULE], compiler->out);
		text_addz(compiler->out, "\n\t}\n");
	}
	if (each > 0)
		write_set(compiler, rule, direction, ADDRESS_IPV4, each);
	if (each > 0 && compiler->host->ipv6)
		write_set(compiler, rule, direction, ADDRESS_IPV6, each);
}

void
compile_bandwidth_objects(struct compiler *compiler)
{
	for (size_t i = 0; i < compiler->policy->rule_count; i++) {
		const struct policy_rule *rule = &compiler->policy->rules[i];
		for (unsigned way = 0; way < POLICY_DIRECTION_COUNT; way++)
			write_objects(
			    compiler, rule, (enum policy_direction)way);
	}
}

/* ---- chains ---- */

static void
write_each_check(struct compiler *compiler, const struct policy_rule *rule,
    enum policy_direction direction, unsigned family)
{
	static const char *const ways[] = {
		[POLICY_DIRECTION_UP] = "original",
		[POLICY_DIRECTION_DOWN] = "reply",
	};
	bool ipv4 = family == ADDRESS_IPV4;
	const char *source =
	    ipv4 ? "ct original ip saddr"
		 : "ct original ip6 saddr & ffff:ffff:ffff:ffff::";
	char name[COMPILE_NAME_BYTES];
	struct text over = TEXT_EMPTY;

	object_name(rule, direction, family, name);
	add_rate(rule->bandwidth.rates[direction][POLICY_SCOPE_SOURCE], &over);
	compile_line(compiler,
	    "meta nfproto %s ct direction %s update @%s { %s limit %.*s "
	    "} " BEYOND,
	    ipv4 ? "ipv4" : "ipv6", ways[direction], name, source,
	    STR_ARG(text_str(&over)));
	compile_line(compiler,
	    "meta nfproto %s ct direction %s %s != @%s " BEYOND,
	    ipv4 ? "ipv4" : "ipv6", ways[direction], source, name);
	compile_text_fini(compiler, &over);
}

static void
write_checks(struct compiler *compiler, const struct policy_rule *rule,
    enum policy_direction direction)
{
	const uint64_t *rates = rule->bandwidth.rates[direction];
	char name[COMPILE_NAME_BYTES];

	if (rates[POLICY_SCOPE_SOURCE] > 0) {
		write_each_check(compiler, rule, direction, ADDRESS_IPV4);
		if (compiler->host->ipv6)
			write_each_check(
			    compiler, rule, direction, ADDRESS_IPV6);
	}
	if (rates[POLICY_SCOPE_RULE] == 0)
		return;
	object_name(rule, direction, 0, name);
	compile_line(compiler, "ct direction %s limit name \"%s\" " BEYOND,
	    direction == POLICY_DIRECTION_UP ? "original" : "reply", name);
}

static void
add_target(const struct policy_rule *rule, struct text *map)
{
	char name[COMPILE_NAME_BYTES];

	chain_name(rule, name);
	text_addf(map, "%s0x%08x : jump %s", map->len > 0 ? ", " : "",
	    (unsigned)rule->bandwidth_number << FIREWALL_BANDWIDTH_SHIFT, name);
}

static void
write_rule_chain(struct compiler *compiler, const struct policy_rule *rule)
{
	char name[COMPILE_NAME_BYTES];

	chain_name(rule, name);
	compile_chain_begin(compiler, name);
	for (unsigned way = 0; way < POLICY_DIRECTION_COUNT; way++)
		write_checks(compiler, rule, (enum policy_direction)way);
	compile_chain_end(compiler);
}

void
compile_bandwidth_chains(struct compiler *compiler)
{
	const struct policy *policy = compiler->policy;
	struct text map = TEXT_EMPTY;

	if (policy->bandwidth_count == 0)
		return;
	for (size_t i = 0; i < policy->rule_count; i++) {
		if (!has_bandwidth(&policy->rules[i]))
			continue;
		add_target(&policy->rules[i], &map);
		write_rule_chain(compiler, &policy->rules[i]);
	}
	compile_chain_begin(compiler, "bandwidth");
	compile_line(compiler, "ct mark and " MARK " vmap { %.*s }",
	    STR_ARG(text_str(&map)));
	compile_chain_end(compiler);
	compile_text_fini(compiler, &map);
}

void
compile_ask_bandwidth(struct compiler *compiler)
{
	if (compiler->policy->bandwidth_count > 0)
		compile_line(
		    compiler, "ct mark and " MARK " != 0 jump bandwidth");
}

void
compile_bandwidth_mark(
    struct compiler *compiler, const struct policy_rule *rule)
{
	if (has_bandwidth(rule))
		compile_line(compiler,
		    "ct mark set ct mark and " REST " or 0x%08x",
		    (unsigned)rule->bandwidth_number
			<< FIREWALL_BANDWIDTH_SHIFT);
}
