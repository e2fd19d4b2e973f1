/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second evaluator, made of nothing but the meaning of a policy, against
 * policy/evaluate.
 *
 * The world is small (twin_world.h): a few values of each fact, and words of
 * rules that say which of them they hold.  Of a flow at a phase the twin tries
 * every completion: each fact that is not known takes each value, or none where
 * there may be none.  It knows no might:
 *
 *	a rule matches in no completion, in some, or in all of them
 *
 * A rule that goes by a parent matches only what the proxy carries, which is
 * one more thing that may be open.  One that says `inspect` asks for a scheme,
 * whichever, as only requests have one; unless it spares those who pin, and the
 * flow is of one of them: then it does not ask for any.
 *
 * That is what no, might and yes must mean.  From there the walk is the one of
 * the design: first yes decides; a might decides if every verdict still
 * possible from there on is the same one, with the same logging, translation,
 * limits, `direct` and parent; else the flow goes on.  A rule that only reports
 * never decides; but whether it reports is told before anything is decided.
 *
 * Compared are, for random policies and flows:
 *
 *	1. policy_evaluate at every phase that the flow can reach: decided or
 *	   not, verdict, rule, reports, and whether the name matched;
 *	2. policy_decide: verdict, rule, phase, reason, and that what it hangs
 *	   on was not given;
 *	3. policy_opens: whether TLS is opened, and by which rule;
 *	4. early means equal: where a phase decides, in every completion the same
 *	   rules report and the first rule that decides has the decided outcome.
 *	   This one asks nothing of the walk, so it would find a mistake that both
 *	   have.
 *
 * That a phase is undecided although all completions agree is not an error:
 * the walk looks at one rule at a time, and the evaluator knows values by their
 * names and does not add them up.  Where a rule holds all or nothing without
 * saying so (`lan except 10.0.0.0/24`), a policy is vague: the fourth is compared
 * all the same, the first only where nothing is unknown.
 *
 * Some lists are made long, for the evaluator asks those through an index.
 *
 * GATEHOUSE_TWIN_PAIRS is how many pairs are tried, GATEHOUSE_TWIN_SEED where
 * the random numbers begin.
 */
#include "policy/evaluate.h"

#include "policy/opening.h"
#include "policy/rule_index.h"

#include "memory.h"
#include "twin_world.h"

#include <stdlib.h>

#define FLOWS_EACH 50
#define RULES_MAX  8
#define SUBSETS    BIT(RULES_MAX + 1)

struct side {
	uint32_t destinations, names;
};

struct twin_rule {
	enum policy_verdict verdict;
	bool publish, report, log, direct, limited;
	bool inspect, spares; /* but for who pins */
	unsigned parent;      /* of its servers; 0: none */
	uint32_t from;
	struct side to, except;
	uint32_t
	    asks[FACTS]; /* the rows that it takes; those above: not used */
};

struct twin {
	struct twin_rule rules[RULES_MAX + 1];
	size_t count;
	size_t padding;   /* rules above these */
	uint32_t reports; /* bits of rules */
	bool vague;
	uint32_t reports_one_in;
	uint32_t themes; /* bits of the conditions that this policy has */
	struct text text;
	uint64_t random;
};

static uint32_t
below(struct twin *twin, uint32_t bound)
{
	twin->random ^= twin->random << 13;
	twin->random ^= twin->random >> 7;
	twin->random ^= twin->random << 17;
	return (uint32_t)(twin->random >> 32) % bound;
}

static bool
one_in(struct twin *twin, uint32_t bound)
{
	return below(twin, bound) == 0;
}

/* Writes one to `max` words and returns what they hold. */
static struct word
some_words(
    struct twin *twin, const struct word *words, size_t count, size_t max)
{
	size_t n = 1 + (one_in(twin, 3) ? below(twin, (uint32_t)max) : 0);
	struct word all = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct word *one = &words[below(twin, (uint32_t)count)];
		text_addf(&twin->text, "%s%s", i > 0 ? ", " : "", one->word);
		all.holds |= one->holds;
		all.names |= one->names;
		all.vague |= one->vague;
	}
	return all;
}

