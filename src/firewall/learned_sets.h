/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/learned_sets: the addresses of names as sets in the kernel.
 *
 * For each zone whose names are learned, and all that its rules ask packets of
 * names (policy/learning), a set for each family: addresses with the time that
 * is left of their names.  The kernel ends each by itself, whether a daemon
 * runs or not.
 *
 *	plan	chooses names that no set has, for a policy's own
 *	load	makes them, with all that the names say; no rule names them yet
 *	-	the caller's transaction of rules does, and takes away all
 *		others
 *	adopt	the plan is what stands now; or undo, and all is as before
 *
 * From then on what is learned comes in by learned_sets_begin, _put and
 * _commit: many answers in one transaction, behind which packets meet them.
 */
#ifndef GATEHOUSE_FIREWALL_LEARNED_SETS_H
#define GATEHOUSE_FIREWALL_LEARNED_SETS_H

#include "firewall/batch.h"
#include "firewall/compile.h"
#include "firewall/learned_names.h"

#define LEARNED_SET_NAME_BYTES 96

struct learned_set {
	uint8_t zone; /* of the policy */
	uint32_t asked;
	uint8_t family;
	char name[LEARNED_SET_NAME_BYTES];
};

/* What stands, or is to; all zero: nothing. */
struct learned_sets {
	struct learned_set *items;
	size_t count, room;
	bool are_loaded; /* of a plan */
};

#define LEARNED_SETS_EMPTY ((struct learned_sets){ 0 })

void learned_sets_fini(struct learned_sets *sets);

/* What a policy needs.  0, or a negative errno with a sentence. */
int learned_sets_plan(const struct policy *policy, bool ipv6,
    struct learned_sets *ret, struct text *reterr_why);

/* Makes and fills them.  0, or a negative errno with a sentence, and nothing of
 * them is there. */
int learned_sets_load(struct learned_sets *plan, const struct policy *policy,
    struct learned_names *names, struct text *reterr_why);

/* The rules that were to name them did not come. */
void learned_sets_undo(struct learned_sets *plan, struct learned_names *names);

/* From now on the plan is what stands, and the names' marks are of it; empties
 * the plan. */
void learned_sets_adopt(struct learned_sets *sets, struct learned_sets *plan,
    struct learned_names *names);

/* The set's name; NULL: there is none. */
const char *learned_sets_name(const struct learned_sets *sets, uint8_t zone,
    uint32_t asked, uint8_t family);

/* Whether a set of this name is one of these. */
bool learned_sets_has(const struct learned_sets *sets, const char *name);

/*
 * Whether a policy whose rules are the same to the kernel can go on with them,
 * though what its names cover may be another.
 */
bool learned_sets_fit(
    const struct learned_sets *sets, const struct policy *policy, bool ipv6);

/* Follows a policy that they fit.  0, or a negative errno with a sentence. */
int learned_sets_follow(const struct learned_sets *sets,
    const struct policy *policy, struct learned_names *names,
    struct text *reterr_why);

/* ---- what comes ---- */

struct learned_answer {
	uint8_t zone; /* of the policy; its names are learned */
	struct str name;
	const struct address *addresses;
	size_t count;
	int64_t ends;
};

/* A transaction that is made. */
struct learned_change {
	const struct learned_sets *sets;
	const struct policy *policy;
	struct learned_names *names;
	struct batch batch;
	/* What the kernel is thought to have behind it. */
	struct {
		struct learned_address **items;
		size_t count, room;
	} touched;
	int rc;
};

void learned_change_begin(struct learned_change *change,
    const struct learned_sets *sets, const struct policy *policy,
    struct learned_names *names);

/* Whether anything of it is news. */
bool learned_change_put(
    struct learned_change *change, const struct learned_answer *answer);

/*
 * Has the kernel take it; ends the change.  0, or a negative errno with a
 * sentence: then the names are known, but of all that came with them nothing
 * is thought to be in the kernel.
 */
int learned_change_commit(
    struct learned_change *change, struct text *reterr_why);

#endif
