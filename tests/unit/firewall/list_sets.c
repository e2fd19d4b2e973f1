/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of addresses in the kernel: loaded, kept, changed, replaced; and for
 * each step, what is left when it fails: each send, and each message of each
 * batch, is made to fail in turn.  What nft(8) lists is the judge.
 */
#include "firewall/list_sets.h"

#include "faulty_netlink.h"
#include "lists_policy.h"
#include "namespace.h"

#include "firewall/kernel_set.h"
#include "firewall/transaction.h"

#define MANY 260000 /* more than a batch holds */

#define LIST_TABLE "nft -nn list table inet gatehouse 2>&1"

#define RULES                                                                  \
	"table inet gatehouse {\nchain main {\n"                               \
	"type filter hook prerouting priority mangle\n"                        \
	"ip saddr @%s drop\ndrop\n}\n}\n"

struct world {
	struct list_sets sets;
	struct policy *policy;
};

static void
make_rules(
    const struct list_plan *plan, const struct policy *policy, struct text *ret)
{
	text_addf(
	    ret, RULES, list_plan_name(plan, policy->groups[0], ADDRESS_IPV4));
}

static bool
is_planned(const void *context, const char *name)
{
	return list_plan_has(context, name);
}

/* As an apply does it: 0, or what failed. */
static int
bring(struct world *world, struct policy *policy, bool in_place)
{
	struct list_plan plan = LIST_PLAN_EMPTY;
	struct text why = TEXT_EMPTY, rules = TEXT_EMPTY;
	struct transaction_kept kept = { is_planned, &plan };
	struct batch *leftovers;
	int rc =
	    list_sets_plan(&world->sets, policy, true, in_place, &plan, &why);

	if (rc == 0 && in_place) {
		assert_true(list_plan_is_in_place(&plan));
		rc = list_plan_change(&world->sets, &plan, &why);
	} else if (rc == 0) {
		rc = list_plan_load(&plan, &why);
		make_rules(&plan, policy, &rules);
		if (rc == 0)
			rc = transaction_commit_beside(
			    text_str(&rules), &kept, &leftovers, &why);
		if (rc < 0)
			list_plan_undo(&plan);
		else
			transaction_clear(&leftovers);
	}
	assert_true(rc == 0 || why.len > 0);
	if (rc == 0)
		list_sets_adopt(&world->sets, &plan, policy);
	list_plan_fini(&plan);
	text_fini(&rules);
	text_fini(&why);
	return rc;
}

static int
end(void **state)
{
	struct text why = TEXT_EMPTY;

	(void)state;
	faulty_never();
	if (namespace_is_ours)
		assert_int_equal(transaction_remove(&why), 0);
	text_fini(&why);
	return 0;
}

static void
forget(struct world *world)
{
	list_sets_fini(&world->sets);
	policy_unref(world->policy);
}

static void
begin_world(struct world *world, const char *list)
{
	*world = (struct world){ .policy = lists_policy(list) };
	assert_int_equal(bring(world, world->policy, false), 0);
}

#define EDGES                                                                  \
	"0.0.0.0/8\n192.0.2.0/24\n198.51.100.7\n203.0.113.3-203.0.113.9\n"     \
	"255.255.255.255\n::/16\n2001:db8::1\n2001:db8:1::/48\n"               \
	"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n"

static void
holds_what_the_list_says(void **state)
{
	static const char *const words[] = { "set list.a.4 {", "set list.a.6 {",
		"type ipv4_addr", "0.0.0.0/8", "192.0.2.0/24", "198.51.100.7",
		"203.0.113.3-203.0.113.9", "255.255.255.255", "::/16",
		"2001:db8::1", "2001:db8:1::/48", "ffff:ffff:ffff:ffff:" };
	struct text listed = TEXT_EMPTY;
	struct world world;

	(void)state;
	NEED_NAMESPACE();
	begin_world(&world, EDGES);
	shell_read(&listed, LIST_TABLE);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!text_has(&listed, words[i]))
			fail_msg("no %s in %s", words[i], listed.at);
	shell("nft get element inet gatehouse list.a.4 '{ 203.0.113.9 }'");
	shell("! nft get element inet gatehouse list.a.4 '{ 203.0.113.10 }'");
	text_fini(&listed);
	forget(&world);
}

