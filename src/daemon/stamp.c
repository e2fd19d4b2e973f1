/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/stamp.h"

#include "base/clock.h"
#include "base/file.h"
#include "daemon/trail.h"

#include <errno.h>
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

int
stamp_read(const char *path, size_t bytes_max, struct text *ret_text,
    struct stamp *ret, bool *ret_torn)
{
	int fd = trail_open(path);
	struct stamp after = { 0 };

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
