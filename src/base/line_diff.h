/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/line_diff: two texts, line by line.
 *
 * Each line that only one of them has, behind `-` or `+`, and three lines
 * around it that both have, behind a blank; `@@` stands where some are left
 * out.  What both begin and end with is found at once; between that the longest
 * common lines are looked for, in at most LINE_DIFF_CELLS_MAX comparisons.
 * Texts that differ in more are shown as all taken away and all new.
 */
#ifndef GATEHOUSE_BASE_LINE_DIFF_H
#define GATEHOUSE_BASE_LINE_DIFF_H

#include "base/text.h"

#define LINE_DIFF_CELLS_MAX ((size_t)4 << 20)

/* Appends nothing where they are the same.  0 or -ENOMEM. */
int line_diff(struct str before, struct str after, struct text *out);

#endif