/* Asked by adding it, for reading a large set takes seconds: is it there? */
static bool
is_element(const char *word)
{
	struct kernel_set set = { "list.a.4", ADDRESS_IPV4, true, false, 0 };
	struct batch batch = BATCH_EMPTY;
	struct text words = TEXT_EMPTY;
	struct address_range range;
	const char *why;

	assert_int_equal(address_range_parse(str_of(word), &range, &why), 0);
	batch_begin(&batch);
	kernel_set_put_one(&batch, &set, KERNEL_SET_ADD, &range, 0);
	int rc = batch_commit(&batch, &words);
	assert_true(rc == 0 || rc == -EEXIST);
	batch_fini(&batch);
	text_fini(&words);
	return rc == -EEXIST;
}

/* Many messages, several batches: the first and last of each, and all. */
static void
holds_each_of_many(void **state)
{
	struct text list = TEXT_EMPTY;
	struct world world;

	(void)state;
	NEED_NAMESPACE();
	for (unsigned i = 0; i < MANY; i++)
		text_addf(&list, "11.%u.%u.%u\n", i >> 15, i >> 7 & 255,
		    i << 1 & 255);
	begin_world(&world, list.at);
	/* Each was new to the set (NLM_F_EXCL), and none was refused. */
	for (unsigned i = 0; i < MANY; i += 997) {
		text_clear(&list);
		text_addf(
		    &list, "11.%u.%u.%u", i >> 15, i >> 7 & 255, i << 1 & 255);
		assert_true(is_element(list.at));
	}
	assert_true(is_element("11.7.239.62"));
	assert_false(is_element("11.7.239.64"));
	assert_false(is_element("11.0.0.1"));
	text_fini(&list);
	forget(&world);
}

static void
what_is_the_same_is_kept(void **state)
{
	struct list_plan plan;
	struct text why = TEXT_EMPTY;
	struct world world;

	(void)state;
	NEED_NAMESPACE();
	begin_world(&world, EDGES);
	struct policy *again = lists_policy(EDGES "192.0.2.77\n");
	assert_int_equal(
	    list_sets_plan(&world.sets, again, true, false, &plan, &why), 0);
	for (size_t i = 0; i < plan.steps.count; i++)
		assert_int_equal(plan.steps.items[i].kind, LIST_STEP_KEEP);
	assert_int_equal(plan.steps.count, 2);
	list_plan_fini(&plan);
	/* Without IPv6 its set is none of ours. */
	assert_int_equal(
	    list_sets_plan(&world.sets, again, false, false, &plan, &why), 0);
	assert_int_equal(plan.steps.count, 1);
	list_plan_fini(&plan);
	policy_unref(again);
	forget(&world);
}

static void
what_another_put_in_its_place_is_not_kept(void **state)
{
	struct list_plan plan;
	struct text why = TEXT_EMPTY;
	struct world world;

	(void)state;
	NEED_NAMESPACE();
	begin_world(&world, EDGES);
	shell("nft delete table inet gatehouse && nft add table inet gatehouse "
	      "&& nft add set inet gatehouse list.a.4 '{ type ipv4_addr; flags "
	      "interval; }'");
	assert_int_equal(
	    list_sets_plan(&world.sets, world.policy, true, true, &plan, &why),
	    0);
	assert_false(list_plan_is_in_place(&plan));
	assert_string_equal(
	    list_plan_name(&plan, world.policy->groups[0], ADDRESS_IPV4),
	    "list.a.4.2");
	list_plan_fini(&plan);
	forget(&world);
}

/* ---- failing ---- */

#define OTHER                                                                  \
	"0.0.0.0/9\n192.0.2.0/25\n198.51.100.8\n203.0.113.3-203.0.113.12\n"    \
	"::/17\n2001:db8::2\n2001:db8:1::/48\n"

/* The rules have changed, and only then what they were could not be cleared. */
static void
left_is_taken_by_the_next(
    struct world *world, struct policy *other, struct text *listed)
{
	assert_int_equal(text_occurrences(listed, "set list.a.4"), 2);
	assert_true(text_has(listed, "@list.a.4.2 drop"));
	assert_int_equal(bring(world, other, false), 0);
	shell_read(listed, LIST_TABLE);
	assert_int_equal(text_occurrences(listed, "set list.a.4"), 1);
}

