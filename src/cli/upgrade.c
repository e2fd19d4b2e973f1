/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gatehoused beside this program takes over from the one that runs: it is
 * started as that one was (its arguments, environment and folder, its
 * namespaces, its group of processes, its limits), with the sockets that it
 * hands over.
 */
#include "cli/control_client.h"
#include "cli/first_read.h"

#include "base/clock.h"
#include "base/file.h"
#include "daemon/inheritance.h"
#include "daemon/runtime.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A policy with long lists is read, and the rules are made. */
#define READY_SECONDS 600

#define ARGUMENTS_MAX 32
#define PROC_BYTES    64

/* ---- as the other one was started ---- */

static void
proc_path(int pid, const char *what, char ret[static PROC_BYTES])
{
	(void)snprintf(ret, PROC_BYTES, "/proc/%d/%s", pid, what);
}

static int
read_proc(int pid, const char *what, struct text *ret)
{
	char path[PROC_BYTES];

	proc_path(pid, what, path);
	return file_read(path, (size_t)1 << 20, ret);
}

/* NUL-terminated strings, the last pointer NULL; how many. */
static size_t
split(const struct text *text, char *ret[static ARGUMENTS_MAX + 1], size_t max)
{
	size_t count = 0, at = 0;

	while (at < text->len && count < max) {
		ret[count++] = text->at + at;
		at += strlen(text->at + at) + 1;
	}
	ret[count] = NULL;
	return count;
}

static bool
enter_namespace(int pid, const char *which, int kind)
{
	char theirs[PROC_BYTES], ours[PROC_BYTES];
	struct stat their, our;

	proc_path(pid, which, theirs);
	(void)snprintf(ours, sizeof(ours), "/proc/self/%s", which);
	if (stat(theirs, &their) == 0 && stat(ours, &our) == 0 &&
	    their.st_ino == our.st_ino)
		return true;
	int fd = open(theirs, O_RDONLY | O_CLOEXEC);
	bool entered = fd >= 0 && setns(fd, kind) == 0;
	if (!entered)
		complain("cannot enter %s: %s", theirs, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return entered;
}

/* So that systemd knows whose it is.  Where there are no such groups, or this
 * process may not choose its own, it is nobody's. */
static void
join_group(int pid)
{
	struct text groups = TEXT_EMPTY, path = TEXT_EMPTY;

	if (read_proc(pid, "cgroup", &groups) == 0) {
		struct str rest = text_str(&groups);
		while (rest.len > 0) {
			struct str line = str_cut(&rest, '\n');
			if (!str_starts(line, STR("0::")))
				continue;
			text_addf(&path, "/sys/fs/cgroup%.*s/cgroup.procs",
			    (int)(line.len - 3), line.at + 3);
		}
	}
	int fd = path.len > 0 ? open(path.at, O_WRONLY | O_CLOEXEC) : -1;
	if (fd >= 0) {
		(void)dprintf(fd, "%d\n", (int)getpid());
		(void)close(fd);
	}
	text_fini(&groups);
	text_fini(&path);
}

/* A limit of the shell that this is called in, on the size of files or their
 * number, is none of the service's. */
static void
take_limits(int pid)
{
	struct rlimit limit;

	for (unsigned i = 0; i < RLIM_NLIMITS; i++)
		if (prlimit(pid, (enum __rlimit_resource)i, NULL, &limit) == 0)
			(void)prlimit(
			    0, (enum __rlimit_resource)i, &limit, NULL);
	errno = 0;
	int nice = getpriority(PRIO_PROCESS, (id_t)pid);
	if (errno == 0)
		(void)setpriority(PRIO_PROCESS, 0, nice);
}

static void
take_umask(int pid)
{
	struct text status = TEXT_EMPTY;

	if (read_proc(pid, "status", &status) == 0) {
		struct str rest = text_str(&status);
		while (rest.len > 0) {
			struct str line = str_cut(&rest, '\n');
			if (str_starts(line, STR("Umask:")))
				(void)umask((mode_t)strtoul(
				    line.at + sizeof("Umask:") - 1, NULL, 8));
		}
	}
	text_fini(&status);
}

/* How soon the kernel ends it for want of memory. */
static void
take_score(int pid)
{
	struct text score = TEXT_EMPTY;
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && read_proc(pid, "oom_score_adj", &score) == 0)
		(void)file_write_all(fd, text_str(&score));
	if (fd >= 0)
		(void)close(fd);
	text_fini(&score);
}

