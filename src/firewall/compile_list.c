/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_list: the ordered list as chains.
 *
 * A rule that cannot match here (compile_reading) is left out; one that the
 * packet settles becomes one line for each combination of its alternatives.
 *
 * A rule that might match sends the flow on to the proxy, unless every verdict
 * still possible is the same as its own (policy/evaluate says which are the
 * same).  For that a second chain is written, one for each outcome: the list
 * once more, in which rules of the outcome decide and any other hands over.  It
 * begins where the list does, for nothing in front of the rule has matched; but
 * reports may have, so behind each of them a rest begins anew.  No rest leads
 * to another: the kernel takes 16 chains in a row and no more.
 */
#include "firewall/compile_aside.h"
#include "firewall/compile_lines.h"
#include "firewall/compile_reading.h"
#include "firewall/compile_refused.h"
#include "firewall/compile_shared.h"
#include "firewall/compile_tail.h"
#include "firewall/names.h"

#include "policy/evaluate.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* A chain and its branches while they are written. */
struct list {
	struct compiler *compiler;
	const struct chain *chain;
	struct lines lines; /* of the chain that is written now */
	/*
	 * For each rule, of a chain in which rules might match: whether behind
	 * it the same outcome can still be certain.
	 */
	bool *certain;
	/*
	 * The outcomes for which a rest is written that starts at this rule:
	 * at the first one, and behind each report.
	 */
	uint8_t *rests;
	size_t rest_start; /* of the rule that is written now */
	bool *has_aside;   /* a chain is written for the rule itself */
	bool is_mapped;    /* the list, not its rests */
	bool uses_undecided;
};

static bool
families_meet(uint8_t a, uint8_t b, uint8_t c)
{
	uint8_t one = a != 0 ? a : b != 0 ? b : c;

	return (a == 0 || a == one) && (b == 0 || b == one) &&
	       (c == 0 || c == one);
}

/* `tail` behind each combination of the alternatives. */
static void
add_lines(struct list *list, const struct reading *reading,
    const struct matches *destination, const struct tail *tail)
{
	const struct matches *all[LINE_PARTS] = { &reading->time,
		&reading->source, destination, &reading->services };
	size_t count = 1;

	for (size_t i = 0; i < LINE_PARTS; i++)
		count *= all[i]->count;
	for (size_t n = 0; n < count; n++) {
		const struct match *parts[LINE_PARTS];
		size_t rest = n;
		/* The last one turns fastest. */
		for (size_t i = LINE_PARTS; i-- > 0;) {
			parts[i] = &all[i]->items[rest % all[i]->count];
			rest /= all[i]->count;
		}
		if (families_meet(
			parts[1]->family, parts[2]->family, parts[3]->family))
			lines_add(&list->lines, parts, tail);
	}
}

/* `tail` is lent the texts. */
static struct tail
tail_of(const struct list *list, size_t at, bool is_open,
    const struct text *action, struct text *comment)
{
	tail_add_comment(&list->compiler->policy->rules[at], comment);
	return (struct tail){ .text = text_str(action),
		.comment = text_str(comment),
		.outcome = compile_outcome(at, is_open) };
}

static void
write_settled(struct list *list, size_t at, const struct reading *reading)
{
	struct compiler *compiler = list->compiler;
	const struct policy_rule *rule = &compiler->policy->rules[at];
	char name[COMPILE_NAME_BYTES];
	struct text action = TEXT_EMPTY, comment = TEXT_EMPTY;

	compile_aside_name(list->chain, rule, name);
	list->has_aside[at] = rule->report ||
			      tail_is_limited(list->chain, rule) ||
			      compile_counts_refused(list->chain, rule);
	if (list->has_aside[at])
		text_addf(
		    &action, "%s %s", rule->report ? "jump" : "goto", name);
	else
		tail_add_settled(compiler, list->chain, rule, &action);
	struct tail tail = tail_of(list, at, false, &action, &comment);
	tail.is_common = !list->has_aside[at] && !rule->publish &&
			 !tail_is_logged(list->chain, rule);
	if (rule->report)
		lines_add_call(&list->lines, &tail);
	else
		add_lines(list, reading, &reading->settled, &tail);
	compile_text_fini(compiler, &action);
	compile_text_fini(compiler, &comment);
}