#define SOME(twin, words) some_words(twin, words, COUNT_OF(words), 3)
/* None of them is `any`. */
#define SOME_LESS(twin, words) some_words(twin, words, COUNT_OF(words) - 1, 3)

/* ---- rules ---- */

static void
write_condition(struct twin *twin, struct twin_rule *rule,
    const struct condition *condition)
{
	text_addf(&twin->text, " %s ", condition->word);
	struct word some = some_words(
	    twin, condition->words, condition->count, condition->words_max);
	rule->asks[condition->fact] = some.holds;
	twin->vague |= some.vague;
}

static void
write_limits(struct twin *twin, struct twin_rule *rule)
{
	static const char *const limits[] = { " limit 5/s per source",
		" limit 3/d burst 3", " connections 3",
		" connections 100 per source limit 20/m" };

	rule->limited = true;
	text_addz(&twin->text, limits[below(twin, COUNT_OF(limits))]);
}

/* Where a name may lead: it opens only what lives elsewhere. */
static uint32_t
opened_by_name(const struct twin_rule *rule)
{
	return rule->verdict == POLICY_VERDICT_ALLOW && rule->parent == 0
		   ? ELSEWHERE
		   : UINT32_MAX;
}

/* Whether nothing is left of what the rule speaks of, for some knowledge. */
static bool
is_emptied(const struct twin_rule *rule)
{
	uint32_t addresses = rule->to.destinations, names_of = rule->to.names;
	uint32_t kept =
	    ~rule->except.destinations & (BIT(COUNT_OF(destinations)) - 1);

	if (addresses != 0 && (addresses & kept) == 0)
		return true;
	return names_of != 0 &&
	       ((names_of & ~rule->except.names) == 0 ||
		   ((addresses | opened_by_name(rule)) & kept) == 0);
}

/* Two of them are the same by other names. */
static void
write_via(struct twin *twin, struct twin_rule *rule)
{
	static const struct {
		const char *word;
		unsigned servers;
	} parents[] = { { "corp", 1 }, { "corp", 1 }, { "same", 1 },
		{ "other", 2 } };
	uint32_t at = below(twin, COUNT_OF(parents));

	rule->parent = parents[at].servers;
	text_addf(&twin->text, " via %s", parents[at].word);
	twin->vague |= is_emptied(rule); /* its names open more */
}

#define HTTP    0x1 /* of the rows of schemes */
#define BOTH    0x3
#define CONNECT 0x4 /* of those of methods */

static void
write_inspect(struct twin *twin, struct twin_rule *rule)
{
	if (rule->asks[SCHEME] == HTTP)
		return;
	rule->inspect = true;
	rule->asks[SCHEME] &= BOTH;
	rule->spares = one_in(twin, 2);
	text_addf(
	    &twin->text, " inspect%s", rule->spares ? " unless pinned" : "");
}

static void
write_options(struct twin *twin, struct twin_rule *rule)
{
	bool allows = rule->verdict == POLICY_VERDICT_ALLOW;

	if (allows && !rule->report && one_in(twin, 8))
		write_limits(twin, rule);
	rule->log = one_in(twin, 5);
	if (rule->log)
		text_addz(&twin->text, " log");
	rule->direct = allows && !rule->publish && one_in(twin, 6);
	if (rule->direct)
		text_addz(&twin->text, " direct");
	else if (allows && !rule->publish && !rule->report && one_in(twin, 4))
		write_via(twin, rule);
	if (allows && !rule->direct && !rule->publish && !rule->report &&
	    one_in(twin, 4))
		write_inspect(twin, rule);
	text_addc(&twin->text, '\n');
}

/* A rule that asks for nothing. */
static struct twin_rule
new_rule(enum policy_verdict verdict)
{
	struct twin_rule rule = { .verdict = verdict };

	for (size_t i = 0; i < FACTS; i++)
		rule.asks[i] = UINT32_MAX;
	return rule;
}

static void
write_publish(struct twin *twin, struct twin_rule *rule)
{
	*rule = new_rule(POLICY_VERDICT_ALLOW);
	rule->publish = true;
	rule->from = 0x1f;
	rule->asks[SERVICE] = 0x01;
	text_addz(&twin->text, "publish ");
	rule->to.destinations = SOME(twin, own_words).holds;
	text_addz(&twin->text, " tcp 80 -> 10.0.0.7");
	if ((twin->themes & 1) != 0 && one_in(twin, 3))
		write_condition(twin, rule, &conditions[0]);
}

