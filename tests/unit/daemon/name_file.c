/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Learned names on disk: what was learned is there in the next life, and what
 * makes no sense is left out.
 */
#include "daemon/name_file.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[64];

static int
make_path(void **state)
{
	static char folder[] = "/tmp/names.XXXXXX";

	(void)state;
	if (path[0] == '\0')
		assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/names", folder);
	(void)unlink(path);
	return 0;
}

static int
remove_path(void **state)
{
	(void)state;
	(void)unlink(path);
	*strrchr(path, '/') = '\0';
	return rmdir(path);
}

static struct address
address_of(const char *text)
{
	struct address ret;

	assert_int_equal(address_parse(str_of(text), &ret), 0);
	return ret;
}

/* As the daemon does it. */
static void
learn(struct name_file *file, struct learned_names *names, const char *zone,
    const char *name, const char *address, int64_t seconds)
{
	struct address one = address_of(address);
	struct learned_answer answer = { .name = str_of(name),
		.addresses = &one,
		.count = 1,
		.ends = clock_now() + seconds * CLOCK_SECOND };

	assert_int_equal(learned_names_put(names,
			     learned_names_address(names, str_of(zone), one),
			     answer.name, answer.ends),
	    1);
	name_file_note(file, str_of(zone), &answer);
}

static int64_t
seconds_left(const struct learned_names *names, const char *zone,
    const char *name, const char *address)
{
	const struct learned_address *one =
	    learned_names_find(names, str_of(zone), address_of(address));

	for (size_t i = 0; one != NULL && i < one->names.count; i++)
		if (str_is(one->names.items[i].name, name))
			return (one->names.items[i].ends - clock_now() +
				   CLOCK_SECOND / 2) /
			       CLOCK_SECOND;
	return 0;
}

static void
open_file(struct name_file *file, struct learned_names *names, int64_t now,
    const char *want)
{
	struct text words = TEXT_EMPTY;

	assert_int_equal(name_file_open(file, path, names, now, &words), 0);
	text_addz(&words, "");
	if (strstr(words.at != NULL ? words.at : "", want) == NULL)
		fail_msg("wanted '%s', got '%s'", want, words.at);
	text_fini(&words);
}

static void
names_outlive_the_daemon(void **state)
{
	struct learned_names names = LEARNED_NAMES_EMPTY;
	struct name_file file;

	(void)state;
	open_file(&file, &names, clock_wall(), "");
	learn(&file, &names, "lan", "git.example", "192.0.2.1", 600);
	learn(&file, &names, "lan", "git.example", "2001:db8::1", 60);
	learn(&file, &names, "guest", "a.example", "192.0.2.1", 600);
	assert_int_equal(name_file_write(&file, &names), 0);
	learn(&file, &names, "lan", "lost.example", "192.0.2.9", 600);
	name_file_close(&file);
	learned_names_fini(&names);
	/* A minute later one is over. */
	open_file(&file, &names, clock_wall() + 60 * CLOCK_SECOND, "");
	assert_int_equal(
	    seconds_left(&names, "lan", "git.example", "192.0.2.1"), 540);
	assert_int_equal(
	    seconds_left(&names, "guest", "a.example", "192.0.2.1"), 540);
	assert_int_equal(names.count, 2);
	name_file_close(&file);
	learned_names_fini(&names);
}

/* An address opens no longer than it was said to. */
static void
a_clock_that_was_set_back(void **state)
{
	struct learned_names names = LEARNED_NAMES_EMPTY;
	struct name_file file;

	(void)state;
	open_file(&file, &names, clock_wall(), "");
	learn(&file, &names, "lan", "git.example", "192.0.2.1", 600);
	assert_int_equal(name_file_write(&file, &names), 0);
	name_file_close(&file);
	learned_names_fini(&names);
	open_file(&file, &names, clock_wall() - 86400 * CLOCK_SECOND, "");
	assert_int_equal(
	    seconds_left(&names, "lan", "git.example", "192.0.2.1"), 600);
	name_file_close(&file);
	learned_names_fini(&names);
}

