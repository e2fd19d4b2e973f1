/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/child.h"

#include "base/clock.h"
#include "base/file.h"
#include "daemon/cache_folder.h"
#include "daemon/child_begin.h"
#include "daemon/refusal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void
child_init(struct child *child, uid_t uid, gid_t gid)
{
	*child = (struct child){
		.channel = -1,
		.sources = -1,
		.console = -1,
		.pam = -1,
		.uid = uid,
		.gid = gid,
	};
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

/* One that reads a cache's disk has no time for answers yet, and lives. */
static bool
may_be_busy(const struct child *child)
{
	return clock_now() - child->started <
	       CHILD_YOUNG_SECONDS * CLOCK_SECOND;
}

/* What does not answer, or not to what was asked, will not later: it is ended,
 * and another one started. */
static void
end_if_lost(struct child *child, int rc)
{
	if (child->pid <= 0 || (rc != -ETIMEDOUT && rc != -EBADMSG))
		return;
	if (rc == -ETIMEDOUT && may_be_busy(child))
		child->owes_answer = true;
	else
		(void)kill(child->pid, SIGKILL);
}

static int
send_one(struct child *child, const struct channel_message *message, int fd)
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
	end_if_lost(child, rc);
	return rc;
}

static int
send_bare(struct child *child, enum channel_type type, uint32_t generation)
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

/* Before a question: an answer that has come too late would be taken for that
 * to the next one. */
static void
forget_late_answers(const struct child *child)
{
	struct channel_message late;
	int fd = -1;

	while (child->channel >= 0 &&
	       channel_receive(child->channel, &late, &fd) == 0)
		if (fd >= 0)
			(void)close(fd);
}

/* An answer of this type. */
static int
receive_answer(struct child *child, enum channel_type type,
    struct channel_message *ret, unsigned seconds)
{
	int rc = receive_one(child, ret, clock_now() + seconds * CLOCK_SECOND);