static void
write_sides(struct twin *twin, struct twin_rule *rule)
{
	rule->from = SOME(twin, from_words).holds;
	if (one_in(twin, 5)) {
		text_addz(&twin->text, " except ");
		rule->from &= ~SOME_LESS(twin, from_words).holds;
	}
	text_addz(&twin->text, " -> ");
	struct word to = SOME(twin, to_words);
	rule->to = (struct side){ to.holds, to.names };
	if (one_in(twin, 4)) {
		text_addz(&twin->text, " except ");
		struct word except = SOME_LESS(twin, to_words);
		rule->except = (struct side){ except.holds, except.names };
		twin->vague |= is_emptied(rule);
	}
}

static uint32_t
some_services(struct twin *twin)
{
	if (one_in(twin, 3))
		return SOME(twin, whole_words).holds;
	if (one_in(twin, 2))
		return SOME(twin, port_words).holds;
	uint32_t holds = SOME_LESS(twin, port_words).holds;
	text_addz(&twin->text, ", udp");
	return holds | 0x18;
}

static void
write_filter(struct twin *twin, struct twin_rule *rule)
{
	*rule = new_rule((enum policy_verdict)below(twin, 3));
	rule->report = one_in(twin, twin->reports_one_in);
	text_addf(&twin->text, "%s%s ", rule->report ? "report " : "",
	    policy_verdict_word(rule->verdict));
	write_sides(twin, rule);
	text_addc(&twin->text, ' ');
	if (!one_in(twin, 3))
		rule->asks[SERVICE] = some_services(twin);
	for (size_t i = 0; i < COUNT_OF(conditions); i++)
		if ((twin->themes >> i & 1) != 0 && one_in(twin, 3))
			write_condition(twin, rule, &conditions[i]);
}

static void
write_rule(struct twin *twin, size_t at)
{
	struct twin_rule *rule = &twin->rules[at];

	if (one_in(twin, 10))
		write_publish(twin, rule);
	else
		write_filter(twin, rule);
	write_options(twin, rule);
	if (rule->report)
		twin->reports |= BIT(at);
}

/* Rules that are not of this world: long lists are asked in another way. */
static void
write_padding(struct twin *twin)
{
	twin->padding = !one_in(twin, 4) ? 0
			: one_in(twin, 20)
			    ? 1000 + below(twin, 100)
			    : RULE_INDEX_RULES_MIN + below(twin, 64);
	for (size_t i = 0; i < twin->padding; i++)
		text_addz(&twin->text, "drop 198.51.100.7 -> any\n");
}

static struct policy *
write_policy(struct twin *twin)
{
	text_clear(&twin->text);
	text_addz(&twin->text, world_head);
	write_padding(twin);
	twin->count = 1 + below(twin, RULES_MAX);
	twin->vague = false;
	twin->reports = 0;
	twin->reports_one_in = one_in(twin, 5) ? 2 : 8;
	/* Few kinds of conditions at once, so that they meet each other. */
	twin->themes = below(twin, 1u << COUNT_OF(conditions)) &
		       below(twin, 1u << COUNT_OF(conditions));
	for (size_t i = 0; i < twin->count; i++)
		write_rule(twin, i);
	/* The built-in last rule. */
	struct twin_rule *last = &twin->rules[twin->count++];
	*last = new_rule(POLICY_VERDICT_DROP);
	last->log = true;
	last->from = 0x3f;
	last->to.destinations = 0x1ff;
	text_addz(&twin->text, "");
	return memory_policy(twin->text.at);
}

static bool
is_plain(const struct twin_rule *rule)
{
	return !rule->log && !rule->publish && !rule->limited;
}

static bool
same_outcome(const struct twin_rule *a, const struct twin_rule *b)
{
	return a == b ||
	       (a->verdict == b->verdict && is_plain(a) && is_plain(b) &&
		   a->direct == b->direct && a->parent == b->parent);
}

/* ---- flows ---- */

