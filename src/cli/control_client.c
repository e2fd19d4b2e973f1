/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/control_client.h"

#include "base/clock.h"
#include "base/file.h"
#include "daemon/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int
connect_to(const char *runtime)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char path[RUNTIME_PATH_BYTES];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	runtime_path(runtime, RUNTIME_CONTROL, path);
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%.107s", path);
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	int rc = -errno;
	(void)close(fd);
	return rc;
}

static void
complain_unreachable(const char *runtime, int rc)
{
	if (rc == -ENOENT || rc == -ECONNREFUSED)
		complain("no gateway runs with the folder %s; 'gatehouse run' "
			 "starts one, --runtime names another folder",
		    runtime);
	else if (rc == -EACCES || rc == -EPERM)
		complain("it takes root to talk to the gateway");
	else if (rc == -EINVAL)
		complain("a word has a line end, which cannot be said to the "
			 "gateway");
	else
		complain("cannot reach the gateway: %s", strerror(-rc));
}

/* Appends some.  1: there may be more; 0: that was the end; negative errno. */
static int
read_some(int fd, struct text *ret)
{
	char chunk[16384];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	text_add(ret, (struct str){ chunk, (size_t)n });
	if (ret->full)
		return -ENOMEM;
	return n > 0;
}

static int
read_to_end(int fd, struct text *ret)
{
	int rc = 1;

	while (rc > 0)
		rc = read_some(fd, ret);
	return rc;
}

/* "STATUS\n", then the text. */
static bool
take_answer(
    const struct text *answer, enum status *ret_status, struct text *out)
{
	struct str rest = text_str(answer);
	struct str first = str_cut(&rest, '\n');
	uint64_t status;

	if (str_number(first, STATUS_WORLD, &status) < 0)
		return false;
	text_add(out, rest);
	*ret_status = (enum status)status;
	return true;
}

/* What stands behind a line end would not be heard: another file would be
 * applied than was named, say. */
static int
write_line(int fd, const char *line)
{
	struct text question = TEXT_EMPTY;
	int rc = -EINVAL;

	if (strchr(line, '\n') == NULL) {
		text_addf(&question, "%s\n", line);
		rc = question.full ? -ENOMEM
				   : file_write_all(fd, text_str(&question));
	}
	text_fini(&question);
	return rc;
}

int
control_say(const char *runtime, const char *line)
{
	int fd = connect_to(runtime);

	if (fd < 0)
		return fd;
	int rc = write_line(fd, line);
	if (rc == 0)
		return fd;
	(void)close(fd);
	return rc;
}

/* The same, complained. */
static int
say(const char *runtime, const char *line)
{
	int fd = control_say(runtime, line);

	if (fd < 0)
		complain_unreachable(runtime, fd);
	return fd;
}

static enum status
status_unsaid(int rc)
{
	return rc == -EINVAL ? STATUS_USAGE : STATUS_WORLD;
}

enum status
control_ask(const char *runtime, const char *line, struct text *out)
{
	struct text answer = TEXT_EMPTY;
	enum status status = STATUS_WORLD;
	int fd = say(runtime, line);

	if (fd < 0)
		return status_unsaid(fd);
	int rc = read_to_end(fd, &answer);
	if (rc < 0)
		complain_unreachable(runtime, rc);
	else if (!take_answer(&answer, &status, out))
		complain("the gateway ended before it answered");
	(void)close(fd);
	text_fini(&answer);
	return status;
}

bool
control_ask_fds(const char *runtime, const char *line, enum status *ret_status,
    struct text *out, struct control_fds *fds)
{
	struct text answer = TEXT_EMPTY;
	int fd = connect_to(runtime);

	if (fd < 0)
		return false;
	int rc = write_line(fd, line);
	if (rc == 0)
		rc = control_fds_receive(fd, &answer, fds);
	bool good = rc == 0 && take_answer(&answer, ret_status, out);
	(void)close(fd);
	text_fini(&answer);
	return good;
}

/* The whole lines of an answer that has come so far; the rest stays. */
static void
take_lines(struct text *answer, void (*each)(void *, struct str), void *context)
{
	struct text left = TEXT_EMPTY;
	struct str rest = text_str(answer);

	while (str_find(rest, '\n') < rest.len)
		each(context, str_cut(&rest, '\n'));
	text_add(&left, rest);
	text_fini(answer);
	*answer = left;
}

/*
 * The first line: -1 while it has not all come, else the status; it is cut off.
 */
static int
take_status(struct text *answer)
{
	struct str rest = text_str(answer);
	struct text left = TEXT_EMPTY;

	if (str_find(rest, '\n') == rest.len)
		return -1;
	enum status status = STATUS_WORLD;
	if (!take_answer(answer, &status, &left))
		complain("the gateway ended before it answered");
	text_fini(answer);
	*answer = left;
	return (int)status;
}

enum status
control_read_lines(const char *runtime, const char *line,
    void (*each)(void *context, struct str line), void *context,
    struct text *out)
{
	struct text answer = TEXT_EMPTY;
	int fd = say(runtime, line), status = -1, rc = 1;

	if (fd < 0)
		return status_unsaid(fd);
	while (rc > 0) {
		rc = read_some(fd, &answer);
		if (status < 0)
			status = take_status(&answer);
		if (status == STATUS_GOOD)
			take_lines(&answer, each, context);
	}
	(void)close(fd);
	if (rc < 0)
		complain_unreachable(runtime, rc);
	else if (status < 0)
		complain("the gateway ended before it answered");
	text_add(out, text_str(&answer));
	text_fini(&answer);
	return rc < 0 || status < 0 ? STATUS_WORLD : (enum status)status;
}

/* The lock is held for as long as the daemon lives, and root's. */
bool
control_is_running(const char *runtime, int *ret_pid)
{
	char path[RUNTIME_PATH_BYTES], pid[16] = "";

	*ret_pid = 0;
	runtime_path(runtime, "lock", path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES;
	bool free = flock(fd, LOCK_SH | LOCK_NB) == 0;
	if (!free && pread(fd, pid, sizeof(pid) - 1, 0) > 0)
		*ret_pid = (int)strtol(pid, NULL, 10);
	(void)close(fd);
	return !free;
}

bool
control_wait_for_end(const char *runtime, unsigned seconds)
{
	int64_t deadline = clock_now() + seconds * CLOCK_SECOND;
	struct timespec moment = { 0, 5 * CLOCK_MS };
	int pid;

	while (control_is_running(runtime, &pid)) {
		if (clock_now() > deadline)
			return false;
		(void)nanosleep(&moment, NULL);
	}
	return true;
}
