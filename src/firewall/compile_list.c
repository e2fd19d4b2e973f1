/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_list: the ordered list as chains.
 *
 * For one pair of zones and one way that flows can go, each rule is one of
 * three: it cannot match here and is left out; what the packet shows settles
 * it, and it becomes one line for each combination of its alternatives; or it
 * might match, because it asks for something that the packet does not show.
 *
 * A rule that might match sends the flow on to the proxy, unless every verdict
 * still possible is the same as its own (policy/evaluate says which are the
 * same).  For that a second chain is written: the rest of the list, in which
 * rules of the same outcome decide and any other hands over.
 */
#include "firewall/compile_impl.h"

#include "firewall/log_prefix.h"
#include "firewall/names.h"

#include "policy/evaluate.h"

#include <errno.h>
#include <stdio.h>

/*
 * Each such chain is as long as the rest of the list.  More of them in one
 * chain than this are not written; the flow is handed over instead, and gets
 * the same verdict from the proxy.
 */
#define REST_CHAINS_MAX 8

/* What a rule is to the flows of a chain; the matches lie in the scratch. */
struct reading {
	struct matches source;
	struct matches services;
	struct matches settled; /* destinations that the packet settles */
	struct matches open;    /* destinations at which it might match */
};

static bool
is_proxied(const struct chain *chain)
{
	return chain->kind != CHAIN_PLAIN;
}

/* As the evaluator has it: a name opens only what lives elsewhere. */
static bool
might_match_by_name(const struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule)
{
	if (!is_proxied(chain) || !policy_endpoint_has_domains(&rule->to))
		return false;
	return rule->verdict != POLICY_VERDICT_ALLOW ||
	       chain->kind == CHAIN_EXPLICIT || chain->to == ZONE_NONE ||
	       chain->to == compiler->policy->elsewhere;
}

static struct reading
read_explicit(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule)
{
	struct reading reading = {
		.source = match_source(compiler, chain, rule),
		.services = match_always(compiler),
	};

	if (rule->to.zones == POLICY_ZONES_ANY && rule->services.count == 0 &&
	    !policy_rule_reads_head(rule))
		reading.settled = match_always(compiler);
	else
		reading.open = match_always(compiler);
	return reading;
}

static struct reading
read_rule(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule)
{
	if (chain->kind == CHAIN_EXPLICIT)
		return read_explicit(compiler, chain, rule);
	struct reading reading = {
		.source = match_source(compiler, chain, rule),
		.services = match_services(compiler, &rule->services),
		.settled = match_destination(compiler, chain, rule),
	};
	if (might_match_by_name(compiler, chain, rule) &&
	    !match_is_always(&reading.settled))
		reading.open = match_always(compiler);
	if (policy_rule_reads_head(rule)) {
		/* Only the proxy sees methods and paths. */
		if (reading.settled.count > 0 && reading.open.count == 0)
			reading.open = reading.settled;
		reading.settled.count = 0;
		if (!is_proxied(chain))
			reading.open.count = 0;
	}
	return reading;
}

static bool
is_settled_for_all(const struct reading *reading)
{
	return match_is_always(&reading->source) &&
	       match_is_always(&reading->services) &&
	       match_is_always(&reading->settled);
}

static bool
families_meet(uint8_t a, uint8_t b, uint8_t c)
{
	uint8_t one = a != 0 ? a : b != 0 ? b : c;

	return (a == 0 || a == one) && (b == 0 || b == one) &&
	       (c == 0 || c == one);
}

/* `tail` behind each combination of the alternatives. */
static void
write_lines(struct compiler *compiler, const struct reading *reading,
    const struct matches *destination, struct str tail)
{
	for (size_t i = 0; i < reading->source.count; i++) {
		const struct match *s = &reading->source.items[i];
		for (size_t j = 0; j < destination->count; j++) {
			const struct match *d = &destination->items[j];
			for (size_t k = 0; k < reading->services.count; k++) {
				const struct match *v =
				    &reading->services.items[k];
				if (!families_meet(
					s->family, d->family, v->family))
					continue;
				compile_line(compiler, "%.*s%s%.*s%s%.*s%s%.*s",
				    STR_ARG(s->text), s->text.len ? " " : "",
				    STR_ARG(d->text), d->text.len ? " " : "",
				    STR_ARG(v->text), v->text.len ? " " : "",
				    STR_ARG(tail));
			}
		}
	}
}

