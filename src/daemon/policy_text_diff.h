/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/policy_text_diff: what is written otherwise in the files of a policy.
 *
 * By name, but for the policy's own file, which may have come from another
 * place each time.  Of a file over POLICY_TEXT_DIFF_BYTES_MAX, as lists may be,
 * only that it differs; so of one that holds secrets.
 */
#ifndef GATEHOUSE_DAEMON_POLICY_TEXT_DIFF_H
#define GATEHOUSE_DAEMON_POLICY_TEXT_DIFF_H

#include "daemon/snapshot.h"

#define POLICY_TEXT_DIFF_BYTES_MAX ((size_t)1 << 20)

/* Appends nothing where all is the same.  0 or a negative errno. */
int policy_text_diff(const struct snapshot *before,
    const struct snapshot *after, struct text *out);

#endif
