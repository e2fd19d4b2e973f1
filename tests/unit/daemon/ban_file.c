/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bans that were noted are read again, whatever the file has gone through.
 */
#include "daemon/ban_file.h"

#include "folder.h"

static char path[sizeof(folder) + 16];

static int
setup(void **state)
{
	int rc = folder_setup(state);

	(void)snprintf(path, sizeof(path), "%s/bans", folder);
	return rc;
}

static void
write_file(const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, str_of(text)), 0);
	(void)close(fd);
}

/* All bans of a file, one a line, and behind a blank line what was said. */
static void
read_all(int64_t now, struct text *ret)
{
	struct ban_file file;
	struct bans bans = BANS_EMPTY;
	struct text words = TEXT_EMPTY;
	char range[ADDRESS_RANGE_TEXT_BYTES];

	text_clear(ret);
	text_addz(ret, "");
	assert_int_equal(ban_file_open(&file, path, &bans, now, &words), 0);
	for (size_t i = 0; i < bans.count; i++)
		text_addf(ret, "%s %lld %lld %s\n",
		    address_range_format(&bans.items[i].range, range),
		    (long long)(bans.items[i].since / CLOCK_SECOND),
		    (long long)(bans.items[i].until / CLOCK_SECOND),
		    bans.items[i].because);
	if (words.len > 0)
		text_addf(ret, "\n%s", words.at);
	ban_file_close(&file);
	bans_fini(&bans);
	text_fini(&words);
}

static void
expect(int64_t now, const char *all)
{
	struct text text = TEXT_EMPTY;

	read_all(now, &text);
	assert_string_equal(text.at != NULL ? text.at : "", all);
	text_fini(&text);
}

/* After all that is noted here. */
#define NOW (61 * CLOCK_SECOND)

#define T(seconds) "1970-01-01T00:0" seconds ".000000Z"

static void
lines_are_read(void **state)
{
	(void)state;
	(void)unlink(path);
	expect(NOW, "");
	write_file("ban 192.0.2.1 " T("1:00") " " T(
	    "2:00") " it knocks\n"
		    "ban 2001:db8::/32 " T(
			"1:00") " -\n"
				"ban 192.0.2.2 " T(
				    "1:00") " -\n"
					    "ban 192.0.2.1 " T("1:01") " " T(
						"3:00") " again\n"
							"unban "
							"192.0.2.2\nunban "
							"192.0.2.3\n");
	expect(NOW, "192.0.2.1 61 180 again\n2001:db8::/32 60 0 \n");
	/* What was read was written anew, and is read the same. */
	expect(NOW, "192.0.2.1 61 180 again\n2001:db8::/32 60 0 \n");
	expect(180 * CLOCK_SECOND, "2001:db8::/32 60 0 \n");
}

/* A ban that was replaced by a shorter one must not come back. */
static void
the_last_line_counts(void **state)
{
	(void)state;
	write_file("ban 192.0.2.1 " T("1:00") " -\n"
					      "ban 192.0.2.1 " T("1:00") " " T(
						  "2:00") "\n");
	expect(120 * CLOCK_SECOND, "");
}

/* What lasted a minute lasts a minute, and not until the wrong time comes. */
static void
a_clock_that_was_set_back(void **state)
{
	(void)state;
	write_file("ban 192.0.2.1 " T("8:00") " " T("9:00") " it knocks\n"
							    "ban 192.0.2.2 " T(
								"8:00") " -\n");
	expect(120 * CLOCK_SECOND, "192.0.2.1 120 180 it knocks\n"
				   "192.0.2.2 120 0 \n");
}

/* It would be another one's. */
static void
an_unban_that_is_cut_off(void **state)
{
	struct text text = TEXT_EMPTY;

	(void)state;
	write_file("ban 192.0.2.1 " T("1:00") " -\nunban 192.0.2.1");
	read_all(NOW, &text);
	assert_int_equal(strncmp(text.at, "192.0.2.1 60 0 \n\n", 17), 0);
	assert_non_null(strstr(text.at, ":2: this ban is left out"));
	text_fini(&text);
}

static void
what_makes_no_sense_is_left_out(void **state)
{
	static const char *const lines[] = { "ban", "ban nobody", "x", "",
		"ban 192.0.2.1", "ban 192.0.2.1 " T("1:00"),
		"ban 192.0.2.1 " T("1:00") " x",
		"ban 192.0.2.1-192.0.2.3 " T("1:00") " -", "unban x" };
	struct text text = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		text_clear(&text);
		text_addf(&text, "%s\nban 192.0.2.9 " T("1:00") " -", lines[i]);
		write_file(text.at);
		read_all(NOW, &text);
		assert_int_equal(
		    strncmp(text.at, "192.0.2.9 60 0 \n\n", 17), 0);
		assert_non_null(strstr(
		    text.at, ":1: this ban is left out: it makes no sense\n"));
		expect(NOW, "192.0.2.9 60 0 \n");
	}
	text_fini(&text);
}

static void
changes_are_noted(void **state)
{
	struct ban_file file;
	struct bans bans = BANS_EMPTY;
	struct text words = TEXT_EMPTY, text = TEXT_EMPTY;
	struct ban ban = { .since = 60 * CLOCK_SECOND, .because = "a  b" };
	struct stat st;

	(void)state;
	(void)unlink(path);
	assert_int_equal(ban_file_open(&file, path, &bans, NOW, &words), 0);
	for (unsigned i = 0; i < 10000; i++) {
		struct address address = { .family = ADDRESS_IPV4,
			.bytes = { 192, 0, 2, (uint8_t)(i % 5) } };
		ban.range = (struct address_range){ address, address };
		if (i % 3 == 0)
			(void)bans_remove(&bans, &ban.range);
		else
			assert_true(bans_put(&bans, &ban) >= 0);
		assert_int_equal(ban_file_note(&file, &bans, &ban.range), 0);
	}
	/* It does not grow for ever. */
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size < 2 * BAN_FILE_OLD_LINES_MAX * 64);
	assert_int_equal(st.st_mode & 0777, 0600);
	ban_file_close(&file);
	read_all(NOW, &text);
	size_t lines = 0;
	for (size_t i = 0; i < text.len; i++)
		lines += text.at[i] == '\n';
	assert_int_equal(lines, bans.count);
	assert_non_null(strstr(text.at, "192.0.2.2 60 0 a  b\n"));
	bans_fini(&bans);
	text_fini(&text);
}

static void
a_folder_that_is_gone_is_told_of(void **state)
{
	struct ban_file file;
	struct bans bans = BANS_EMPTY;
	struct text words = TEXT_EMPTY;
	struct address_range range = { 0 };

	(void)state;
	assert_int_equal(
	    ban_file_open(&file, "/nowhere/bans", &bans, NOW, &words), -ENOENT);
	assert_non_null(strstr(words.at, "bans are not kept in /nowhere/bans"));
	assert_true(ban_file_note(&file, &bans, &range) < 0);
	ban_file_close(&file);
	text_fini(&words);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read),
		cmocka_unit_test(the_last_line_counts),
		cmocka_unit_test(a_clock_that_was_set_back),
		cmocka_unit_test(an_unban_that_is_cut_off),
		cmocka_unit_test(what_makes_no_sense_is_left_out),
		cmocka_unit_test(changes_are_noted),
		cmocka_unit_test(a_folder_that_is_gone_is_told_of),
	};

	return cmocka_run_group_tests(tests, setup, folder_teardown);
}
