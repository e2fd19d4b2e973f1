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

/* Ten thousand rules that all change make twenty thousand classes. */
#define DIFF_CLASSES_MAX ((size_t)1 << 16)

struct diff_class {
	struct region region;
	struct meaning_outcome before, after;
	size_t line_at, line_bytes; /* of `lines`: the region in words */
};

/* For one who cannot wait for all of it. */
struct diff_bounds {
	size_t classes_max;
	int64_t deadline; /* clock_now(); 0: none */
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
		/* What opens, what closes, and what else changes; each by
		 * rules, of the new policy first. */
		struct diff_class *items;
		size_t count, room;
	} classes;
	struct text lines;
	size_t
	    untold; /* ways in which flows change whose classes are cut off */
};

/*
 * Both policies are lent.  0, -ENOMEM, or -E2BIG where there is too much to
 * tell apart.  diff_fini in any case.
 */
int policy_diff(
    const struct policy *before, const struct policy *after, struct diff *ret);

/* The first classes of it; -ETIME when the deadline is over. */
int policy_diff_within(const struct policy *before, const struct policy *after,
    const struct diff_bounds *bounds, struct diff *ret);
void diff_fini(struct diff *diff);

/* Nothing changes. */
bool diff_is_empty(const struct diff *diff);

/*
 * A line each, of a length that can be read (REGION_PARTS); or an object a
 * line, with all that belongs to a class.  0, -ENOMEM, -E2BIG or -ETIME.
 */
int diff_describe(struct diff *diff, struct text *out);
int diff_json(struct diff *diff, struct text *out);

/*
 * The same in parts: "interface int7 now takes lan" (0, -ENOMEM, -E2BIG or
 * -ETIME); "now masquerade lan -> wan", of policy/diff_statement; a class in
 * words, lent by the diff, and what changes for it.
 */
int diff_say_interface(
    struct diff *diff, const struct diff_interface *one, struct text *out);
void diff_say_statement(struct str statement, bool is_new, struct text *out);
struct str diff_line(const struct diff *diff, const struct diff_class *class);
void diff_say_change(
    const struct diff *diff, const struct diff_class *class, struct text *out);

#endif
