/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/child_begin: from gatehoused to gatehouse-proxy.
 *
 * The new process takes from itself what its user may not have, keeps the
 * descriptors of daemon/channel and standard error, and becomes the program.
 * It dies with gatehoused.
 */
#ifndef GATEHOUSE_DAEMON_CHILD_BEGIN_H
#define GATEHOUSE_DAEMON_CHILD_BEGIN_H

#include "daemon/child.h"

/*
 * Fills in the child; it has said nothing yet.  `folder` is the cache's, lent,
 * or -1.  0, or a negative errno with a sentence in *reterr_why.
 */
int child_begin(struct child *child, int folder, struct text *reterr_why);

#endif
