/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/meaning says of each flow what policy/evaluate says: of policies by
 * chance, flows by chance, each asked both ways.
 */
#include "policy/meaning.h"

#include "random_policy.h"

#define FLOWS_EACH 600

static void
fail_with(const char *text, const struct space *space,
    const struct space_cell *cell, const char *what)
{
	(void)fprintf(stderr, "%s\n%s at", text, what);
	for (size_t i = 0; i < SPACE_DIMENSION_COUNT; i++)
		(void)fprintf(
		    stderr, " %zu/%zu", cell->at[i], space->axes[i].count);
	(void)fputc('\n', stderr);
	fail();
}

static struct meaning_outcome
outcome_at(
    struct meaning *meaning, uint32_t outcomes, const struct space_cell *cell)
{
	const struct space *space = meaning->space;

	for (size_t i = 0; i < SPACE_DIMENSION_COUNT; i++)
		outcomes = diagram_at(&space->diagram, outcomes,
		    space->axes[i].first, space->axes[i].bits, cell->at[i]);
	return meaning_outcome(meaning, outcomes);
}

/* Of more reports than the evaluator tells, the first ones are not known. */
static bool
same_reports(
    const struct policy_answer *answer, const struct meaning_outcome *outcome)
{
	uint16_t reports[POLICY_VERDICT_COUNT] = { 0 };

	if (answer->reported_count == POLICY_REPORTED_MAX)
		return true;
	for (unsigned i = 0; i < answer->reported_count; i++)
		if (answer->reported[i]->log)
			reports[answer->reported[i]->verdict]++;
	return memcmp(reports, outcome->reports, sizeof(reports)) == 0;
}

/* What the evaluator says, in the words of the meaning. */
static const char *
differs(const struct policy *policy, const struct flow *flow, size_t mode,
    const struct meaning_outcome *outcome)
{
	if (flow->from_zone == ZONE_NONE)
		return outcome->carriage == MEANING_NO_ZONE ? NULL : "no zone";
	if (mode == SPACE_DIALLED &&
	    (flow->protocol >= POLICY_PROTOCOL_COUNT ||
		!policy_intercepts(
		    policy, flow->from_zone, flow->protocol, flow->port) ||
		!policy_carries(
		    policy, flow->from_zone, flow->protocol, flow->port)))
		return outcome->carriage == MEANING_UNSERVED ? NULL
							     : "unserved";
	if (mode == SPACE_EXPLICIT &&
	    (policy_listen_zones(policy) & policy_zone_bit(flow->from_zone)) ==
		0)
		return outcome->carriage == MEANING_UNSERVED ? NULL
							     : "unserved";
	struct policy_answer answer = policy_decide(policy, flow);
	if (!same_reports(&answer, outcome))
		return "reports";
	if (answer.verdict == POLICY_VERDICT_UNDECIDED ||
	    (mode == SPACE_DIRECT && flow->way == FLOW_EXPLICIT &&
		answer.verdict == POLICY_VERDICT_ALLOW))
		return outcome->carriage == MEANING_LISTENER ? NULL
							     : "listener";
	if (answer.rule == NULL)
		return outcome->carriage == MEANING_NEEDS_PROXY ? NULL
								: "needs proxy";
	if (outcome->rule == NULL)
		return "unruled";
	if (meaning_verdict(outcome) != answer.verdict)
		return "verdict";
	if (outcome->rule->log != answer.rule->log ||
	    outcome->rule->publish != answer.rule->publish)
		return "traces";
	/* Which of two alike decides is told apart only where it shows. */
	if (!policy_outcome_same(outcome->rule, answer.rule) &&
	    policy_rule_leaves_trace(outcome->rule))
		return "rule";
	bool by_proxy =
	    mode == SPACE_DIALLED || explain_by_proxy(flow, &answer);
	if (by_proxy != meaning_is_by_proxy(outcome))
		return "enforcer";
	if (by_proxy &&
	    (answer.opened != NULL) != (outcome->carriage == MEANING_OPENED))
		return "opened";
	return NULL;
}

