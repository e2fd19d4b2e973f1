/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/journal_file: when a file is begun anew, and which are kept.  The
 * clock is not turned: a file is made older or younger instead.
 */
#include "journal_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"

#define DAY (86400 * CLOCK_SECOND)

static struct policy_journal_output
settings_of(int64_t bytes_max, int64_t every, unsigned keep)
{
	return (struct policy_journal_output){ .kind = POLICY_JOURNAL_FILE,
		.form = POLICY_JOURNAL_TEXT,
		.bytes_max = bytes_max,
		.every = every,
		.keep = keep };
}

/* It is in the file. */
static void
say(struct journal_output *output, const char *word)
{
	put(output, word);
	assert_true(
	    journal_output_flush(output, clock_now() + 60 * CLOCK_SECOND));
}

static int
rotate(struct journal_output *output)
{
	return journal_output_rotate(output, clock_now() + 60 * CLOCK_SECOND);
}

/* The words of its lines, with a blank between: "a b". */
static void
assert_words(const char *at, const char *want)
{
	struct text content = TEXT_EMPTY, got = TEXT_EMPTY;

	assert_int_equal(file_read(at, 1 << 20, &content), 0);
	struct str rest = text_str(&content);
	while (rest.len > 0) {
		struct str line = str_cut(&rest, '\n');
		text_addz(&got, got.len > 0 ? " " : "");
		text_add(&got, str_skip(line, line.len - 1));
	}
	text_addz(&got, "");
	assert_string_equal(got.at, want);
	text_fini(&content);
	text_fini(&got);
}

static void
by_size(void **state)
{
	struct policy_journal_output settings = settings_of(60, 0, 3);
	struct journal_output *output = open_output(&settings, path);

	(void)state;
	assert_int_equal(rotate(output), 0); /* nothing is in it */
	say(output, "a");
	assert_int_equal(rotate(output), 0);
	say(output, "b");
	assert_int_equal(rotate(output), 1);
	assert_words(path, "");
	for (const char *word = "cdefgh"; *word != '\0'; word++) {
		char one[] = { *word, '\0' };
		say(output, one);
		(void)rotate(output);
	}
	say(output, "i");
	assert_words(path, "i");
	assert_words(older(1), "g h");
	assert_words(older(2), "e f");
	assert_words(older(3), "c d");
	assert_int_equal(access(older(4), F_OK), -1);
	close_output(&output);
}

/* What is more than is kept goes with the next turn, and none may be kept. */
static void
fewer_are_kept(void **state)
{
	struct policy_journal_output settings = settings_of(1, 0, 5);
	struct journal_output *output = open_output(&settings, path);

	(void)state;
	for (const char *word = "abcde"; *word != '\0'; word++) {
		char one[] = { *word, '\0' };
		say(output, one);
		assert_int_equal(rotate(output), 1);
	}
	assert_words(older(5), "a");
	settings.keep = 2;
	journal_output_change(output, &settings);
	say(output, "f");
	assert_int_equal(rotate(output), 1);
	assert_words(older(1), "f");
	assert_words(older(2), "e");
	assert_int_equal(access(older(3), F_OK), -1);
	assert_int_equal(access(older(5), F_OK), -1);
	settings.keep = 0;
	journal_output_change(output, &settings);
	say(output, "g");
	assert_int_equal(rotate(output), 1);
	assert_int_equal(access(older(1), F_OK), -1);
	say(output, "h");
	assert_words(path, "h");
	close_output(&output);
}

/* A number that is missing is no reason not to go on. */
static void
holes(void **state)
{
	struct policy_journal_output settings = settings_of(1, 0, 3);
	struct journal_output *output = open_output(&settings, path);

	(void)state;
	for (const char *word = "abc"; *word != '\0'; word++) {
		char one[] = { *word, '\0' };
		say(output, one);
		assert_int_equal(rotate(output), 1);
	}
	assert_int_equal(unlink(older(2)), 0);
	say(output, "d");
	assert_int_equal(rotate(output), 1);
	assert_words(older(1), "d");
	assert_words(older(2), "c");
	close_output(&output);
}

static void
set_age(int64_t age)
{
	int64_t then = clock_wall() - age;
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = (time_t)(then / CLOCK_SECOND) } };

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* A gateway that was not there at midnight does at its start what is due. */
static void
by_time(void **state)
{
	struct policy_journal_output settings = settings_of(1 << 20, DAY, 2);
	struct journal_output *output = open_output(&settings, path);

	(void)state;
	say(output, "a");
	assert_int_equal(rotate(output), 0);
	close_output(&output);
	set_age(DAY);
	output = open_output(&settings, path);
	assert_int_equal(rotate(output), 1);
	assert_words(older(1), "a");
	say(output, "b");
	assert_int_equal(rotate(output), 0);
	/* An empty one is as good as new. */
	settings.bytes_max = 1;
	journal_output_change(output, &settings);
	assert_int_equal(rotate(output), 1);
	close_output(&output);
	set_age(DAY);
	output = open_output(&settings, path);
	assert_int_equal(rotate(output), 0);
	close_output(&output);
}

