/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/fallback: what is in force when the policy of the start cannot be.
 *
 * The last good policy, or one that lets nothing pass (daemon/boot_policy
 * brings them).  Either is told of loudly, here and in `status`, until a policy
 * is applied.
 */
#ifndef GATEHOUSE_DAEMON_FALLBACK_H
#define GATEHOUSE_DAEMON_FALLBACK_H

#include "base/json.h"
#include "base/text.h"

enum fallback_kind {
	FALLBACK_NONE, /* the policy in force is the one that was asked for */
	FALLBACK_LAST_GOOD,
	FALLBACK_CLOSED,
};

struct fallback {
	enum fallback_kind kind;
	int64_t since;       /* of the last good: when it came into force */
	struct text because; /* one line */
};

/* To everybody: the journal and standard error. */
void fallback_tell(const struct fallback *fallback);

/* A policy was asked for, and is in force. */
void fallback_end(struct fallback *fallback);
void fallback_fini(struct fallback *fallback);

/* null, or {"kind", "words", "because"}. */
void fallback_json(const struct fallback *fallback, struct json *json);

#endif
