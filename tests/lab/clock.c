/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab/clock: a wall clock that jumps, for gatehoused and its proxy alone.
 *
 * Preloaded into gatehoused, from which the proxy gets it although it is
 * started without an environment.  The file that GATEHOUSE_LAB_CLOCK names
 * holds the seconds by which both are wrong, and may be written at any time.
 * The machine's own clock is left alone.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NAME "GATEHOUSE_LAB_CLOCK"

static const _Atomic int64_t none;
static const _Atomic int64_t *wrong = &none;

__attribute__((constructor)) static void
look(void)
{
	const char *path = getenv(NAME);
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *page =
	    fd >= 0 ? mmap(NULL, sizeof(*wrong), PROT_READ, MAP_SHARED, fd, 0)
		    : MAP_FAILED;

	if (fd >= 0)
		(void)close(fd);
	if (page != MAP_FAILED)
		wrong = page;
}

/* Not the C library's, which is this one by now. */
int
clock_gettime(clockid_t clock, struct timespec *ret)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, ret);

	if (rc == 0 &&
	    (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		ret->tv_sec += atomic_load(wrong);
	return rc;
}

time_t
time(time_t *ret)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (ret != NULL)
		*ret = now.tv_sec;
	return now.tv_sec;
}

int
gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	ret->tv_sec = now.tv_sec;
	ret->tv_usec = now.tv_nsec / 1000;
	return 0;
}

/* The proxy is to have it too. */
int
fexecve(int fd, char *const argv[], char *const envp[])
{
	int (*execute)(int, char *const[], char *const[]);
	static char file[4096], own[4096];
	char *with[] = { own, file, NULL };

	(void)envp;
	*(void **)&execute = dlsym(RTLD_NEXT, "fexecve");
	(void)snprintf(own, sizeof(own), "LD_PRELOAD=%s", getenv("LD_PRELOAD"));
	(void)snprintf(file, sizeof(file), NAME "=%s", getenv(NAME));
	return execute(fd, argv, with);
}
