/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What diff lists, against brute force: a policy and a changed one, flows by
 * chance, each asked of both; and each class that is listed is real.
 */
#include "policy/diff.h"

#include "random_policy.h"

#define FLOWS_EACH 150

/* How a flow fares, as the evaluator tells it. */
struct fate {
	enum policy_verdict verdict;
	bool log, by_proxy, opened, listener, hidden;
	const char *reason;
	struct address target;
	uint16_t port;
	uint16_t reports[POLICY_VERDICT_COUNT];
	int32_t shift;
	const struct policy_rule *limited;  /* the rule that counts it */
	const struct policy_parent *parent; /* that it goes by */
};

static struct address
target_of(const struct policy_rule *rule, const struct flow *flow)
{
	return flow->destination.family == ADDRESS_IPV4 ? rule->target4
							: rule->target6;
}

/* What firewall/compile_nat hides. */
static bool
is_hidden(const struct policy *policy, const struct flow *flow,
    const struct policy_rule *rule)
{
	uint8_t to = rule->publish
			 ? policy_zone_of(policy, target_of(rule, flow))
			 : flow->to_zone;

	if (flow->from_zone >= policy->zone_count ||
	    !address_set_has(
		&policy->zones[flow->from_zone].prefixes, flow->source) ||
	    (flow->source.family == ADDRESS_IPV6 &&
		(flow->source.bytes[0] & 0xfe) != 0xfc))
		return false;
	for (size_t i = 0; i < policy->masquerade_count; i++)
		if ((policy->masquerades[i].from &
			policy_zone_bit(flow->from_zone)) != 0 &&
		    (policy->masquerades[i].to & policy_zone_bit(to)) != 0)
			return true;
	return false;
}

static void
count_reports(const struct policy_answer *answer, struct fate *fate)
{
	for (unsigned i = 0; i < answer->reported_count; i++)
		if (answer->reported[i]->log)
			fate->reports[answer->reported[i]->verdict]++;
}

static struct fate
fate_of(const struct policy *policy, const struct flow *flow, size_t mode)
{
	struct fate fate = { .verdict = POLICY_VERDICT_DROP,
		.reason = "no zone" };

	if (flow->from_zone == ZONE_NONE)
		return fate;
	struct policy_answer answer = policy_decide(policy, flow);
	fate =
	    (struct fate){ .verdict = answer.verdict, .reason = answer.reason };
	count_reports(&answer, &fate);
	if (mode == SPACE_DIRECT && flow->way == FLOW_EXPLICIT &&
	    (answer.verdict == POLICY_VERDICT_UNDECIDED ||
		answer.verdict == POLICY_VERDICT_ALLOW)) {
		fate.listener = true;
		fate.verdict = POLICY_VERDICT_ALLOW;
		return fate;
	}
	if (answer.rule == NULL)
		return fate;
	fate.log = answer.rule->log;
	fate.parent = answer.rule->parent;
	if (meaning_is_limited(answer.rule))
		fate.limited = answer.rule;
	fate.by_proxy =
	    mode == SPACE_DIALLED || explain_by_proxy(flow, &answer);
	fate.opened = fate.by_proxy && answer.opened != NULL;
	if (answer.verdict == POLICY_VERDICT_ALLOW)
		fate.parent = answer.rule->parent;
	if (answer.rule->publish) {
		fate.target = target_of(answer.rule, flow);
		fate.port = answer.rule->target_port;
		fate.shift = answer.rule->target_shift;
	}
	fate.hidden = answer.verdict == POLICY_VERDICT_ALLOW &&
		      !fate.by_proxy && is_hidden(policy, flow, answer.rule);
	return fate;
}

static bool
same_limit(const struct fate *a, const struct fate *b)
{
	if (a->limited == NULL || b->limited == NULL)
		return a->limited == b->limited;
	return meaning_limit_same(a->limited, b->limited);
}

static bool
same_fate(const struct fate *a, const struct fate *b)
{
	return same_limit(a, b) && policy_parent_same(a->parent, b->parent) &&
	       memcmp(a->reports, b->reports, sizeof(a->reports)) == 0 &&
	       a->verdict == b->verdict && a->log == b->log &&
	       a->by_proxy == b->by_proxy && a->opened == b->opened &&
	       a->listener == b->listener && a->hidden == b->hidden &&
	       a->reason == b->reason && a->port == b->port &&
	       a->shift == b->shift &&
	       policy_parent_same(a->parent, b->parent) &&
	       address_eq(a->target, b->target);
}

/* The first class that holds the flow, or NULL. */
static const struct diff_class *
class_of(const struct diff *diff, const struct space_cell *cell)
{
	for (size_t i = 0; i < diff->classes.count; i++) {
		bool has = true;
		for (size_t j = 0; has && j < SPACE_DIMENSION_COUNT; j++)
			has = space_has(&diff->space,
			    diff->classes.items[i].region.most[j], cell);
		if (has)
			return &diff->classes.items[i];
	}
	return NULL;
}