static void
write_open(struct list *list, size_t at, const struct reading *reading,
    const char *words)
{
	struct text action = TEXT_EMPTY, comment = TEXT_EMPTY;

	text_addz(&action, words);
	struct tail tail = tail_of(list, at, true, &action, &comment);
	add_lines(list, reading, &reading->open, &tail);
	compile_text_fini(list->compiler, &action);
	compile_text_fini(list->compiler, &comment);
}

static void
write_rule_comment(struct list *list, const struct policy_rule *rule)
{
	if (rule->line == 0)
		lines_remark(&list->lines, "# last: %.*s", STR_ARG(rule->text));
	else
		lines_remark(&list->lines, "# %u: %.*s", rule->line,
		    STR_ARG(rule->text));
}

/* A row for each outcome that two rules can share (policy_outcome_same). */
#define OUTCOMES (2 * POLICY_VERDICT_COUNT)
static_assert(OUTCOMES <= 8, "they are the bits of a byte");

/* OUTCOMES: shared with no other rule.  What goes by a parent goes to the proxy
 * first, certain or not. */
static unsigned
outcome_of(const struct policy_rule *rule)
{
	if (policy_rule_leaves_trace(rule) || rule->parent != NULL)
		return OUTCOMES;
	return 2 * (unsigned)rule->verdict + rule->direct;
}

/*
 * From the end of the list to its head: behind a rule the same outcome can
 * still be certain if some later rule that is settled shares it, and none that
 * is settled for all flows stands before that one.
 */
static void
find_certain(struct list *list)
{
	struct compiler *compiler = list->compiler;
	const struct policy *policy = compiler->policy;
	bool ahead[OUTCOMES + 1] = { false };

	for (size_t i = policy->rule_count; i-- > 0;) {
		const struct policy_rule *rule = &policy->rules[i];
		unsigned outcome = outcome_of(rule);
		struct arena_mark mark = arena_mark(&compiler->scratch);
		struct reading reading =
		    reading_of(compiler, list->chain, rule);
		list->certain[i] = outcome < OUTCOMES && ahead[outcome];
		if (reading_is_settled(&reading))
			memset(ahead, 0, sizeof(ahead));
		if (reading_can_match(&reading) && reading.settled.count > 0)
			ahead[outcome] = true;
		arena_rewind(&compiler->scratch, mark);
	}
}

/* "lan.to.wan.proxied.after.allow.direct", and behind a report its line. */
static void
rest_name(const struct list *list, size_t start, unsigned outcome,
    char ret[static COMPILE_NAME_BYTES])
{
	const struct policy *policy = list->compiler->policy;
	char counter[FIREWALL_COUNTER_BYTES] = "rule";

	if (start > 0)
		firewall_counter_name(&policy->rules[start - 1], counter);
	(void)snprintf(ret, COMPILE_NAME_BYTES, "%.56s.after.%s%s%.20s",
	    list->chain->name,
	    policy_verdict_word((enum policy_verdict)(outcome / 2)),
	    outcome % 2 != 0 ? ".direct" : "", counter + strlen("rule"));
}

/* One rule behind a rule that might match; false: no flow is left. */
static bool
write_rest_rule(struct list *list, unsigned outcome, size_t at)
{
	struct compiler *compiler = list->compiler;
	const struct policy_rule *rule = &compiler->policy->rules[at];
	struct reading reading = reading_of(compiler, list->chain, rule);
	char buffer[TAIL_ACTION_BYTES];

	if (!reading_can_match(&reading))
		return true;
	if (outcome_of(rule) == outcome) {
		write_settled(list, at, &reading);
		return !reading_is_settled(&reading);
	}
	const char *hand = tail_undecided(list->chain, buffer);
	bool more = !reading_is_settled(&reading) && !reading_is_open(&reading);
	list->uses_undecided = true;
	write_open(list, at, &reading, hand);
	reading.open = reading.settled;
	write_open(list, at, &reading, hand);
	return more;
}

