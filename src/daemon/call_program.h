/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/call_program: lists of calls, as the program that the kernel runs
 * before each call (seccomp(2), classic BPF).
 *
 *	another machine's calls?	the process ends
 *	number >= that of the middle?	the upper half, else the lower
 *	  ...				until one is left
 *	is it this one?			no: SIGSYS
 *	its rows, one after the other	the first that fits says what becomes of
 *					it; none: SIGSYS
 *
 * Written here and not by libseccomp, of which only the names are asked: where
 * memory ran out, version 2.5.4 gave filters in which calls were missing (one
 * allocation in six that failed), went round in a circle or freed twice.  This
 * takes no memory, and what it writes a test runs for every number beside the
 * lists themselves.
 */
#ifndef GATEHOUSE_DAEMON_CALL_PROGRAM_H
#define GATEHOUSE_DAEMON_CALL_PROGRAM_H

#include "daemon/call_list.h"

#include <linux/filter.h>

/* The kernel takes no more. */
#define CALL_PROGRAM_MAX BPF_MAXINSNS

/*
 * A row of one of the lists, and its call's number here.  Of the rows of a call
 * the first that fits counts; one without conditions comes before the others.
 */
struct call_place {
	int number;
	const struct call_row *row;
};

/* More rows than there are; the lists have 300. */
#define CALL_PLACES_MAX 1024

/*
 * arch: what the kernel calls this machine (AUDIT_ARCH_...).  The places are
 * put in order.  The length, or -E2BIG.
 */
int call_program_write(uint32_t arch, struct call_place *places, size_t count,
    struct sock_filter ret[static CALL_PROGRAM_MAX]);

#endif
