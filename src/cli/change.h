/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/change: what another policy changes, for one who reads it at a terminal:
 * a class of flows in a line or two that fit it (or 80 columns), and of many
 * the first.
 */
#ifndef GATEHOUSE_CLI_CHANGE_H
#define GATEHOUSE_CLI_CHANGE_H

#include "cli/command.h"

#include "policy/diff.h"

struct change_words {
	const char *some;    /* stands above the changes */
	const char *none;    /* where there are none */
	const char *unknown; /* and then why it is not known */
};

/*
 * Prints them on standard output.  STATUS_GOOD: nothing changes; STATUS_NO:
 * something does; STATUS_WORLD: it is not known, which is said too.
 */
enum status change_print(const struct policy *before,
    const struct policy *after, const struct diff_bounds *bounds,
    const struct change_words *words);

/* What diff_describe says, in lines of so many columns; and fails alike. */
int change_wrap(struct diff *diff, unsigned columns, struct text *out);

#endif
