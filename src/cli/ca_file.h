/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/ca_file: the file of a CA.
 *
 * Nobody but its owner ever can read it, from its first moment on.
 */
#ifndef GATEHOUSE_CLI_CA_FILE_H
#define GATEHOUSE_CLI_CA_FILE_H

#include "base/str.h"

#include <stdbool.h>

struct authority;

/* NULL: complained of. */
struct authority *ca_file_read(const char *path);

/*
 * Writes it beside and then into its place: a new one where none may be yet, or
 * one in the place of the old.  0, or a negative errno, and nothing has
 * changed.
 */
int ca_file_write(const char *path, struct str pem, bool replaces);

#endif
