/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/host_files: what the proxy is to know of the host, which it may not
 * read itself.
 *
 * The name servers (/etc/resolv.conf), as a sealed copy, and the authorities
 * that the host trusts, as the file that they are in.  The proxy is started
 * with both and handed another in its place when one has changed: looking is
 * a system call each, once in HOST_FILES_EVERY.
 */
#ifndef GATEHOUSE_DAEMON_HOST_FILES_H
#define GATEHOUSE_DAEMON_HOST_FILES_H

#include "base/clock.h"
#include "daemon/stamp.h"

/* `docs/operating.md` promises it for the name servers. */
#define HOST_FILES_EVERY CLOCK_SECOND

enum host_file {
	HOST_FILE_SERVERS,
	HOST_FILE_AUTHORITIES,
	HOST_FILE_COUNT,
};

/* Zero: nothing was seen. */
struct host_files {
	struct stamp seen[HOST_FILE_COUNT];
};

/* A descriptor, the caller's, and what it is of is seen; -ENOENT, another
 * negative errno. */
int host_files_open(struct host_files *files, enum host_file which);

/* Whether it is another one than was seen; one that is gone is none. */
bool host_files_has_changed(
    const struct host_files *files, enum host_file which);

#endif
