/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/options: the options of all commands, which mean the same in each.
 */
#ifndef GATEHOUSE_CLI_OPTIONS_H
#define GATEHOUSE_CLI_OPTIONS_H

#include "cli/command.h"

/* As getopt_long(3) does it: a letter, ':' for a value that is missing, '?' for
 * what is no option, -1 at the end. */
int options_next(int argc, char **argv);

/* The one that was read last, for a command that takes these bits; false: it
 * does not take it, or not so many. */
bool options_take(unsigned takes, int option, struct options *options);

/* The long name of a letter; NULL: there is none. */
const char *options_name(int option);

/* A line or two for each of these bits. */
void options_print(unsigned takes);

#endif
