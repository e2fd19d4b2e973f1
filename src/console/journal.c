/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The destination of the lines; what is in one is journal_line.c. */
#include "console/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "event/counter.h"

/* A hundred lines: the cost of a write is then a hundredth of theirs. */
#define BATCH_BYTES ((size_t)64 << 10)

void
journal_init(struct journal *journal)
{
	*journal = (struct journal){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.fd = -1,
		.bytes_max = JOURNAL_BYTES_MAX,
	};
}

void
journal_fini(struct journal *journal)
{
	if (journal->fd >= 0)
		(void)close(journal->fd);
	free(journal->path);
	text_fini(&journal->batch);
	(void)pthread_mutex_destroy(&journal->lock);
	journal->fd = -1;
	journal->path = NULL;
}

static ssize_t
write_once(int fd, struct str bytes)
{
	ssize_t n;

	do
		n = write(fd, bytes.at, bytes.len);
	while (n < 0 && errno == EINTR);
	return n;
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
 * Writes "\nLINE\nLINE\n", without its first byte unless the line before has
 * no end.  One write and no second: the rest of a line, a moment later, would
 * stand behind another process's line.  Under the lock.
 */
static void
write_lines(struct journal *journal, struct str lines, int64_t count)
{
	bool ends_another = journal->broken;

	if (!ends_another)
		lines = str_skip(lines, 1);
	ssize_t n = write_once(journal->fd, lines);
	struct str out = { lines.at, n > 0 ? (size_t)n : 0 };
	if (n > 0)
		journal->broken = out.at[n - 1] != '\n';
	int64_t whole = count_lines(out, ends_another);
	counter_add(COUNTER_EVENTS, whole);
	counter_add(COUNTER_EVENTS_LOST, count - whole);
}

static void
write_batch(struct journal *journal)
{
	if (journal->gathered > 0)
		write_lines(
		    journal, text_str(&journal->batch), journal->gathered);
	text_clear(&journal->batch);
	journal->gathered = 0;
}

/* All lines but the first have theirs before them already. */
static void
gather(struct journal *journal, struct str line)
{
	if (journal->batch.len > 0)
		line = str_skip(line, 1);
	text_add(&journal->batch, line);
	if (journal->batch.full)
		counter_add(COUNTER_EVENTS_LOST, 1);
	else
		journal->gathered++;
	journal->batch.full = false;
	if (journal->batch.len >= BATCH_BYTES)
		write_batch(journal);
}

/* From the next line on.  A reader of the old file sees all that was begun. */
static void
swap(struct journal *journal, int fd, bool broken)
{
	(void)pthread_mutex_lock(&journal->lock);
	write_batch(journal);
	int old = journal->fd;
	journal->fd = fd;
	journal->broken = broken;
	(void)pthread_mutex_unlock(&journal->lock);
	if (old >= 0 && old != fd)
		(void)close(old);
}

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

static int
open_at(const char *path, mode_t mode)
{
	int fd = open(path,
	    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    mode);

	return fd < 0 ? -errno : fd;
}

int
journal_open(struct journal *journal, const char *path, mode_t mode)
{
	char *copy = strdup(path);

	if (copy == NULL)
		return -ENOMEM;
	int fd = open_at(path, mode);
	if (fd < 0) {
		free(copy);
		return fd;
	}
	free(journal->path);
	journal->path = copy;
	journal->mode = mode;
	swap(journal, fd, ends_broken(path));
	return 0;
}

int
journal_reopen(struct journal *journal)
{
	if (journal->path == NULL)
		return -EINVAL;
	int fd = open_at(journal->path, journal->mode);
	if (fd < 0)
		return fd;
	swap(journal, fd, ends_broken(journal->path));
	return 0;
}

/* Whether the path still names the file that is open. */
static bool
is_at_path(const struct journal *journal, const struct stat *open_file)
{
	struct stat st;

	return lstat(journal->path, &st) == 0 &&
	       st.st_dev == open_file->st_dev && st.st_ino == open_file->st_ino;
}

static int
keep_as_older(const char *path)
{
	struct text older = TEXT_EMPTY;
	int rc = 0;

	text_addz(&older, path);
	text_addz(&older, ".1");
	if (older.full)
		rc = -ENOMEM;
	else if (rename(path, older.at) < 0)
		rc = -errno;
	text_fini(&older);
	return rc;
}

int
journal_rotate_if_due(struct journal *journal)
{
	struct stat st;
	int rc = 0;

	if (journal->path == NULL || fstat(journal->fd, &st) < 0 ||
	    !S_ISREG(st.st_mode) || st.st_size < journal->bytes_max)
		return 0;
	/*
	 * Somebody else may have moved our file, or an open failed after our
	 * own rename: then what is at the path now is not ours to move.
	 */
	if (is_at_path(journal, &st))
		rc = keep_as_older(journal->path);
	if (rc == 0)
		rc = journal_reopen(journal);
	return rc < 0 ? rc : 1;
}

static int
add_flags(int fd, int flags)
{
	int have = fcntl(fd, F_GETFL);

	if (have < 0 || fcntl(fd, F_SETFL, have | flags) < 0)
		return -errno;
	return 0;
}

int
journal_use_fd(struct journal *journal, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	int rc =
	    add_flags(fd, O_APPEND | (S_ISREG(st.st_mode) ? 0 : O_NONBLOCK));
	if (rc == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		rc = -errno;
	if (rc < 0)
		return rc;
	free(journal->path);
	journal->path = NULL;
	swap(journal, fd, false);
	return 0;
}

int
journal_fd(const struct journal *journal)
{
	return journal->fd;
}

void
journal_batch_begin(struct journal *journal)
{
	(void)pthread_mutex_lock(&journal->lock);
	journal->batching = true;
	(void)pthread_mutex_unlock(&journal->lock);
}

void
journal_batch_end(struct journal *journal)
{
	(void)pthread_mutex_lock(&journal->lock);
	write_batch(journal);
	journal->batching = false;
	(void)pthread_mutex_unlock(&journal->lock);
}

static void
take_line(struct journal *journal, struct str line)
{
	(void)pthread_mutex_lock(&journal->lock);
	if (journal->batching)
		gather(journal, line);
	else
		write_lines(journal, line, 1);
	(void)pthread_mutex_unlock(&journal->lock);
}

void
journal_sink(const struct event *event, void *journal)
{
	struct text line = TEXT_EMPTY;

	text_addc(&line, '\n');
	journal_line(event, &line);
	text_addc(&line, '\n');
	if (line.full)
		counter_add(COUNTER_EVENTS_LOST, 1);
	else
		take_line(journal, text_str(&line));
	text_fini(&line);
}
