/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/journal_file: lines in a file that two processes share, or in a pipe.
 *
 * A write(2) to a descriptor that appends is of whole lines, so that lines of
 * two processes never mix.  If a part of one went out, the next write begins
 * with a newline, so that one broken line is all that a reader sees.  All of it
 * is for the output's thread; but for opening, before there is one.
 */
#include "console/journal_output_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* How long a pipe may stay full before that is said. */
#define FULL_AFTER (5 * CLOCK_SECOND)

/* ---- opening ---- */

/* Whether a file that is there ends in the middle of a line: its writer died,
 * or the disk was full.  The journal's own descriptor cannot read. */
static bool
ends_broken(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char last = '\n';
	struct stat st;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    pread(fd, &last, 1, st.st_size - 1) != 1)
		last = '\n';
	(void)close(fd);
	return last != '\n';
}

int
journal_file_open(const char *path, mode_t mode)
{
	int fd = open(path,
	    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    mode);

	if (fd < 0)
		return -errno;
	/* At once, for who writes first may be the other process. */
	if (ends_broken(path) && write(fd, "\n", 1) < 0)
		(void)errno; /* the disk is still full: two lines are broken */
	return fd;
}

/* Of the wall clock, in hours and days of the place where the gateway is. */
static int64_t
period_of(int64_t wall, int64_t every)
{
	time_t seconds = (time_t)(wall / CLOCK_SECOND);
	struct tm tm = { 0 };

	if (every == 0)
		return 0;
	(void)localtime_r(&seconds, &tm);
	return ((int64_t)seconds + tm.tm_gmtoff) / (every / CLOCK_SECOND);
}

static int64_t
every_of(struct journal_output *output)
{
	(void)pthread_mutex_lock(&output->lock);
	int64_t every = output->every;
	(void)pthread_mutex_unlock(&output->lock);
	return every;
}

/* A file that is there already was begun in the time of its last line. */
void
journal_file_begin(struct journal_output *output)
{
	int64_t began = clock_wall();
	struct stat st;

	output->broken = false;
	output->is_file = output->fd >= 0 && fstat(output->fd, &st) == 0 &&
			  S_ISREG(st.st_mode);
	if (output->is_file && st.st_size > 0)
		began = st.st_mtim.tv_sec * CLOCK_SECOND;
	output->period_of = every_of(output);
	output->period = period_of(began, output->period_of);
}

/* ---- writing ---- */

