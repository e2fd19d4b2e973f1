/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/list_sets: the policy's lists of addresses as sets in the kernel.
 *
 * Every list, and every name that is as long as one (firewall_group_is_long),
 * is an interval set for each family that it has.  Its ranges are merged and
 * disjoint already (policy/address_set); they go to the kernel by raw netlink
 * and are never read back: what a set holds is known because we put it there.
 *
 *	plan	which of the lists of a policy are there as they are, which can
 *		be changed where they are, and which have to be loaded
 *	load	under names that no set has; a set that no rule names changes
 *		no verdict
 *	-	the caller's transaction of rules names the sets of the plan,
 *		and takes all others away
 *	adopt	the plan is what stands now; or undo, and all is as before
 *
 * When nothing but a few ranges has changed, no rule is touched: `change` adds
 * and removes them in one transaction.
 *
 * A set is called `list.NAME.4` or, where that is taken, `list.NAME.4.2` and so
 * on.  Sets of an earlier life of the daemon are not believed to hold what
 * their names say: they are loaded anew and the next transaction of rules takes
 * the old ones away.
 */
#ifndef GATEHOUSE_FIREWALL_LIST_SETS_H
#define GATEHOUSE_FIREWALL_LIST_SETS_H

#include "firewall/compile.h"
#include "firewall/list_difference.h"

#define LIST_SET_NAME_BYTES 96

/*
 * Ranges that are changed where they are, of one list.  A transaction that
 * changes a set of a million takes the kernel the same time for one range and
 * for some thousands; beyond that loading is as quick.
 */
#define LIST_SETS_CHANGES_MAX 4096

struct list_set {
	const struct policy_group *list; /* of list_sets.policy */
	uint8_t family;
	char name[LIST_SET_NAME_BYTES];
	uint64_t handle; /* by which the kernel tells it from a namesake */
};

/* What the kernel holds; all zero: nothing. */
struct list_sets {
	struct list_set *items;
	size_t count;
	struct policy *policy; /* whose lists they are; a reference */
};

enum list_step_kind {
	LIST_STEP_KEEP,
	LIST_STEP_CHANGE,
	LIST_STEP_LOAD,
};

struct list_step {
	enum list_step_kind kind;
	bool is_loaded;
	struct list_set set;
	struct list_difference difference; /* of LIST_STEP_CHANGE */
};

struct list_plan {
	struct {
		struct list_step *items;
		size_t count, room;
	} steps;
	struct list_set *adopted; /* room for what is going to stand */
	uint64_t mark; /* of the rules that stood (transaction_mark) */
};

#define LIST_PLAN_EMPTY ((struct list_plan){ 0 })

void list_sets_fini(struct list_sets *sets);
void list_plan_fini(struct list_plan *plan);

/*
 * Plans for all lists that the rules of `policy` ask for.  `in_place`: small
 * differences are to be changed; else every list that differs is loaded.  0,
 * or a negative errno with a sentence.  list_plan_fini in any case.
 */
int list_sets_plan(const struct list_sets *sets, const struct policy *policy,
    bool ipv6, bool in_place, struct list_plan *ret, struct text *reterr_why);

/* Whether it asks for no load: rules can stay as they are. */
bool list_plan_is_in_place(const struct list_plan *plan);

/* The set that holds the list's addresses of the family; NULL: none does. */
const char *list_plan_name(const struct list_plan *plan,
    const struct policy_group *list, uint8_t family);

/* Whether a set of this name belongs to the plan. */
bool list_plan_has(const struct list_plan *plan, const char *name);

/*
 * Changes what has changed, all or nothing; and loads what is to be loaded, of
 * which nothing is left after a failure.  0, or a negative errno with a
 * sentence.  A set that could not be changed is not believed any more (somebody
 * else may have put into it what is to come): the next plan loads the list.
 */
int list_plan_change(struct list_sets *sets, const struct list_plan *plan,
    struct text *reterr_why);
int list_plan_load(struct list_plan *plan, struct text *reterr_why);

/* The rules that were to name them did not come: takes the loaded away. */
void list_plan_undo(struct list_plan *plan);

/* From now on the plan is what stands; empties it, takes a reference. */
void list_sets_adopt(
    struct list_sets *sets, struct list_plan *plan, struct policy *policy);

#endif
