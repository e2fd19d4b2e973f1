/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/process_facts.h"

#include "base/clock.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STAT_BYTES_MAX 4096

static int64_t
time_of_ticks(unsigned long long ticks)
{
	return (int64_t)ticks * (CLOCK_SECOND / sysconf(_SC_CLK_TCK));
}

/* The kernel counts from the boot on, with the time that was slept. */
static int64_t
wall_at_boot(void)
{
	struct timespec since;

	(void)clock_gettime(CLOCK_BOOTTIME, &since);
	return clock_wall() - since.tv_sec * CLOCK_SECOND - since.tv_nsec;
}

/* proc(5): the name is in parentheses and may hold any of them. */
static int
parse_stat(const char *stat, struct metrics_process *ret)
{
	unsigned long long user, kernel, start;
	long long pages;
	const char *at = strrchr(stat, ')');

	if (at == NULL ||
	    sscanf(at + 1,
		" %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d "
		"%*d %*d %*d %*d %*d %llu %*u %lld",
		&user, &kernel, &start, &pages) != 4)
		return -EBADMSG;
	ret->cpu = time_of_ticks(user) + time_of_ticks(kernel);
	ret->start = wall_at_boot() + time_of_ticks(start);
	ret->bytes = pages * sysconf(_SC_PAGESIZE);
	return 0;
}

static int64_t
count_fds(pid_t pid)
{
	char path[64];
	int64_t count = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *dir = opendir(path);
	if (dir == NULL)
		return -1;
	for (struct dirent *one; (one = readdir(dir)) != NULL;)
		count += one->d_name[0] != '.';
	(void)closedir(dir);
	/* Our own list has one more while it is read. */
	return pid == getpid() ? count - 1 : count;
}

int
process_facts_read(pid_t pid, const char *name, struct metrics_process *ret)
{
	struct text stat = TEXT_EMPTY;
	char path[64];

	*ret = (struct metrics_process){ .name = name };
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int rc = file_read(path, STAT_BYTES_MAX, &stat);
	if (rc >= 0)
		rc = parse_stat(stat.len > 0 ? stat.at : "", ret);
	text_fini(&stat);
	ret->fds = rc < 0 ? -1 : count_fds(pid);
	return rc;
}