/* The rows of a flow, as its facts would be if all were known. */
struct truth {
	uint32_t source;
	uint32_t rows[FACTS];
};

static enum flow_known
some_knowledge(struct twin *twin, bool may_be_absent)
{
	if (!one_in(twin, 4))
		return FLOW_KNOWN;
	return may_be_absent && one_in(twin, 2) ? FLOW_ABSENT : FLOW_NOT_GIVEN;
}

static struct address
address_of(const char *text)
{
	struct address address = { 0 };

	if (text != NULL)
		assert_int_equal(address_parse(str_of(text), &address), 0);
	return address;
}

static void
set_known(struct twin *twin, struct flow *flow, const struct truth *truth)
{
	flow->known[POLICY_FACT_SOURCE] = FLOW_KNOWN;
	for (size_t i = 0; i < FACTS; i++) {
		bool is_none =
		    facts[i].can_lack && truth->rows[i] == facts[i].rows - 1;
		flow->known[facts[i].fact] =
		    (uint8_t)(is_none
				  ? FLOW_ABSENT
				  : some_knowledge(twin, facts[i].can_lack));
	}
}

static void
set_values(struct flow *flow, const struct truth *truth)
{
	const uint32_t *rows = truth->rows;

	flow->from_zone = sources[truth->source].zone;
	flow->source = address_of(sources[truth->source].address);
	flow->to_zone = destinations[rows[DESTINATION]].zone;
	flow->own_zone = destinations[rows[DESTINATION]].own;
	flow->destination = address_of(destinations[rows[DESTINATION]].address);
	flow->protocol = services[rows[SERVICE]].protocol;
	flow->port = services[rows[SERVICE]].port;
	flow->name = str_of(names[rows[NAME]]);
	flow->minute = times[rows[TIME]];
	flow->scheme = schemes[rows[SCHEME]];
	flow->method = str_of(methods[rows[METHOD]]);
	flow->path = str_of(paths[rows[PATH]]);
	flow->user = str_of(users[rows[USER]]);
	flow->headers = headers[rows[HEADER]].items;
	flow->header_count = headers[rows[HEADER]].count;
	flow->type = str_of(types[rows[TYPE]]);
}

static struct flow
some_flow(struct twin *twin, struct truth *truth)
{
	static const enum policy_phase first_last[] = { POLICY_PHASE_PACKET,
		POLICY_PHASE_PACKET, POLICY_PHASE_NAME, POLICY_PHASE_REQUEST };
	struct flow flow = { .way = (enum flow_way)below(twin, 4) };

	truth->source = below(twin, COUNT_OF(sources));
	for (size_t i = 0; i < FACTS; i++)
		truth->rows[i] = below(twin, (uint32_t)facts[i].rows);
	flow.last = first_last[flow.way];
	if (flow.last > POLICY_PHASE_PACKET)
		flow.last += below(twin, POLICY_PHASE_COUNT - flow.last);
	flow.spoofed = one_in(twin, 50);
	flow.pinned = one_in(twin, 3);
	set_values(&flow, truth);
	set_known(twin, &flow, truth);
	flow.any_port = flow.known[POLICY_FACT_SERVICE] == FLOW_KNOWN &&
			flow.protocol != POLICY_PROTOCOL_GRE && one_in(twin, 8);
	return flow;
}

/* ---- completions ---- */

static enum policy_phase
learned(const struct flow *flow, unsigned fact)
{
	/* The packets of an explicit flow go to the proxy, whatever it asks. */
	if (flow->way == FLOW_EXPLICIT &&
	    (fact == DESTINATION || fact == SERVICE))
		return POLICY_PHASE_NAME;
	return facts[fact].learned;
}

/* The rows that a fact may turn out to be, as bits. */
static uint32_t
possible(const struct flow *flow, enum policy_phase phase, unsigned fact,
    uint32_t row)
{
	size_t rows = facts[fact].rows;
	uint32_t none = facts[fact].can_lack ? BIT(rows - 1) : 0;
	enum policy_phase first = learned(flow, fact);
	enum flow_known known = flow->known[facts[fact].fact];

	if (flow->way == FLOW_PLAIN && first > POLICY_PHASE_PACKET)
		return none;
	/* What a connection carries is not seen on its first packet. */
	if (phase > POLICY_PHASE_PACKET && first > flow->last)
		return none;
	if (first > phase || known == FLOW_NOT_GIVEN)
		return BIT(rows) - 1;
	return known == FLOW_ABSENT ? none : BIT(row);
}

