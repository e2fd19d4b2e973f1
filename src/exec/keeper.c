/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/keeper.h"

#include "exec/confine.h"
#include "exec/missing.h"
#include "exec/signals.h"
#include "exec/word.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* As env(1) and shells have it. */
enum {
	STATUS_CANNOT_RUN = 126,
	STATUS_NOT_FOUND = 127,
};

struct keeper {
	int words;
	const struct cell_wish *wish;
	pid_t command;
};

/* ---- failures ---- */

_Noreturn static void
fail(int words, int error, const struct text *why)
{
	struct exec_word word = { .kind = EXEC_WORD_FAILED, .value = error };

	(void)snprintf(word.words, sizeof(word.words), "%s",
	    why->at != NULL ? why->at : strerror(-error));
	(void)exec_word_send(words, &word, NULL, 0);
	_exit(STATUS_CANNOT_RUN);
}

static void
must_do(int words, const char *what, int rc)
{
	struct text why = TEXT_EMPTY;

	if (rc >= 0)
		return;
	missing_rights(what, rc, &why);
	fail(words, rc, &why);
}

/* ---- setting up ---- */

static int
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(text);
	int rc = fd < 0 ? -errno : 0;

	if (rc == 0 && write(fd, text, len) != (ssize_t)len)
		rc = errno != 0 ? -errno : -EIO;
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

/* He stays who he is: one user and one group, each as itself. */
static int
map_ids(uid_t uid, gid_t gid)
{
	char line[64];
	int rc = write_file("/proc/self/setgroups", "deny");

	/* Kernels before 3.19 have none, and need none. */
	if (rc < 0 && rc != -ENOENT)
		return rc;
	(void)snprintf(line, sizeof(line), "%u %u 1\n", uid, uid);
	rc = write_file("/proc/self/uid_map", line);
	if (rc < 0)
		return rc;
	(void)snprintf(line, sizeof(line), "%u %u 1\n", gid, gid);
	return write_file("/proc/self/gid_map", line);
}

/*
 * Its own processes, and none of the host's.  A container may hide parts of
 * /proc, and then the kernel shows no second one: what is there stays, and with
 * it the names of processes that cannot be reached.
 */
static int
mount_proc(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return -errno;
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		NULL) < 0 &&
	    errno != EPERM)
		return -errno;
	return 0;
}

/*
 * The kernel's own files belong to root, and root needs no capability to write
 * what is his: the pattern of core files would be a way out of any namespace.
 */
static int
guard_kernel_files(void)
{
	static const char *const paths[] = { "/proc/sys", "/proc/sysrq-trigger",
		"/proc/irq", "/proc/bus", "/proc/fs", "/sys" };
	struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };

	if (geteuid() != 0)
		return 0;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (access(paths[i], F_OK) < 0)
			continue;
		if (mount(paths[i], paths[i], NULL, MS_BIND | MS_REC, NULL) <
			0 ||
		    syscall(SYS_mount_setattr, AT_FDCWD, paths[i], AT_RECURSIVE,
			&read_only, sizeof(read_only)) < 0)
			return -errno;
	}
	return 0;
}

static void
build_network(int words, struct captive *captive)
{
	struct text why = TEXT_EMPTY;
	int rc = captive_build(captive, &why);

	if (rc < 0)
		fail(words, rc, &why);
}

static void
hand_out(int words, struct captive *captive)
{
	const struct exec_word word = { .kind = EXEC_WORD_OPEN };
	size_t count = 0;

	while (count < CAPTIVE_SOCKET_COUNT && captive->fds[count] >= 0)
		count++;
	if (exec_word_send(words, &word, captive->fds, count) < 0)
		_exit(STATUS_CANNOT_RUN);
	captive_fini(captive);
}

static void
await_go(int words)
{
	struct exec_word word;
	size_t none = 0;

	if (exec_word_receive(words, &word, NULL, &none) < 0 ||
	    word.kind != EXEC_WORD_GO)
		_exit(STATUS_CANNOT_RUN);
}

/* ---- the command ---- */

/* A message for the terminal, whatever is at the other end of the pair. */
_Noreturn static void
run_command(const struct keeper *keeper)
{
	char *const *command = keeper->wish->command;

	confine_descriptors(keeper->wish->kept, keeper->wish->kept_count);
	(void)sigprocmask(SIG_SETMASK, keeper->wish->signals, NULL);
	(void)execvp(command[0], command);
	int error = errno;
	(void)dprintf(STDERR_FILENO, "gatehouse: cannot run %s: %s\n",
	    command[0], strerror(error));
	_exit(error == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN);
}

/*
 * It stops with its job, and then so do all; or it has us trace it, which we
 * did not ask for, and stops at every signal, and behind every exec (SIGTRAP).
 */
static void
see_stop(const struct keeper *keeper, int number)
{
	intptr_t given = number != SIGTRAP ? number : 0;

	if (exec_signals_is_stop(number))
		(void)exec_word_say(keeper->words, EXEC_WORD_STOPPED, number);
	else
		(void)ptrace(
		    PTRACE_DETACH, keeper->command, NULL, (void *)given);
}

/* All who have ended; true once the command is among them. */
static bool
reap(const struct keeper *keeper)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid != keeper->command)
			continue;
		if (WIFSTOPPED(status)) {
			see_stop(keeper, WSTOPSIG(status));
			continue;
		}
		(void)exec_word_say(keeper->words, EXEC_WORD_ENDED, status);
		return true;
	}
	return false;
}

/* False at the end: nobody is outside any more. */
static bool
obey(const struct keeper *keeper)
{
	struct exec_word word;
	size_t none = 0;

	if (exec_word_receive(keeper->words, &word, NULL, &none) < 0)
		return false;
	if (word.kind == EXEC_WORD_SIGNAL)
		(void)kill(keeper->command, word.value);
	return true;
}

static void
wait_for_end(const struct keeper *keeper, int signals)
{
	struct pollfd fds[] = { { .fd = signals, .events = POLLIN },
		{ .fd = keeper->words, .events = POLLIN } };
	struct signalfd_siginfo info;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		if ((fds[0].revents & POLLIN) != 0) {
			(void)!read(signals, &info, sizeof(info));
			if (reap(keeper))
				return;
		}
		if (fds[1].revents != 0 && !obey(keeper))
			return;
	}
}

static int
watch_children(void)
{
	sigset_t child;

	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child, NULL);
	return signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

_Noreturn void
keeper_run(int words, struct captive *captive, const struct cell_wish *wish)
{
	struct keeper keeper = { .words = words, .wish = wish };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	must_do(words, "the user could not be kept in the sandbox",
	    map_ids(wish->uid, wish->gid));
	must_do(words, "no processes of its own for the sandbox", mount_proc());
	must_do(words, "the kernel's files could not be guarded",
	    guard_kernel_files());
	build_network(words, captive);
	hand_out(words, captive);
	must_do(words, "rights could not be given up",
	    confine_rights(wish->unix_sockets));
	await_go(words);
	int signals = watch_children();
	keeper.command = signals < 0 ? -1 : fork();
	if (keeper.command == 0)
		run_command(&keeper);
	must_do(words, "no process for the command",
	    keeper.command < 0 ? -errno : 0);
	wait_for_end(&keeper, signals);
	_exit(EXIT_SUCCESS);
}
