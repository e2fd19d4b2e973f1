/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/diff, for its own files: diff.c compares flows (with diff_change.c and
 * diff_sharing.c), diff_interface.c what interfaces take; diff_outcome.c puts
 * how a flow fares into words, and diff_words.c and diff_json.c tell all of it.
 */
#ifndef GATEHOUSE_POLICY_DIFF_IMPL_H
#define GATEHOUSE_POLICY_DIFF_IMPL_H

#include "policy/diff.h"

/* Outcomes of the two policies, as terminals of theirs. */
struct diff_change {
	uint32_t before, after;
};

struct diff_changes {
	struct diff_change *items;
	size_t count, room;
	uint32_t *table; /* open addressing; 0: free, else index + 1 */
	size_t table_room;
};

void diff_changes_fini(struct diff_changes *changes);

/* Its index, also where it was added before; or -ENOMEM. */
long diff_changes_add(struct diff_changes *changes, struct diff_change change);

/* By each rule of one policy, the rule of the other that counts its flows. */
struct diff_sharing {
	const struct diff *diff;
	const struct policy_rule **before, **after;
};

/* 0 or -ENOMEM; fini in any case. */
int diff_sharing_init(struct diff_sharing *sharing, const struct diff *diff);
void diff_sharing_fini(struct diff_sharing *sharing);

/* Notes all, as a diagram_settle_fn over the outcomes of both policies. */
bool diff_sharing_settle(
    void *context, uint32_t before, uint32_t after, uint32_t *ret);

/* Once all is noted. */
bool diff_shares_alike(const struct diff_sharing *sharing,
    const struct meaning_outcome *a, const struct meaning_outcome *b);

/* Fills diff->interfaces.  0, -ENOMEM or -E2BIG. */
int diff_interfaces(struct diff *diff);

/* Sources alone, in words.  0, -ENOMEM or -E2BIG. */
int diff_say_sources(
    struct diff *diff, uint32_t sources, size_t parts_max, struct text *out);

/* "allow (line 4)", and what the outcome has that the other one has not. */
void diff_say_outcome(const struct meaning *meaning,
    const struct meaning_outcome *outcome, const struct meaning_outcome *other,
    struct text *out);

#endif
