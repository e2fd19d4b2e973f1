/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_refused: who is refused too often is banned by the rules.
 *
 *	CHAIN.ban.N	counts, then the rule goes its way
 *	refused.N	those whom rule N refuses, counted for each source: who
 *			comes to the number goes into `caught`, with the time
 *			of his ban, and the packet log is told
 *
 * The packet that is one too many bans, and the next one meets the ban: nobody
 * is asked in between.  A count is a bucket that hardly ever gets anything
 * back, in an element that the kernel forgets when the time is over in which
 * refusals count, reckoned from the first: so it is exact.
 *
 * Anybody can write anybody's address on a packet.  So what a source does here
 * closes to him only what he opens: flows that live go on, and so does what is
 * opened to him.  It is asked where flows begin, and early drop knows nothing
 * of it.  And of a flood under many addresses only so many are banned in a
 * second; the rest is refused as ever.
 */
#include "firewall/compile_refused.h"

#include "firewall/bans.h"
#include "firewall/names.h"

#include <errno.h>
#include <stdio.h>

/* Sources that are counted at once; the kernel forgets them in time. */
#define SOURCES_MAX 65535

/* What the daemon takes note of, with room for all else that it does. */
#define BANS_LIMIT "rate 100/second burst 1000 packets"

/* Of a bucket that refills within the time, a count would not be exact. */
#define REFILL "1/week"

/* Networks of 64 bits that the gateway itself has an address in. */
#define NEAR "near.6"

#define NETWORK "ip6 saddr & ffff:ffff:ffff:ffff::"

/*
 * What a source is (policy/ban).  A network's first address is no source where
 * its addresses are: else who writes that one on a packet has all of it banned.
 */