static ssize_t
write_once(int fd, struct str bytes)
{
	ssize_t n;

	do
		n = write(fd, bytes.at, bytes.len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Of the bytes that went out; the first may end the broken line before. */
static int64_t
count_lines(struct str bytes, bool ends_another)
{
	int64_t count = ends_another && bytes.len > 0 ? -1 : 0;

	for (; bytes.len > 0; count++) {
		size_t at = str_find(bytes, '\n');
		if (at == bytes.len)
			break;
		bytes = str_skip(bytes, at + 1);
	}
	return count;
}

/*
 * One write and no second: the rest of a line, a moment later, would stand
 * behind another process's line.
 */
static int64_t
write_to_file(struct journal_output *output, struct str lines)
{
	bool ends_another = output->broken;

	if (!ends_another)
		lines = str_skip(lines, 1);
	ssize_t n = write_once(output->fd, lines);
	struct str out = { lines.at, n > 0 ? (size_t)n : 0 };
	if (n > 0)
		output->broken = out.at[n - 1] != '\n';
	if (out.len < lines.len)
		journal_output_fails(output, n < 0 ? (int)n : -ENOSPC);
	return count_lines(out, ends_another);
}

/* As many whole lines as a pipe takes at once; or one that is longer. */
static struct str
cut_piece(struct str *rest)
{
	size_t len = 0;

	while (len < rest->len) {
		size_t line = str_find(str_skip(*rest, len), '\n') + 1;
		if (len > 0 && len + line > PIPE_BUF)
			break;
		len += line;
	}
	struct str piece = { rest->at, len };
	*rest = str_skip(*rest, len);
	return piece;
}

/* 0 when all of it went out; what takes longer than that goes on. */
static int
write_piece(struct journal_output *output, struct str piece)
{
	while (piece.len > 0) {
		int rc = journal_output_wait(
		    output, output->fd, POLLOUT, clock_now() + FULL_AFTER);
		if (rc == -ETIMEDOUT)
			journal_output_fails(output, -EAGAIN);
		if (rc < 0 && rc != -ETIMEDOUT)
			return rc;
		ssize_t n = rc < 0 ? -EAGAIN : write_once(output->fd, piece);
		if (n < 0 && n != -EAGAIN)
			return (int)n;
		if (n > 0) {
			output->broken = piece.at[n - 1] != '\n';
			piece = str_skip(piece, (size_t)n);
		}
	}
	return 0;
}

/* The reader comes when it wants; the output's queue is what waits. */
static int64_t
write_to_stream(struct journal_output *output, struct str lines)
{
	int64_t written = 0;

	if (output->broken && write_piece(output, STR("\n")) < 0)
		return 0;
	lines = str_skip(lines, 1);
	while (lines.len > 0) {
		struct str piece = cut_piece(&lines);
		int rc = write_piece(output, piece);
		if (rc < 0) {
			journal_output_fails(output, rc);
			break;
		}
		written += count_lines(piece, false);
	}
	return written;
}

int64_t
journal_file_write(
    struct journal_output *output, struct str lines, int64_t count)
{
	if (output->fd < 0)
		return 0;
	int64_t written = output->is_file ? write_to_file(output, lines)
					  : write_to_stream(output, lines);
	return written < count ? written : count;
}

/* ---- beginning anew ---- */

int
journal_file_reopen(struct journal_output *output)
{
	int fd = journal_file_open(output->path, 0640);

	if (fd < 0)
		return fd;
	journal_output_take_fd(output, fd);
	journal_file_begin(output);
	if (output->moved != NULL)
		output->moved(output->context);
	return 0;
}

/* Whether the path still names the file that is open. */
static bool
is_at_path(const struct journal_output *output, const struct stat *open_file)
{
	struct stat st;

	return lstat(output->path, &st) == 0 &&
	       st.st_dev == open_file->st_dev && st.st_ino == open_file->st_ino;
}

static int
name_older(const char *path, unsigned number, struct text *ret)
{
	text_clear(ret);
	text_addz(ret, path);
	if (number > 0)
		text_addf(ret, ".%u", number);
	return ret->full ? -ENOMEM : 0;
}

/* PATH.1 becomes PATH.2 and so on; a number that is missing is no matter. */
static int
shift(const char *path, unsigned number)
{
	struct text from = TEXT_EMPTY, to = TEXT_EMPTY;
	int rc = name_older(path, number, &from);

	if (rc == 0)
		rc = name_older(path, number + 1, &to);
	if (rc == 0 && rename(from.at, to.at) < 0)
		rc = number > 0 && errno == ENOENT ? 0 : -errno;
	text_fini(&from);
	text_fini(&to);
	return rc;
}

/* Those beyond `keep`, as there are when it was more before. */
static void
remove_oldest(const char *path, unsigned keep)
{
	struct text name = TEXT_EMPTY;

	for (unsigned number = keep + 1; number <= POLICY_JOURNAL_KEEP_MAX + 1;
	     number++)
		if (name_older(path, number, &name) < 0 || unlink(name.at) < 0)
			break;
	text_fini(&name);
}

static int
keep_as_older(const char *path, unsigned keep)
{
	int rc = 0;

	for (unsigned number = keep; rc == 0 && number > 0; number--)
		rc = shift(path, number - 1);
	if (keep == 0 && unlink(path) < 0)
		rc = -errno;
	if (rc == 0)
		remove_oldest(path, keep);
	return rc;
}

/* A clock that was set back makes no file be begun twice. */
static bool
is_new_period(struct journal_output *output, int64_t every)
{
	int64_t now = period_of(clock_wall(), every);
	bool is_new = output->period_of == every && now > output->period;

	output->period_of = every;
	output->period = now;
	return is_new;
}

static int
begin_anew(struct journal_output *output)
{
	int rc = journal_file_reopen(output);

	return rc < 0 ? rc : 1;
}

int
journal_file_rotate_if_due(struct journal_output *output)
{
	struct stat st;
	int rc = 0;

	if (output->path == NULL)
		return 0;
	if (output->fd < 0)
		return journal_file_reopen(output);
	if (!output->is_file || fstat(output->fd, &st) < 0)
		return 0;
	(void)pthread_mutex_lock(&output->lock);
	int64_t bytes_max = output->bytes_max;
	unsigned keep = output->keep;
	bool follows = output->follows;
	(void)pthread_mutex_unlock(&output->lock);
	bool is_new = is_new_period(output, every_of(output));
	if (follows)
		return is_at_path(output, &st) ? 0 : begin_anew(output);
	if (st.st_size == 0 || (st.st_size < bytes_max && !is_new))
		return 0;
	/*
	 * Somebody else may have moved our file, or an open failed after our
	 * own rename: then what is at the path now is not ours to move.
	 */
	if (is_at_path(output, &st))
		rc = keep_as_older(output->path, keep);
	return rc < 0 ? rc : begin_anew(output);
}