static void
write_rest(struct list *list, size_t start, unsigned outcome)
{
	struct compiler *compiler = list->compiler;
	char name[COMPILE_NAME_BYTES];

	rest_name(list, start, outcome, name);
	compile_chain_begin(compiler, name);
	compile_line(compiler,
	    "# A rule might %s it: what is certain all the same.",
	    policy_verdict_word((enum policy_verdict)(outcome / 2)));
	lines_init(&list->lines, compiler, list->chain->kind);
	for (size_t i = start; i < compiler->policy->rule_count; i++) {
		struct arena_mark mark = arena_mark(&compiler->scratch);
		bool more = write_rest_rule(list, outcome, i);
		arena_rewind(&compiler->scratch, mark);
		if (!more)
			break;
	}
	(void)lines_write(&list->lines);
	lines_fini(&list->lines);
	compile_chain_end(compiler);
}

static void
write_open_rule(struct list *list, size_t at, const struct reading *reading)
{
	unsigned outcome = outcome_of(&list->compiler->policy->rules[at]);
	char name[COMPILE_NAME_BYTES], action[TAIL_ACTION_BYTES];

	if (!list->certain[at]) {
		list->uses_undecided = true;
		write_open(
		    list, at, reading, tail_undecided(list->chain, action));
		return;
	}
	list->rests[list->rest_start] |= (uint8_t)(1u << outcome);
	rest_name(list, list->rest_start, outcome, name);
	(void)snprintf(action, sizeof(action), "goto %s", name);
	write_open(list, at, reading, action);
}

/* False when no flow is left for the rules behind. */
static bool
write_rule(struct list *list, size_t at)
{
	struct compiler *compiler = list->compiler;
	const struct policy_rule *rule = &compiler->policy->rules[at];
	struct reading reading = reading_of(compiler, list->chain, rule);

	if (!reading_can_match(&reading))
		return true;
	write_rule_comment(list, rule);
	if (reading.settled.count > 0)
		write_settled(list, at, &reading);
	/* Those that are reported for certain go on; the chain beside the list
	 * sends away the others. */
	if (rule->report && reading.settled.count > 0)
		return true;
	if (reading_is_settled(&reading))
		return false;
	if (reading.open.count > 0)
		write_open_rule(list, at, &reading);
	return !reading_is_open(&reading);
}

/* No way around a name rule: what the proxy cannot carry is refused. */
static void
write_undecided(struct compiler *compiler, const struct chain *chain)
{
	char name[TAIL_ACTION_BYTES];

	(void)snprintf(name, sizeof(name), "%.64s.undecided", chain->name);
	compile_chain_begin(compiler, name);
	compile_log_reason(compiler, POLICY_VERDICT_REJECT,
	    POLICY_REASON_NEEDS_PROXY, chain->from, chain->to);
	compile_line(compiler, "counter name \"needs.proxy\" goto refuse");
	compile_chain_end(compiler);
}

static void
write_rules(struct list *list)
{
	struct compiler *compiler = list->compiler;

	lines_init(&list->lines, compiler, list->chain->kind);
	for (size_t i = 0; i < compiler->policy->rule_count; i++) {
		struct arena_mark mark = arena_mark(&compiler->scratch);
		bool more = write_rule(list, i);
		if (compiler->policy->rules[i].report)
			list->rest_start = i + 1;
		arena_rewind(&compiler->scratch, mark);
		if (!more)
			break;
	}
	list->is_mapped = lines_write(&list->lines);
	lines_fini(&list->lines);
	compile_chain_end(compiler);
}

static void
write_rests(struct list *list)
{
	for (size_t i = 0; i < list->compiler->policy->rule_count; i++)
		for (unsigned outcome = 0; outcome < OUTCOMES; outcome++)
			if ((list->rests[i] >> outcome & 1) != 0)
				write_rest(list, i, outcome);
}

