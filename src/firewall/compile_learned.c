/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/compile_learned.h"

#include <errno.h>
#include <stdio.h>

#include "policy/describe.h"
#include "policy/learning.h"

void
firewall_learned_set_name(const struct policy *policy, uint8_t zone,
    uint32_t asked, uint8_t family, char ret[static FIREWALL_SET_NAME_BYTES])
{
	(void)snprintf(ret, FIREWALL_SET_NAME_BYTES, "learned.%.*s.%u.%u",
	    STR_ARG(policy_zone_name(policy, zone)), asked, family);
}

static void
declare(struct compiler *compiler, uint8_t zone, uint32_t asked, uint8_t family)
{
	const struct policy *policy = compiler->policy;
	const struct policy_endpoint names = {
		.groups = policy->asked[asked - 1].who->groups,
		.group_count = policy->asked[asked - 1].who->group_count,
	};
	char name[FIREWALL_SET_NAME_BYTES];

	firewall_learned_set_name(policy, zone, asked, family, name);
	text_addf(
	    compiler->out, "\tset %s {\n\t\t# what the DNS says of ", name);
	describe_endpoint(policy, &names, compiler->out);
	text_addf(compiler->out, "\n\t\ttype %s\n\t\tflags timeout\n\t}\n",
	    family == ADDRESS_IPV4 ? "ipv4_addr" : "ipv6_addr");
}

void
compile_learned_sets(struct compiler *compiler)
{
	const struct policy *policy = compiler->policy;

	if (compiler->host->learned_set != NULL)
		return;
	for (uint8_t zone = 0; zone < policy->zone_count; zone++) {
		for (uint32_t i = 0; i < policy->asked_count; i++) {
			if ((policy->asked[i].zones & policy_zone_bit(zone)) ==
			    0)
				continue;
			declare(compiler, zone, i + 1, ADDRESS_IPV4);
			if (compiler->host->ipv6)
				declare(compiler, zone, i + 1, ADDRESS_IPV6);
		}
	}
}

/* The number of the sets that the chain asks for the endpoint; 0: none. */
static uint32_t
asked_in(const struct compiler *compiler, const struct chain *chain,
    const struct policy_endpoint *who)
{
	const struct policy *policy = compiler->policy;

	if (chain->kind != CHAIN_PLAIN || who->asked == 0 ||
	    !policy_learns(policy, chain->from) ||
	    (policy->asked[who->asked - 1].zones &
		policy_zone_bit(chain->from)) == 0)
		return 0;
	return who->asked;
}

/* "ip daddr @learned.lan.1.4" */
static void
add_text(struct compiler *compiler, const struct chain *chain, uint32_t asked,
    const char *relation, uint8_t family, struct text *out)
{
	const struct firewall_host *host = compiler->host;
	char name[FIREWALL_SET_NAME_BYTES];
	const char *loaded = name;

	firewall_learned_set_name(
	    compiler->policy, chain->from, asked, family, name);
	if (host->learned_set != NULL)
		loaded = host->learned_set(
		    host->learned_context, chain->from, asked, family);
	if (loaded == NULL)
		compiler->rc = -ENOENT;
	else
		text_addf(out, "%s daddr %s@%s", compile_family_word(family),
		    relation, loaded);
}

/* As the evaluator has it: a name opens only what lives elsewhere. */
static bool
may_open(const struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule)
{
	return rule->verdict != POLICY_VERDICT_ALLOW ||
	       chain->to == ZONE_NONE ||
	       chain->to == compiler->policy->elsewhere;
}

void
compile_add_learned(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule, struct matches *matches)
{
	uint32_t asked = asked_in(compiler, chain, &rule->to);
	struct text text = TEXT_EMPTY;

	if (asked == 0 || !may_open(compiler, chain, rule))
		return;
	add_text(compiler, chain, asked, "", ADDRESS_IPV4, &text);
	compile_add_match(compiler, matches, ADDRESS_IPV4, &text);
	if (compiler->host->ipv6) {
		add_text(compiler, chain, asked, "", ADDRESS_IPV6, &text);
		compile_add_match(compiler, matches, ADDRESS_IPV6, &text);
	}
	compile_text_fini(compiler, &text);
}

static void
add_without(struct compiler *compiler, const struct chain *chain,
    uint32_t asked, const struct match *match, uint8_t family,
    struct matches *matches)
{
	struct text text = TEXT_EMPTY;

	if ((match->family != 0 && match->family != family) ||
	    (family == ADDRESS_IPV6 && !compiler->host->ipv6))
		return;
	text_add(&text, match->text);
	text_addz(&text, text.len > 0 ? " " : "");
	add_text(compiler, chain, asked, "!= ", family, &text);
	compile_add_match(compiler, matches, family, &text);
	compile_text_fini(compiler, &text);
}

struct matches
compile_without_learned(struct compiler *compiler, const struct chain *chain,
    const struct policy_endpoint *except, struct matches matches)
{
	uint32_t asked = except != NULL ? asked_in(compiler, chain, except) : 0;

	if (asked == 0 || matches.count == 0)
		return matches;
	struct matches left = match_room(compiler, 2 * matches.count);
	for (size_t i = 0; i < matches.count; i++) {
		add_without(compiler, chain, asked, &matches.items[i],
		    ADDRESS_IPV4, &left);
		add_without(compiler, chain, asked, &matches.items[i],
		    ADDRESS_IPV6, &left);
	}
	return left;
}
