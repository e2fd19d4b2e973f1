/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/run.h"

#include "base/clock.h"
#include "base/vec.h"
#include "daemon/child.h"
#include "exec/cell.h"
#include "exec/inherited.h"
#include "exec/signals.h"
#include "exec/word.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The one that there will ever be. */
#define GENERATION 1

/* The longest event is 8 KiB (docs/events.md). */
#define EVENTS_BYTES 65536

/* Much can happen while we are stopped by the terminal. */
#define EVENTS_PIPE_BYTES (1 << 20)

/* For what the proxy has still to tell, when nobody is served any more. */
#define END_PATIENCE (2 * CLOCK_SECOND)

struct run {
	const struct exec_wish *wish;
	struct exec_signals signals;
	struct cell cell;
	struct child proxy;
	struct generation generation;
	int events; /* to be read */
	char *line; /* of an event that is not whole */
	size_t line_len;
	bool ended;
	int status;
};

/* ---- events ---- */

static void
tell_lines(struct run *run)
{
	struct str rest = { run->line, run->line_len };
	size_t used = 0;

	for (size_t at; (at = str_find(rest, '\n')) < rest.len;) {
		run->wish->event(
		    run->wish->context, (struct str){ rest.at, at });
		used += at + 1;
		rest = str_skip(rest, at + 1);
	}
	/* None is as long as the room: this is no event. */
	if (used == 0 && run->line_len == EVENTS_BYTES)
		used = run->line_len;
	memmove(run->line, run->line + used, run->line_len - used);
	run->line_len -= used;
}

/* False at the end of them. */
static bool
read_events(struct run *run)
{
	ssize_t n = read(run->events, run->line + run->line_len,
	    EVENTS_BYTES - run->line_len);

	if (n > 0) {
		run->line_len += (size_t)n;
		tell_lines(run);
	}
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static int
open_events(struct run *run, int *ret_end)
{
	int ends[2];

	run->line = malloc(EVENTS_BYTES);
	if (run->line == NULL)
		return -ENOMEM;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	(void)fcntl(ends[0], F_SETPIPE_SZ, EVENTS_PIPE_BYTES);
	run->events = ends[0];
	*ret_end = ends[1];
	return 0;
}

/* ---- the proxy ---- */

/* What ends at the host is `self`, whatever the policy allows by name. */
static int
see_own(struct generation *generation)
{
	struct ifaddrs *all = NULL;
	int rc = getifaddrs(&all) < 0 ? -errno : 0;

	for (const struct ifaddrs *one = all; rc == 0 && one != NULL;
	     one = one->ifa_next) {
		struct address_port at = { .port = 0 };
		if (one->ifa_addr != NULL)
			at = address_from_sockaddr(one->ifa_addr);
		struct firewall_own own = { at.address, ZONE_NONE };
		if (at.address.family != ADDRESS_NONE)
			rc = VEC_ADD(&generation->own, own);
	}
	if (all != NULL)
		freeifaddrs(all);
	return rc;
}

static int
add_listener(struct run *run, enum captive_socket which)
{
	bool tcp = which == CAPTIVE_TCP4 || which == CAPTIVE_TCP6;
	const struct captive *captive = &run->cell.captive;
	struct generation_listener listener = {
		.kind =
		    tcp ? CHANNEL_LISTENER_SANDBOX : CHANNEL_LISTENER_QUESTIONS,
		.at = captive->at[which],
		.fd = captive->fds[which],
	};

	return listener.fd < 0 ? 0
			       : VEC_ADD(&run->generation.listeners, listener);
}

/* As gatehoused would make it; all but the lists of it is lent. */
static int
describe(struct run *run)
{
	struct generation *generation = &run->generation;
	int rc = see_own(generation);

	generation->number = GENERATION;
	generation->policy = run->wish->policy;
	generation->snapshot = *run->wish->files;
	for (int i = 0; rc == 0 && i < CAPTIVE_SOCKET_COUNT; i++)
		rc = add_listener(run, (enum captive_socket)i);
	return rc;
}

static int
tell_proxy(struct run *run, int events, struct text *reterr_why)
{
	const struct channel_output output = {
		.kind = POLICY_JOURNAL_STDOUT,
		.form = POLICY_JOURNAL_JSON,
	};
	int rc = child_tell_output(&run->proxy, &output, events);

	if (rc < 0)
		text_addf(reterr_why, "gatehouse-proxy does not listen: %s",
		    strerror(-rc));
	if (rc == 0)
		rc = child_prepare(&run->proxy, &run->generation, reterr_why);
	if (rc == 0)
		rc = child_await(&run->proxy, &run->generation, reterr_why);
	return rc < 0 ? rc : child_commit(&run->proxy, GENERATION);
}

static int
start_proxy(struct run *run, struct text *reterr_why)
{
	int end = -1;
	int rc = open_events(run, &end);

	if (rc == 0)
		rc = describe(run);
	if (rc < 0) {
		text_addf(reterr_why, "no room: %s", strerror(-rc));
		return rc;
	}
	child_init(&run->proxy, geteuid(), getegid());
	run->proxy.stays_user = true;
	rc = child_start(&run->proxy, &run->generation, reterr_why);
	if (rc == 0)
		rc = tell_proxy(run, end, reterr_why);
	/* The proxy's copy is the only one: its end is the end of events. */
	(void)close(end);
	return rc;
}

/* So that nobody has to look again and again. */
static void
await_end(pid_t pid, int64_t deadline)
{
	struct pollfd ended = { .fd = (int)syscall(SYS_pidfd_open, pid, 0),
		.events = POLLIN };
	int64_t left = deadline - clock_now();

	if (ended.fd < 0)
		return;
	if (left > 0)
		(void)poll(&ended, 1, (int)(left / CLOCK_MS) + 1);
	(void)close(ended.fd);
}

/* Its channel's end has it tell what there is to tell, and end. */
static void
stop_proxy(struct run *run)
{
	int64_t deadline = clock_now() + END_PATIENCE;
	struct pollfd ready = { .fd = run->events, .events = POLLIN };

	if (run->proxy.channel >= 0)
		(void)close(run->proxy.channel);
	run->proxy.channel = -1;
	while (run->events >= 0 && clock_now() < deadline) {
		int64_t left = deadline - clock_now();
		if (poll(&ready, 1, (int)(left / CLOCK_MS) + 1) > 0 &&
		    !read_events(run))
			break;
	}
	if (run->proxy.pid > 0)
		await_end(run->proxy.pid, deadline);
	child_stop(&run->proxy);
}

/* ---- while it runs ---- */

static int
hear_cell(struct run *run)
{
	struct exec_word word;
	size_t none = 0;
	int rc = exec_word_receive(run->cell.words, &word, NULL, &none);

	if (rc < 0)
		word.kind = EXEC_WORD_ENDED;
	if (rc < 0)
		word.value = SIGKILL; /* the keeper is gone, and all with it */
	if (word.kind == EXEC_WORD_ENDED) {
		run->ended = true;
		run->status = word.value;
	} else if (word.kind == EXEC_WORD_STOPPED &&
		   exec_signals_is_stop(word.value)) {
		exec_signals_stop(word.value);
		(void)exec_word_say(run->cell.words, EXEC_WORD_SIGNAL, SIGCONT);
	}
	return 0;
}

static int
see_proxy(struct run *run, struct text *reterr_why)
{
	struct text how = TEXT_EMPTY;
	bool refused;

	if (!child_reap(&run->proxy, &how, &refused))
		return 0;
	text_addf(reterr_why,
	    "gatehouse-proxy has ended (%.*s): the command "
	    "is ended, for nothing is served any more",
	    STR_ARG(text_str(&how)));
	text_fini(&how);
	return -EPIPE;
}

static int
hear_signals(struct run *run, struct text *reterr_why)
{
	int number, rc = 0;

	while (rc == 0 && (number = exec_signals_next(&run->signals)) != 0) {
		if (number == SIGCHLD)
			rc = see_proxy(run, reterr_why);
		else
			(void)exec_word_say(
			    run->cell.words, EXEC_WORD_SIGNAL, number);
	}
	return rc;
}

static int
wait_for_end(struct run *run, struct text *reterr_why)
{
	struct pollfd fds[] = {
		{ .fd = run->signals.fd, .events = POLLIN },
		{ .fd = run->cell.words, .events = POLLIN },
		{ .fd = run->events, .events = POLLIN },
	};
	int rc = 0;

	while (rc == 0 && !run->ended) {
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[2].revents != 0 && !read_events(run))
			fds[2].fd = -1;
		if (fds[1].revents != 0)
			rc = hear_cell(run);
		if (rc == 0 && fds[0].revents != 0)
			rc = hear_signals(run, reterr_why);
	}
	return rc;
}

