/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int
file_read(const char *path, size_t bytes_max, struct text *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	int rc = file_read_fd(fd, bytes_max, ret);
	(void)close(fd);
	return rc;
}

bool
file_is_open(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 || (st.st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

static int
check_kind(int fd, size_t bytes_max)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return st.st_size < 0 || (uint64_t)st.st_size > bytes_max ? -EFBIG : 0;
}

int
file_read_fd(int fd, size_t bytes_max, struct text *ret)
{
	char chunk[16384];
	off_t at = 0;
	int rc = check_kind(fd, bytes_max);

	text_clear(ret);
	while (rc == 0) {
		ssize_t n = pread(fd, chunk, sizeof(chunk), at);
		if (n == 0)
			break;
		if (n < 0) {
			rc = errno == EINTR ? 0 : -errno;
			continue;
		}
		at += n;
		text_add(ret, (struct str){ chunk, (size_t)n });
		if (ret->full)
			rc = -ENOMEM;
		else if (ret->len > bytes_max)
			rc = -EFBIG;
	}
	return rc;
}

int
file_write_all(int fd, struct str s)
{
	while (s.len > 0) {
		ssize_t n = write(fd, s.at, s.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		s = str_skip(s, (size_t)n);
	}
	return 0;
}

/* 0 or a negative errno; the file at `path` is fd's. */
static int
put_in_place(const char *beside, const char *path, struct str s, int fd)
{
	int rc = file_write_all(fd, s);

	if (rc == 0 && rename(beside, path) < 0)
		rc = -errno;
	return rc;
}

int
file_write_anew(const char *path, struct str s, int *ret_fd)
{
	struct text beside = TEXT_EMPTY;
	int rc = -ENOMEM, fd = -1;

	text_addf(&beside, "%s.new", path);
	if (!beside.full) {
		fd = open(beside.at,
		    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC |
			O_NOFOLLOW,
		    0600);
		rc = fd < 0 ? -errno : put_in_place(beside.at, path, s, fd);
	}
	text_fini(&beside);
	if (rc == 0)
		*ret_fd = fd;
	else if (fd >= 0)
		(void)close(fd);
	return rc;
}

void
file_beside(const char *beside, struct str name, struct text *ret)
{
	const char *slash = strrchr(beside, '/');

	text_clear(ret);
	if (!str_starts(name, STR("/")) && slash != NULL)
		text_add(
		    ret, (struct str){ beside, (size_t)(slash - beside) + 1 });
	text_add(ret, name);
}

/* A folder that is not there holds nothing; one that cannot be read may. */
static int
is_unreadable(const char *path, int error)
{
	(void)path;
	return error != ENOENT && error != ENOTDIR;
}

int
file_list(const char *pattern,
    void (*each)(void *each_context, const char *path), void *each_context)
{
	glob_t found;
	int rc = glob(pattern, 0, is_unreadable, &found);

	if (rc == GLOB_NOMATCH)
		return 0;
	if (rc != 0)
		return rc == GLOB_NOSPACE ? -ENOMEM : -EACCES;
	for (size_t i = 0; i < found.gl_pathc; i++)
		each(each_context, found.gl_pathv[i]);
	globfree(&found);
	return 0;
}