static void
add_log(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule, struct text *tail)
{
	struct log_prefix prefix = {
		.verdict = rule->verdict,
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

/* Where an allowed flow of this chain goes. */
static const char *
allowed_action(const struct chain *chain, const struct policy_rule *rule)
{
	if (rule->publish)
		return "meta mark set meta mark or " FIREWALL_TEXT(
		    FIREWALL_MARK_PUBLISH) " accept";
	return chain->kind == CHAIN_PROXIED && !rule->direct ? "goto handover"
							     : "accept";
}

static const char *
action_of(const struct chain *chain, const struct policy_rule *rule)
{
	switch (rule->verdict) {
	case POLICY_VERDICT_ALLOW:
		return allowed_action(chain, rule);
	case POLICY_VERDICT_REJECT:
		return "goto refuse";
	case POLICY_VERDICT_DROP:
	case POLICY_VERDICT_UNDECIDED:
	case POLICY_VERDICT_COUNT:
		break;
	}
	return "drop";
}

/* What the proxy is going to log, the kernel does not log as well. */
static bool
is_logged_here(const struct chain *chain, const struct policy_rule *rule)
{
	if (!rule->log || rule->verdict != POLICY_VERDICT_ALLOW)
		return rule->log;
	return chain->kind == CHAIN_PLAIN || chain->kind == CHAIN_UNCARRIED ||
	       (chain->kind == CHAIN_PROXIED && rule->direct);
}

/* Counter, log and verdict of a rule that is settled. */
static void
add_settled_tail(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule, struct text *tail)
{
	char counter[FIREWALL_COUNTER_BYTES];

	firewall_counter_name(compiler->policy, rule, counter);
	text_addf(tail, "counter name \"%s\" ", counter);
	if (is_logged_here(chain, rule))
		add_log(compiler, chain, rule, tail);
	text_addz(tail, action_of(chain, rule));
}

static void
add_line_comment(const struct policy_rule *rule, struct text *tail)
{
	if (rule->line == 0)
		text_addz(tail, " comment \"the built-in last rule\"");
	else
		text_addf(tail, " comment \"line %u\"", rule->line);
}

#define ACTION_BYTES (COMPILE_NAME_BYTES + 16)

/* What becomes of a flow that only the proxy can decide. */
static const char *
undecided_action(const struct chain *chain, char ret[static ACTION_BYTES])
{
	switch (chain->kind) {
	case CHAIN_PROXIED:
		return "goto handover";
	case CHAIN_UNCARRIED:
		(void)snprintf(
		    ret, ACTION_BYTES, "goto %.64s.undecided", chain->name);
		return ret;
	case CHAIN_EXPLICIT:
	case CHAIN_PLAIN:
		break;
	}
	return "accept";
}

static void
write_settled(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule, const struct reading *reading)
{
	struct text tail = TEXT_EMPTY;

	add_settled_tail(compiler, chain, rule, &tail);
	add_line_comment(rule, &tail);
	write_lines(compiler, reading, &reading->settled, text_str(&tail));
	text_fini(&tail);
}

static void
write_open(struct compiler *compiler, const struct policy_rule *rule,
    const struct reading *reading, const char *action)
{
	struct text tail = TEXT_EMPTY;

	text_addz(&tail, action);
	add_line_comment(rule, &tail);
	write_lines(compiler, reading, &reading->open, text_str(&tail));
	text_fini(&tail);
}

static void
write_rule_comment(struct compiler *compiler, const struct policy_rule *rule)
{
	if (rule->line == 0)
		compile_line(compiler, "# last: %.*s", STR_ARG(rule->text));
	else
		compile_line(
		    compiler, "# %u: %.*s", rule->line, STR_ARG(rule->text));
}

static bool
can_match(const struct reading *reading)
{
	return reading->source.count > 0 && reading->services.count > 0 &&
	       (reading->settled.count > 0 || reading->open.count > 0);
}

/*
 * Whether, behind a rule that might match, the same outcome can still be
 * certain: some later rule that is settled shares it, and none that is settled
 * for all flows stands before.
 */
static bool
can_be_certain(struct compiler *compiler, const struct chain *chain, size_t at)
{
	const struct policy *policy = compiler->policy;
	const struct policy_rule *rule = &policy->rules[at];

	for (size_t i = at + 1; i < policy->rule_count; i++) {
		const struct policy_rule *next = &policy->rules[i];
		struct arena_mark mark = arena_mark(&compiler->scratch);
		struct reading reading = read_rule(compiler, chain, next);
		bool settled = can_match(&reading) && reading.settled.count > 0;
		bool all = is_settled_for_all(&reading);
		arena_rewind(&compiler->scratch, mark);
		if (settled && policy_outcome_same(rule, next))
			return true;
		if (all)
			return false;
	}
	return false;
}

/* One rule behind a rule that might match; false: no flow is left. */
static bool
write_rest_rule(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *might, const struct policy_rule *rule)
{
	struct reading reading = read_rule(compiler, chain, rule);
	char buffer[ACTION_BYTES];
	const char *hand = undecided_action(chain, buffer);

	if (!can_match(&reading))
		return true;
	if (policy_outcome_same(might, rule)) {
		write_settled(compiler, chain, rule, &reading);
		return !is_settled_for_all(&reading);
	}
	struct matches settled = reading.settled;
	write_open(compiler, rule, &reading, hand);
	reading.open = settled;
	write_open(compiler, rule, &reading, hand);
	return !is_settled_for_all(&reading);
}

static void
rest_name(const struct chain *chain, const struct policy *policy, size_t at,
    char ret[static COMPILE_NAME_BYTES])
{
	(void)snprintf(ret, COMPILE_NAME_BYTES, "%.64s.after.%u", chain->name,
	    policy->rules[at].line);
}

static void
write_rest(struct compiler *compiler, const struct chain *chain, size_t at)
{
	const struct policy *policy = compiler->policy;
	char name[COMPILE_NAME_BYTES];

	rest_name(chain, policy, at, name);
	compile_chain_begin(compiler, name);
	compile_line(compiler,
	    "# line %u might match: what is certain all the same",
	    policy->rules[at].line);
	for (size_t i = at + 1; i < policy->rule_count; i++) {
		struct arena_mark mark = arena_mark(&compiler->scratch);
		bool more = write_rest_rule(
		    compiler, chain, &policy->rules[at], &policy->rules[i]);
		arena_rewind(&compiler->scratch, mark);
		if (!more)
			break;
	}
	compile_chain_end(compiler);
}

/* The positions behind which a rest chain is written. */
struct rests {
	size_t at[REST_CHAINS_MAX];
	size_t count;
};

static void
write_open_rule(struct compiler *compiler, const struct chain *chain, size_t at,
    const struct reading *reading, struct rests *rests)
{
	const struct policy_rule *rule = &compiler->policy->rules[at];
	char name[COMPILE_NAME_BYTES], action[ACTION_BYTES];

	if (rests->count == REST_CHAINS_MAX ||
	    !can_be_certain(compiler, chain, at)) {
		write_open(
		    compiler, rule, reading, undecided_action(chain, action));
		return;
	}
	rests->at[rests->count++] = at;
	rest_name(chain, compiler->policy, at, name);
	(void)snprintf(action, sizeof(action), "goto %s", name);
	write_open(compiler, rule, reading, action);
}

/* False when no flow is left for the rules behind. */
static bool
write_rule(struct compiler *compiler, const struct chain *chain, size_t at,
    struct rests *rests)
{
	const struct policy_rule *rule = &compiler->policy->rules[at];
	struct reading reading = read_rule(compiler, chain, rule);

	if (!can_match(&reading))
		return true;
	write_rule_comment(compiler, rule);
	if (reading.settled.count > 0)
		write_settled(compiler, chain, rule, &reading);
	if (is_settled_for_all(&reading))
		return false;
	if (reading.open.count > 0)
		write_open_rule(compiler, chain, at, &reading, rests);
	/* What might match for every flow leaves none for the rules behind. */
	return !(match_is_always(&reading.source) &&
		 match_is_always(&reading.services) &&
		 match_is_always(&reading.open));
}

/* No way around a name rule: what the proxy cannot carry is refused. */
static void
write_undecided(struct compiler *compiler, const struct chain *chain)
{
	char name[ACTION_BYTES];

	(void)snprintf(name, sizeof(name), "%.64s.undecided", chain->name);
	compile_chain_begin(compiler, name);
	compile_log_reason(compiler, POLICY_VERDICT_REJECT,
	    POLICY_REASON_NEEDS_PROXY, chain->from, chain->to);
	compile_line(compiler, "counter name \"needs.proxy\" goto refuse");
	compile_chain_end(compiler);
}

void
compile_list(
    struct compiler *compiler, const struct chain *chain, struct str head)
{
	const struct policy *policy = compiler->policy;
	struct rests rests = { .count = 0 };

	compile_chain_begin(compiler, chain->name);
	text_add(compiler->out, head);
	for (size_t i = 0; i < policy->rule_count; i++) {
		struct arena_mark mark = arena_mark(&compiler->scratch);
		bool more = write_rule(compiler, chain, i, &rests);
		arena_rewind(&compiler->scratch, mark);
		if (!more)
			break;
	}
	compile_chain_end(compiler);
	for (size_t i = 0; i < rests.count; i++)
		write_rest(compiler, chain, rests.at[i]);
	if (chain->kind == CHAIN_UNCARRIED)
		write_undecided(compiler, chain);
}