static bool
is_one(uint32_t bits)
{
	return (bits & (bits - 1)) == 0;
}

struct values {
	uint32_t rows[FACTS];
	uint32_t carried; /* by the proxy: BIT(0) may be not, BIT(1) may be */
	bool pinned;
	bool connects; /* what is asked for is a CONNECT, of which a rule may
			* speak, and what lies inside, of which others do */
};

/* Of what cannot be carried it is left open, to be refused. */
static uint32_t
carried(const struct flow *flow)
{
	bool known =
	    flow->known[POLICY_FACT_SERVICE] == FLOW_KNOWN && !flow->any_port;

	switch (flow->way) {
	case FLOW_PLAIN:
		return BIT(0);
	case FLOW_EXPLICIT:
		return BIT(1);
	case FLOW_INTERCEPTED:
		return known ? BIT(1) : BIT(0) | BIT(1);
	case FLOW_UNCARRIED:
		break;
	}
	return BIT(0) | BIT(1);
}

static struct values
completions(
    const struct flow *flow, enum policy_phase phase, const struct truth *truth)
{
	struct values values;

	for (unsigned i = 0; i < FACTS; i++)
		values.rows[i] = possible(flow, phase, i, truth->rows[i]);
	values.carried = carried(flow);
	values.pinned = flow->pinned;
	values.connects = false;
	if (flow->any_port && is_one(values.rows[SERVICE])) {
		values.rows[SERVICE] = 0;
		for (size_t i = 0; i < COUNT_OF(services); i++)
			if (services[i].protocol == flow->protocol)
				values.rows[SERVICE] |= BIT(i);
	}
	return values;
}

static bool
is_whole(const struct values *values)
{
	for (size_t i = 0; i < FACTS; i++)
		if (!is_one(values->rows[i]))
			return false;
	return is_one(values->carried);
}

static bool
goes_to(const struct twin_rule *rule, uint32_t destination, uint32_t name)
{
	uint32_t d = BIT(destination), n = BIT(name);

	if ((rule->except.destinations & d) != 0 ||
	    (rule->except.names & n) != 0)
		return false;
	return (rule->to.destinations & d) != 0 ||
	       ((rule->to.names & n) != 0 && (opened_by_name(rule) & d) != 0);
}

/* What can come of a flow: sets of rules that match, as bits. */
struct matchings {
	uint32_t each[SUBSETS];
	size_t count;
	bool has[SUBSETS];
};

static void
add_matching(struct matchings *matchings, uint32_t rules)
{
	if (matchings->has[rules])
		return;
	matchings->has[rules] = true;
	matchings->each[matchings->count++] = rules;
}

static void
clear_matchings(struct matchings *matchings)
{
	for (size_t i = 0; i < matchings->count; i++)
		matchings->has[matchings->each[i]] = false;
	matchings->count = 0;
}

#define EACH(i, set, count)                                                    \
	for (size_t i = 0; i < (count); i++)                                   \
		if (((set) >> i & 1) != 0)

static bool
is_of_connect(const struct twin_rule *rule)
{
	return rule->asks[METHOD] != UINT32_MAX &&
	       (rule->asks[METHOD] & CONNECT) != 0;
}

/* The rows of the fact that the rule takes. */
static uint32_t
asked_of(const struct twin_rule *rule, const struct values *values, size_t fact)
{
	if (fact == METHOD && values->connects && is_of_connect(rule))
		return UINT32_MAX;
	return fact == SCHEME && rule->spares && values->pinned
		   ? UINT32_MAX
		   : rule->asks[fact];
}

/* Every value of one fact, and which rules it leaves. */
static void
add_values(const struct twin *twin, const struct values *values, size_t fact,
    struct matchings *ret)
{
	EACH(row, values->rows[fact], facts[fact].rows)
	{
		uint32_t rules = 0;
		for (size_t r = 0; r < twin->count; r++)
			rules |=
			    (asked_of(&twin->rules[r], values, fact) >> row & 1)
			    << r;
		add_matching(ret, rules);
	}
}

