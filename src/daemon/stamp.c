/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/stamp.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct stamp
of_stat(const struct stat *st)
{
	return (struct stamp){ .device = st->st_dev,
		.inode = st->st_ino,
		.size = st->st_size,
		.changed =
		    st->st_mtim.tv_sec * CLOCK_SECOND + st->st_mtim.tv_nsec };
}

int
stamp_of_fd(int fd, struct stamp *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = of_stat(&st);
	return 0;
}

int
stamp_of(const char *path, struct stamp *ret)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	*ret = of_stat(&st);
	return 0;
}

bool
stamp_eq(const struct stamp *a, const struct stamp *b)
{
	return a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && a->changed == b->changed;
}

static int
open_file(const char *path, int more)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | more);

	return fd < 0 ? -errno : fd;
}

/* Whose link it is; or a negative errno. */
static int64_t
owner_of_link(const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return -errno;
	int64_t owner = fstat(fd, &st) < 0 ? -errno : (int64_t)st.st_uid;
	(void)close(fd);
	return owner;
}

/*
 * Root can read all files, and what it reads here others get to see: so who
 * keeps a list does not lead us by a link to what is not his (-EPERM).  Root's
 * own links lead where they like.
 */
static int
open_followed(const char *path)
{
	int64_t owner = owner_of_link(path);
	int fd = owner < 0 ? (int)owner : open_file(path, 0);
	struct stat st;

	if (fd < 0 || owner == 0 || owner == (int64_t)geteuid())
		return fd;
	if (fstat(fd, &st) == 0 && (int64_t)st.st_uid == owner)
		return fd;
	(void)close(fd);
	return -EPERM;
}

int
stamp_read(const char *path, size_t bytes_max, struct text *ret_text,
    struct stamp *ret, bool *ret_torn)
{
	int fd = open_file(path, O_NOFOLLOW);
	struct stamp after = { 0 };

	if (fd == -ELOOP)
		fd = open_followed(path);
	if (fd < 0)
		return fd;
	int rc = stamp_of_fd(fd, ret);
	if (rc == 0)
		rc = file_read_fd(fd, bytes_max, ret_text);
	if (rc == 0)
		rc = stamp_of_fd(fd, &after);
	(void)close(fd);
	*ret_torn = rc == 0 && !stamp_eq(ret, &after);
	return rc;
}