/* What only one of the policies can meet is told of the interface. */
static bool
is_comparable(const struct diff *diff, const struct space_cell *cell)
{
	const struct space_source *source =
	    &diff->space.sources.items[cell->at[SPACE_SOURCE]];

	return space_has(&diff->space, diff->space.universe, cell) &&
	       !space_has(&diff->space, diff->before.unserved, cell) &&
	       !space_has(&diff->space, diff->after.unserved, cell) &&
	       !(source->unprefixed && (source->zone[0] == ZONE_NONE ||
					   source->zone[1] == ZONE_NONE));
}

/* One flow both ways.  Names stand for the same atom, so chance is paired. */
static bool
is_right(const struct diff *diff, const struct space_cell *cell)
{
	const struct diff_class *class = class_of(diff, cell);
	uint64_t again = chance_state;

	struct flow old = flow_of(&diff->space, 0, cell);
	chance_state = again;
	struct flow new = flow_of(&diff->space, 1, cell);
	size_t mode = cell->at[SPACE_MODE];
	struct fate before = fate_of(diff->before.policy, &old, mode);
	struct fate after = fate_of(diff->after.policy, &new, mode);
	if (class == NULL)
		return same_fate(&before, &after);
	/* Who shares a limit is no matter of one flow; see below. */
	return (!same_fate(&before, &after) ||
		   (before.limited != NULL && after.limited != NULL)) &&
	       meaning_verdict(&class->before) == before.verdict &&
	       meaning_verdict(&class->after) == after.verdict;
}

static void
fail_with(const char *old, const char *new, struct diff *diff,
    const struct space_cell *cell)
{
	struct text words = TEXT_EMPTY;

	(void)diff_describe(diff, &words);
	(void)fprintf(stderr, "%s\n--- against ---\n%s\n%s", old, new,
	    words.at != NULL ? words.at : "nothing\n");
	for (size_t i = 0; i < SPACE_DIMENSION_COUNT; i++)
		(void)fprintf(
		    stderr, " %zu/%zu", cell->at[i], diff->space.axes[i].count);
	(void)fputc('\n', stderr);
	text_fini(&words);
	fail();
}

static void
check_classes(const char *old, const char *new, struct diff *diff)
{
	struct space *space = &diff->space;
	struct diagram *d = &space->diagram;
	struct space_cell cell;

	for (size_t i = 0; i < diff->classes.count; i++) {
		uint32_t set =
		    region_flows(space, &diff->classes.items[i].region);
		set = diagram_and(d, set, space->universe);
		set = diagram_minus(d, set, diff->before.unserved);
		set = diagram_minus(d, set, diff->after.unserved);
		if (!space_pick(space, set, &cell) ||
		    (is_comparable(diff, &cell) && !is_right(diff, &cell)))
			fail_with(old, new, diff, &cell);
	}
}

static unsigned differing;

static void
compare(const char *old_text, const char *new_text)
{
	struct policy *old = policy_of(old_text), *new = policy_of(new_text);
	struct space_cell cell;
	struct diff diff;

	assert_non_null(old);
	assert_non_null(new);
	assert_int_equal(policy_diff(old, new, &diff), 0);
	for (unsigned i = 0; i < FLOWS_EACH; i++)
		if (random_cell(&diff.space, &cell) &&
		    is_comparable(&diff, &cell) && !is_right(&diff, &cell))
			fail_with(old_text, new_text, &diff, &cell);
	check_classes(old_text, new_text, &diff);
	differing += diff.classes.count > 0;
	diff_fini(&diff);
	policy_unref(old);
	policy_unref(new);
}

/* One rule left out, doubled or moved to the end, or one by chance added. */
static void
change(const char *from, struct text *out)
{
	struct str rest = str_of(from), moved = { NULL, 0 };
	unsigned lines = 0;

	for (const char *at = from; *at != '\0'; at++)
		lines += *at == '\n';
	unsigned chosen = 9 + chance(lines > 9 ? lines - 9 : 1);
	unsigned how = chance(4);
	for (unsigned i = 0; i < lines; i++) {
		struct str line = str_cut(&rest, '\n');
		bool is_rule = str_find(line, '>') < line.len &&
			       !str_starts(line, STR("masquerade"));
		if (i == chosen && is_rule && how < 2) {
			moved = line;
			continue;
		}
		if (i == chosen && is_rule && how == 2)
			add_random_rule(out);
		text_add(out, line);
		text_addc(out, '\n');
	}
	if (how == 1) {
		text_add(out, moved);
		text_addc(out, '\n');
	}
	if (how == 3)
		add_random_rule(out);
}

static void
brute_force_agrees(void **state)
{
	unsigned rounds = twin_rounds(250);
	struct text old = TEXT_EMPTY, new = TEXT_EMPTY;

	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		text_clear(&old);
		text_clear(&new);
		add_random_policy(&old, 6);
		random_learns = chance(2) == 0 ? chance(16) : 0;
		if (chance(3) > 0)
			change(old.at, &new);
		else
			add_random_policy(&new, 6);
		compare(old.at, new.at);
	}
	text_fini(&old);
	text_fini(&new);
	assert_true(differing > rounds / 3);
}