static void
add_places(
    const struct twin *twin, const struct values *values, struct matchings *ret)
{
	EACH(d, values->rows[DESTINATION], COUNT_OF(destinations))
	EACH(n, values->rows[NAME], COUNT_OF(names))
	{
		uint32_t rules = 0;
		for (size_t r = 0; r < twin->count; r++)
			if (goes_to(&twin->rules[r], (uint32_t)d, (uint32_t)n))
				rules |= BIT(r);
		add_matching(ret, rules);
	}
}

static void
add_carriages(
    const struct twin *twin, const struct values *values, struct matchings *ret)
{
	EACH(by_proxy, values->carried, 2)
	{
		uint32_t rules = 0;
		for (size_t r = 0; r < twin->count; r++)
			if (by_proxy != 0 || twin->rules[r].parent == 0)
				rules |= BIT(r);
		add_matching(ret, rules);
	}
}

/* Each with each; `all` becomes the product. */
static void
multiply(struct matchings *all, const struct matchings *by)
{
	static struct matchings product;

	clear_matchings(&product);
	for (size_t i = 0; i < all->count; i++)
		for (size_t j = 0; j < by->count; j++)
			add_matching(&product, all->each[i] & by->each[j]);
	clear_matchings(all);
	for (size_t i = 0; i < product.count; i++)
		add_matching(all, product.each[i]);
}

/* All completions; those in which the same rules match are one. */
static const struct matchings *
try_all(const struct twin *twin, uint32_t source, const struct values *values)
{
	static struct matchings all, by;
	uint32_t rules = 0;

	for (size_t r = 0; r < twin->count; r++)
		rules |= (twin->rules[r].from >> source & 1) << r;
	clear_matchings(&all);
	add_matching(&all, rules);
	clear_matchings(&by);
	add_carriages(twin, values, &by);
	multiply(&all, &by);
	for (size_t fact = 0; fact < FACTS; fact++) {
		clear_matchings(&by);
		if (fact == DESTINATION)
			add_places(twin, values, &by);
		else if (fact != NAME)
			add_values(twin, values, fact, &by);
		else
			continue;
		multiply(&all, &by);
	}
	return &all;
}

/* ---- the walk ---- */

#define NO_RULE SIZE_MAX

struct wanted {
	size_t rule;      /* NO_RULE: on to the next phase */
	uint32_t reports; /* bits of the rules that did */
};

static struct wanted
walk(const struct twin *twin, const struct matchings *all)
{
	static const struct wanted undecided = { NO_RULE, 0 };
	uint32_t in_some = 0, in_all = UINT32_MAX, reports = 0;
	const struct twin_rule *might = NULL;

	for (size_t i = 0; i < all->count; i++) {
		in_some |= all->each[i];
		in_all &= all->each[i];
	}
	for (size_t r = 0; r < twin->count; r++) {
		const struct twin_rule *rule = &twin->rules[r];
		bool certain = (in_all >> r & 1) != 0;
		if ((in_some >> r & 1) == 0)
			continue;
		if (rule->report && (might != NULL || !certain))
			return undecided;
		if (rule->report) {
			reports |= BIT(r);
			continue;
		}
		if (might != NULL && !same_outcome(might, rule))
			return undecided;
		if (certain)
			return (struct wanted){ r, reports };
		if (might == NULL)
			might = rule;
	}
	return undecided;
}

static void
mismatch(const struct twin *twin, const struct flow *flow,
    const struct truth *truth, enum policy_phase phase, const char *what)
{
	struct text known = TEXT_EMPTY;

	for (size_t i = 0; i < FACTS; i++)
		text_addf(&known, "\n%s: row %u, known %u",
		    policy_fact_word(facts[i].fact), truth->rows[i],
		    flow->known[facts[i].fact]);
	text_addz(&known, "");
	print_error("%s in phase %s\n%sway %u last %u source %u any_port %d%s",
	    what, policy_phase_word(phase), twin->text.at, flow->way,
	    flow->last, truth->source, flow->any_port, known.at);
	fail();
}

