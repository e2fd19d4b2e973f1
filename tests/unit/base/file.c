/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/file: whole files; what is none (missing, folder, fifo, device) is said
 * at once; the limit holds while a file grows; writing through a small pipe; a
 * file is replaced whole or not at all.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = P_tmpdir "/gatehouse-file-XXXXXX";
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
	(void)unlink(path);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)remove_file(state);
	return rmdir(folder);
}

static void
write_file(struct str content)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, content), 0);
	assert_int_equal(close(fd), 0);
}

static void
all_of_it(void **state)
{
	/* Nothing; one; around one read and several; bytes of every kind. */
	static const size_t sizes[] = { 0, 1, 16383, 16384, 16385, 100000 };
	struct text got = TEXT_EMPTY;
	char *bytes = malloc(100000);

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < 100000; i++)
		bytes[i] = (char)(i * 7);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct str content = { bytes, sizes[i] };
		write_file(content);
		assert_int_equal(file_read(path, sizes[i], &got), 0);
		assert_true(str_eq(text_str(&got), content));
	}
	free(bytes);
	text_fini(&got);
}

static void
old_content_goes(void **state)
{
	struct text got = TEXT_EMPTY;

	(void)state;
	text_addz(&got, "what was there before");
	write_file(STR("new"));
	assert_int_equal(file_read(path, 100, &got), 0);
	assert_true(str_is(text_str(&got), "new"));
	write_file(STR(""));
	assert_int_equal(file_read(path, 100, &got), 0);
	assert_int_equal(got.len, 0);
	text_fini(&got);
}

static void
too_large(void **state)
{
	struct text got = TEXT_EMPTY;

	(void)state;
	write_file(STR("12345"));
	assert_int_equal(file_read(path, 5, &got), 0);
	assert_int_equal(file_read(path, 4, &got), -EFBIG);
	assert_int_equal(file_read(path, 0, &got), -EFBIG);
	/* A file whose size is said to be 0 is measured while it is read. */
	assert_int_equal(file_read("/proc/self/maps", 64, &got), -EFBIG);
	assert_int_equal(file_read("/proc/self/maps", 1 << 24, &got), 0);
	assert_true(got.len > 64);
	text_fini(&got);
}

static void
not_a_file(void **state)
{
	struct text got = TEXT_EMPTY;

	(void)state;
	assert_int_equal(file_read(path, 100, &got), -ENOENT);
	assert_int_equal(file_read("", 100, &got), -ENOENT);
	assert_int_equal(file_read(folder, 100, &got), -EISDIR);
	assert_int_equal(file_read("/dev/null", 100, &got), -EINVAL);
	assert_int_equal(file_read("/dev/zero", 100, &got), -EINVAL);
	assert_int_equal(file_read_fd(-1, 100, &got), -EBADF);
	write_file(STR("x"));
	char below[sizeof(path) + 4];
	(void)snprintf(below, sizeof(below), "%s/x", path);
	assert_int_equal(file_read(below, 100, &got), -ENOTDIR);
	assert_int_equal(got.len, 0);
	text_fini(&got);
}

/* A fifo that nobody writes to; the alarm ends a read that waits for one. */
static void
fifo_does_not_hang(void **state)
{
	struct text got = TEXT_EMPTY;

	(void)state;
	(void)unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	(void)alarm(10);
	assert_int_equal(file_read(path, 100, &got), -EINVAL);
	(void)alarm(0);
	text_fini(&got);
}

static void
descriptor_is_read_from_its_start(void **state)
{
	struct text got = TEXT_EMPTY;

	(void)state;
	write_file(STR("abc"));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(lseek(fd, 2, SEEK_SET), 2);
	assert_int_equal(file_read_fd(fd, 100, &got), 0);
	assert_true(str_is(text_str(&got), "abc"));
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 2);
	assert_int_equal(close(fd), 0);
	text_fini(&got);
}

#define THROUGH ((size_t)1 << 20)

struct drain {
	int fd;
	size_t total;
};

static void *
drain(void *context)
{
	struct drain *drain = context;
	char chunk[1000];
	ssize_t n;

	while ((n = read(drain->fd, chunk, sizeof(chunk))) > 0)
		drain->total += (size_t)n;
	return NULL;
}

