/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/host_files.h"

#include "daemon/snapshot.h"
#include "net/name_servers.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* The first that is there: Debian and Arch, Fedora, Alpine, SUSE. */
static const char *const paths[HOST_FILE_COUNT][5] = {
	[HOST_FILE_SERVERS] = { "/etc/resolv.conf" },
	[HOST_FILE_AUTHORITIES] = {
	    "/etc/ssl/certs/ca-certificates.crt",
	    "/etc/pki/tls/certs/ca-bundle.crt",
	    "/etc/ssl/cert.pem",
	    "/etc/ssl/ca-bundle.pem",
	},
};

static const char *
find(enum host_file which, struct stamp *ret)
{
	for (const char *const *path = paths[which]; *path != NULL; path++)
		if (stamp_of(*path, ret) == 0)
			return *path;
	return NULL;
}

/* What is written while it is read must not reach the proxy by halves, nor
 * after it was looked at: a copy, and sealed. */
static int
open_copy(const char *path, struct stamp *ret)
{
	struct snapshot snapshot = SNAPSHOT_EMPTY;
	struct text text = TEXT_EMPTY;
	bool torn;
	int rc = stamp_read(path, NAME_SERVERS_BYTES_MAX, &text, ret, &torn);

	if (rc == 0)
		rc = snapshot_keep(&snapshot, &(struct snapshot_kept){
						  .path = path,
						  .text = text_str(&text),
					      });
	if (rc == 0)
		rc = fcntl(snapshot.items[0].fd, F_DUPFD_CLOEXEC, 0);
	rc = rc == -1 ? -errno : rc;
	snapshot_fini(&snapshot);
	text_fini(&text);
	return rc;
}

int
host_files_open(struct host_files *files, enum host_file which)
{
	struct stamp *seen = &files->seen[which];
	const char *path = find(which, seen);

	if (path == NULL)
		return -ENOENT;
	if (which == HOST_FILE_SERVERS)
		return open_copy(path, seen);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

bool
host_files_has_changed(const struct host_files *files, enum host_file which)
{
	struct stamp now;

	return find(which, &now) != NULL &&
	       !stamp_eq(&now, &files->seen[which]);
}
