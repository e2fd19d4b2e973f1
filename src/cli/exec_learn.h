/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/exec_learn: the policy that would have allowed what was seen.
 *
 * As few rules as it takes, and nothing that was not asked for: the names to
 * which the same ports were dialled share a rule.  What was refused is in it
 * as well; of a name that was refused before it was dialled no port is known,
 * and it has all.
 */
#ifndef GATEHOUSE_CLI_EXEC_LEARN_H
#define GATEHOUSE_CLI_EXEC_LEARN_H

#include "cli/exec_ledger.h"

/* Appends the policy.  0 or -ENOMEM. */
int exec_learn_add(const struct exec_ledger *ledger, struct text *out);

/* The same into a file that is made anew.  0 or a negative errno. */
int exec_learn_write(const struct exec_ledger *ledger, const char *path);

#endif
