/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/child.h"

#include "base/clock.h"
#include "daemon/cache_folder.h"
#include "daemon/runtime.h"
#include "net/socket.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The last capability that any kernel of today knows, and room for more. */
#define CAPABILITY_LAST 63

/* Two descriptors a connection, and as many as a busy office can need. */
#define DESCRIPTORS_WANTED 65536

void
child_init(struct child *child, uid_t uid, gid_t gid)
{
	*child = (struct child){
		.channel = -1, .sources = -1, .uid = uid, .gid = gid
	};
}

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

static bool
drop_privileges(const struct child *child)
{
	for (int cap = 0; cap <= CAPABILITY_LAST; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	return setgroups(0, NULL) == 0 &&
	       setresgid(child->gid, child->gid, child->gid) == 0 &&
	       setresuid(child->uid, child->uid, child->uid) == 0 &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && setuid(0) != 0;
}

/* If gatehoused is gone by now, the death signal would never come. */
static bool
die_with_parent(pid_t parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
	       getppid() == parent;
}

/* First out of each other's way, for each may stand where the other goes. */
static bool
place_channels(const int channels[static 2])
{
	int first = fcntl(channels[0], F_DUPFD_CLOEXEC, CHANNEL_SOURCES_FD + 1);
	int second =
	    fcntl(channels[1], F_DUPFD_CLOEXEC, CHANNEL_SOURCES_FD + 1);

	return dup2(first, CHANNEL_FD) >= 0 &&
	       dup2(second, CHANNEL_SOURCES_FD) >= 0;
}

_Noreturn static void
become_proxy(const struct child *child, int program,
    const int channels[static 2], pid_t parent)
{
	char name[] = "gatehouse-proxy";
	char *argv[] = { name, NULL };
	char *envp[] = { NULL };
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	raise_descriptors();
	int null = open("/dev/null", O_RDWR);
	if (chdir("/") == 0 && dup2(null, STDIN_FILENO) >= 0 &&
	    place_channels(channels) && drop_privileges(child) &&
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
	int fd =
	    low < 0 ? low : fcntl(low, F_DUPFD_CLOEXEC, CHANNEL_SOURCES_FD + 1);
	int rc = fd < 0 ? -errno : fd;
	if (low >= 0)
		(void)close(low);
	if (rc < 0)
		text_addf(
		    reterr_why, "cannot open %s: %s", path.at, strerror(-rc));
	text_fini(&path);
	return rc;
}

/* Ours and the proxy's ends of both channels. */
static int
open_channels(int ret_ours[static 2], int ret_its[static 2])
{
	int first[2], second[2];
	int rc = socket_pair(first);

	if (rc < 0)
		return rc;
	rc = socket_pair(second);
	if (rc < 0) {
		(void)close(first[0]);
		(void)close(first[1]);
		return rc;
	}
	ret_ours[0] = first[0];
	ret_ours[1] = second[0];
	ret_its[0] = first[1];
	ret_its[1] = second[1];
	return 0;
}

static void
close_both(const int fds[static 2])
{
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static int
fork_proxy(struct child *child, int program, struct text *reterr_why)
{
	pid_t parent = getpid();
	int ours[2], its[2];
	int rc = open_channels(ours, its);

	if (rc == 0) {
		child->pid = fork();
		rc = child->pid < 0 ? -errno : 0;
		if (child->pid == 0)
			become_proxy(child, program, its, parent);
		close_both(its);
		if (rc < 0)
			close_both(ours);
	}
	if (rc < 0) {
		child->pid = 0;
		text_addf(reterr_why, "cannot start gatehouse-proxy: %s",
		    strerror(-rc));
		return rc;
	}
	child->channel = ours[0];
	child->sources = ours[1];
	child->starts++;
	child->started = clock_now();
	return 0;
}

/* Readiness of the channel within what is left of the time. */
static int
wait_for(const struct child *child, short what, int64_t deadline)
{
	struct pollfd fd = { .fd = child->channel, .events = what };
	int64_t left = deadline - clock_now();

	if (left <= 0)
		return -ETIMEDOUT;
	int n = poll(&fd, 1, (int)(left / CLOCK_MS) + 1);
	return n < 0 && errno != EINTR ? -errno : 0;
}

static int
send_one(
    const struct child *child, const struct channel_message *message, int fd)
{
	int64_t deadline = clock_now() + CHILD_ANSWER_SECONDS * CLOCK_SECOND;
	int rc = child->channel < 0 ? -EPIPE : -EAGAIN;

	while (rc == -EAGAIN) {
		rc = channel_send(child->channel, message, fd);
		if (rc == -EAGAIN) {
			rc = wait_for(child, POLLOUT, deadline);
			rc = rc == 0 ? -EAGAIN : rc;
		}
	}
	return rc;
}

static int
send_bare(
    const struct child *child, enum channel_type type, uint32_t generation)
{
	struct channel_message message = { .type = type,
		.generation = generation };

	return send_one(child, &message, -1);
}

/* The next message; the proxy sends no descriptors here. */
static int
receive_one(
    const struct child *child, struct channel_message *ret, int64_t deadline)
{
	int rc = child->channel < 0 ? -EPIPE : -EAGAIN;
	int fd = -1;

	while (rc == -EAGAIN) {
		rc = channel_receive(child->channel, ret, &fd);
		if (rc == -EAGAIN) {
			rc = wait_for(child, POLLIN, deadline);
			rc = rc == 0 ? -EAGAIN : rc;
		}
	}
	if (rc == 0 && fd >= 0)
		(void)close(fd);
	return rc;
}

static int
say_failure(int rc, struct text *reterr_why)
{
	if (rc == -ETIMEDOUT)
		text_addz(reterr_why, "gatehouse-proxy does not answer");
	else if (rc == -EPIPE || rc == -ECONNRESET)
		text_addz(reterr_why, "gatehouse-proxy ended");
	else
		text_addf(reterr_why,
		    "no understanding with gatehouse-proxy: %s", strerror(-rc));
	return rc;
}

int
child_start(struct child *child, struct text *reterr_why)
{
	struct channel_message message;
	int program = open_program(reterr_why);

	if (program < 0)
		return program;
	int rc = fork_proxy(child, program, reterr_why);
	(void)close(program);
	if (rc < 0)
		return rc;
	rc = receive_one(
	    child, &message, clock_now() + CHILD_ANSWER_SECONDS * CLOCK_SECOND);
	if (rc == 0 && message.type != CHANNEL_HELLO)
		rc = -EBADMSG;
	if (rc < 0) {
		child_stop(child);
		return say_failure(rc, reterr_why);
	}
	return 0;
}

static void
close_channel(struct child *child)
{
	if (child->channel >= 0)
		(void)close(child->channel);
	if (child->sources >= 0)
		(void)close(child->sources);
	child->channel = -1;
	child->sources = -1;
}

void
child_stop(struct child *child)
{
	int64_t deadline = clock_now() + CLOCK_SECOND;
	struct timespec moment = { 0, 5 * CLOCK_MS };
	bool killed = false;

	close_channel(child); /* its end is the proxy's word to end */
	while (child->pid > 0 && waitpid(child->pid, NULL, WNOHANG) == 0) {
		if (!killed && clock_now() > deadline) {
			(void)kill(child->pid, SIGKILL);
			killed = true;
		}
		(void)nanosleep(&moment, NULL);
	}
	child->pid = 0;
}

static int
send_files(const struct child *child, const struct generation *generation)
{
	struct channel_message message = { .type = CHANNEL_FILE,
		.generation = generation->number };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < generation->snapshot.count; i++) {
		const struct snapshot_file *file =
		    &generation->snapshot.items[i];
		int len = snprintf(message.file.path, sizeof(message.file.path),
		    "%s", file->path);
		rc = len < 0 || (size_t)len >= sizeof(message.file.path)
			 ? -ENAMETOOLONG
			 : send_one(child, &message, file->fd);
	}
	return rc;
}

static int
send_listeners(const struct child *child, const struct generation *generation)
{
	struct channel_message message = { .type = CHANNEL_LISTENER,
		.generation = generation->number };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < generation->listeners.count; i++) {
		const struct generation_listener *listener =
		    &generation->listeners.items[i];
		message.listener.kind = listener->kind;
		message.listener.at = listener->at;
		rc = send_one(child, &message, listener->fd);
	}
	return rc;
}

int
child_tell_own(struct child *child, const struct generation *generation)
{
	struct channel_message message = { .type = CHANNEL_OWN,
		.generation = generation->number };
	struct channel_own *own = &message.own;
	size_t at = 0;
	int rc;

	own->first = 1;
	do {
		own->count = 0;
		while (at < generation->own.count &&
		       own->count < CHANNEL_OWN_MAX) {
			const struct firewall_own *one =
			    &generation->own.items[at++];
			own->items[own->count].address = one->address;
			own->items[own->count++].zone = one->zone;
		}
		own->last = at == generation->own.count;
		rc = send_one(child, &message, -1);
		own->first = 0;
	} while (rc == 0 && !own->last);
	return rc;
}

/* The descriptor; -1 if the cache is in memory alone. */
static int
open_folder(const struct child *child, const struct generation *generation,
    int *ret_fd, struct text *reterr_why)
{
	const struct policy_cache *cache = &generation->policy->cache;

	*ret_fd = -1;
	if (cache->disk_bytes == 0)
		return 0;
	int fd =
	    cache_folder_open(cache->disk, child->uid, child->gid, reterr_why);
	if (fd >= 0)
		*ret_fd = fd;
	return fd < 0 ? fd : 0;
}

static int
send_folder(
    struct child *child, const struct generation *generation, int folder)
{
	struct channel_message message = { .type = CHANNEL_FOLDER,
		.generation = generation->number };

	return folder < 0 ? 0 : send_one(child, &message, folder);
}

static int
send_generation(
    struct child *child, const struct generation *generation, int folder)
{
	int rc = send_bare(child, CHANNEL_BEGIN, generation->number);

	if (rc == 0)
		rc = send_files(child, generation);
	if (rc == 0)
		rc = send_listeners(child, generation);
	if (rc == 0)
		rc = send_folder(child, generation, folder);
	if (rc == 0)
		rc = child_tell_own(child, generation);
	return rc < 0 ? rc
		      : send_bare(child, CHANNEL_PREPARE, generation->number);
}

int
child_prepare(struct child *child, const struct generation *generation,
    struct text *reterr_why)
{
	int folder;
	int rc = open_folder(child, generation, &folder, reterr_why);

	if (rc < 0)
		return rc;
	rc = send_generation(child, generation, folder);
	if (folder >= 0)
		(void)close(folder);
	return rc < 0 ? say_failure(rc, reterr_why) : 0;
}

int
child_await(struct child *child, const struct generation *generation,
    struct text *reterr_why)
{
	int64_t deadline = clock_now() + CHILD_PREPARE_SECONDS * CLOCK_SECOND;
	struct channel_message answer;
	int rc = receive_one(child, &answer, deadline);

	if (rc == 0 && answer.type == CHANNEL_REFUSED) {
		text_addf(reterr_why, "gatehouse-proxy refuses the policy: %s",
		    answer.words.words);
		return -EINVAL;
	}
	if (rc == 0 && (answer.type != CHANNEL_READY ||
			   answer.generation != generation->number))
		rc = -EBADMSG;
	return rc < 0 ? say_failure(rc, reterr_why) : 0;
}

int
child_commit(struct child *child, uint32_t generation)
{
	return send_bare(child, CHANNEL_COMMIT, generation);
}

int
child_abort(struct child *child, uint32_t generation)
{
	return send_bare(child, CHANNEL_ABORT, generation);
}

int
child_tell_journal(struct child *child, int fd)
{
	struct channel_message message = { .type = CHANNEL_JOURNAL };

	return send_one(child, &message, fd);
}

int
child_tell_ban(
    struct child *child, const struct address_range *range, bool is_banned)
{
	struct channel_message message = {
		.type = is_banned ? CHANNEL_BAN : CHANNEL_UNBAN,
		.banned = *range,
	};

	return send_one(child, &message, -1);
}

int64_t
child_purge(struct child *child, const struct channel_purge *purge)
{
	int64_t deadline = clock_now() + CHILD_ANSWER_SECONDS * CLOCK_SECOND;
	struct channel_message message = { .type = CHANNEL_PURGE,
		.purge = *purge };
	int rc = send_one(child, &message, -1);

	if (rc == 0)
		rc = receive_one(child, &message, deadline);
	if (rc == 0 && message.type != CHANNEL_PURGED)
		rc = -EBADMSG;
	return rc < 0 ? rc : message.purged;
}

int
child_tell_quotas(
    struct child *child, const struct policy_quota_count *counts, size_t count)
{
	struct channel_message message = { .type = CHANNEL_QUOTAS };
	int rc = 0;

	while (rc == 0 && count > 0) {
		size_t now =
		    count < CHANNEL_QUOTAS_MAX ? count : CHANNEL_QUOTAS_MAX;
		message.quotas.count = (uint32_t)now;
		memcpy(message.quotas.items, counts, now * sizeof(*counts));
		rc = send_one(child, &message, -1);
		counts += now;
		count -= now;
	}
	return rc;
}

int
child_collect(struct child *child,
    void (*take)(void *context, const struct policy_quota_count *count),
    void *context)
{
	int64_t deadline = clock_now() + CHILD_ANSWER_SECONDS * CLOCK_SECOND;
	struct channel_message answer = { .quotas.last = 0 };
	int rc = send_bare(child, CHANNEL_COLLECT, 0);

	while (rc == 0 && answer.quotas.last == 0) {
		rc = receive_one(child, &answer, deadline);
		if (rc == 0 && answer.type != CHANNEL_QUOTAS)
			rc = -EBADMSG;
		for (uint32_t i = 0; rc == 0 && i < answer.quotas.count; i++)
			take(context, &answer.quotas.items[i]);
	}
	return rc;
}

int
child_count(struct child *child, int64_t ret[static COUNTER_COUNT])
{
	int64_t deadline = clock_now() + CHILD_ANSWER_SECONDS * CLOCK_SECOND;
	struct channel_message answer;
	int rc = send_bare(child, CHANNEL_COUNT, 0);

	if (rc == 0)
		rc = receive_one(child, &answer, deadline);
	if (rc == 0 && answer.type != CHANNEL_COUNTERS)
		rc = -EBADMSG;
	if (rc == 0)
		memcpy(ret, answer.counters.values,
		    sizeof(answer.counters.values));
	return rc;
}

bool
child_reap(struct child *child, struct text *ret_how)
{
	int status;

	if (child->pid == 0 || waitpid(child->pid, &status, WNOHANG) <= 0)
		return false;
	child->pid = 0;
	close_channel(child);
	if (WIFSIGNALED(status))
		text_addf(ret_how, "signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		text_addf(ret_how, "exit status %d", WEXITSTATUS(status));
	return true;
}
