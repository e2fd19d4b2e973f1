/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/call_list: the lists of system calls, by what each row says.
 *
 * They are written by daemon/call_row, in a file for each program, made a
 * program of by daemon/call_program and loaded by daemon/call_filter.
 */
#ifndef GATEHOUSE_DAEMON_CALL_LIST_H
#define GATEHOUSE_DAEMON_CALL_LIST_H

#include <stddef.h>
#include <stdint.h>

#define CALL_CONDITIONS_MAX 3

/* (the argument & mask) == value */
struct call_condition {
	unsigned argument;
	uint64_t mask, value;
};

struct call_row {
	const char *name;
	unsigned count;
	struct call_condition conditions[CALL_CONDITIONS_MAX];
	/* A library tries it and does without: it fails with this, and nobody
	 * is told.  0: it is allowed. */
	int error;
};

struct call_list {
	const struct call_row *rows;
	size_t count;
};

/* What each of the programs may do. */
extern const struct call_list proxy_calls, daemon_calls, pam_calls;

/* What the last two may do alike. */
extern const struct call_list host_calls;

/* What fails in gatehouse-pam and is not told of; in no other's list. */
extern const struct call_list pam_calls_refused;

#endif
