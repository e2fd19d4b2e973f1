/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What check says of rules, against brute force: all flows of a small space
 * are asked one by one, with the rule and without it.
 */
#include "policy/analyse.h"
#include "policy/meaning.h"

#include "random_policy.h"

#include "base/vec.h"

struct one {
	struct flow flow;
	bool dialled; /* no packet of it is seen */
};

struct flows {
	struct one *items;
	size_t count, room;
};

static unsigned findings, compared, late;

/* One flow of each kind is enough where nothing can differ. */
static bool
is_tedious(const struct space *space, const struct space_cell *cell,
    const struct flow *flow)
{
	const struct space_service *service =
	    &space->services.items[cell->at[SPACE_SERVICE]];

	if (service->protocol == POLICY_PROTOCOL_ICMP && service->first > 1 &&
	    service->last != UINT16_MAX)
		return true;
	return (flow->way == FLOW_PLAIN || flow->way == FLOW_UNCARRIED ||
		   flow->known[POLICY_FACT_SERVICE] == FLOW_NOT_GIVEN) &&
	       ((cell->at[SPACE_NAME] > 0 && !flow->learns) ||
		   cell->at[SPACE_SCHEME] > 0 || !is_plain_request(cell));
}

static void
collect(
    const struct space *space, const struct meaning *meaning, struct flows *ret)
{
	struct space_cell cell = { 0 };

	do {
		if (!space_has(space, space->universe, &cell) ||
		    space_has(space, meaning->no_zone, &cell) ||
		    space_has(space, meaning->unserved, &cell))
			continue;
		struct one one = { flow_of(space, 0, &cell),
			cell.at[SPACE_MODE] == SPACE_DIALLED };
		if (!is_tedious(space, &cell, &one.flow))
			assert_int_equal(VEC_ADD(ret, one), 0);
	} while (next_cell(space, &cell));
}

static enum policy_phase
last_phase(const struct flow *flow)
{
	return flow->way == FLOW_PLAIN || flow->way == FLOW_UNCARRIED
		   ? POLICY_PHASE_PACKET
		   : flow->last;
}

/*
 * The rule that matches once all is known; NULL where only packets are seen
 * that may go to the proxy.  What cannot be carried shows nothing more: only
 * what its packets show for sure counts, so what might match is made to be
 * absent by asking about it as about any other packet.
 */
static struct policy_answer
final_answer(const struct policy *policy, const struct flow *flow)
{
	struct flow plain = *flow;

	if (flow->known[POLICY_FACT_SERVICE] == FLOW_NOT_GIVEN)
		return policy_evaluate(policy, flow, POLICY_PHASE_PACKET, NULL);
	if (flow->way == FLOW_UNCARRIED)
		plain.way = FLOW_PLAIN;
	return policy_evaluate(policy, &plain, last_phase(&plain), NULL);
}

static const struct policy_rule *
final_rule(const struct policy *policy, const struct flow *flow)
{
	return flow->known[POLICY_FACT_SERVICE] == FLOW_NOT_GIVEN
		   ? NULL
		   : final_answer(policy, flow).rule;
}

static bool
is_reported_by(
    const struct policy_answer *answer, const struct policy_rule *rule)
{
	for (unsigned i = 0; i < answer->reported_count; i++)
		if (answer->reported[i]->line == rule->line)
			return true;
	return false;
}

/* Both make the same reports, as far as the evaluator tells them. */
static bool
same_reports(const struct policy_answer *a, const struct policy_answer *b)
{
	if (a->reported_count != b->reported_count)
		return false;
	for (unsigned i = 0; i < a->reported_count; i++)
		if (!is_reported_by(b, a->reported[i]))
			return false;
	return true;
}

static bool
same_rule(const struct policy_rule *a, const struct policy_rule *b)
{
	return a->line == b->line || policy_outcome_same(a, b);
}

static bool
same_packets(
    const struct policy *a, const struct policy *b, const struct flow *flow)
{
	struct policy_answer x =
	    policy_evaluate(a, flow, POLICY_PHASE_PACKET, NULL);
	struct policy_answer y =
	    policy_evaluate(b, flow, POLICY_PHASE_PACKET, NULL);

	if (flow->way == FLOW_PLAIN)
		return true;
	if (!same_reports(&x, &y))
		return false;
	if (x.rule == NULL || y.rule == NULL)
		return x.rule == y.rule;
	return same_rule(x.rule, y.rule);
}

/* The policy with other rules; the array is the caller's. */
static struct policy
with_rules(const struct policy *policy, struct policy_rule *rules, size_t count)
{
	struct policy copy = *policy;

	copy.rules = rules;
	copy.rule_count = count;
	copy.index = NULL;
	return copy;
}

static bool
endpoint_is_empty(const struct policy_endpoint *endpoint)
{
	return endpoint->zones == 0 && endpoint->own == 0 &&
	       !policy_endpoint_has_addresses(endpoint) &&
	       !policy_endpoint_has_domains(endpoint);
}

