/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec/inherited: what the command has open from its caller.
 *
 * That is 0 to 2, and what the caller has named.  A socket stays in the network
 * that it was made in, whoever uses it: it can be connected anew, or send to
 * anybody, and neither a namespace nor a filter of calls keeps it from that.
 * Only a stream of files (a pair, or one that leads to the journal) that is
 * connected is so for good.
 */
#ifndef GATEHOUSE_EXEC_INHERITED_H
#define GATEHOUSE_EXEC_INHERITED_H

#include "base/text.h"

/*
 * 0; or -EPERM, with a sentence: one of 0 to 2 is a socket by which the command
 * could leave, and is not among the `kept`, for which the caller has asked.
 */
int inherited_check(const int *kept, size_t count, struct text *reterr_why);

#endif
