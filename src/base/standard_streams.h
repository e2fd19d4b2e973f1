/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/standard_streams: descriptors 0, 1 and 2, whoever has started us.
 *
 * Some start a program with these closed (`>&-` of a shell).  Then the next
 * file that is opened takes such a place, and what is said on standard error
 * goes into it: a policy, a CA's key, somebody's connection.
 */
#ifndef GATEHOUSE_BASE_STANDARD_STREAMS_H
#define GATEHOUSE_BASE_STANDARD_STREAMS_H

#include <stdbool.h>

/* What is closed leads nowhere from now on.  Before anything is opened. */
void standard_streams_open(void);

/* At the end: whether all that was said on standard output has been taken. */
bool standard_streams_flush(void);

#endif