/* Whether these are to be reported, only the proxy can tell. */
static void
write_unreported(struct list *list, size_t at, const struct reading *reading)
{
	char action[TAIL_ACTION_BYTES];
	struct text words = TEXT_EMPTY;

	if (reading->open.count == 0)
		return;
	list->uses_undecided = true;
	text_addf(&words, "%s%s", list->is_mapped ? COMPILE_FORGET " " : "",
	    tail_undecided(list->chain, action));
	write_open(list, at, reading, words.full ? "" : words.at);
	compile_text_fini(list->compiler, &words);
}

/*
 * A report: its alternatives may overlap, and a flow is counted once, so the
 * first one that fits ends the walk through them.
 */
static void
write_report_chain(struct list *list, size_t at)
{
	struct compiler *compiler = list->compiler;
	const struct policy_rule *rule = &compiler->policy->rules[at];
	struct reading reading = reading_of(compiler, list->chain, rule);
	char name[COMPILE_NAME_BYTES], hit[TAIL_ACTION_BYTES];
	char jump[TAIL_ACTION_BYTES + 8];
	struct text tail = TEXT_EMPTY;

	compile_aside_name(list->chain, rule, name);
	(void)snprintf(hit, sizeof(hit), "%s.hit", name);
	(void)snprintf(jump, sizeof(jump), "goto %s", hit);
	compile_chain_begin(compiler, name);
	lines_init(&list->lines, compiler, list->chain->kind);
	add_lines(list, &reading, &reading.settled,
	    &(struct tail){ .text = str_of(jump) });
	write_unreported(list, at, &reading);
	lines_write_plain(&list->lines);
	lines_fini(&list->lines);
	compile_chain_end(compiler);
	compile_chain_begin(compiler, hit);
	tail_add_settled(compiler, list->chain, rule, &tail);
	compile_line(compiler, "%.*s", STR_ARG(text_str(&tail)));
	compile_chain_end(compiler);
	compile_text_fini(compiler, &tail);
}

static void
write_limit_chain(struct list *list, size_t at)
{
	struct compiler *compiler = list->compiler;
	const struct policy_rule *rule = &compiler->policy->rules[at];
	struct text tail = TEXT_EMPTY;

	tail_add_settled(compiler, list->chain, rule, &tail);
	tail_add_comment(rule, &tail);
	compile_limit_chain(compiler, list->chain, rule, text_str(&tail));
	compile_text_fini(compiler, &tail);
}

static void
write_asides(struct list *list)
{
	const struct policy *policy = list->compiler->policy;

	for (size_t i = 0; i < policy->rule_count; i++) {
		struct arena_mark mark = arena_mark(&list->compiler->scratch);
		if (list->has_aside[i] && policy->rules[i].report)
			write_report_chain(list, i);
		else if (list->has_aside[i])
			write_limit_chain(list, i);
		arena_rewind(&list->compiler->scratch, mark);
	}
}

void
compile_list(
    struct compiler *compiler, const struct chain *chain, struct str head)
{
	size_t count = compiler->policy->rule_count;
	struct arena_mark mark = arena_mark(&compiler->scratch);
	struct list list = {
		.compiler = compiler,
		.chain = chain,
		.certain = arena_array(&compiler->scratch, count, sizeof(bool)),
		.rests =
		    arena_array(&compiler->scratch, count, sizeof(*list.rests)),
		.has_aside =
		    arena_array(&compiler->scratch, count, sizeof(bool)),
	};

	compile_chain_begin(compiler, chain->name);
	text_add(compiler->out, head);
	if (list.certain != NULL && list.rests != NULL &&
	    list.has_aside != NULL) {
		if (chain_is_proxied(chain))
			find_certain(&list);
		write_rules(&list);
		write_rests(&list);
		write_asides(&list);
		if (chain->kind == CHAIN_UNCARRIED && list.uses_undecided)
			write_undecided(compiler, chain);
	}
	arena_rewind(&compiler->scratch, mark);
}
