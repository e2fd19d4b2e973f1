/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/list_sets.h"

#include <errno.h>
#include <stdlib.h>

#include "base/vec.h"
#include "firewall/kernel_set.h"
#include "firewall/standing.h"

static void
fini_steps(struct list_plan *plan)
{
	for (size_t i = 0; i < plan->steps.count; i++)
		list_difference_fini(&plan->steps.items[i].difference);
	free(plan->steps.items);
	free(plan->adopted);
}

void
list_plan_fini(struct list_plan *plan)
{
	fini_steps(plan);
	*plan = LIST_PLAN_EMPTY;
}

void
list_sets_fini(struct list_sets *sets)
{
	free(sets->items);
	policy_unref(sets->policy);
	*sets = (struct list_sets){ 0 };
}

static void
say_not_loaded(int rc, const struct list_set *set, const struct text *words,
    struct text *why)
{
	text_addf(why, "the list '%.*s' could not be loaded: %s%s%.*s",
	    STR_ARG(set->list->name), strerror(-rc), words->len > 0 ? ", " : "",
	    STR_ARG(text_str(words)));
}

/* ---- planning ---- */

static const struct list_set *
find_set(const struct list_sets *sets, const struct policy_group *list,
    uint8_t family)
{
	for (size_t i = 0; i < sets->count; i++) {
		const struct list_set *set = &sets->items[i];
		if (set->family == family &&
		    set->list->is_list == list->is_list &&
		    str_eq(set->list->name, list->name))
			return set;
	}
	return NULL;
}

/* Somebody may have taken it away, and even put another in its place. */
static bool
is_there(const struct standing *standing, const struct list_set *set)
{
	const struct standing_item *item =
	    standing_find(standing, STANDING_SET, set->name);

	return item != NULL && item->handle == set->handle;
}

static int
choose_name(const struct standing *standing, struct list_set *set)
{
	char plain[FIREWALL_SET_NAME_BYTES];

	firewall_group_set_name(set->list, set->family, plain);
	return standing_free_name(
	    standing, plain, set->name, sizeof(set->name));
}

/* What is to be done with the set that holds the list as it was. */
static int
compare(const struct list_set *was, const struct policy_group *list,
    bool in_place, struct list_step *step)
{
	int rc = list_difference_find(&was->list->addresses, &list->addresses,
	    was->family, in_place ? LIST_SETS_CHANGES_MAX : 0,
	    &step->difference);

	if (rc == -E2BIG)
		return 0;
	if (rc < 0)
		return rc;
	bool differs = step->difference.lost.count > 0 ||
		       step->difference.gained.count > 0;
	step->kind = differs ? LIST_STEP_CHANGE : LIST_STEP_KEEP;
	step->set = *was;
	step->set.list = list;
	return 0;
}

struct planning {
	const struct list_sets *sets;
	const struct standing *standing;
	bool in_place;
	struct list_plan *plan;
};

static int
plan_set(const struct planning *planning, const struct policy_group *list,
    uint8_t family)
{
	const struct list_set *was = find_set(planning->sets, list, family);
	struct list_step step = { .kind = LIST_STEP_LOAD,
		.set = { .list = list, .family = family } };
	int rc = 0;

	if (kernel_ranges_of(&list->addresses, family).count == 0)
		return 0;
	if (was != NULL && is_there(planning->standing, was))
		rc = compare(was, list, planning->in_place, &step);
	if (rc == 0 && step.kind == LIST_STEP_LOAD)
		rc = choose_name(planning->standing, &step.set);
	if (rc == 0)
		rc = VEC_ADD(&planning->plan->steps, step);
	if (rc < 0)
		list_difference_fini(&step.difference);
	return rc;
}

static int
plan_lists(
    const struct planning *planning, const struct policy *policy, bool ipv6)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < policy->group_count; i++) {
		const struct policy_group *group = policy->groups[i];
		if (!group->used || !firewall_group_is_long(group))
			continue;
		rc = plan_set(planning, group, ADDRESS_IPV4);
		if (rc == 0 && ipv6)
			rc = plan_set(planning, group, ADDRESS_IPV6);
	}
	return rc;
}

