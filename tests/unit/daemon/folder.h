/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder of files for tests, each of which changed long ago.
 */
#ifndef GATEHOUSE_TESTS_UNIT_DAEMON_FOLDER_H
#define GATEHOUSE_TESTS_UNIT_DAEMON_FOLDER_H

#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char folder[] = "/tmp/gatehouse-folder-XXXXXX";

static inline int
folder_setup(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static inline int
folder_remove_one(
    const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static inline int
folder_teardown(void **state)
{
	(void)state;
	return nftw(folder, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Its path, until the next one is asked for. */
static inline const char *
folder_path(const char *name)
{
	static char path[sizeof(folder) + 64];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static inline void
folder_age(const char *name, int64_t seconds)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	struct timespec then[2] = { now, now };
	then[0].tv_sec -= seconds;
	then[1].tv_sec -= seconds;
	assert_int_equal(utimensat(AT_FDCWD, folder_path(name), then, 0), 0);
}

/* Written anew, as another file, a minute ago. */
static inline void
folder_put(const char *name, const char *text)
{
	const char *path = folder_path(name);

	(void)unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, str_of(text)), 0);
	(void)close(fd);
	folder_age(name, 60);
}

#endif