/* Each fault in turn until none is met; all is as before, each time. */
static void
fail_at_each(bool in_place, enum faulty_kind kind)
{
	struct text before = TEXT_EMPTY, after = TEXT_EMPTY;
	struct world world;
	unsigned faults = 0;

	begin_world(&world, EDGES);
	struct policy *other = lists_policy(OTHER);
	shell_read(&before, LIST_TABLE);
	for (;; faults++) {
		faulty_at(kind, faults);
		int rc = bring(&world, other, in_place);
		bool was_met = faulty_was_met();
		faulty_never();
		if (!was_met) {
			assert_int_equal(rc, 0);
			break;
		}
		shell_read(&after, LIST_TABLE);
		if (rc == 0) {
			assert_false(in_place);
			left_is_taken_by_the_next(&world, other, &after);
			break;
		}
		assert_string_equal(after.at, before.at);
	}
	print_message("  %u faults\n", faults);
	assert_true(faults >= 1);
	shell_read(&after, LIST_TABLE);
	assert_true(text_has(&after, "203.0.113.3-203.0.113.12"));
	assert_false(text_has(&after, "198.51.100.7"));
	policy_unref(other);
	text_fini(&before);
	text_fini(&after);
	forget(&world);
}

static void
a_load_is_whole_or_not_at_all(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	fail_at_each(false, FAULTY_SEND);
	assert_int_equal(end(NULL), 0);
	fail_at_each(false, FAULTY_MESSAGE);
}

static void
a_change_is_whole_or_not_at_all(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	fail_at_each(true, FAULTY_SEND);
	assert_int_equal(end(NULL), 0);
	fail_at_each(true, FAULTY_MESSAGE);
}

/* The rules are refused after the lists were loaded. */
static void
refused_rules_leave_no_list(void **state)
{
	struct list_plan plan;
	struct text why = TEXT_EMPTY;
	struct policy *policy = NULL;
	struct list_sets none = { 0 };

	(void)state;
	NEED_NAMESPACE();
	policy = lists_policy(EDGES);
	assert_int_equal(
	    list_sets_plan(&none, policy, true, false, &plan, &why), 0);
	assert_int_equal(list_plan_load(&plan, &why), 0);
	assert_int_equal(transaction_exists(), 1);
	assert_int_equal(
	    transaction_commit(STR("table inet gatehouse {\nchain c {\n"
				   "ip saddr @nobody drop\n}\n}\n"),
		&why),
	    -EINVAL);
	list_plan_undo(&plan);
	assert_int_equal(transaction_exists(), 0);
	list_plan_fini(&plan);
	policy_unref(policy);
	text_fini(&why);
}

/* A change that does not fit is refused; then the list is loaded. */
static void
what_another_put_into_a_set_is_made_good(void **state)
{
	struct list_plan plan;
	struct text why = TEXT_EMPTY;
	struct world world;

	(void)state;
	NEED_NAMESPACE();
	begin_world(&world, EDGES);
	struct policy *other = lists_policy(OTHER);
	shell("nft add element inet gatehouse list.a.4 '{ 198.51.100.8 }'");
	assert_int_equal(bring(&world, other, true), -EEXIST);
	assert_int_equal(
	    list_sets_plan(&world.sets, other, true, true, &plan, &why), 0);
	assert_false(list_plan_is_in_place(&plan));
	list_plan_fini(&plan);
	assert_int_equal(bring(&world, other, false), 0);
	shell("! nft get element inet gatehouse list.a.4.2 '{ 198.51.100.7 }'");
	policy_unref(other);
	forget(&world);
}

/* The answer does not come: nothing is believed, and the next plan sees. */
static void
a_lost_answer_is_made_good(void **state)
{
	struct world world;

	(void)state;
	NEED_NAMESPACE();
	begin_world(&world, EDGES);
	struct policy *other = lists_policy(OTHER);
	faulty_at(FAULTY_ANSWER, 0);
	assert_int_equal(bring(&world, other, false), -EIO);
	faulty_never();
	assert_int_equal(bring(&world, other, false), 0);
	shell("nft get element inet gatehouse list.a.4.2 '{ 203.0.113.12 }' || "
	      "nft get element inet gatehouse list.a.4.3 '{ 203.0.113.12 }'");
	policy_unref(other);
	forget(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(holds_what_the_list_says, end),
		cmocka_unit_test_teardown(holds_each_of_many, end),
		cmocka_unit_test_teardown(what_is_the_same_is_kept, end),
		cmocka_unit_test_teardown(
		    what_another_put_in_its_place_is_not_kept, end),
		cmocka_unit_test_teardown(a_load_is_whole_or_not_at_all, end),
		cmocka_unit_test_teardown(a_change_is_whole_or_not_at_all, end),
		cmocka_unit_test_teardown(refused_rules_leave_no_list, end),
		cmocka_unit_test_teardown(
		    what_another_put_into_a_set_is_made_good, end),
		cmocka_unit_test_teardown(a_lost_answer_is_made_good, end),
	};

	return cmocka_run_group_tests(tests, namespace_setup, NULL);
}