int
list_sets_plan(const struct list_sets *sets, const struct policy *policy,
    bool ipv6, bool in_place, struct list_plan *ret, struct text *reterr_why)
{
	struct standing standing;
	struct planning planning = { sets, &standing, in_place, ret };
	int rc =
	    standing_read(&standing, STANDING_CHAINS_ONLY | STANDING_SETS_ONLY);

	*ret = LIST_PLAN_EMPTY;
	if (rc == 0) {
		ret->mark = standing_mark(&standing);
		rc = plan_lists(&planning, policy, ipv6);
		ret->adopted =
		    calloc(ret->steps.count + 1, sizeof(*ret->adopted));
		if (rc == 0 && ret->adopted == NULL)
			rc = -ENOMEM;
	}
	standing_fini(&standing);
	if (rc < 0)
		text_addf(reterr_why,
		    "what becomes of the lists in the kernel is not known: %s",
		    strerror(-rc));
	return rc;
}

bool
list_plan_is_in_place(const struct list_plan *plan)
{
	for (size_t i = 0; i < plan->steps.count; i++)
		if (plan->steps.items[i].kind == LIST_STEP_LOAD)
			return false;
	return true;
}

const char *
list_plan_name(const struct list_plan *plan, const struct policy_group *list,
    uint8_t family)
{
	for (size_t i = 0; i < plan->steps.count; i++) {
		const struct list_set *set = &plan->steps.items[i].set;
		if (set->list == list && set->family == family)
			return set->name;
	}
	return NULL;
}

bool
list_plan_has(const struct list_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->steps.count; i++)
		if (strcmp(plan->steps.items[i].set.name, name) == 0)
			return true;
	return false;
}

/* ---- doing ---- */

static struct kernel_set
kernel_set_of(const struct list_set *set)
{
	return (struct kernel_set){
		.name = set->name, .family = set->family, .has_intervals = true
	};
}

static void
put_ranges(struct batch *batch, const struct list_set *set,
    enum kernel_set_change change, const struct list_ranges *ranges)
{
	struct kernel_set kernel_set = kernel_set_of(set);

	for (size_t i = 0; i < ranges->count; i++)
		kernel_set_put_one(
		    batch, &kernel_set, change, &ranges->items[i], 0);
}

/* The set holds what we did not think, or it is not known what it holds. */
static bool
is_surprise(int rc)
{
	return rc == -EEXIST || rc == -ENOENT || rc == -ENOTEMPTY || rc == -EIO;
}

static void
distrust(struct list_sets *sets, const struct list_plan *plan)
{
	for (size_t i = 0; i < sets->count; i++)
		for (size_t j = 0; j < plan->steps.count; j++)
			if (plan->steps.items[j].kind == LIST_STEP_CHANGE &&
			    plan->steps.items[j].set.handle ==
				sets->items[i].handle)
				sets->items[i].handle = 0;
}

/* First what goes: what comes may lie where it was. */
int
list_plan_change(struct list_sets *sets, const struct list_plan *plan,
    struct text *reterr_why)
{
	struct batch batch = BATCH_EMPTY;
	struct text words = TEXT_EMPTY;

	batch_begin(&batch);
	for (size_t i = 0; i < plan->steps.count; i++) {
		const struct list_step *step = &plan->steps.items[i];
		put_ranges(&batch, &step->set, KERNEL_SET_REMOVE,
		    &step->difference.lost);
		put_ranges(&batch, &step->set, KERNEL_SET_ADD,
		    &step->difference.gained);
	}
	int rc = batch_commit(&batch, &words);
	if (is_surprise(rc))
		distrust(sets, plan);
	if (rc < 0)
		text_addf(reterr_why, "the lists could not be changed: %s%s%s",
		    strerror(-rc), words.len > 0 ? ", " : "",
		    words.len > 0 ? words.at : "");
	batch_fini(&batch);
	text_fini(&words);
	return rc;
}