/* A policy is the same as itself, and nothing is said. */
static void
the_same_is_empty(void **state)
{
	unsigned rounds = twin_rounds(100);
	struct text text = TEXT_EMPTY;
	struct diff diff;

	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		text_clear(&text);
		add_random_policy(&text, 8);
		struct policy *a = policy_of(text.at), *b = policy_of(text.at);
		assert_int_equal(policy_diff(a, b, &diff), 0);
		assert_true(diff_is_empty(&diff));
		diff_fini(&diff);
		policy_unref(a);
		policy_unref(b);
	}
	text_fini(&text);
}

/*
 * Who shares a limit.  All flows of a small space are asked: which rule counts
 * them before, and which after.
 */
struct counted {
	struct space_cell cell;
	struct fate before, after;
};

#define COUNTED_MAX 20000

static struct counted counted[COUNTED_MAX];
static size_t counted_count;

static bool
is_counted_alike(const struct counted *one)
{
	return one->before.limited != NULL && one->after.limited != NULL &&
	       meaning_limit_same(one->before.limited, one->after.limited);
}

static void
count_flows(const struct diff *diff)
{
	struct space_cell cell = { 0 };

	counted_count = 0;
	do {
		if (!is_comparable(diff, &cell))
			continue;
		assert_true(counted_count < COUNTED_MAX);
		struct counted *one = &counted[counted_count++];
		struct flow old = flow_of(&diff->space, 0, &cell);
		struct flow new = flow_of(&diff->space, 1, &cell);
		one->cell = cell;
		one->before =
		    fate_of(diff->before.policy, &old, cell.at[SPACE_MODE]);
		one->after =
		    fate_of(diff->after.policy, &new, cell.at[SPACE_MODE]);
	} while (next_cell(&diff->space, &cell));
}

/* Some flow shares with it under one policy only. */
static bool
shares_otherwise(const struct counted *one)
{
	if (!is_counted_alike(one))
		return false;
	for (size_t i = 0; i < counted_count; i++)
		if (is_counted_alike(&counted[i]) &&
		    (counted[i].before.limited == one->before.limited) !=
			(counted[i].after.limited == one->after.limited))
			return true;
	return false;
}

static void
add_limited_rule(struct text *out)
{
	text_addf(out, "allow %s -> %s%s%s\n",
	    ONE_OF("lan", "guest", "lan, guest", "10.0.0.1"),
	    ONE_OF("wan", "wan", "203.0.113.9", "any"),
	    ONE_OF(" tcp 80", " tcp 443", " tcp 80, 443", ""),
	    ONE_OF("", " limit 5/s", " limit 5/s burst 5", " limit 5/s burst 9",
		" limit 5/s", " connections 7", " limit 5/s per source"));
}

static const char limited_head[] =
    "zone lan = int0 10.0.0.0/29\n"
    "zone guest = int1 10.0.9.0/30\nzone wan = ext0\n";

static void
add_limited_rules(struct text *out)
{
	for (unsigned i = 0, count = 1 + chance(4); i < count; i++)
		add_limited_rule(out);
}

static unsigned sharing;

static void
compare_limits(const char *old_text, const char *new_text)
{
	struct policy *old = policy_of(old_text), *new = policy_of(new_text);
	struct diff diff;

	assert_int_equal(policy_diff(old, new, &diff), 0);
	count_flows(&diff);
	for (size_t i = 0; i < counted_count; i++) {
		const struct counted *one = &counted[i];
		bool same = same_fate(&one->before, &one->after);
		bool shares = same && shares_otherwise(one);
		sharing += shares;
		if ((class_of(&diff, &one->cell) == NULL) != (same && !shares))
			fail_with(old_text, new_text, &diff, &one->cell);
	}
	diff_fini(&diff);
	policy_unref(old);
	policy_unref(new);
}

/* A rule before those of the other policy takes a part of what they count. */
static void
limits_are_shared_alike(void **state)
{
	unsigned rounds = twin_rounds(100);
	struct text old = TEXT_EMPTY, new = TEXT_EMPTY;

	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		text_clear(&old);
		text_clear(&new);
		text_addz(&old, limited_head);
		text_addz(&new, limited_head);
		add_limited_rules(&old);
		add_limited_rule(&new);
		if (chance(4) == 0)
			add_limited_rules(&new);
		else
			text_addz(&new, old.at + sizeof(limited_head) - 1);
		compare_limits(old.at, new.at);
	}
	text_fini(&old);
	text_fini(&new);
	assert_true(sharing > rounds);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_empty),
		cmocka_unit_test(brute_force_agrees),
		cmocka_unit_test(limits_are_shared_alike),
	};

	flavours_mix = true;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
