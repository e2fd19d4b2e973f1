/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/draft: a policy that a command has written, on its way to its reader.
 */
#ifndef GATEHOUSE_CLI_DRAFT_H
#define GATEHOUSE_CLI_DRAFT_H

#include "cli/command.h"

/* All of standard input, a terminal or a pipe too.  0 or a negative errno. */
int draft_read_input(struct text *ret);

/*
 * Brings the policy into its form (gatehouse fmt) and writes it to the file,
 * which must not be there yet, or to standard output (NULL).
 */
enum status draft_deliver(const char *file, const struct text *policy);

#endif
