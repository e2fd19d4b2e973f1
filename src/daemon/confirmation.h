/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/confirmation: a policy that goes again unless it is confirmed in time.
 *
 * Life cycle: prepare (what would come back is held, and the history says that
 * the new policy waits, before it is in force) -> the policy comes into force
 * -> begin; or abandon, where it could not.  Then confirm, or undo: by command,
 * when the time is over, or at the end of a gateway that leaves its rules.
 *
 * What comes back is held in memory, sealed, so that it needs no disk; flows
 * are judged by it as by any other.  If it cannot come back (another program
 * has taken a port) it is tried again until it can, or until the other one is
 * confirmed after all.
 *
 * A gateway that dies meanwhile finds at its next start that one waits, and
 * brings the last good policy into force (daemon/boot_policy).  Without
 * --state nothing is known of that then: the rules that stand are those of the
 * policy that waited, until a policy comes into force.
 */
#ifndef GATEHOUSE_DAEMON_CONFIRMATION_H
#define GATEHOUSE_DAEMON_CONFIRMATION_H

#include "daemon/fallback.h"
#include "daemon/snapshot.h"
#include "net/loop.h"

/* Less is no time to look at it, and who needs more than a day will forget. */
#define CONFIRMATION_SECONDS_MIN 1
#define CONFIRMATION_SECONDS_MAX 86400

/* What could not come back is tried again after this. */
#define CONFIRMATION_RETRY (2 * CLOCK_SECOND)

struct apply_order;
struct gateway;
struct generation;
struct history;
struct interim;
struct last_good;

struct confirmation {
	/* Lent: */
	struct gateway *gateway;
	struct last_good *good;
	struct history *history;
	struct interim *interim;
	struct fallback *now; /* that what is in force is, if it is one */
	/* Its own: */
	bool waits;
	uint32_t id; /* in the history; 0: it is not kept there */
	int64_t due; /* clock_now */
	struct loop_timer timer;
	/* What comes back: */
	char *path; /* owned */
	struct snapshot files;
	struct fallback fallback;
};

/* 0, or a negative errno with a sentence in words: it cannot be promised. */
int confirmation_prepare(struct confirmation *confirmation,
    struct generation *next, const struct apply_order *order,
    struct text *words);
void confirmation_abandon(struct confirmation *confirmation);
void confirmation_begin(struct confirmation *confirmation, int64_t within);

/* -EPERM with a sentence in words while one waits; else 0. */
int confirmation_refuse_another(
    struct confirmation *confirmation, struct text *words);

/*
 * Commands; the word of a rollback is an id, empty, or "waiting": the one
 * before that which waits, and none if none waits.  0, -ENOENT where there is
 * nothing of the kind, or another negative errno; what there is to say is added
 * to out.
 */
int confirmation_confirm(struct confirmation *confirmation, struct text *out);
int confirmation_rollback(
    struct confirmation *confirmation, struct str word, struct text *out);

/* The end of the gateway: what waits is taken back if the rules stay. */
void confirmation_close(struct confirmation *confirmation, bool stays);

/* null, or {"policy", "id", "due", "seconds", "back_to"}. */
void confirmation_json(
    const struct confirmation *confirmation, struct json *json);

#endif
