/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/compile_reading.h"

bool
chain_is_proxied(const struct chain *chain)
{
	return chain->kind != CHAIN_PLAIN;
}

/* As the evaluator has it: a name opens only what lives elsewhere, but by a
 * parent anything. */
static bool
might_match_by_name(const struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule)
{
	if (!chain_is_proxied(chain) || !policy_endpoint_has_domains(&rule->to))
		return false;
	return rule->verdict != POLICY_VERDICT_ALLOW || rule->parent != NULL ||
	       chain->kind == CHAIN_EXPLICIT || chain->to == ZONE_NONE ||
	       chain->to == compiler->policy->elsewhere;
}

static struct reading
read_explicit(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule)
{
	struct reading reading = {
		.time = match_time(compiler, rule),
		.source = match_source(compiler, chain, rule),
		.services = match_always(compiler),
	};

	if (policy_endpoint_is_empty(&rule->to))
		return reading;
	if (rule->to.zones == POLICY_ZONES_ANY && rule->to.except == NULL &&
	    rule->services.count == 0 && !policy_rule_reads_head(rule))
		reading.settled = match_always(compiler);
	else
		reading.open = match_always(compiler);
	return reading;
}

static bool
comes_here(const struct compiler *compiler, const struct chain *chain,
    enum policy_protocol protocol)
{
	if (protocol == POLICY_PROTOCOL_TCP)
		return chain->kind == CHAIN_PROXIED;
	return chain->kind != CHAIN_PROXIED ||
	       (protocol == POLICY_PROTOCOL_UDP &&
		   policy_reads_quic(compiler->policy));
}

/*
 * Of the protocols that a rule names, those that come into this chain: an
 * intercepted flow was sorted by its protocol before.
 */
static struct matches
match_chain_services(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule)
{
	const struct policy_services *all = &rule->services;
	struct policy_services some = { 0 };

	if (chain->kind == CHAIN_PLAIN || all->count == 0)
		return match_services(compiler, all);
	some.items =
	    arena_array(&compiler->scratch, all->count, sizeof(*some.items));
	for (size_t i = 0; some.items != NULL && i < all->count; i++)
		if (comes_here(compiler, chain, all->items[i].protocol))
			some.items[some.count++] = all->items[i];
	return some.count > 0 ? match_services(compiler, &some)
			      : (struct matches){ NULL, 0 };
}

/*
 * Only the proxy sees methods and paths, and a name that `except` would take
 * out; where it never sees a flow, there is no name to take out.  Only the
 * proxy goes by a parent or counts for a quota.
 */
static bool
waits_for_proxy(const struct chain *chain, const struct policy_rule *rule)
{
	return policy_rule_reads_head(rule) ||
	       (policy_rule_needs_proxy(rule) &&
		   (chain->kind == CHAIN_PLAIN ||
		       chain->kind == CHAIN_UNCARRIED)) ||
	       (chain_is_proxied(chain) && rule->to.except != NULL &&
		   policy_endpoint_has_domains(rule->to.except));
}

struct reading
reading_of(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule)
{
	if (chain->kind == CHAIN_EXPLICIT)
		return read_explicit(compiler, chain, rule);
	struct reading reading = {
		.source = match_source(compiler, chain, rule),
	};
	if (reading.source.count == 0)
		return reading; /* of most rules, in a list for other sources */
	reading.time = match_time(compiler, rule);
	reading.services = match_chain_services(compiler, chain, rule);
	reading.settled = match_destination(compiler, chain, rule);
	if (might_match_by_name(compiler, chain, rule) &&
	    !match_is_always(&reading.settled))
		reading.open = match_without(compiler, match_always(compiler),
		    rule->to.except, "daddr", chain->to);
	if (waits_for_proxy(chain, rule)) {
		if (reading.settled.count > 0 && reading.open.count == 0)
			reading.open = reading.settled;
		reading.settled.count = 0;
		if (!chain_is_proxied(chain))
			reading.open.count = 0;
	}
	return reading;
}

bool
reading_is_settled(const struct reading *reading)
{
	return match_is_always(&reading->time) &&
	       match_is_always(&reading->source) &&
	       match_is_always(&reading->services) &&
	       match_is_always(&reading->settled);
}

/* No flow is left for the rules behind. */
bool
reading_is_open(const struct reading *reading)
{
	return match_is_always(&reading->time) &&
	       match_is_always(&reading->source) &&
	       match_is_always(&reading->services) &&
	       match_is_always(&reading->open);
}

bool
reading_can_match(const struct reading *reading)
{
	return reading->time.count > 0 && reading->source.count > 0 &&
	       reading->services.count > 0 &&
	       (reading->settled.count > 0 || reading->open.count > 0);
}
