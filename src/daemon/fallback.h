/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/fallback: what is in force when the policy of the start cannot be.
 *
 * A service that finds its policy refused at boot must not leave the host open.
 * So the last good one (daemon/last_good) comes into force instead, and where
 * there is none, or it is not whole or not good any more, a policy that lets
 * nothing pass but what IPv4 and IPv6 themselves need.  Either is told of
 * loudly, here and in `status`, until a policy is applied.
 */
#ifndef GATEHOUSE_DAEMON_FALLBACK_H
#define GATEHOUSE_DAEMON_FALLBACK_H

#include "base/json.h"
#include "base/text.h"

struct gateway;

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

/*
 * As gateway_apply, but of a gateway that must not stay without a policy.  0:
 * something is in force; else even that could not be.
 */
int fallback_start(
    struct gateway *gateway, const char *path, struct text *words);

/* A policy was asked for, and is in force. */
void fallback_end(struct fallback *fallback);
void fallback_fini(struct fallback *fallback);

/* null, or {"kind", "words", "because"}. */
void fallback_json(const struct fallback *fallback, struct json *json);

#endif
