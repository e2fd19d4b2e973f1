/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/combination: which conditions one text can meet together.
 *
 * A condition is some patterns, of which the text matches one.  Texts are told
 * apart by partition as long as there are few combinations; of patterns like
 * `*a*`, `*b*`, `*c*` ... any may be met together, and here each condition is
 * a variable and the combinations are a diagram.
 *
 * All patterns are walked at once, as one automaton.  What is behind a `*` once
 * reached stays so whatever follows: that is a variable, and a state says only
 * how far the pieces between the `*` are matched.  So a state stands with the
 * set of all that may have been met on the ways to it, and the walk ends when
 * no set grows any more.
 */
#ifndef GATEHOUSE_POLICY_COMBINATION_H
#define GATEHOUSE_POLICY_COMBINATION_H

#include "policy/diagram.h"

#include "base/str.h"

/*
 * States, and steps between them: many patterns of several pieces of which some
 * begin with the same letter can still be too tangled.  A step that depends on
 * a `*` costs as much as several others; all take about a second.
 */
#define COMBINATION_STATES_MAX ((size_t)1 << 16)
#define COMBINATION_STEPS_MAX  ((size_t)1 << 20)
#define COMBINATION_STAR_STEPS 32

struct combination_condition {
	const struct str *patterns;
	size_t count;
	uint32_t var; /* in the diagram; they rise */
};

/*
 * The set of what conditions a text can meet; paths begin with '/' or are "*".
 * 0, -ENOMEM or -E2BIG.
 */
int combination_find(struct diagram *diagram,
    const struct combination_condition *conditions, size_t count, bool is_path,
    uint32_t *ret);

#endif
