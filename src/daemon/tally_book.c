/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/tally_book.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "hours"
#define SUFFIX ".jsonl"

/* "2026-11-27.jsonl" */
#define NAME_BYTES 32
#define DATE_BYTES 10

static void
file_name(int64_t wall, char ret[static NAME_BYTES])
{
	char time[CLOCK_TEXT_BYTES];

	clock_format(wall > 0 ? wall : 0, time);
	(void)snprintf(ret, NAME_BYTES, "%.*s" SUFFIX, DATE_BYTES, time);
}

int
tally_book_open(struct tally_book *book, const char *dir)
{
	book->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return book->fd < 0 ? -errno : 0;
}

void
tally_book_close(struct tally_book *book)
{
	if (book->fd >= 0)
		(void)close(book->fd);
	book->fd = -1;
}

/* The descriptor, or a negative errno. */
static int
open_folder(const struct tally_book *book)
{
	int fd = openat(
	    book->fd, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

static int
open_day(const struct tally_book *book, int64_t wall, int flags)
{
	int folder = open_folder(book), fd;
	char name[NAME_BYTES];

	if (folder < 0)
		return folder;
	file_name(wall, name);
	fd = openat(
	    folder, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		fd = -errno;
	(void)close(folder);
	return fd;
}

/* ---- writing ---- */

/* The one before was cut off: it ends here. */
static bool
is_torn(int fd, off_t size)
{
	char last;

	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

/* In one go, so that a disk that is full has all of it or is known to. */
static int
write_line(int fd, struct str line)
{
	struct text whole = TEXT_EMPTY;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if ((size_t)st.st_size + line.len + 2 > TALLY_BOOK_DAY_BYTES_MAX)
		return -EFBIG;
	if (is_torn(fd, st.st_size))
		text_addc(&whole, '\n');
	text_add(&whole, line);
	text_addc(&whole, '\n');
	int rc = whole.full ? -ENOMEM : file_write_all(fd, text_str(&whole));
	text_fini(&whole);
	return rc;
}

int
tally_book_append(struct tally_book *book, int64_t wall, struct str line)
{
	if (mkdirat(book->fd, FOLDER, 0700) < 0 && errno != EEXIST)
		return -errno;
	int fd = open_day(book, wall, O_RDWR | O_CREAT | O_APPEND);
	if (fd < 0)
		return fd;
	int rc = write_line(fd, line);
	if (rc == 0 && fdatasync(fd) < 0)
		rc = -errno;
	(void)close(fd);
	return rc;
}

/* By their names, which sort as the days do; nothing else is touched. */
static bool
is_day(struct str name)
{
	struct str day = { name.at, DATE_BYTES };

	if (name.len != DATE_BYTES + sizeof(SUFFIX) - 1 ||
	    !str_ends(name, STR(SUFFIX)))
		return false;
	for (size_t i = 0; i < day.len; i++)
		if (i == 4 || i == 7 ? day.at[i] != '-'
				     : !ascii_is_digit(day.at[i]))
			return false;
	return true;
}

/* How many days there are, and the name of the oldest. */
static size_t
look_through(int folder, char ret_oldest[static NAME_BYTES])
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	size_t count = 0;

	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return 0;
	}
	for (struct dirent *one; (one = readdir(dir)) != NULL;) {
		struct str name = str_of(one->d_name);
		if (!is_day(name))
			continue;
		if (count++ == 0 || str_cmp(name, str_of(ret_oldest)) < 0)
			memcpy(ret_oldest, name.at, name.len + 1);
	}
	(void)closedir(dir);
	return count;
}

/* Most often there is one too many, or none. */
void
tally_book_forget(struct tally_book *book)
{
	int folder = open_folder(book);
	char oldest[NAME_BYTES];

	if (folder < 0)
		return;
	while (look_through(folder, oldest) > TALLY_BOOK_DAYS)
		if (unlinkat(folder, oldest, 0) < 0)
			break;
	(void)close(folder);
}

/* ---- reading ---- */

int
tally_book_read(const struct tally_book *book, int64_t wall, struct text *ret)
{
	int fd = open_day(book, wall, O_RDONLY);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	int rc = file_read_fd(fd, TALLY_BOOK_DAY_BYTES_MAX, ret);
	(void)close(fd);
	if (rc == 0 && ret->len > 0 && ret->at[ret->len - 1] != '\n')
		text_addc(ret, '\n');
	return rc == 0 && ret->full ? -ENOMEM : rc;
}

/* ---- the head of a line ---- */

#define HEAD "{\"hour\":\""

void
tally_book_begin(
    int64_t hour, const struct series_point *point, struct text *out)
{
	char time[CLOCK_TEXT_BYTES];

	clock_format(hour, time);
	text_addf(out, HEAD "%s\"", time);
	for (size_t i = 0; i < SERIES_FIGURE_COUNT; i++) {
		text_addf(
		    out, ",\"%s\":", series_figure_word((enum series_figure)i));
		text_add_number(out, point->figures[i]);
	}
}

static bool
skip_words(struct str *rest, struct str words)
{
	bool found = str_starts(*rest, words);

	*rest = str_skip(*rest, words.len);
	return found;
}

static bool
take_figure(struct str *rest, const char *word, uint64_t *ret)
{
	size_t len = 0;

	if (!skip_words(rest, STR(",\"")) || !skip_words(rest, str_of(word)) ||
	    !skip_words(rest, STR("\":")))
		return false;
	while (len < rest->len && ascii_is_digit(rest->at[len]))
		len++;
	struct str digits = { rest->at, len };
	*rest = str_skip(*rest, len);
	return str_number(digits, INT64_MAX, ret) == 0;
}

bool
tally_book_parse(
    struct str line, int64_t *ret_hour, struct series_point *ret_point)
{
	size_t len = CLOCK_TEXT_BYTES - 1;

	/* One that was cut off has no brace. */
	if (!str_ends(line, STR("}")) || !skip_words(&line, STR(HEAD)) ||
	    line.len < len ||
	    clock_parse((struct str){ line.at, len }, ret_hour) < 0)
		return false;
	line = str_skip(line, len);
	if (!skip_words(&line, STR("\"")))
		return false;
	for (size_t i = 0; i < SERIES_FIGURE_COUNT; i++)
		if (!take_figure(&line,
			series_figure_word((enum series_figure)i),
			&ret_point->figures[i]))
			return false;
	return *ret_hour >= 0 && *ret_hour % TALLY_HOUR == 0;
}