/* In as many transactions as it takes: nobody looks at the set yet. */
static int
load_set(struct batch *batch, struct list_step *step, struct text *words)
{
	struct kernel_set set = kernel_set_of(&step->set);
	struct kernel_ranges ranges =
	    kernel_ranges_of(&step->set.list->addresses, set.family);
	size_t at = 0;
	int rc = 0;

	batch_begin(batch);
	kernel_table_create(batch);
	kernel_set_create(batch, &set);
	while (rc == 0 && at < ranges.count) {
		at = kernel_set_put(batch, &set, KERNEL_SET_ADD, ranges, at);
		rc = batch_commit(batch, words);
		step->is_loaded |= rc == 0;
		batch_begin(batch);
	}
	return rc;
}

/* The handles of what was loaded. */
static int
see_handles(struct list_plan *plan)
{
	struct standing standing;
	int rc = standing_read(&standing, STANDING_SETS_ONLY);

	for (size_t i = 0; rc == 0 && i < plan->steps.count; i++) {
		struct list_step *step = &plan->steps.items[i];
		const struct standing_item *item =
		    standing_find(&standing, STANDING_SET, step->set.name);
		if (step->is_loaded && item == NULL)
			rc = -ENOENT;
		else if (step->is_loaded)
			step->set.handle = item->handle;
	}
	standing_fini(&standing);
	return rc;
}

static int
load_sets(struct list_plan *plan, struct text *reterr_why)
{
	struct batch batch = BATCH_EMPTY;
	struct text words = TEXT_EMPTY;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < plan->steps.count; i++) {
		struct list_step *step = &plan->steps.items[i];
		if (step->kind != LIST_STEP_LOAD)
			continue;
		rc = load_set(&batch, step, &words);
		if (rc < 0)
			say_not_loaded(rc, &step->set, &words, reterr_why);
	}
	batch_fini(&batch);
	text_fini(&words);
	return rc;
}

int
list_plan_load(struct list_plan *plan, struct text *reterr_why)
{
	int rc = 0;

	if (list_plan_is_in_place(plan))
		return 0;
	rc = load_sets(plan, reterr_why);
	if (rc == 0) {
		rc = see_handles(plan);
		if (rc < 0)
			text_addf(reterr_why,
			    "the lists that were loaded are not found: %s",
			    strerror(-rc));
	}
	if (rc < 0)
		list_plan_undo(plan);
	return rc;
}

/* A table without a chain was ours to make, for the lists. */
static void
remove_bare_table(struct batch *batch, struct text *words)
{
	struct standing standing;

	if (standing_read(&standing, STANDING_CHAINS_ONLY) == 0 &&
	    standing.has_table && standing_mark(&standing) == 0) {
		batch_begin(batch);
		kernel_table_delete(batch);
		(void)batch_commit(batch, words);
	}
	standing_fini(&standing);
}

/* What the rules hold in spite of all is refused, and rightly so. */
void
list_plan_undo(struct list_plan *plan)
{
	struct batch batch = BATCH_EMPTY;
	struct text words = TEXT_EMPTY;

	for (size_t i = 0; i < plan->steps.count; i++) {
		struct list_step *step = &plan->steps.items[i];
		if (!step->is_loaded)
			continue;
		batch_begin(&batch);
		kernel_set_delete(&batch, step->set.name);
		(void)batch_commit(&batch, &words);
		step->is_loaded = false;
	}
	remove_bare_table(&batch, &words);
	batch_fini(&batch);
	text_fini(&words);
}

void
list_sets_adopt(
    struct list_sets *sets, struct list_plan *plan, struct policy *policy)
{
	struct policy *before = sets->policy;

	for (size_t i = 0; i < plan->steps.count; i++)
		plan->adopted[i] = plan->steps.items[i].set;
	free(sets->items);
	sets->items = plan->adopted;
	sets->count = plan->steps.count;
	plan->adopted = NULL;
	sets->policy = policy_ref(policy);
	policy_unref(before);
	list_plan_fini(plan);
}
