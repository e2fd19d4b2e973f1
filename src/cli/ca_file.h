/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/ca_file: the file of a CA, and whether a policy's own is good.
 *
 * Nobody but its owner ever can read it, from its first moment on.
 */
#ifndef GATEHOUSE_CLI_CA_FILE_H
#define GATEHOUSE_CLI_CA_FILE_H

#include "base/report.h"

struct authority;
struct policy;

/* NULL: complained of. */
struct authority *ca_file_read(const char *path);

/*
 * Writes it beside and then into its place: a new one where none may be yet, or
 * one in the place of the old.  0, or a negative errno, and nothing has
 * changed.
 */
int ca_file_write(const char *path, struct str pem, bool replaces);

/* Reports, at its line, what is wrong with the CA that the policy names: an
 * error if it cannot sign, a warning if it soon cannot. */
void ca_file_check(const struct policy *policy, struct report *report);

#endif