/* NULL: nothing is to be said of rule i. */
static const char *
expected_kind(const struct policy *policy, size_t i, const struct flows *flows)
{
	const struct policy_rule *rule = &policy->rules[i];
	struct policy_rule rules[32];
	size_t count = policy->rule_count, kept = 0;
	bool reached = false;

	assert_true(count <= COUNT_OF(rules));
	for (size_t j = 0; j < count; j++)
		if (j != i)
			rules[kept++] = policy->rules[j];
	struct policy without = with_rules(policy, rules, kept);
	for (size_t j = 0; j < flows->count; j++) {
		const struct flow *flow = &flows->items[j].flow;
		if (!flows->items[j].dialled &&
		    !same_packets(policy, &without, flow))
			return NULL;
		struct policy_answer with = final_answer(policy, flow);
		if (is_reported_by(&with, rule))
			return NULL;
		if (final_rule(policy, flow) != rule)
			continue;
		reached = true;
		struct policy_answer rest = final_answer(&without, flow);
		if (!meaning_rule_same(rule, rest.rule) ||
		    !same_reports(&with, &rest))
			return NULL;
	}
	if (!reached)
		return endpoint_is_empty(&rule->from) ||
			       endpoint_is_empty(&rule->to)
			   ? NULL
			   : "unreached";
	return i + 2 == count ? NULL : "redundant";
}

static const struct finding *
finding_of(const struct report *report, const struct policy_rule *rule,
    enum report_weight weight)
{
	for (size_t i = 0; i < report->count; i++)
		if (report->items[i].weight == weight &&
		    place_line(report->items[i].place).line == rule->line)
			return &report->items[i];
	return NULL;
}

/* Whether the rule alone takes the flow. */
static bool
takes(const struct policy *policy, const struct policy_rule *rule,
    const struct flow *flow)
{
	struct policy_rule rules[] = { *rule,
		policy->rules[policy->rule_count - 1] };
	struct policy alone = with_rules(policy, rules, 2);

	rules[0].report = false;
	return final_rule(&alone, flow) == &rules[0];
}

static bool
is_by(const struct finding *finding, uint32_t line, uint32_t without)
{
	for (size_t i = 0; i < finding->by_count; i++)
		if (finding->by[i] == line && line != without)
			return true;
	return false;
}

/* All that the rule takes is taken by those that the finding names. */
static bool
is_covered(const struct policy *policy, const struct policy_rule *rule,
    const struct finding *finding, uint32_t without, const struct flows *flows)
{
	for (size_t i = 0; i < flows->count; i++) {
		const struct flow *flow = &flows->items[i].flow;
		bool covered = !takes(policy, rule, flow);
		for (size_t j = 0; !covered && j < policy->rule_count; j++)
			covered =
			    is_by(finding, policy->rules[j].line, without) &&
			    takes(policy, &policy->rules[j], flow);
		if (!covered)
			return false;
	}
	return true;
}

static bool
is_least_cover(const struct policy *policy, const struct policy_rule *rule,
    const struct finding *finding, const struct flows *flows)
{
	if (!is_covered(policy, rule, finding, 0, flows))
		return false;
	for (size_t i = 0; i < finding->by_count; i++)
		if (finding->by[i] >= rule->line ||
		    is_covered(policy, rule, finding, finding->by[i], flows))
			return false;
	return true;
}

/* Notes are of rules of the other kind, and not of what stands behind all. */
static bool
is_noted(const struct policy_rule *rule, const struct policy_rule *earlier)
{
	bool catches_all = rule->verdict != POLICY_VERDICT_ALLOW &&
			   rule->to.zones == POLICY_ZONES_ANY &&
			   rule->to.except == NULL &&
			   rule->services.count == 0 && rule->during == NULL &&
			   !policy_rule_reads_head(rule);

	return !catches_all && !rule->report &&
	       (rule->verdict == POLICY_VERDICT_ALLOW) !=
		   (earlier->verdict == POLICY_VERDICT_ALLOW);
}

/* The note names the rules above that take some of what this one asks for. */
static bool
is_note_right(const struct policy *policy, size_t i, const struct flows *flows,
    const struct report *report)
{
	const struct policy_rule *rule = &policy->rules[i];
	const struct finding *note = finding_of(report, rule, REPORT_NOTE);

	for (size_t j = 0; j < i; j++) {
		const struct policy_rule *earlier = &policy->rules[j];
		bool takes_some = false;
		for (size_t k = 0; !takes_some && k < flows->count; k++) {
			const struct flow *flow = &flows->items[k].flow;
			takes_some = final_rule(policy, flow) == earlier &&
				     takes(policy, rule, flow);
		}
		if ((note != NULL && is_by(note, earlier->line, 0)) !=
		    (takes_some && is_noted(rule, earlier)))
			return false;
	}
	return true;
}

/* Some flow that the rule asks for, the one with this line takes. */
static bool
takes_first(const struct policy *policy, const struct policy_rule *rule,
    uint32_t line, const struct flows *flows)
{
	for (size_t i = 0; i < flows->count; i++) {
		const struct flow *flow = &flows->items[i].flow;
		const struct policy_rule *first = final_rule(policy, flow);
		if (first != NULL && first->line == line &&
		    takes(policy, rule, flow))
			return true;
	}
	return false;
}

