/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/list_file: files of addresses or names, as the world publishes them.
 *
 * Addresses: one address, prefix or range a line.  Domains: plain names (with
 * the policy's `.` and `*.`), hosts files (address, then names), and AdBlock
 * lines (`||name^`).  `#`, `;` and `!` start comments; line ends of any kind.
 *
 * Such files hold stray lines.  A line that is not understood is left out and
 * counted, with one warning for the file; a file of which nothing is
 * understood is an error.
 */
#ifndef GATEHOUSE_POLICY_LIST_FILE_H
#define GATEHOUSE_POLICY_LIST_FILE_H

#include "policy/policy.h"

/*
 * Reads `text` into the group; `declared` is the list statement, for what is
 * said of the file as a whole.  0, -EINVAL (reported), or -ENOMEM.
 */
int list_file_read(struct str text, const char *path, bool domains,
    struct place declared, struct report *report, struct policy_group *group);

#endif
