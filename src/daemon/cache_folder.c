/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cache_folder.h"

#include "policy/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int
complain(struct str path, const char *what, int error, struct text *reterr_why)
{
	text_addf(reterr_why, "the folder of the cache, %.*s, %s",
	    STR_ARG(path), what);
	if (error < 0)
		text_addf(reterr_why, ": %s", strerror(-error));
	return error < 0 ? error : -EPERM;
}

static int
open_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* What was made just now is root's. */
static int
give(int fd, uid_t uid, gid_t gid)
{
	return fchown(fd, uid, gid) < 0 ? -errno : 0;
}

static bool
belongs_to(int fd, uid_t uid)
{
	struct stat stat;

	return fstat(fd, &stat) == 0 && stat.st_uid == uid;
}

int
cache_folder_open(
    struct str path, uid_t uid, gid_t gid, struct text *reterr_why)
{
	char text[POLICY_FOLDER_MAX + 1];

	(void)snprintf(text, sizeof(text), "%.*s", STR_ARG(path));
	bool made = mkdir(text, 0700) == 0;
	if (!made && errno != EEXIST)
		return complain(path, "cannot be made", -errno, reterr_why);
	int fd = open_folder(text);
	if (fd < 0)
		return complain(path, "cannot be opened", fd, reterr_why);
	int rc = made ? give(fd, uid, gid) : 0;
	if (rc < 0)
		(void)complain(path, "cannot be given away", rc, reterr_why);
	else if (!belongs_to(fd, uid))
		rc = complain(path, "is not the proxy's own", 0, reterr_why);
	if (rc == 0)
		return fd;
	(void)close(fd);
	return rc;
}