/* The twin's number of a rule; NO_RULE for none. */
static size_t
number_of_rule(const struct twin *twin, const struct policy_rule *rule)
{
	if (rule == NULL)
		return NO_RULE;
	return rule->line == 0
		   ? twin->count - 1
		   : rule->line - WORLD_HEAD_LINES - twin->padding - 1;
}

/* The first ones, in their order. */
static bool
are_reported(const struct twin *twin, const struct policy_answer *answer,
    uint32_t reports)
{
	unsigned found = 0;

	EACH(r, reports, twin->count)
	{
		if (found == POLICY_REPORTED_MAX)
			break;
		if (found >= answer->reported_count ||
		    number_of_rule(twin, answer->reported[found]) != r)
			return false;
		found++;
	}
	return found == answer->reported_count;
}

/* What the world sees in one completion must be what was decided. */
static bool
is_equal(const struct twin *twin, const struct policy_answer *answer,
    uint32_t matching)
{
	uint32_t deciding = matching & ~twin->reports;
	uint32_t first = deciding & -deciding;
	size_t rule = number_of_rule(twin, answer->rule);

	if (!are_reported(twin, answer, matching & twin->reports & (first - 1)))
		return false;
	for (size_t r = 0; r < twin->count; r++)
		if (first == BIT(r))
			return same_outcome(
			    &twin->rules[r], &twin->rules[rule]);
	return false;
}

static const char *
difference(const struct twin *twin, const struct policy_answer *got,
    const struct wanted *wanted, const struct values *values)
{
	if ((got->rule == NULL) != (wanted->rule == NO_RULE))
		return got->rule != NULL ? "decided too early" : "not decided";
	if (number_of_rule(twin, got->rule) != wanted->rule)
		return "another rule";
	if (got->rule == NULL)
		return got->verdict == POLICY_VERDICT_UNDECIDED
			   ? NULL
			   : "a verdict without a rule";
	const struct twin_rule *rule = &twin->rules[wanted->rule];
	if (got->verdict != rule->verdict)
		return "another verdict";
	if (!are_reported(twin, got, wanted->reports))
		return "other reports";
	bool by_name =
	    (values->rows[DESTINATION] & ~rule->to.destinations) != 0;
	return got->by_name == by_name ? NULL : "wrong about the name";
}

/* The rule that decides at this phase, or NO_RULE. */
static size_t
compare_phase(const struct twin *twin, const struct policy *policy,
    const struct flow *flow, const struct truth *truth, enum policy_phase phase)
{
	struct values values = completions(flow, phase, truth);
	const struct matchings *all = try_all(twin, truth->source, &values);
	struct policy_answer got = policy_evaluate(policy, flow, phase, NULL);

	if (!twin->vague || is_whole(&values)) {
		struct wanted wanted = walk(twin, all);
		const char *what = difference(twin, &got, &wanted, &values);
		if (what != NULL)
			mismatch(twin, flow, truth, phase, what);
	}
	if (got.rule == NULL)
		return NO_RULE;
	for (size_t i = 0; i < all->count; i++)
		if (!is_equal(twin, &got, all->each[i]))
			mismatch(
			    twin, flow, truth, phase, "early is not equal");
	return number_of_rule(twin, got.rule);
}

/* What is undecided hangs on something that the caller could tell. */
static bool
hangs_on_what_is_open(
    const struct flow *flow, const struct policy_answer *answer)
{
	return flow->known[answer->hangs_on] == FLOW_NOT_GIVEN ||
	       (answer->hangs_on == POLICY_FACT_SERVICE && flow->any_port);
}

static void
compare_decision(const struct twin *twin, const struct policy *policy,
    const struct flow *flow, const struct truth *truth, size_t wanted,
    enum policy_phase phase)
{
	struct policy_answer got = policy_decide(policy, flow);
	enum policy_verdict verdict =
	    flow->spoofed                 ? POLICY_VERDICT_DROP
	    : wanted != NO_RULE           ? twin->rules[wanted].verdict
	    : flow->way == FLOW_UNCARRIED ? POLICY_VERDICT_REJECT
					  : POLICY_VERDICT_UNDECIDED;
	bool by_rule = wanted != NO_RULE && !flow->spoofed;
	bool undecided = verdict == POLICY_VERDICT_UNDECIDED;