static const struct {
	uint8_t family;
	const char *caught; /* the set of who is banned */
	const char *which;
	const char *source;
} kinds[] = {
	{ ADDRESS_IPV4, FIREWALL_CAUGHT_4, "", "ip saddr" },
	{ ADDRESS_IPV6, FIREWALL_CAUGHT_6, NETWORK " @" NEAR " ", "ip6 saddr" },
	{ ADDRESS_IPV6, FIREWALL_CAUGHT_6, NETWORK " != @" NEAR " ", NETWORK },
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

static const uint8_t families[] = { ADDRESS_IPV4, ADDRESS_IPV6 };

static size_t
family_count(const struct compiler *compiler)
{
	return compiler->host->ipv6 ? 2 : 1;
}

static size_t
kind_count(const struct compiler *compiler)
{
	return compiler->host->ipv6 ? KIND_COUNT : 1;
}

bool
compile_counts_refused(
    const struct chain *chain, const struct policy_rule *rule)
{
	return rule->ban.count > 0 && chain->from != ZONE_SELF;
}

/* The chain refused.34, the sets refusals.34.4 and refusals.34.6. */
static void
chain_name(const struct policy_rule *rule, char ret[static COMPILE_NAME_BYTES])
{
	char counter[FIREWALL_COUNTER_BYTES];

	firewall_counter_name(rule, counter);
	(void)snprintf(
	    ret, COMPILE_NAME_BYTES, "refused%s", counter + strlen("rule"));
}

static void
set_name(const struct policy_rule *rule, unsigned family,
    char ret[static COMPILE_NAME_BYTES])
{
	char counter[FIREWALL_COUNTER_BYTES];

	firewall_counter_name(rule, counter);
	(void)snprintf(ret, COMPILE_NAME_BYTES, "refusals%s.%u",
	    counter + strlen("rule"), family);
}

/* ---- what the table holds ---- */

static void
write_set(
    struct compiler *compiler, const struct policy_rule *rule, uint8_t family)
{
	char name[COMPILE_NAME_BYTES];

	set_name(rule, family, name);
	text_addf(compiler->out,
	    "\tset %s {\n\t\ttype %s\n\t\tsize %d\n\t\tflags dynamic\n"
	    "\t\ttimeout %llds\n\t}\n",
	    name, family == ADDRESS_IPV4 ? "ipv4_addr" : "ipv6_addr",
	    SOURCES_MAX, (long long)(rule->ban.within / CLOCK_SECOND));
}

/* Where the table stands for itself. */
static void
write_caught(struct compiler *compiler, uint8_t family)
{
	bool ipv4 = family == ADDRESS_IPV4;

	text_addf(compiler->out,
	    "\tset %s {\n\t\ttype %s\n\t\tsize %d\n"
	    "\t\tflags dynamic,timeout\n\t}\n",
	    ipv4 ? FIREWALL_CAUGHT_4 : FIREWALL_CAUGHT_6,
	    ipv4 ? "ipv4_addr" : "ipv6_addr", CAUGHT_MAX);
}

/* Each once: of one network the gateway may have several addresses. */
static bool
is_first_near(const struct firewall_host *host, size_t at)
{
	if (host->own[at].address.family != ADDRESS_IPV6)
		return false;
	for (size_t i = 0; i < at; i++)
		if (policy_ban_is_near(
			host->own[at].address, host->own[i].address))
			return false;
	return true;
}

static void
write_near(struct compiler *compiler)
{
	const struct firewall_host *host = compiler->host;
	struct text *out = compiler->out;
	char text[ADDRESS_TEXT_BYTES];
	const char *before = "\t\telements = { ";

	text_addz(out, "\tset " NEAR " {\n\t\ttype ipv6_addr\n");
	for (size_t i = 0; i < host->own_count; i++) {
		if (!is_first_near(host, i))
			continue;
		struct address_range network =
		    policy_ban_source(host->own[i].address, false);
		text_addf(
		    out, "%s%s", before, address_format(network.first, text));
		before = ", ";
	}
	text_addz(out, before[0] == ',' ? " }\n\t}\n" : "\t}\n");
}

static bool
are_asked(const struct compiler *compiler)
{
	return compiler->host->has_caught ||
	       policy_bans_packets(compiler->policy);
}

void
compile_refused_objects(struct compiler *compiler)
{
	const struct policy *policy = compiler->policy;

	for (size_t i = 0; i < family_count(compiler); i++)
		if (compiler->host->loaded_set == NULL && are_asked(compiler))
			write_caught(compiler, families[i]);
	if (are_asked(compiler) && compiler->host->ipv6)
		write_near(compiler);
	if (!policy_bans_packets(policy))
		return;
	text_addz(compiler->out, "\tlimit bans {\n\t\t" BANS_LIMIT "\n\t}\n");
	for (size_t i = 0; i < policy->rule_count; i++)
		for (size_t j = 0; j < family_count(compiler); j++)
			if (policy->rules[i].ban.count > 1)
				write_set(
				    compiler, &policy->rules[i], families[j]);
}

/* ---- chains ---- */

/* Those who are never banned are not counted either. */
static void
write_nevers(struct compiler *compiler)
{
	const struct policy *policy = compiler->policy;

	for (size_t i = 0; i < policy->never_count; i++) {
		const struct policy_endpoint *who = &policy->nevers[i].who;
		struct arena_mark mark = arena_mark(&compiler->scratch);
		struct matches matches = match_sources(compiler, who);
		for (size_t j = 0; j < matches.count; j++)
			compile_line(compiler, "%.*s return",
			    STR_ARG(matches.items[j].text));
		arena_rewind(&compiler->scratch, mark);
	}
}

static void
add_record(
    struct compiler *compiler, const struct policy_rule *rule, struct text *out)
{
	const struct log_prefix prefix = {
		.verdict = rule->verdict,
		.reason = POLICY_REASON_CAUGHT,
		.rule_line = rule->line,
		.rule_name = rule->label,
	};

	text_addz(out, "log prefix \"");
	if (log_prefix_write(&prefix, out) < 0)
		compiler->rc = -EINVAL;
	text_addf(out, "\" group %d snaplen %d", FIREWALL_NUMBER,
	    FIREWALL_LOG_SNAPLEN);
}

static void
write_count(
    struct compiler *compiler, const struct policy_rule *rule, size_t at)
{
	const char *source = kinds[at].source;
	struct text line = TEXT_EMPTY;
	char name[COMPILE_NAME_BYTES];

	set_name(rule, kinds[at].family, name);
	text_addz(&line, kinds[at].which);
	if (rule->ban.count > 1)
		text_addf(&line,
		    "add @%s { %s limit rate over " REFILL
		    " burst %u packets } ",
		    name, source, rule->ban.count - 1);
	text_addf(&line, "limit name \"bans\" add @%s { %s timeout %llds } ",
	    kinds[at].caught, source,
	    (long long)(rule->ban.time / CLOCK_SECOND));
	if (rule->ban.count > 1) /* after the ban it begins anew */
		text_addf(&line, "delete @%s { %s } ", name, source);
	add_record(compiler, rule, &line);
	compile_line(compiler, "%.*s", STR_ARG(text_str(&line)));
	compile_text_fini(compiler, &line);
}

void
compile_refused_jump(struct compiler *compiler, const struct policy_rule *rule)
{
	char name[COMPILE_NAME_BYTES];

	if (rule->ban.count == 0)
		return;
	chain_name(rule, name);
	compile_line(compiler, "jump %s", name);
}

void
compile_refused_chains(struct compiler *compiler)
{
	const struct policy *policy = compiler->policy;
	char name[COMPILE_NAME_BYTES];

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		if (rule->ban.count == 0)
			continue;
		chain_name(rule, name);
		compile_chain_begin(compiler, name);
		write_nevers(compiler);
		for (size_t j = 0; j < kind_count(compiler); j++)
			write_count(compiler, rule, j);
		compile_chain_end(compiler);
	}
}

void
compile_ask_caught(struct compiler *compiler)
{
	for (size_t i = 0; are_asked(compiler) && i < kind_count(compiler); i++)
		compile_line(compiler, "%s%s @%s goto banned", kinds[i].which,
		    kinds[i].source, kinds[i].caught);
}
