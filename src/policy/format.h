/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/format: the one canonical form of a policy's text.
 *
 * Comments and paragraphs are the author's and stay; blanks, line breaks and
 * columns are not.  What is written means the same: the same words in the same
 * order, but that `log` and `as` come last in a rule, and that a test's
 * `by LINE` follows its rule to its new line.
 *
 *	- a statement a line, four blanks inside a block, at most two
 *	  blank lines (one inside a block) between paragraphs;
 *	- neighbours of one kind stand in columns: names before `=`,
 *	  verdicts, and behind them what is logged; in tests, zones and
 *	  verdicts;
 *	- `{ a, b }` on one line if the statement fits and holds no comment,
 *	  else an item a line;
 *	- a comment that stands in the middle of a statement goes before it.
 *
 * Formatting what was formatted changes nothing.
 */
#ifndef GATEHOUSE_POLICY_FORMAT_H
#define GATEHOUSE_POLICY_FORMAT_H

#include "base/report.h"

/*
 * Writes the form of source->text, which must read as a policy, but whose
 * names need not be known and whose lists need not be there.  0; -EINVAL, and
 * the report says why; -ENOMEM.
 */
int policy_format(
    const struct source *source, struct report *report, struct text *ret);

#endif