static void
lines_of_the_past_go(void **state)
{
	struct learned_names names = LEARNED_NAMES_EMPTY;
	struct name_file file;
	char name[32];

	(void)state;
	open_file(&file, &names, clock_wall(), "");
	for (int i = 0; i < 2 * NAME_FILE_OLD_LINES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "a%d.example", i % 10);
		struct address one = address_of("192.0.2.1");
		struct learned_answer answer = { .name = str_of(name),
			.addresses = &one,
			.count = 1,
			.ends = clock_now() + 600 * CLOCK_SECOND };
		(void)learned_names_put(&names,
		    learned_names_address(&names, STR("lan"), one), answer.name,
		    answer.ends);
		name_file_note(&file, STR("lan"), &answer);
		assert_int_equal(name_file_write(&file, &names), 0);
	}
	assert_true(file.lines <= NAME_FILE_OLD_LINES_MAX + 21);
	name_file_close(&file);
	learned_names_fini(&names);
	open_file(&file, &names, clock_wall(), "");
	assert_int_equal(names.count, 10);
	assert_int_equal(file.lines, 10);
	name_file_close(&file);
	learned_names_fini(&names);
}

static void
what_makes_no_sense_is_left_out(void **state)
{
	static const char lines[] =
	    "2099-01-01T00:00:00.000000Z lan git.example 192.0.2.1\n"
	    "2099-01-01T00:00:00.000000Z lan git.example\n"
	    "2099-01-01T00:00:00.000000Z lan git.example 192.0.2\n"
	    "2099-01-01T00:00:00.000000Z lan git..example 192.0.2.1\n"
	    "2099-01-01T00:00:00.000000Z a-zone-with-far-too-long-a-name "
	    "git.example 192.0.2.1\n"
	    "tomorrow lan git.example 192.0.2.1\n"
	    "2001-01-01T00:00:00.000000Z lan old.example 192.0.2.1\n"
	    "\n"
	    "2099-01-01T00:00:00.000000Z lan a.example 192.0.2.2";
	struct learned_names names = LEARNED_NAMES_EMPTY;
	struct name_file file;

	(void)state;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, STR(lines)), 0);
	(void)close(fd);
	open_file(&file, &names, clock_wall(),
	    "7 lines make no sense and are left out");
	assert_int_equal(names.count, 1);
	assert_true(
	    seconds_left(&names, "lan", "git.example", "192.0.2.1") > 0);
	name_file_close(&file);
	learned_names_fini(&names);
}

static void
where_nothing_can_be_written_it_is_said(void **state)
{
	struct learned_names names = LEARNED_NAMES_EMPTY;
	struct name_file file;
	struct text words = TEXT_EMPTY;

	(void)state;
	assert_true(name_file_open(&file, "/nowhere/names", &names,
			clock_wall(), &words) < 0);
	assert_non_null(strstr(words.at, "a restart will not know"));
	/* It goes on without. */
	struct address one = address_of("192.0.2.1");
	struct learned_answer answer = {
		.name = STR("a.example"), .addresses = &one, .count = 1
	};
	name_file_note(&file, STR("lan"), &answer);
	assert_int_equal(name_file_write(&file, &names), 0);
	text_fini(&words);
	name_file_close(&file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(names_outlive_the_daemon, make_path),
		cmocka_unit_test_setup(a_clock_that_was_set_back, make_path),
		cmocka_unit_test_setup(lines_of_the_past_go, make_path),
		cmocka_unit_test_setup(
		    what_makes_no_sense_is_left_out, make_path),
		cmocka_unit_test_setup(
		    where_nothing_can_be_written_it_is_said, make_path),
	};

	return cmocka_run_group_tests(tests, NULL, remove_path);
}