/* The clock was set back by days: nothing is begun anew, now or each time that
 * it is looked at. */
static void
clock_set_back(void **state)
{
	struct policy_journal_output settings =
	    settings_of(1 << 20, 60 * CLOCK_SECOND, 2);
	struct journal_output *output = open_output(&settings, path);

	(void)state;
	say(output, "a");
	close_output(&output);
	set_age(-3 * DAY);
	output = open_output(&settings, path);
	assert_int_equal(rotate(output), 0);
	say(output, "b");
	assert_words(path, "a b");
	close_output(&output);
}

/* Another time in the policy counts from now on. */
static void
another_time(void **state)
{
	struct policy_journal_output settings = settings_of(1 << 20, 0, 2);
	struct journal_output *output;

	(void)state;
	output = open_output(&settings, path);
	say(output, "a");
	close_output(&output);
	set_age(3 * DAY);
	output = open_output(&settings, path);
	settings.every = DAY;
	journal_output_change(output, &settings);
	assert_int_equal(rotate(output), 0);
	assert_words(path, "a");
	close_output(&output);
}

/* But before there is a thread it is as if it had been said at first: as of a
 * gateway that opens its usual file, and then reads its policy. */
static void
another_time_at_the_start(void **state)
{
	struct policy_journal_output settings = settings_of(1 << 20, 0, 2);
	struct journal_output *output = open_output(&settings, path);
	struct journal_output_wish wish = {
		.settings = &settings, .path = path, .enforcer = "firewall"
	};

	(void)state;
	say(output, "a");
	close_output(&output);
	set_age(3 * DAY);
	wish.fd = journal_output_open(&settings, path, 0640);
	assert_int_equal(journal_output_create(&wish, &output), 0);
	settings.every = DAY;
	journal_output_change(output, &settings);
	assert_int_equal(journal_output_start(output), 0);
	assert_int_equal(rotate(output), 1);
	assert_words(older(1), "a");
	close_output(&output);
}

/* As a gatehoused that has been taken over from: only the other one turns the
 * file over. */
static void
another_turns_it_over(void **state)
{
	struct policy_journal_output settings = settings_of(1, 0, 2);
	struct journal_output *before = open_output(&settings, path);
	struct journal_output *now = NULL;
	struct stat st;

	(void)state;
	journal_output_follow(before);
	say(before, "a");
	assert_int_equal(rotate(before), 0);
	assert_words(path, "a");
	/* Due with the second line and not before: a thread looks by itself,
	 * too, now and then. */
	assert_int_equal(stat(path, &st), 0);
	settings.bytes_max = st.st_size + 1;
	now = open_output(&settings, path);
	say(now, "b");
	assert_in_range(rotate(now), 0, 1);
	assert_words(older(1), "a b");
	assert_in_range(rotate(before), 0, 1);
	say(before, "c");
	assert_int_equal(rotate(before), 0);
	assert_words(path, "c");
	close_output(&now);
	close_output(&before);
}

/* The folder comes later than the gateway: at boot, with a file system. */
static void
no_folder_yet(void **state)
{
	struct policy_journal_output settings = settings_of(1 << 20, 0, 2);
	char later[PATH_BYTES], file[PATH_BYTES + 12];
	struct journal_output_wish wish = { .settings = &settings,
		.path = file,
		.fd = -1,
		.enforcer = "firewall" };
	struct journal_output *output = NULL;

	(void)state;
	(void)snprintf(later, sizeof(later), "%s/later", folder);
	(void)snprintf(file, sizeof(file), "%s/events", later);
	assert_int_equal(journal_output_open(&settings, file, 0640), -ENOENT);
	assert_int_equal(journal_output_create(&wish, &output), 0);
	assert_int_equal(journal_output_start(output), 0);
	say(output, "a");
	assert_int_equal(rotate(output), -ENOENT);
	assert_int_equal(journal_output_look(output).lost, 1);
	assert_int_equal(journal_output_look(output).error, -ENOENT);
	assert_int_equal(mkdir(later, 0700), 0);
	assert_in_range(rotate(output), 0, 1);
	say(output, "b");
	assert_int_equal(journal_output_look(output).error, 0);
	close_output(&output);
	/* What ends in a t tells of the one that was lost. */
	assert_words(file, "b t");
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(later), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_size),
		TEST(fewer_are_kept),
		TEST(holes),
		TEST(by_time),
		TEST(clock_set_back),
		TEST(another_time),
		TEST(another_time_at_the_start),
		TEST(another_turns_it_over),
		TEST(no_folder_yet),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