	if (got.verdict != verdict || got.phase != phase ||
	    number_of_rule(twin, got.rule) != (by_rule ? wanted : NO_RULE) ||
	    (got.reason != NULL) != (!by_rule && !undecided))
		mismatch(twin, flow, truth, phase, "another decision");
	if (undecided && !hangs_on_what_is_open(flow, &got))
		mismatch(twin, flow, truth, phase, "hangs on what is known");
}

/* From the top, the first that decides: one that says `inspect` and may match,
 * or another one that does in any case. */
static size_t
opens(const struct twin *twin, const struct values *values,
    const struct matchings *all)
{
	uint32_t in_some = 0, in_all = UINT32_MAX;

	for (size_t i = 0; i < all->count; i++) {
		in_some |= all->each[i];
		in_all &= all->each[i];
	}
	for (size_t r = 0; r < twin->count; r++) {
		const struct twin_rule *rule = &twin->rules[r];
		bool inspects =
		    rule->inspect && !(rule->spares && values->pinned);
		if ((in_some >> r & 1) == 0 || rule->report)
			continue;
		if (inspects || (in_all >> r & 1) != 0)
			return inspects ? r : NO_RULE;
	}
	return NO_RULE;
}

/* The same flow, as TLS in which nothing was seen. */
static void
compare_opening(struct twin *twin, const struct policy *policy,
    const struct flow *flow, const struct truth *truth)
{
	static const unsigned inside[] = { SCHEME, METHOD, PATH, HEADER, TYPE };
	struct flow hidden = *flow;

	if (flow->way != FLOW_INTERCEPTED && flow->way != FLOW_EXPLICIT)
		return;
	hidden.tls = FLOW_TLS;
	hidden.last = POLICY_PHASE_RESPONSE;
	hidden.connects = flow->way == FLOW_EXPLICIT && one_in(twin, 2);
	for (size_t i = 0; i < COUNT_OF(inside); i++)
		hidden.known[facts[inside[i]].fact] = FLOW_NOT_GIVEN;
	struct values values =
	    completions(&hidden, POLICY_PHASE_REQUEST, truth);
	values.connects = hidden.connects;
	const struct matchings *all = try_all(twin, truth->source, &values);
	if (!twin->vague &&
	    number_of_rule(twin, policy_opens(policy, &hidden)) !=
		opens(twin, &values, all))
		mismatch(twin, &hidden, truth, POLICY_PHASE_REQUEST,
		    "opened otherwise");
}

static void
compare(struct twin *twin, const struct policy *policy)
{
	struct truth truth;
	struct flow flow = some_flow(twin, &truth);
	size_t wanted = NO_RULE;
	unsigned decided = POLICY_PHASE_PACKET;

	for (unsigned phase = 0; phase <= flow.last; phase++) {
		size_t one = compare_phase(
		    twin, policy, &flow, &truth, (enum policy_phase)phase);
		if (wanted != NO_RULE)
			continue;
		wanted = one;
		decided = phase;
	}
	if (flow.spoofed)
		decided = POLICY_PHASE_PACKET;
	compare_decision(
	    twin, policy, &flow, &truth, wanted, (enum policy_phase)decided);
	compare_opening(twin, policy, &flow, &truth);
}

static uint64_t
number_of(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void
answers_are_equal(void **state)
{
	uint64_t pairs = number_of("GATEHOUSE_TWIN_PAIRS", 100000);
	static struct twin twin;
	uint64_t policies = 0, vague = 0;

	(void)state;
	twin.random = number_of("GATEHOUSE_TWIN_SEED", 20261) | 1;
	for (uint64_t done = 0; done < pairs; done += FLOWS_EACH) {
		struct policy *policy = write_policy(&twin);
		for (unsigned i = 0; i < FLOWS_EACH; i++)
			compare(&twin, policy);
		policy_unref(policy);
		policies++;
		vague += twin.vague;
	}
	text_fini(&twin.text);
	/* Or the first comparison would be made too seldom. */
	assert_true(vague < policies / 2);
	print_message("%llu policies, %llu of them vague\n",
	    (unsigned long long)policies, (unsigned long long)vague);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