/* By halves or from the last rule up: equal functions are one node. */
static void
check_whole(struct space *space, const struct meaning *meaning)
{
	struct meaning whole;

	assert_int_equal(meaning_init_whole(&whole, space, 0), 0);
	assert_int_equal(whole.packets[0], meaning->packets[0]);
	assert_int_equal(whole.lists[0], meaning->lists[0]);
	meaning_fini(&whole);
}

static void
compare_at(const char *text, struct meaning *meaning, uint32_t outcomes,
    const struct space_cell *cell)
{
	const struct space *space = meaning->space;
	struct flow flow = flow_of(space, 0, cell);
	struct meaning_outcome outcome = outcome_at(meaning, outcomes, cell);
	const char *what =
	    differs(meaning->policy, &flow, cell->at[SPACE_MODE], &outcome);

	if (what != NULL)
		fail_with(text, space, cell, what);
}

static void
compare(const char *text, const struct policy *policy)
{
	struct meaning meaning;
	struct space_cell cell;
	struct space space;

	assert_int_equal(space_init(&space, &policy, 1), 0);
	assert_int_equal(meaning_init(&meaning, &space, 0), 0);
	check_whole(&space, &meaning);
	uint32_t outcomes = meaning_outcomes(&meaning);
	for (unsigned i = 0; i < FLOWS_EACH; i++) {
		if (random_cell(&space, &cell))
			compare_at(text, &meaning, outcomes, &cell);
	}
	assert_int_equal(space_rc(&space), 0);
	meaning_fini(&meaning);
	space_fini(&space);
}

static void
evaluator_and_diagrams_agree(void **state)
{
	unsigned rounds = twin_rounds(700);
	struct text text = TEXT_EMPTY;

	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		text_clear(&text);
		add_random_policy(&text, 8);
		random_learns = chance(2) == 0 ? chance(16) : 0;
		struct policy *policy = policy_of(text.at);
		assert_non_null(policy);
		compare(text.at, policy);
		policy_unref(policy);
	}
	text_fini(&text);
}

/* Each source, destination and service. */
static void
compare_packets_of_https(const char *text, const struct policy *policy)
{
	struct space_cell cell = { .at[SPACE_MODE] = SPACE_DIRECT,
		.at[SPACE_SCHEME] = (size_t)POLICY_SCHEME_HTTPS + 1 };
	size_t *at = cell.at;
	struct meaning meaning;
	struct space space;

	assert_int_equal(space_init(&space, &policy, 1), 0);
	assert_int_equal(meaning_init(&meaning, &space, 0), 0);
	uint32_t outcomes = meaning_outcomes(&meaning);
	size_t sources = space.axes[SPACE_SOURCE].count;
	size_t places = space.axes[SPACE_DESTINATION].count;
	size_t count = sources * places * space.axes[SPACE_SERVICE].count;
	for (size_t i = 0; i < count; i++) {
		at[SPACE_SOURCE] = i % sources;
		at[SPACE_DESTINATION] = i / sources % places;
		at[SPACE_SERVICE] = i / sources / places;
		if (space_has(&space, space.universe, &cell))
			compare_at(text, &meaning, outcomes, &cell);
	}
	meaning_fini(&meaning);
	space_fini(&space);
}

/*
 * What comes to a listener has asked it for nothing, and so for no TLS: it is
 * let in where any request of this client would be answered by another rule
 * than the last one.  Of 14,000 policies by chance one told so.
 */
static void
a_listener_is_asked_for_nothing_yet(void **state)
{
	static const char text[] =
	    "zone lan = int0 10.0.0.0/29\nzone wan = ext0\n"
	    "proxy { ca \"ca.pem\"\nlisten 10.0.0.1:3128 for lan }\n"
	    "reject any -> lan scheme https\n"
	    "allow 10.0.0.2 -> wan tcp 443 inspect unless pinned\n";
	struct policy *policy = policy_of(text);

	(void)state;
	assert_non_null(policy);
	compare_packets_of_https(text, policy);
	policy_unref(policy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listener_is_asked_for_nothing_yet),
		cmocka_unit_test(evaluator_and_diagrams_agree),
	};

	flavours_mix = true;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
