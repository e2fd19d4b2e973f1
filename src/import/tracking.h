/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/tracking: flows that a ruleset does not track (NOTRACK).
 *
 * They have no state: what asks for a new one does not match them.  A policy
 * tracks all flows.
 */
#ifndef GATEHOUSE_IMPORT_TRACKING_H
#define GATEHOUSE_IMPORT_TRACKING_H

#include "import/ruleset.h"

/* When zones are known: rules that such flows may meet are not exact. */
void import_tracking_settle(struct import_ruleset *rules);

#endif