/* More than a pipe holds, so that write() gives it in parts. */
static void
writing_in_parts(void **state)
{
	char *bytes = calloc(1, THROUGH);
	struct drain drained = { 0 };
	pthread_t reader;
	int ends[2];

	(void)state;
	assert_non_null(bytes);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	drained.fd = ends[0];
	assert_int_equal(pthread_create(&reader, NULL, drain, &drained), 0);
	assert_int_equal(
	    file_write_all(ends[1], (struct str){ bytes, THROUGH }), 0);
	assert_int_equal(close(ends[1]), 0);
	assert_int_equal(pthread_join(reader, NULL), 0);
	assert_int_equal(drained.total, THROUGH);
	assert_int_equal(close(ends[0]), 0);
	free(bytes);
}

static void
writing_fails(void **state)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(full >= 0);
	assert_int_equal(file_write_all(full, STR("x")), -ENOSPC);
	assert_int_equal(file_write_all(full, STR("")), 0);
	assert_int_equal(close(full), 0);
	assert_int_equal(file_write_all(-1, STR("x")), -EBADF);
}

static void
beside(void **state)
{
	static const struct {
		const char *beside, *name, *want;
	} rows[] = {
		{ "office.policy", "ads.hosts", "ads.hosts" },
		{ "conf/office.policy", "ads.hosts", "conf/ads.hosts" },
		{ "/etc/gatehouse/office.policy", "lists/ads.hosts",
		    "/etc/gatehouse/lists/ads.hosts" },
		{ "/office.policy", "ads.hosts", "/ads.hosts" },
		{ "conf/office.policy", "/srv/ads.hosts", "/srv/ads.hosts" },
		{ "conf/office.policy", "../ads.hosts", "conf/../ads.hosts" },
		{ "conf/", "ads.hosts", "conf/ads.hosts" },
		{ "conf/office.policy", "", "conf/" },
		{ "", "ads.hosts", "ads.hosts" },
	};
	struct text got = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		file_beside(rows[i].beside, str_of(rows[i].name), &got);
		assert_string_equal(got.at, rows[i].want);
	}
	text_fini(&got);
}

/* What was there is not cut short by what cannot be written. */
static void
written_anew(void **state)
{
	struct text got = TEXT_EMPTY;
	char gone[sizeof(path) + 8], beside[sizeof(path) + 8];
	int fd = -1;

	(void)state;
	write_file(STR("before, and longer"));
	assert_int_equal(file_write_anew(path, STR("after"), &fd), 0);
	assert_int_equal(file_write_all(fd, STR(", more")), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(file_read(path, 100, &got), 0);
	assert_string_equal(got.at, "after, more");
	assert_false(file_is_open(path));
	(void)snprintf(beside, sizeof(beside), "%s.new", path);
	assert_int_equal(access(beside, F_OK), -1);
	fd = -1;
	(void)snprintf(gone, sizeof(gone), "%s/none/it", folder);
	assert_int_equal(file_write_anew(gone, STR("x"), &fd), -ENOENT);
	/* Where somebody else has laid a link, nothing is written through. */
	assert_int_equal(symlink(path, beside), 0);
	assert_int_equal(file_write_anew(path, STR("x"), &fd), -ELOOP);
	assert_int_equal(unlink(beside), 0);
	assert_int_equal(fd, -1);
	assert_int_equal(file_read(path, 100, &got), 0);
	assert_string_equal(got.at, "after, more");
	text_fini(&got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(all_of_it, remove_file),
		cmocka_unit_test_teardown(old_content_goes, remove_file),
		cmocka_unit_test_teardown(too_large, remove_file),
		cmocka_unit_test_teardown(not_a_file, remove_file),
		cmocka_unit_test_teardown(fifo_does_not_hang, remove_file),
		cmocka_unit_test_teardown(
		    descriptor_is_read_from_its_start, remove_file),
		cmocka_unit_test(writing_in_parts),
		cmocka_unit_test(writing_fails),
		cmocka_unit_test_teardown(written_anew, remove_file),
		cmocka_unit_test(beside),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
