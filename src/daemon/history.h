/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/history: the policies that were in force, kept beside the last good
 * one, in whose folder their files are shared (daemon/last_good).
 *
 *	DIR/policy.N	the one with the id N (daemon/history_entry)
 *
 * A policy is its files, to the byte: one that comes into force again is the
 * same one, under the same id.  A list that is read anew makes no other policy;
 * of the one in force the newest lists are kept.
 *
 * One is in force; one more may wait to be confirmed, and is written before it
 * comes into force, so that whatever dies when, the next start knows that it
 * was not confirmed.  Of those that are over the oldest are let go, for number
 * and for bytes; their ids do not come back.
 *
 * Each file is written whole or not at all.  One that is torn is forgotten.
 */
#ifndef GATEHOUSE_DAEMON_HISTORY_H
#define GATEHOUSE_DAEMON_HISTORY_H

#include "daemon/history_entry.h"
#include "daemon/last_good.h"

/* Those that are over; what they need beyond the one in force. */
#define HISTORY_POLICIES_MAX 10
#define HISTORY_BYTES_MAX    ((uint64_t)256 << 20)

struct history {
	struct last_good *good; /* lent; NULL: nothing is kept */
	struct history_entry *items;
	size_t count, room;
	uint32_t last_id;
	struct text problem; /* why the last one is not kept; empty: it is */
};

/* What is kept of a policy that comes into force. */
struct history_news {
	const char *path; /* of the policy */
	struct snapshot *snapshot;
	size_t rules;
	int64_t since;
	bool again;           /* the one in force, with other lists */
	struct str who, name; /* len 0: not said */
};

/* Reads what there is.  The store is open. */
void history_open(struct history *history, struct last_good *good);
void history_close(struct history *history);

/* It is in force, and confirmed.  What fails is in history->problem. */
void history_follow(struct history *history, const struct history_news *news);

/*
 * It is about to come into force, and not confirmed.  Its id (0: nothing is
 * kept here), or a negative errno: then it is not known, and nothing has
 * changed.
 */
int64_t history_wait(struct history *history, const struct history_news *news);

/* What has become of the one that waited. */
void history_confirm(struct history *history, struct snapshot *snapshot);
void history_undo(struct history *history);

/* It never came into force. */
void history_forget_waiting(struct history *history);

/* The one with this id is in force again instead of the one that was. */
void history_return(struct history *history, uint32_t id);

/* Lent until the next change; NULL: there is none. */
struct history_entry *history_find(struct history *history, uint32_t id);
struct history_entry *history_at(
    struct history *history, enum history_state state);

/* The one that was in force last before the one that is; or NULL. */
struct history_entry *history_before(struct history *history);

/*
 * The one that was rolled back and reads as this: all files are the same, but
 * for those of lists, which change without anybody.
 */
const struct history_entry *history_find_undone(const struct history *history,
    const struct policy *policy, struct snapshot *snapshot);

/* The one that waits is this: it was confirmed, and that was not written. */
bool history_waits_for(
    struct history *history, const char *path, const struct snapshot *snapshot);

/* {"policies": [...], "problem"}, the last one first. */
void history_json(const struct history *history, struct text *out);

#endif