/* The mounts come last: /proc is needed until then.  What cannot be had of
 * limits is no reason to end. */
static bool
become_like(int pid)
{
	char folder[PROC_BYTES];

	proc_path(pid, "cwd", folder);
	int cwd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	join_group(pid);
	take_limits(pid);
	take_umask(pid);
	take_score(pid);
	bool good = enter_namespace(pid, "ns/net", CLONE_NEWNET) &&
		    enter_namespace(pid, "ns/mnt", CLONE_NEWNS);
	if (good && (cwd < 0 || fchdir(cwd) < 0)) {
		complain("cannot enter its folder: %s", strerror(errno));
		good = false;
	}
	if (cwd >= 0)
		(void)close(cwd);
	return good;
}

/* ---- what is handed over ---- */

/* The leash, standard error, and the sockets.  The new one outlives who calls
 * this, and speaks where the other one did: what he has open, a lock perhaps,
 * is not for it. */
#define FDS_MIN 2

static bool
place(struct control_fds *fds)
{
	int count = (int)fds->count;

	for (int i = 0; i < count; i++) {
		int high = fcntl(fds->items[i], F_DUPFD_CLOEXEC,
		    INHERITANCE_FIRST_FD + count);
		if (high < 0)
			return false;
		fds->items[i] = high; /* the low one goes with the program */
	}
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(fds->items[1], STDERR_FILENO) < 0)
		return false;
	fds->items[1] = fds->items[0];
	for (int i = 1; i < count; i++)
		if (dup2(fds->items[i], INHERITANCE_FIRST_FD + i - 1) < 0)
			return false;
	return close_range((unsigned)(INHERITANCE_FIRST_FD + count - 1), ~0u,
		   CLOSE_RANGE_CLOEXEC) == 0;
}

static bool
tell(struct str digest, size_t count)
{
	struct text name = TEXT_EMPTY;
	char pid[16], number[16];

	text_addf(&name, INHERITANCE_LEASH "%.*s", STR_ARG(digest));
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	(void)snprintf(number, sizeof(number), "%zu", count);
	bool good = !name.full && setenv("LISTEN_FDNAMES", name.at, 1) == 0 &&
		    setenv("LISTEN_PID", pid, 1) == 0 &&
		    setenv("LISTEN_FDS", number, 1) == 0;
	text_fini(&name);
	return good;
}

/* From here on the other one has made way. */
static bool
take_over(const char *runtime)
{
	struct text answer = TEXT_EMPTY;
	struct control_fds fds = { 0 };
	enum status status = STATUS_WORLD;

	bool good =
	    control_ask_fds(runtime, "hand over", &status, &answer, &fds);
	struct str rest = text_str(&answer);
	struct str line = str_cut(&rest, '\n');
	if (!good || status != STATUS_GOOD || fds.count < FDS_MIN) {
		if (line.len == 0)
			line = STR("the gateway does not answer");
		complain("%.*s", STR_ARG(line));
		good = false;
	} else if (!place(&fds) || !tell(line, fds.count - 1)) {
		complain("cannot take over: %s", strerror(errno));
		good = false;
	}
	free(fds.items);
	text_fini(&answer);
	return good;
}

/* ---- the new one ---- */

static bool
set_environment(const struct text *environment)
{
	size_t at = 0;
	bool good = clearenv() == 0;

	while (good && at < environment->len) {
		good = putenv(environment->at + at) == 0;
		at += strlen(environment->at + at) + 1;
	}
	return good;
}

/* What cannot even say its version, for a library is missing, must not be
 * handed over to: nobody would be left. */
static bool
does_run(char *program)
{
	char version[] = "--version";
	char *argv[] = { program, version, NULL };
	int how = -1;
	pid_t child = fork();

	if (child == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		(void)dup2(null, STDOUT_FILENO);
		(void)execv(program, argv);
		_exit(STATUS_WORLD);
	}
	while (child > 0 && waitpid(child, &how, 0) < 0 && errno == EINTR)
		;
	if (how != 0)
		complain("%s does not run; nothing has changed", program);
	return how == 0;
}

