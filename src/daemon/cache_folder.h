/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/cache_folder: where the proxy keeps its cache on the disk.
 *
 * gatehoused makes the folder and opens it; the proxy, whose user owns it, gets
 * the descriptor and no path.
 */
#ifndef GATEHOUSE_DAEMON_CACHE_FOLDER_H
#define GATEHOUSE_DAEMON_CACHE_FOLDER_H

#include "base/text.h"

#include <sys/types.h>

/*
 * Makes the last part of the path if it is not there, for this user and nobody
 * else.  A descriptor, the caller's; or a negative errno and in *reterr_why a
 * sentence: it cannot be opened, or belongs to somebody else.
 */
int cache_folder_open(
    struct str path, uid_t uid, gid_t gid, struct text *reterr_why);

#endif
