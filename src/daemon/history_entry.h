/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/history_entry: a policy that was in force once, and how it fared.
 *
 *	gatehouse kept policy 1
 *	id 7
 *	state past		in-force, waiting, past, rolled-back
 *	began 2026-11-27T10:00:00.000000Z	the last time
 *	ended -			or when
 *	held 3600		seconds in force, in all the times before
 *	rules 12
 *	who alice		or nothing
 *	name opens the shop	or nothing
 *	head DIGEST		of all lines before
 *
 * and then the index of its files (daemon/last_good_index).
 */
#ifndef GATEHOUSE_DAEMON_HISTORY_ENTRY_H
#define GATEHOUSE_DAEMON_HISTORY_ENTRY_H

#include "base/json.h"
#include "daemon/last_good_index.h"

/* What people say of it is one line. */
#define HISTORY_NAME_BYTES_MAX 200

enum history_state {
	HISTORY_IN_FORCE,
	HISTORY_WAITING, /* in force, and not confirmed */
	HISTORY_PAST,
	HISTORY_ROLLED_BACK,
	HISTORY_STATE_COUNT,
};

struct history_entry {
	uint32_t id; /* from 1 on, rising */
	enum history_state state;
	int64_t began, ended; /* wall clock; ended 0: it has not */
	int64_t held;         /* in all the times before; nanoseconds */
	uint32_t rules;
	char *who, *name;             /* owned; NULL: not said */
	struct last_good_index files; /* owned; with the path of the policy */
};

/* 0 or -ENOMEM. */
int history_entry_write(const struct history_entry *entry, struct text *out);

/* 0; -EBADMSG: not whole, or not ours; -ENOMEM.  fini in any case. */
int history_entry_read(struct str text, struct history_entry *ret);
void history_entry_fini(struct history_entry *entry);

/* How long it was in force in all, by now. */
int64_t history_entry_held(const struct history_entry *entry, int64_t now);

void history_entry_json(
    const struct history_entry *entry, int64_t now, struct json *json);

#endif
