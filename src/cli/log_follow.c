/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/log_follow.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define LOOK_MS 1000 /* what people call at once, and a machine seldom */

struct follower {
	const struct log_follow *order;
	struct log_tail current; /* the file at the path */
	struct log_tail older;   /* the one before the last rotation */
	int signals;             /* a signalfd, or -1 */
	int folder;              /* an inotify descriptor, or -1 */
	sigset_t mask_before;
	bool ended;
};

/* Those of SIGINT and SIGTERM that this process does not ignore. */
static sigset_t
ending_signals(void)
{
	static const int ending[] = { SIGINT, SIGTERM };
	struct sigaction action;
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		if (sigaction(ending[i], NULL, &action) == 0 &&
		    action.sa_handler != SIG_IGN)
			(void)sigaddset(&set, ending[i]);
	return set;
}

/* An inotify descriptor on the folder of path, or -1: then time alone tells. */
static int
watch_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash != NULL ? (size_t)(slash - path) : 0;
	struct text folder = TEXT_EMPTY;
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	text_addz(&folder, slash == NULL ? "." : len == 0 ? "/" : "");
	text_add(&folder, (struct str){ path, len });
	if (fd >= 0 && (folder.full || inotify_add_watch(fd, folder.at,
					   IN_MODIFY | IN_CREATE | IN_MOVED_TO |
					       IN_ONLYDIR) < 0)) {
		(void)close(fd);
		fd = -1;
	}
	text_fini(&folder);
	return fd;
}

/* From here on SIGINT is something to read, and not the end of us. */
static int
take_signals(struct follower *follower)
{
	sigset_t ending = ending_signals();

	follower->signals = signalfd(-1, &ending, SFD_NONBLOCK | SFD_CLOEXEC);
	if (follower->signals < 0)
		return -errno;
	return -pthread_sigmask(SIG_BLOCK, &ending, NULL);
}

static int
begin(struct follower *follower, const struct log_follow *order)
{
	int rc;

	*follower = (struct follower){
		.order = order,
		.current = LOG_TAIL_CLOSED,
		.older = LOG_TAIL_CLOSED,
		.signals = -1,
		.folder = -1,
	};
	(void)pthread_sigmask(SIG_BLOCK, NULL, &follower->mask_before);
	/* The watch comes before the first look, or a change between the two
	 * would be seen only a second later. */
	if (order->follow)
		follower->folder = watch_folder(order->path);
	rc = log_tail_open(&follower->current, order->path);
	/* A long search of the past ends as any program does. */
	if (rc == 0 && order->past != NULL)
		rc = order->past(&follower->current, order->context);
	return rc == 0 && order->follow ? take_signals(follower) : rc;
}

/* A signal that ended us has been taken from the signalfd, and is not given
 * again when it is no longer blocked. */
static void
end(struct follower *follower)
{
	log_tail_close(&follower->current);
	log_tail_close(&follower->older);
	if (follower->folder >= 0)
		(void)close(follower->folder);
	if (follower->signals >= 0)
		(void)close(follower->signals);
	(void)pthread_sigmask(SIG_SETMASK, &follower->mask_before, NULL);
}

/* Forgets what inotify has to say: one look sees all of it. */
static void
drain_folder(int fd)
{
	char events[4096];

	while (read(fd, events, sizeof(events)) > 0)
		;
}

static bool
took_signal(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info);
}

/*
 * Until something happens, at most this long; sees what ends us.  The folder
 * (or -1) is told apart: what is forgotten of it must be followed by a look.
 */
static void
wait_for(struct follower *follower, int folder, int timeout_ms)
{
	struct pollfd fds[] = {
		{ .fd = follower->signals, .events = POLLIN },
		{ .fd = folder, .events = POLLIN },
		{ .fd = follower->order->output }, /* only its end */
	};

	if (poll(fds, sizeof(fds) / sizeof(fds[0]), timeout_ms) <= 0)
		return;
	if (fds[0].revents != 0 && took_signal(follower->signals))
		follower->ended = true;
	if (fds[2].revents != 0)
		follower->ended = true;
	if (fds[1].revents != 0)
		drain_folder(folder);
}

/* All that there is of one file, unless we are to end before. */
static int
read_all(struct follower *follower, struct log_tail *tail)
{
	const struct log_follow *order = follower->order;
	bool more = true;
	int rc = 0;

	while (rc == 0 && more && !follower->ended) {
		rc = log_tail_step(tail, order->line, order->context, &more);
		if (order->follow)
			wait_for(follower, -1, 0);
	}
	return rc;
}

/*
 * If the path names another file now, the one that we had becomes the older
 * one.  A path that names none, or what cannot be opened, is tried again.
 */
static int
notice_rotation(struct follower *follower, bool *ret_rotated)
{
	const struct log_follow *order = follower->order;
	struct log_tail next;
	struct stat st;

	*ret_rotated = false;
	if (stat(order->path, &st) < 0 ||
	    log_tail_is_on(&follower->current, &st) ||
	    log_tail_open(&next, order->path) < 0)
		return 0;
	int rc = follower->older.fd >= 0 ? log_tail_finish(&follower->older,
					       order->line, order->context)
					 : 0;
	log_tail_close(&follower->older);
	follower->older = follower->current;
	follower->current = next;
	*ret_rotated = true;
	return rc;
}

static int
look(struct follower *follower)
{
	bool rotated = true;
	int rc = 0;

	while (rc == 0 && rotated && !follower->ended) {
		if (follower->older.fd >= 0)
			rc = read_all(follower, &follower->older);
		if (rc == 0)
			rc = read_all(follower, &follower->current);
		if (rc == 0)
			rc = notice_rotation(follower, &rotated);
	}
	return rc;
}

int
log_follow(const struct log_follow *order)
{
	int look_ms = order->look_ms > 0 ? order->look_ms : LOOK_MS;
	struct follower follower;
	int rc = begin(&follower, order);

	if (rc == 0 && !order->follow) {
		rc = read_all(&follower, &follower.current);
		if (rc == 0)
			rc = log_tail_finish(
			    &follower.current, order->line, order->context);
	}
	while (rc == 0 && order->follow && !follower.ended) {
		rc = look(&follower);
		if (rc == 0 && !follower.ended)
			wait_for(&follower, follower.folder, look_ms);
	}
	end(&follower);
	return rc;
}