	if (rc == 0 && ret->type != type)
		rc = -EBADMSG;
	end_if_lost(child, rc);
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

/* Its first word. */
static int
await_hello(struct child *child, struct text *reterr_why)
{
	struct channel_message message;
	int rc = receive_answer(
	    child, CHANNEL_HELLO, &message, CHILD_ANSWER_SECONDS);

	if (rc == 0) {
		child->sandbox = message.sandbox;
		return 0;
	}
	child_stop(child);
	return say_failure(rc, reterr_why);
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

int
child_start(struct child *child, const struct generation *generation,
    struct text *reterr_why)
{
	int folder;
	int rc = open_folder(child, generation, &folder, reterr_why);

	if (rc < 0)
		return rc;
	rc = child_begin(child, folder, reterr_why);
	if (rc == 0)
		rc = await_hello(child, reterr_why);
	if (folder >= 0)
		(void)close(folder);
	return rc;
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
	if (child->console >= 0)
		(void)close(child->console);
	child->console = -1;
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
send_files(struct child *child, const struct generation *generation)
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
send_listeners(struct child *child, const struct generation *generation)
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

static int
send_generation(struct child *child, const struct generation *generation)
{
	forget_late_answers(child);
	int rc = send_bare(child, CHANNEL_BEGIN, generation->number);

	if (rc == 0)
		rc = send_files(child, generation);
	if (rc == 0)
		rc = send_listeners(child, generation);
	if (rc == 0)
		rc = child_tell_own(child, generation);
	return rc < 0 ? rc
		      : send_bare(child, CHANNEL_PREPARE, generation->number);
}

/* A folder that cannot be had is said now, though it is only used by a proxy
 * that starts with the policy. */
int
child_prepare(struct child *child, const struct generation *generation,
    struct text *reterr_why)
{
	int folder;
	int rc = open_folder(child, generation, &folder, reterr_why);

	if (rc < 0)
		return rc;
	if (folder >= 0)
		(void)close(folder);
	rc = send_generation(child, generation);
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
	end_if_lost(child, rc);
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

static void
tell_host_file(struct child *child, enum host_file which, uint32_t place)
{
	struct channel_message message = { .type = CHANNEL_HOST_FILE,
		.host_file = place };

	if (!host_files_has_changed(&child->files, which))
		return;
	int fd = host_files_open(&child->files, which);
	if (fd < 0)
		return;
	(void)send_one(child, &message, fd);
	(void)close(fd);
}

void
child_tell_host_files(struct child *child)
{
	if (child->pid == 0)
		return;
	tell_host_file(child, HOST_FILE_SERVERS, CHANNEL_SERVERS_FD);
	tell_host_file(child, HOST_FILE_AUTHORITIES, CHANNEL_AUTHORITIES_FD);
}

int
child_tell_output(
    struct child *child, const struct channel_output *output, int fd)
{
	struct channel_message message = {
		.type = fd >= 0 ? CHANNEL_OUTPUT_FD : CHANNEL_OUTPUT,
		.output = *output,
	};

	return send_one(child, &message, fd);
}

int
child_count_outputs(struct child *child, struct channel_outputs *ret)
{
	struct channel_message answer;

	/* It has just been waited for. */
	if (child->owes_answer)
		return -ETIMEDOUT;
	forget_late_answers(child);
	int rc = send_bare(child, CHANNEL_COUNT_OUTPUTS, 0);

	if (rc == 0)
		rc = receive_answer(
		    child, CHANNEL_OUTPUTS, &answer, CHILD_ANSWER_SECONDS);
	if (rc == 0)
		*ret = answer.outputs;
	return rc;
}

int
child_list_pins(struct child *child,
    void (*take)(void *context, const struct channel_pins *pins), void *context)
{
	struct channel_message answer = { .pins.last = 0 };

	forget_late_answers(child);
	int rc = send_bare(child, CHANNEL_LIST_PINS, 0);

	while (rc == 0 && answer.pins.last == 0) {
		rc = receive_answer(
		    child, CHANNEL_PINS, &answer, CHILD_ANSWER_SECONDS);
		if (rc == 0)
			take(context, &answer.pins);
	}
	return rc;
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
	struct channel_message message = { .type = CHANNEL_PURGE,
		.purge = *purge };

	forget_late_answers(child);
	int rc = send_one(child, &message, -1);

	if (rc == 0)
		rc = receive_answer(
		    child, CHANNEL_PURGED, &message, CHILD_PURGE_SECONDS);
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
	struct channel_message answer = { .quotas.last = 0 };

	forget_late_answers(child);
	int rc = send_bare(child, CHANNEL_COLLECT, 0);

	while (rc == 0 && answer.quotas.last == 0) {
		rc = receive_answer(
		    child, CHANNEL_QUOTAS, &answer, CHILD_ANSWER_SECONDS);
		for (uint32_t i = 0; rc == 0 && i < answer.quotas.count; i++)
			take(context, &answer.quotas.items[i]);
	}
	return rc;
}

int
child_drain(struct child *child)
{
	struct channel_message answer;

	forget_late_answers(child);
	int rc = send_bare(child, CHANNEL_DRAIN, 0);

	return rc < 0 ? rc
		      : receive_answer(child, CHANNEL_DRAINED, &answer,
			    CHILD_ANSWER_SECONDS);
}

int
child_count(struct child *child, int64_t ret[static COUNTER_CELLS])
{
	struct channel_message answer;

	forget_late_answers(child);
	int rc = send_bare(child, CHANNEL_COUNT, 0);

	if (rc == 0)
		rc = receive_answer(
		    child, CHANNEL_COUNTERS, &answer, CHILD_ANSWER_SECONDS);
	if (rc == 0)
		memcpy(ret, answer.counters.values,
		    sizeof(answer.counters.values));
	return rc;
}

static int
read_tally(int file, struct tally *sum)
{
	struct text bytes = TEXT_EMPTY;
	struct tally tally;
	int rc = tally_init(&tally);

	if (rc < 0)
		return rc;
	rc = file_read_fd(file, TALLY_BYTES_MAX, &bytes);
	if (rc == 0)
		rc = tally_read(&tally, text_str(&bytes));
	if (rc == 0)
		tally_merge(sum, &tally);
	tally_fini(&tally);
	text_fini(&bytes);
	return rc;
}

int
child_reckon(struct child *child, struct tally *sum)
{
	struct channel_message message = { .type = CHANNEL_RECKON };
	int file = memfd_create("tally", MFD_CLOEXEC);

	forget_late_answers(child);
	if (file < 0)
		return -errno;
	int rc = send_one(child, &message, file);
	if (rc == 0)
		rc = receive_one(
		    child, &message, clock_now() + CHILD_RECKON_PATIENCE);
	if (rc == 0 && message.type != CHANNEL_RECKONED)
		rc = -EBADMSG;
	if (rc == 0)
		rc = read_tally(file, sum);
	(void)close(file);
	return rc;
}

bool
child_reap(struct child *child, struct text *ret_how, bool *ret_refused)
{
	int status;

	if (child->pid == 0 || waitpid(child->pid, &status, WNOHANG) <= 0)
		return false;
	child->pid = 0;
	close_channel(child);
	*ret_refused =
	    WIFEXITED(status) && WEXITSTATUS(status) == REFUSAL_STATUS;
	if (WIFSIGNALED(status))
		text_addf(ret_how, "signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		text_addf(ret_how, "exit status %d", WEXITSTATUS(status));
	return true;
}