/* Where the program is, is asked before the mounts are another's. */
static enum status
become_gatehoused(const char *runtime, int pid, struct text *program)
{
	struct text arguments = TEXT_EMPTY, environment = TEXT_EMPTY;
	char *argv[ARGUMENTS_MAX + 1];
	char name[] = "gatehoused";
	enum status status = STATUS_WORLD;

	if (read_proc(pid, "cmdline", &arguments) < 0 ||
	    read_proc(pid, "environ", &environment) < 0) {
		complain("cannot see how the gateway was started");
		return STATUS_WORLD;
	}
	size_t count = split(&arguments, argv, ARGUMENTS_MAX);
	if (count < 2 || setsid() < 0 || !become_like(pid) ||
	    !set_environment(&environment))
		return STATUS_WORLD;
	argv[0] = name;
	status = first_read(argv[count - 1]);
	if (status != STATUS_GOOD)
		return status;
	if (!does_run(program->at) || !take_over(runtime))
		return STATUS_WORLD;
	(void)execv(program->at, argv);
	complain("cannot start %s: %s", program->at, strerror(errno));
	return STATUS_WORLD;
}

/* ---- waiting for it ---- */

static bool
is_ready(const char *runtime, pid_t child)
{
	struct text answer = TEXT_EMPTY;
	struct control_fds fds = { 0 };
	enum status status = STATUS_WORLD;
	int pid;

	bool ready =
	    control_is_running(runtime, &pid) && pid == (int)child &&
	    control_ask_fds(runtime, "status", &status, &answer, &fds) &&
	    status == STATUS_GOOD;
	control_fds_fini(&fds);
	text_fini(&answer);
	return ready;
}

static enum status
await(const char *runtime, pid_t child, int before)
{
	int64_t deadline = clock_now() + READY_SECONDS * CLOCK_SECOND;
	struct timespec moment = { 0, 20 * CLOCK_MS };
	int how;

	while (!is_ready(runtime, child)) {
		if (waitpid(child, &how, WNOHANG) == child) {
			complain("the new gatehoused has ended; see what it "
				 "said, and what 'gatehouse status' says");
			return WIFEXITED(how) && WEXITSTATUS(how) != 0
				   ? (enum status)WEXITSTATUS(how)
				   : STATUS_WORLD;
		}
		if (clock_now() > deadline) {
			complain("the new gatehoused is not ready after %d "
				 "seconds",
			    READY_SECONDS);
			return STATUS_WORLD;
		}
		(void)nanosleep(&moment, NULL);
	}
	(void)printf("gatehoused %s runs (pid %d); pid %d finishes what its "
		     "proxy had begun\n",
	    GATEHOUSE_VERSION, (int)child, before);
	return STATUS_GOOD;
}

static enum status
upgrade(const struct options *options)
{
	struct text program = TEXT_EMPTY;
	int pid;

	if (geteuid() != 0) {
		complain("it takes root to take over from the gateway");
		return STATUS_WORLD;
	}
	if (!control_is_running(options->runtime, &pid) || pid == 0) {
		complain(
		    "no gateway runs with the folder %s", options->runtime);
		return STATUS_WORLD;
	}
	runtime_program("gatehoused", GATEHOUSE_DAEMON_PATH, &program);
	pid_t child = fork();
	if (child == 0)
		_exit((int)become_gatehoused(options->runtime, pid, &program));
	text_fini(&program);
	if (child < 0) {
		complain("cannot start a process: %s", strerror(errno));
		return STATUS_WORLD;
	}
	return await(options->runtime, child, pid);
}

const struct command command_upgrade = {
	.name = "upgrade",
	.usage = "[--runtime DIR]",
	.summary = "have the program that is installed now take over",
	.help =
	    "Starts the gatehoused beside this program in the place of the "
	    "one\n"
	    "that runs, with its arguments, and nobody is refused meanwhile: "
	    "it\n"
	    "gets the listening sockets, the rules stand until its own do, "
	    "and\n"
	    "the proxy of before finishes what it has begun. That takes 10\n"
	    "minutes at most, and ends at once when the policy changes.\n"
	    "\n"
	    "  make install && gatehouse upgrade\n"
	    "\n"
	    "A policy that the new program refuses is said, and the old one "
	    "goes\n"
	    "on. Needs root. Status 0: the new one has taken over.\n",
	.takes = OPTION_RUNTIME,
	.words_min = 0,
	.words_max = 0,
	.run = upgrade,
};
