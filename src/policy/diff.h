/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/diff: what another policy would change.
 *
 * Not lines of text but classes of flows: all that fares differently, and
 * nothing else.  A flow fares differently if its verdict changes, or who
 * enforces it (packets refused by the kernel get no page from the proxy),
 * whether it is logged, or how it is translated.  Which rule decides, its name
 * in the log and the order of rules are no difference of their own.
 *
 * Besides, an interface may take sources that it did not take: what was
 * spoofed there no longer is, or the other way round; and a statement that
 * translates may come or go (policy/diff_statement).
 */
#ifndef GATEHOUSE_POLICY_DIFF_H
#define GATEHOUSE_POLICY_DIFF_H

#include "policy/meaning.h"
#include "policy/region.h"

#include "base/json.h"

/* More classes than this is another policy, not a change of one. */
#define DIFF_CLASSES_MAX 1000

struct diff_class {
	struct region region;
	struct meaning_outcome before, after;
};

/* Sources that an interface takes now and did not, or no longer. */
struct diff_interface {
	struct str name;
	uint32_t sources;
	bool taken;
};

struct diff {
	struct space space;
	struct meaning before, after;
	struct {
		struct diff_interface *items;
		size_t count, room;
	} interfaces;
	size_t statements;
	struct {
		struct diff_class
		    *items; /* by rules, of the new policy first */
		size_t count, room;
	} classes;
};

/*
 * Both policies are lent.  0, -ENOMEM, or -E2BIG where there is too much to
 * tell apart.  diff_fini in any case.
 */
int policy_diff(
    const struct policy *before, const struct policy *after, struct diff *ret);
void diff_fini(struct diff *diff);

/* Nothing changes. */
bool diff_is_empty(const struct diff *diff);

/* A line each; or an object a line.  0 or -ENOMEM. */
int diff_describe(const struct diff *diff, struct text *out);
int diff_json(const struct diff *diff, struct text *out);

#endif
