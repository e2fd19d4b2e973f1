/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/log_tail.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PIECE_BYTES 16384

int
log_tail_open(struct log_tail *tail, const char *path)
{
	/* A fifo at the path must not make us wait for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else if (!S_ISREG(st.st_mode))
		rc = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (rc < 0) {
		(void)close(fd);
		return rc;
	}
	*tail = (struct log_tail){ .fd = fd };
	return 0;
}

void
log_tail_close(struct log_tail *tail)
{
	if (tail->fd >= 0)
		(void)close(tail->fd);
	text_fini(&tail->partial);
	*tail = LOG_TAIL_CLOSED;
}

/* A piece at this place, 0 at the end, or a negative errno. */
static ssize_t
read_piece(int fd, char *piece, size_t size, off_t at)
{
	ssize_t n;

	do
		n = pread(fd, piece, size, at);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int
give(struct log_tail *tail, log_line_fn line, void *context)
{
	int rc = 0;

	if (!tail->skipping)
		rc = line(text_str(&tail->partial), context);
	tail->skipping = false;
	text_clear(&tail->partial);
	return rc;
}

/* Adds to the line that has begun.  When it is too long, what there is of it
 * is given, and the rest passed over. */
static int
add_to_line(
    struct log_tail *tail, struct str part, log_line_fn line, void *context)
{
	size_t room = LOG_TAIL_LINE_BYTES_MAX - tail->partial.len;
	bool cut = part.len > room;

	if (tail->skipping)
		return 0;
	if (cut)
		part.len = room;
	text_add(&tail->partial, part);
	if (tail->partial.full)
		return -ENOMEM;
	if (!cut)
		return 0;
	int rc = give(tail, line, context);
	tail->skipping = true;
	return rc;
}

static int
split(struct log_tail *tail, struct str piece, log_line_fn line, void *context)
{
	while (piece.at != NULL) {
		struct str part = str_cut(&piece, '\n');
		int rc = add_to_line(tail, part, line, context);
		if (rc == 0 && piece.at != NULL)
			rc = give(tail, line, context);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* Back to the start of a file that is shorter than what was read of it. */
static int
notice_cut(struct log_tail *tail)
{
	struct stat st;

	if (fstat(tail->fd, &st) < 0)
		return -errno;
	if (st.st_size < tail->at) {
		tail->at = 0;
		tail->skipping = false;
		text_clear(&tail->partial);
	}
	return 0;
}

int
log_tail_step(
    struct log_tail *tail, log_line_fn line, void *context, bool *ret_more)
{
	char piece[PIECE_BYTES];
	int rc = notice_cut(tail);

	if (rc < 0)
		return rc;
	ssize_t n = read_piece(tail->fd, piece, sizeof(piece), tail->at);
	if (n < 0)
		return (int)n;
	*ret_more = n > 0;
	if (n == 0)
		return 0;
	tail->at += n;
	return split(tail, (struct str){ piece, (size_t)n }, line, context);
}

int
log_tail_finish(struct log_tail *tail, log_line_fn line, void *context)
{
	return tail->partial.len > 0 ? give(tail, line, context) : 0;
}

bool
log_tail_is_on(const struct log_tail *tail, const struct stat *st)
{
	struct stat own;

	return fstat(tail->fd, &own) == 0 && own.st_dev == st->st_dev &&
	       own.st_ino == st->st_ino;
}
