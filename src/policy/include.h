/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/include: the files that an `include` stands for.
 *
 *	include "rules/web.policy"
 *	include "rules.d/[0-9]?-web.policy"
 *
 * A file is looked for beside the one that includes it, and its statements
 * stand where the include stands.  A pattern with `*`, `?` or `[` is every
 * file that fits, in the order of their names, perhaps none; without one the
 * file must be there.  The texts live in the policy's arena.
 */
#ifndef GATEHOUSE_POLICY_INCLUDE_H
#define GATEHOUSE_POLICY_INCLUDE_H

#include "policy/policy.h"
#include "policy/syntax.h"

/* Files in files; and all files of one policy. */
#define INCLUDE_DEPTH_MAX 16
#define INCLUDE_FILES_MAX 1000

struct includer {
	struct policy *policy;
	const struct policy_loader *loader;
	struct report *report;
	const struct source *open[INCLUDE_DEPTH_MAX]; /* outermost first */
	size_t depth;
	size_t count; /* files so far */
	int rc;       /* -ENOMEM: everything else is pointless */
};

/* Called for each file; false: give up, it has been reported. */
typedef bool (*include_fn)(void *context, const struct source *source);

/*
 * Reads each file that the word stands for and calls fn while it is open.
 * False: reported, or no memory.
 */
bool include_each(struct includer *includer, const struct syntax_word *word,
    include_fn fn, void *context);

#endif