/* ---- all of it ---- */

static void
fini(struct run *run)
{
	/* The listeners are the cell's, and the rest is lent. */
	free(run->generation.listeners.items);
	free(run->generation.own.items);
	free(run->line);
	if (run->events >= 0)
		(void)close(run->events);
	exec_signals_close(&run->signals);
}

static int
run_in_cell(struct run *run, struct text *reterr_why)
{
	const struct cell_wish wish = {
		.command = run->wish->command,
		.uid = geteuid(),
		.gid = getegid(),
		.signals = &run->signals.before,
		.kept = run->wish->kept,
		.kept_count = run->wish->kept_count,
		.unix_sockets = run->wish->unix_sockets,
	};
	int rc = inherited_check(wish.kept, wish.kept_count, reterr_why);

	if (rc == 0)
		rc = cell_open(&run->cell, &wish, reterr_why);
	if (rc < 0)
		return rc;
	/* What is said of refusals is written where perhaps nobody reads any
	 * more.  The command has been made, and inherits none of it. */
	(void)signal(SIGPIPE, SIG_IGN);
	rc = cell_go(&run->cell);
	if (rc == 0)
		rc = start_proxy(run, reterr_why);
	if (rc == 0)
		rc = wait_for_end(run, reterr_why);
	cell_close(&run->cell);
	stop_proxy(run);
	return rc;
}

int
exec_run(const struct exec_wish *wish, int *ret_status, struct text *reterr_why)
{
	struct run run = { .wish = wish, .events = -1, .signals.fd = -1 };

	child_init(&run.proxy, geteuid(), getegid());
	int rc = exec_signals_open(&run.signals);
	if (rc < 0)
		text_addf(reterr_why, "no signals: %s", strerror(-rc));
	else
		rc = run_in_cell(&run, reterr_why);
	fini(&run);
	if (rc == 0)
		*ret_status = run.status;
	return rc;
}