/* It is reached or does what others do, and those it blames stand above it,
 * allow, and take some of what it asks for. */
static bool
is_late_right(const struct policy *policy, size_t i, const char *kind,
    const struct flows *flows, const struct report *report)
{
	const struct policy_rule *rule = &policy->rules[i];
	const struct finding *finding =
	    finding_of(report, rule, REPORT_WARNING);

	for (size_t j = 0; j < finding->by_count; j++)
		if (finding->by[j] >= rule->line ||
		    !takes_first(policy, rule, finding->by[j], flows))
			return false;
	for (size_t j = 0; j < policy->rule_count; j++)
		if (is_by(finding, policy->rules[j].line, 0) &&
		    policy->rules[j].verdict != POLICY_VERDICT_ALLOW)
			return false;
	late++;
	return finding->by_count > 0 &&
	       (kind == NULL ? is_note_right(policy, i, flows, report)
			     : strcmp(kind, "redundant") == 0);
}

static bool
is_right(const struct policy *policy, size_t i, const struct flows *flows,
    const struct report *report)
{
	const struct policy_rule *rule = &policy->rules[i];
	const struct finding *finding =
	    finding_of(report, rule, REPORT_WARNING);
	const char *kind = expected_kind(policy, i, flows);

	if (finding != NULL && strcmp(finding->kind, "late") == 0)
		return is_late_right(policy, i, kind, flows, report);
	if (kind == NULL && finding == NULL)
		return is_note_right(policy, i, flows, report);
	if (kind == NULL || finding == NULL)
		return false;
	if (strcmp(kind, finding->kind) != 0)
		return false;
	return strcmp(kind, "unreached") != 0 ||
	       is_least_cover(policy, rule, finding, flows);
}

/* Of a policy that mixes many facts, all flows are too many to be asked. */
#define CELLS_MAX 1000000

static bool
is_small(const struct space *space)
{
	size_t cells = 1;

	for (size_t i = 0; i < SPACE_DIMENSION_COUNT; i++) {
		cells *= space->axes[i].count;
		if (cells > CELLS_MAX)
			return false;
	}
	return true;
}

static void
compare(const char *text, const struct policy *policy)
{
	struct text words = TEXT_EMPTY;
	struct flows flows = { 0 };
	struct meaning meaning;
	struct report report;
	struct space space;

	report_init(&report);
	assert_int_equal(policy_analyse_list(policy, true, &report), 0);
	assert_int_equal(space_init(&space, &policy, 1), 0);
	assert_int_equal(meaning_init(&meaning, &space, 0), 0);
	bool small = is_small(&space);
	if (small)
		collect(&space, &meaning, &flows);
	compared += small;
	for (size_t i = 0; small && i + 1 < policy->rule_count; i++) {
		if (is_right(policy, i, &flows, &report))
			continue;
		report_render(&report, false, &words);
		(void)fprintf(stderr, "%s\nline %u, expected %s, found:\n%s",
		    text, policy->rules[i].line,
		    expected_kind(policy, i, &flows),
		    words.at != NULL ? words.at : "nothing\n");
		fail();
	}
	findings += small ? (unsigned)report.warnings : 0;
	free(flows.items);
	meaning_fini(&meaning);
	space_fini(&space);
	report_fini(&report);
}

static void
brute_force_agrees(void **state)
{
	unsigned rounds = twin_rounds(25);
	struct text text = TEXT_EMPTY;

	(void)state;
	while (compared < rounds) {
		text_clear(&text);
		add_random_policy(&text, 6);
		random_learns = chance(2) == 0 ? chance(16) : 0;
		struct policy *policy = policy_of(text.at);
		assert_non_null(policy);
		compare(text.at, policy);
		policy_unref(policy);
	}
	text_fini(&text);
	assert_true(findings > rounds / 4); /* or nothing was put to the test */
}

#define HEAD                                                                   \
	"zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"                       \
	"proxy {\n intercept tcp 80, tcp 443 for lan\n}\n"

/* By chance there are hardly any. */
static void
those_that_come_too_late(void **state)
{
	static const char *const texts[] = {
		HEAD "allow lan -> wan tcp 80\nreject lan -> a.example\n",
		HEAD "allow lan -> wan tcp 80\nallow lan -> wan tcp 443\n"
		     "reject lan -> a.example, 192.0.2.0/24 tcp\n"
		     "drop any -> any\n",
		HEAD "allow lan -> wan tcp 1-99\ndrop any -> 192.0.2.7\n"
		     "reject lan -> any tcp 80 path \"/a\"\n",
	};

	(void)state;
	late = 0;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct policy *policy = policy_of(texts[i]);
		assert_non_null(policy);
		compare(texts[i], policy);
		policy_unref(policy);
	}
	assert_int_equal(late, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(brute_force_agrees),
		cmocka_unit_test(those_that_come_too_late),
	};

	flavours_mix = true;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
