/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/exec_learn: the policy that would have allowed what was seen.
 *
 * As few rules as it takes, and nothing that was not asked for: the names to
 * which the same ports were dialled share a rule.  What was refused is in it
 * as well.  Of a name that was refused before it was dialled no port is known,
 * and where nothing answered nothing is needed: of these there are comments,
 * for a person to decide.
 */
#ifndef GATEHOUSE_CLI_EXEC_LEARN_H
#define GATEHOUSE_CLI_EXEC_LEARN_H

#include "cli/exec_ledger.h"

/* Appends the policy.  0 or -ENOMEM. */
int exec_learn_add(const struct exec_ledger *ledger, struct text *out);

/* Where the policy will be written. */
struct exec_lesson_file {
	const char *path; /* NULL: nowhere */
	int fd;
	bool is_new; /* it was not there */
};

/*
 * Opens it, so that it is known before the command runs that there is a place.
 * 0; -EEXIST: something stands in that file, and stays; another errno.
 */
int exec_learn_open(const char *path, struct exec_lesson_file *ret);

/* Writes the policy there.  0 or a negative errno. */
int exec_learn_write(const struct exec_ledger *ledger,
    const struct exec_lesson_file *file);

/* Nothing was run: there is no such file then, if there was none before. */
void exec_learn_abort(const struct exec_lesson_file *file);

void exec_learn_close(struct exec_lesson_file *file);

#endif
