/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/first_read: a policy that would be refused, refused before it is tried.
 */
#ifndef GATEHOUSE_CLI_FIRST_READ_H
#define GATEHOUSE_CLI_FIRST_READ_H

#include "cli/command.h"

/* Reads it and runs its tests; what is wrong is said, in colours.  STATUS_GOOD,
 * STATUS_NO, or STATUS_WORLD if it cannot be read. */
enum status first_read(const char *path);

#endif
