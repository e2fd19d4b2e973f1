/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/child.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/utf8.h"
#include "daemon/cache_folder.h"
#include "daemon/child_begin.h"
#include "daemon/child_talk.h"
#include "daemon/refusal.h"
#include "proxy/limits.h"
#include "proxy/quotas.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* So many messages hold all that there can be, and one that is not full. */
#define PINS_ANSWERS_MAX   (PROXY_PINS_MAX / CHANNEL_PINS_MAX + 2)
#define QUOTAS_ANSWERS_MAX (QUOTAS_MAX / CHANNEL_QUOTAS_MAX + 2)

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

/* For the answers that need no work. */
static int64_t
soon(void)
{
	return clock_now() + CHILD_ANSWER_SECONDS * CLOCK_SECOND;
}

/* Waits for an answer of this type; who gives none is ended. */
static int
receive_answer(struct child *child, enum channel_type type,
    struct channel_message *ret, int64_t deadline)
{
	int rc = child_hear(child, type, ret, deadline);

	child_end_if_lost(child, rc);
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
	int rc = receive_answer(child, CHANNEL_HELLO, &message, soon());

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
			 : child_say(child, &message, file->fd);
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
		rc = child_say(child, &message, listener->fd);
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
		rc = child_say(child, &message, -1);
		own->first = 0;
	} while (rc == 0 && !own->last);
	return rc;
}

static int
send_generation(struct child *child, const struct generation *generation)
{
	/* Whatever it owes: who waits here has the time. */
	int rc = child_forget_late(child);

	if (rc == 0)
		rc = child_say_bare(child, CHANNEL_BEGIN, generation->number);
	if (rc == 0)
		rc = send_files(child, generation);
	if (rc == 0)
		rc = send_listeners(child, generation);
	if (rc == 0)
		rc = child_tell_own(child, generation);
	return rc < 0
		   ? rc
		   : child_say_bare(child, CHANNEL_PREPARE, generation->number);
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
	child->takes_none = rc < 0;
	return rc < 0 ? say_failure(rc, reterr_why) : 0;
}

/* Line by line, and none of them looks like one of ours. */
static void
say_refusal(struct str words, struct text *reterr_why)
{
	struct str line = str_cut(&words, '\n');

	text_addz(reterr_why, "gatehouse-proxy refuses the policy: ");
	utf8_show(reterr_why, line);
	while (words.len > 0) {
		line = str_cut(&words, '\n');
		text_addz(reterr_why, "\n    ");
		utf8_show(reterr_why, line);
	}
}

/* Of the policy; what it owed may come before. */
static bool
is_verdict(const struct channel_message *answer)
{
	return answer->type == CHANNEL_READY || answer->type == CHANNEL_REFUSED;
}

int
child_await(struct child *child, const struct generation *generation,
    struct text *reterr_why)
{
	int64_t deadline = clock_now() + CHILD_PREPARE_SECONDS * CLOCK_SECOND;
	struct channel_message answer;
	int rc, late = 0;

	do
		rc = child_read(child, &answer, deadline);
	while (rc == 0 && child->is_behind && !is_verdict(&answer) &&
	       ++late < CHILD_LATE_MAX);
	child->is_behind = false;
	child->takes_none = rc < 0 || answer.type != CHANNEL_READY;
	if (rc == 0 && answer.type == CHANNEL_REFUSED) {
		say_refusal(str_of(answer.words.words), reterr_why);
		return -EINVAL;
	}
	if (rc == 0 && (answer.type != CHANNEL_READY ||
			   answer.generation != generation->number))
		rc = -EBADMSG;
	child_end_if_lost(child, rc);
	return rc < 0 ? say_failure(rc, reterr_why) : 0;
}

int
child_commit(struct child *child, uint32_t generation)
{
	return child_say_bare(child, CHANNEL_COMMIT, generation);
}

int
child_abort(struct child *child, uint32_t generation)
{
	return child_say_bare(child, CHANNEL_ABORT, generation);
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
	(void)child_say(child, &message, fd);
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

	return child_say(child, &message, fd);
}

int
child_count_outputs(struct child *child, struct channel_outputs *ret)
{
	struct channel_message answer;

	int rc = child_ask_bare(child, CHANNEL_COUNT_OUTPUTS);

	if (rc == 0)
		rc = receive_answer(child, CHANNEL_OUTPUTS, &answer, soon());
	if (rc == 0)
		*ret = answer.outputs;
	return rc;
}

int
child_list_pins(struct child *child,
    void (*take)(void *context, const struct channel_pins *pins), void *context)
{
	struct channel_message answer = { .pins.last = 0 };
	int64_t deadline = soon();
	int rc = child_ask_bare(child, CHANNEL_LIST_PINS);

	for (int i = 0; rc == 0 && answer.pins.last == 0; i++) {
		rc = i < PINS_ANSWERS_MAX
			 ? child_hear(child, CHANNEL_PINS, &answer, deadline)
			 : -EBADMSG;
		child_end_if_lost(child, rc);
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

	return child_say(child, &message, -1);
}

int64_t
child_purge(struct child *child, const struct channel_purge *purge)
{
	struct channel_message message = { .type = CHANNEL_PURGE,
		.purge = *purge };

	int rc = child_ask(child, &message, -1);

	if (rc == 0)
		rc = child_read(child, &message,
		    clock_now() + CHILD_PURGE_SECONDS * CLOCK_SECOND);
	if (rc == 0 && message.type != CHANNEL_PURGED)
		rc = -EBADMSG;
	child_end_if_lost(child, rc);
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
		rc = child_say(child, &message, -1);
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
	int64_t deadline = soon();
	int rc = child_ask_bare(child, CHANNEL_COLLECT);

	for (int n = 0; rc == 0 && answer.quotas.last == 0; n++) {
		rc = n < QUOTAS_ANSWERS_MAX
			 ? child_hear(child, CHANNEL_QUOTAS, &answer, deadline)
			 : -EBADMSG;
		child_end_if_lost(child, rc);
		for (uint32_t i = 0; rc == 0 && i < answer.quotas.count; i++)
			take(context, &answer.quotas.items[i]);
	}
	return rc;
}

int
child_drain(struct child *child)
{
	struct channel_message answer;

	int rc = child_ask_bare(child, CHANNEL_DRAIN);

	return rc < 0 ? rc
		      : receive_answer(child, CHANNEL_DRAINED, &answer, soon());
}

int
child_count(struct child *child, int64_t ret[static COUNTER_CELLS])
{
	struct channel_message answer;

	int rc = child_ask_bare(child, CHANNEL_COUNT);

	if (rc == 0)
		rc = receive_answer(child, CHANNEL_COUNTERS, &answer, soon());
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

	if (file < 0)
		return -errno;
	int rc = child_ask(child, &message, file);
	if (rc == 0) {
		rc = child_hear(child, CHANNEL_RECKONED, &message,
		    clock_now() + CHILD_RECKON_PATIENCE);
		/* One that is busy is asked another time. */
		if (rc != -ETIMEDOUT)
			child_end_if_lost(child, rc);
	}
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
