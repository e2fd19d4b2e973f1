/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/policy_diff: two policies that are kept, by meaning and by text.
 *
 *	{"changes": [objects of `gatehouse diff --json`], "unknown", "text"}
 *
 * "unknown" is why the changes are not known, or null.
 */
#ifndef GATEHOUSE_DAEMON_POLICY_DIFF_H
#define GATEHOUSE_DAEMON_POLICY_DIFF_H

#include "daemon/last_good.h"

/* The daemon's one thread has more to do. */
#define POLICY_DIFF_PATIENCE    (200 * CLOCK_MS)
#define POLICY_DIFF_CLASSES_MAX 200

/* 0 or a negative errno. */
int policy_diff_json(struct last_good_policy *before,
    struct last_good_policy *after, struct text *out);

#endif
