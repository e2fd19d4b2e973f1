/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/log_seek.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"

/* A piece is read as fast as a line. */
#define PIECE_BYTES LOG_SEEK_NEAR_BYTES

static ssize_t
read_piece(int fd, char *piece, off_t from, off_t end)
{
	off_t size = end - from < PIECE_BYTES ? end - from : PIECE_BYTES;
	ssize_t n;

	do
		n = pread(fd, piece, size > 0 ? (size_t)size : 0, from);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* ---- by time ---- */

/* A line's head with its time, and more. */
#define HEAD_BYTES ((ssize_t)2 * CLOCK_TEXT_BYTES)

/* All lines of the journal begin alike. */
static bool
time_of(struct str line, int64_t *ret)
{
	struct str head = STR("{\"time\": \"");

	if (!str_starts(line, head) ||
	    line.len < head.len + CLOCK_TEXT_BYTES - 1)
		return false;
	return clock_parse(
		   (struct str){ line.at + head.len, CLOCK_TEXT_BYTES - 1 },
		   ret) == 0;
}

/*
 * The first line that begins behind `from` and has a time.  1 and both, 0
 * where none has, or a negative errno.
 */
static int
next_time(int fd, off_t from, off_t end, off_t *ret_at, int64_t *ret_time)
{
	char piece[PIECE_BYTES];
	ssize_t n = 1;

	for (; n > 0 && from < end; from += n) {
		n = read_piece(fd, piece, from, end);
		if (n < 0)
			return (int)n;
		struct str rest = { piece, (size_t)n };
		for (;;) {
			(void)str_cut(&rest, '\n');
			if (rest.at == NULL)
				break;
			*ret_at = from + (rest.at - piece);
			if (time_of(rest, ret_time))
				return 1;
		}
		/* A head that the piece's end cuts is read once more. */
		if (n > HEAD_BYTES && from + n < end)
			n -= HEAD_BYTES;
	}
	return 0;
}

int
log_seek_time(int fd, off_t size, int64_t time, off_t *ret)
{
	off_t low = 0, high = size, at = 0;
	int64_t found;

	while (high - low > LOG_SEEK_NEAR_BYTES) {
		off_t middle = low + (high - low) / 2;
		int rc = next_time(fd, middle, size, &at, &found);
		if (rc < 0)
			return rc;
		if (rc > 0 && found < time && at < high)
			low = at;
		else
			high = middle;
	}
	*ret = low;
	return 0;
}

/* ---- from the end ---- */

struct walk {
	int fd;
	off_t begin;
	size_t count; /* that are missing still */
	log_wanted_fn wanted;
	void *context;
	off_t *ret;
	struct text
	    line; /* the tail of the line that is met, backwards piecewise */
	bool too_long;
};

/* What stands before what there is of the line. */
static int
put_before(struct walk *walk, struct str part)
{
	struct text whole = TEXT_EMPTY;

	walk->too_long = walk->too_long ||
			 part.len + walk->line.len > LOG_TAIL_LINE_BYTES_MAX;
	if (walk->too_long)
		return 0;
	text_add(&whole, part);
	text_add(&whole, text_str(&walk->line));
	text_fini(&walk->line);
	walk->line = whole;
	return whole.full ? -ENOMEM : 0;
}

/* The line that begins at `at` is whole.  True: that was the last wanted. */
static bool
take_line(struct walk *walk, off_t at)
{
	struct str line = text_str(&walk->line);
	bool wanted = !walk->too_long && line.len > 0 &&
		      walk->wanted(line, walk->context);

	text_clear(&walk->line);
	walk->too_long = false;
	if (!wanted)
		return false;
	*walk->ret = at;
	return --walk->count == 0;
}

/* The piece, from its last line end to its first.  1: found. */
static int
walk_piece(struct walk *walk, struct str piece, off_t from)
{
	size_t end = piece.len;

	for (size_t i = piece.len; i > 0; i--) {
		if (piece.at[i - 1] != '\n')
			continue;
		int rc =
		    put_before(walk, (struct str){ piece.at + i, end - i });
		if (rc < 0)
			return rc;
		if (take_line(walk, from + (off_t)i))
			return 1;
		end = i - 1;
	}
	return put_before(walk, (struct str){ piece.at, end });
}

int
log_seek_back(int fd, off_t begin, off_t end, size_t *count,
    log_wanted_fn wanted, void *context, off_t *ret)
{
	struct walk walk = { .fd = fd,
		.begin = begin,
		.count = *count,
		.wanted = wanted,
		.context = context,
		.ret = ret };
	char piece[PIECE_BYTES];
	int rc = *count == 0;

	*ret = end;
	while (rc == 0 && end > begin) {
		off_t from =
		    end - begin > PIECE_BYTES ? end - PIECE_BYTES : begin;
		ssize_t n = read_piece(fd, piece, from, end);
		/* A file that was cut meanwhile is one that ends here. */
		rc = n < end - from && n >= 0 ? 1 : n < 0 ? (int)n : 0;
		if (rc == 0)
			rc = walk_piece(
			    &walk, (struct str){ piece, (size_t)n }, from);
		end = from;
	}
	if (rc == 0 && take_line(&walk, begin))
		rc = 1;
	if (rc == 0)
		*ret = begin;
	text_fini(&walk.line);
	*count = walk.count;
	return rc < 0 ? rc : 0;
}
