/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/log_tail: the last lines of files of every shape, growing files, files
 * that were cut, and lines without end.
 */
#include "cli/log_tail.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static char folder[] = P_tmpdir "/gatehouse-tail-XXXXXX";
static char path[sizeof(folder) + 16];

static int
make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static int
remove_file(void **state)
{
	(void)state;
	(void)alarm(0);
	(void)unlink(path);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void
add_to_file(struct str content, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, content), 0);
	assert_int_equal(close(fd), 0);
}

static void
write_file(struct str content)
{
	add_to_file(content, O_TRUNC);
}

/* "a|b|" for the lines a and b. */
static int
gather(struct str line, void *context)
{
	text_add(context, line);
	text_addc(context, '|');
	return 0;
}

static void
read_all(struct log_tail *tail, struct text *got)
{
	bool more = true;

	while (more)
		assert_int_equal(log_tail_step(tail, gather, got, &more), 0);
	text_addz(got, "");
}

static void
growing(void **state)
{
	struct log_tail tail = LOG_TAIL_CLOSED;
	struct text got = TEXT_EMPTY;

	(void)state;
	write_file(STR("old\nbe"));
	assert_int_equal(log_tail_open(&tail, path), 0);
	read_all(&tail, &got);
	assert_string_equal(got.at, "old|");
	text_clear(&got);
	add_to_file(STR("gun"), O_APPEND);
	read_all(&tail, &got);
	assert_string_equal(got.at, "");
	add_to_file(STR(" and ended\nnext\nth"), O_APPEND);
	read_all(&tail, &got);
	assert_string_equal(got.at, "begun and ended|next|");
	add_to_file(STR("ird\n"), O_APPEND);
	read_all(&tail, &got);
	assert_string_equal(got.at, "begun and ended|next|third|");
	log_tail_close(&tail);
	text_fini(&got);
}

static void
cut(void **state)
{
	struct log_tail tail = LOG_TAIL_CLOSED;
	struct text got = TEXT_EMPTY;

	(void)state;
	write_file(STR("one\ntwo\nhalf of"));
	assert_int_equal(log_tail_open(&tail, path), 0);
	read_all(&tail, &got);
	write_file(STR("new\n"));
	read_all(&tail, &got);
	assert_string_equal(got.at, "one|two|new|");
	write_file(STR(""));
	read_all(&tail, &got);
	add_to_file(STR("again\n"), O_APPEND);
	read_all(&tail, &got);
	assert_string_equal(got.at, "one|two|new|again|");
	log_tail_close(&tail);
	text_fini(&got);
}

/* Of a line that is too long the begin is given, once; what follows is not
 * touched by it. */
static void
long_lines(void **state)
{
	static const struct {
		size_t len, given;
	} rows[] = {
		{ LOG_TAIL_LINE_BYTES_MAX - 1, LOG_TAIL_LINE_BYTES_MAX - 1 },
		{ LOG_TAIL_LINE_BYTES_MAX, LOG_TAIL_LINE_BYTES_MAX },
		{ LOG_TAIL_LINE_BYTES_MAX + 1, LOG_TAIL_LINE_BYTES_MAX },
		{ 5 * LOG_TAIL_LINE_BYTES_MAX, LOG_TAIL_LINE_BYTES_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct text content = TEXT_EMPTY, got = TEXT_EMPTY;
		struct log_tail tail = LOG_TAIL_CLOSED;
		text_addz(&content, "before\n");
		text_pad(&content, 'x', rows[i].len);
		text_addz(&content, "\nbehind\n");
		write_file(text_str(&content));
		assert_int_equal(log_tail_open(&tail, path), 0);
		read_all(&tail, &got);
		assert_int_equal(got.len,
		    strlen("before|") + rows[i].given + strlen("|behind|"));
		assert_true(str_starts(text_str(&got), STR("before|xxx")));
		assert_true(str_ends(text_str(&got), STR("xxx|behind|")));
		log_tail_close(&tail);
		text_fini(&content);
		text_fini(&got);
	}
}

/* No end of a line at all: no more than one line's memory. */
static void
long_line_without_end(void **state)
{
	struct text content = TEXT_EMPTY, got = TEXT_EMPTY;
	struct log_tail tail = LOG_TAIL_CLOSED;

	(void)state;
	text_pad(&content, 'x', 20 * LOG_TAIL_LINE_BYTES_MAX);
	write_file(text_str(&content));
	assert_int_equal(log_tail_open(&tail, path), 0);
	read_all(&tail, &got);
	assert_int_equal(got.len, LOG_TAIL_LINE_BYTES_MAX + 1);
	assert_true(tail.partial.room <= 2 * LOG_TAIL_LINE_BYTES_MAX);
	assert_int_equal(log_tail_finish(&tail, gather, &got), 0);
	assert_int_equal(got.len, LOG_TAIL_LINE_BYTES_MAX + 1);
	log_tail_close(&tail);
	text_fini(&content);
	text_fini(&got);
}

static int
refuse_the_second(struct str line, void *context)
{
	unsigned *count = context;

	(void)line;
	return ++*count == 2 ? -EPIPE : 0;
}

static void
caller_ends_it(void **state)
{
	struct log_tail tail = LOG_TAIL_CLOSED;
	unsigned count = 0;
	bool more;

	(void)state;
	write_file(STR("a\nb\nc\n"));
	assert_int_equal(log_tail_open(&tail, path), 0);
	assert_int_equal(
	    log_tail_step(&tail, refuse_the_second, &count, &more), -EPIPE);
	assert_int_equal(count, 2);
	log_tail_close(&tail);
}

static void
not_a_file(void **state)
{
	struct log_tail tail = LOG_TAIL_CLOSED;

	(void)state;
	(void)alarm(10);
	assert_int_equal(log_tail_open(&tail, path), -ENOENT);
	assert_int_equal(log_tail_open(&tail, folder), -EISDIR);
	assert_int_equal(log_tail_open(&tail, "/dev/null"), -EINVAL);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(log_tail_open(&tail, path), -EINVAL);
	assert_int_equal(tail.fd, -1);
	log_tail_close(&tail);
	log_tail_close(&tail);
}

static void
which_file(void **state)
{
	struct log_tail tail = LOG_TAIL_CLOSED;
	struct stat st;

	(void)state;
	write_file(STR("a\n"));
	assert_int_equal(log_tail_open(&tail, path), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(log_tail_is_on(&tail, &st));
	assert_int_equal(unlink(path), 0);
	write_file(STR("a\n"));
	assert_int_equal(stat(path, &st), 0);
	assert_false(log_tail_is_on(&tail, &st));
	log_tail_close(&tail);
}

#define TEST(name) cmocka_unit_test_teardown(name, remove_file)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(growing),
		TEST(cut),
		TEST(long_lines),
		TEST(long_line_without_end),
		TEST(caller_ends_it),
		TEST(not_a_file),
		TEST(which_file),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
