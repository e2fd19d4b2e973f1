/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/child_begin.h"

#include "base/clock.h"
#include "daemon/capabilities.h"
#include "daemon/runtime.h"
#include "net/socket.h"
#include "proxy/limits.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* For as many clients as the proxy takes. */
#define DESCRIPTORS_WANTED (PROXY_CLIENTS_MAX * PROXY_CLIENT_DESCRIPTORS)

/* What it is started with, in the order of the descriptors that they take. */
#define GIFTS (CHANNEL_FDS_END - CHANNEL_FD)

/* ---- in the new process, before the program runs ---- */

static void
raise_descriptors(void)
{
	struct rlimit limit = { DESCRIPTORS_WANTED, DESCRIPTORS_WANTED };
	struct rlimit now;

	if (getrlimit(RLIMIT_NOFILE, &now) < 0 ||
	    now.rlim_cur >= DESCRIPTORS_WANTED)
		return;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return;
	now.rlim_cur = now.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &now);
}

/*
 * When the machine is out of memory the kernel ends one process, and this one
 * is started again.  To offer itself takes no privilege.
 */
static void
go_first(void)
{
	static const char most[] = "500";
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, most, sizeof(most) - 1) < 0)
		errno = 0; /* it runs all the same */
	(void)close(fd);
}

static bool
become_user(const struct child *child)
{
	return setgroups(0, NULL) == 0 &&
	       setresgid(child->gid, child->gid, child->gid) == 0 &&
	       setresuid(child->uid, child->uid, child->uid) == 0;
}

static bool
drop_privileges(const struct child *child)
{
	capabilities_bound_none();
	return (child->stays_user || become_user(child)) &&
	       capabilities_drop_all() == 0 &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       (child->stays_user || setuid(0) != 0);
}

/* If gatehoused is gone by now, the death signal would never come. */
static bool
die_with_parent(pid_t parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
	       getppid() == parent;
}

/* First out of each other's way, for each may stand where another goes.  What
 * is not there leaves its place to something that can do no harm. */
static bool
place(const int gifts[static GIFTS], int null)
{
	int moved[GIFTS];

	for (int i = 0; i < GIFTS; i++)
		moved[i] = fcntl(gifts[i] >= 0 ? gifts[i] : null,
		    F_DUPFD_CLOEXEC, CHANNEL_FDS_END);
	for (int i = 0; i < GIFTS; i++)
		if (dup2(moved[i], CHANNEL_FD + i) < 0)
			return false;
	return true;
}

/* Standard error stays, for its last words; and nothing goes with it that
 * somebody has forgotten to mark. */
static bool
place_all(const int gifts[static GIFTS])
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	return place(gifts, null) && dup2(null, STDIN_FILENO) >= 0 &&
	       dup2(null, STDOUT_FILENO) >= 0 &&
	       close_range(CHANNEL_FDS_END, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
}

_Noreturn static void
become_proxy(const struct child *child, int program,
    const int gifts[static GIFTS], pid_t parent)
{
	char name[] = "gatehouse-proxy";
	char *argv[] = { name, NULL };
	/* What is made and given back in bursts, as the streams of an HTTP/2
	 * connection are, malloc has at hand only seven of a size unless told.
	 * What a thread has at hand never goes back, and sizes that are seldom
	 * asked for come together for hours: this is up to 0.5 MiB for each,
	 * and 64 made HTTP/2 no cheaper. */
	char tunables[] = "GLIBC_TUNABLES=glibc.malloc.tcache_count=16";
	char *envp[] = { tunables, NULL };
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* What a terminal sends to its job is not for a proxy of that user. */
	if (child->stays_user)
		(void)setpgid(0, 0);
	raise_descriptors();
	go_first();
	if (chdir("/") == 0 && place_all(gifts) && drop_privileges(child) &&
	    die_with_parent(parent))
		(void)fexecve(program, argv, envp);
	(void)dprintf(STDERR_FILENO,
	    "gatehoused: cannot start gatehouse-proxy: %s\n", strerror(errno));
	_exit(127);
}

/* ---- in gatehoused ---- */

/*
 * Opened as root and executed by descriptor, so that its user need not be able
 * to reach the folder that it lies in.
 */
static int
open_program(struct text *reterr_why)
{
	struct text path = TEXT_EMPTY;

	runtime_program("gatehouse-proxy", GATEHOUSE_PROXY_PATH, &path);
	/* Above those that dup2 is going to take. */
	int low = open(path.at, O_PATH | O_CLOEXEC);
	int fd = low < 0 ? low : fcntl(low, F_DUPFD_CLOEXEC, CHANNEL_FDS_END);
	int rc = fd < 0 ? -errno : fd;
	if (low >= 0)
		(void)close(low);
	if (rc < 0)
		text_addf(
		    reterr_why, "cannot open %s: %s", path.at, strerror(-rc));
	text_fini(&path);
	return rc;
}

#define CHANNELS 3

static const int places[CHANNELS] = { CHANNEL_FD, CHANNEL_SOURCES_FD,
	CHANNEL_CONSOLE_FD };

static void
close_channels(const int fds[static CHANNELS])
{
	for (int i = 0; i < CHANNELS; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}

/* Ours and the proxy's ends of the channels. */
static int
open_channels(int ret_ours[static CHANNELS], int ret_gifts[static GIFTS])
{
	int ours[CHANNELS] = { -1, -1, -1 }, its[CHANNELS] = { -1, -1, -1 };
	int rc = 0;

	for (int i = 0; rc == 0 && i < CHANNELS; i++) {
		int ends[2] = { -1, -1 };
		rc = socket_pair(ends);
		ours[i] = rc == 0 ? ends[0] : -1;
		its[i] = rc == 0 ? ends[1] : -1;
	}
	if (rc < 0) {
		close_channels(ours);
		close_channels(its);
		return rc;
	}
	for (int i = 0; i < CHANNELS; i++) {
		ret_ours[i] = ours[i];
		ret_gifts[places[i] - CHANNEL_FD] = its[i];
	}
	return 0;
}

/* The ends of the channels, and what goes with them: opened here, as root. */
static int
gather_gifts(struct child *child, int folder, int ret_ours[static CHANNELS],
    int ret_gifts[static GIFTS])
{
	int rc = open_channels(ret_ours, ret_gifts);

	if (rc < 0)
		return rc;
	ret_gifts[CHANNEL_FOLDER_FD - CHANNEL_FD] = folder;
	ret_gifts[CHANNEL_SERVERS_FD - CHANNEL_FD] =
	    host_files_open(&child->files, HOST_FILE_SERVERS);
	ret_gifts[CHANNEL_AUTHORITIES_FD - CHANNEL_FD] =
	    host_files_open(&child->files, HOST_FILE_AUTHORITIES);
	ret_gifts[CHANNEL_PAM_FD - CHANNEL_FD] = child->pam;
	return 0;
}

static bool
is_lent(int gift)
{
	return gift == CHANNEL_FOLDER_FD - CHANNEL_FD ||
	       gift == CHANNEL_PAM_FD - CHANNEL_FD;
}

static void
close_gifts(const int gifts[static GIFTS])
{
	for (int i = 0; i < GIFTS; i++)
		if (!is_lent(i) && gifts[i] >= 0)
			(void)close(gifts[i]);
}

static int
fork_proxy(
    struct child *child, int program, int folder, struct text *reterr_why)
{
	pid_t parent = getpid();
	int ours[CHANNELS], gifts[GIFTS];
	int rc = gather_gifts(child, folder, ours, gifts);

	if (rc == 0) {
		child->pid = fork();
		rc = child->pid < 0 ? -errno : 0;
		if (child->pid == 0)
			become_proxy(child, program, gifts, parent);
		close_gifts(gifts);
		if (rc < 0)
			close_channels(ours);
	}
	if (rc < 0) {
		child->pid = 0;
		text_addf(reterr_why, "cannot start gatehouse-proxy: %s",
		    strerror(-rc));
		return rc;
	}
	child->channel = ours[0];
	child->sources = ours[1];
	child->console = ours[2];
	child->starts++;
	child->started = clock_now();
	child->owes_answer = child->is_behind = false;
	child->waited = 0;
	return 0;
}

int
child_begin(struct child *child, int folder, struct text *reterr_why)
{
	int program = open_program(reterr_why);

	if (program < 0)
		return program;
	int rc = fork_proxy(child, program, folder, reterr_why);
	(void)close(program);
	return rc;
}
