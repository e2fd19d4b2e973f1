/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/path.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
paths_have_one_normal_form(void **state)
{
	static const struct {
		const char *path, *want;
	} cases[] = {
		{ "/", "/" },
		{ "/a/b", "/a/b" },
		{ "/a.b/c..d/.e/f.", "/a.b/c..d/.e/f." },
		{ "/%61dmin", "/admin" },
		{ "/%7Euser", "/~user" },
		{ "/%2e%2E/admin", "/admin" },
		{ "/x/%2e%2e/admin", "/admin" },
		{ "/x/../admin", "/admin" },
		{ "/./admin", "/admin" },
		{ "/x/./../admin", "/admin" },
		{ "/a/b/c/./../../g", "/a/g" },
		{ "/../../admin", "/admin" },
		{ "/..", "/" },
		{ "/.", "/" },
		{ "/a/..", "/" },
		{ "/a/.", "/a/" },
		{ "/a/./", "/a/" },
		{ "/a/../", "/" },
		{ "/a/b/..", "/a/" },
		{ "/a//../b", "/a/b" },
		{ "//a", "//a" },
		{ "//a/..", "//" },
		{ "/...", "/..." },
		{ "/..a", "/..a" },
		{ "/.a/", "/.a/" },
		{ "/a%2fb", "/a%2Fb" },
		{ "/a%2Fb", "/a%2Fb" },
		{ "/%20", "/%20" },
		{ "/%c3%bc", "/%C3%BC" },
		/* Decoded once only: %25 stays a percent sign. */
		{ "/%252e%252e/a", "/%252e%252e/a" },
		{ "/%2561", "/%2561" },
		/* A stray '%' is one, so no encoding comes about. */
		{ "/%", "/%25" },
		{ "/%6", "/%256" },
		{ "/%6g", "/%256g" },
		{ "/%%61", "/%25a" },
		{ "/%%361", "/%2561" },
		{ "/%/../a", "/a" },
		{ "", "" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 14);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str once, twice;
		assert_int_equal(
		    http_path_normal(str_of(cases[i].path), &arena, &once), 0);
		if (!str_is(once, cases[i].want))
			fail_msg(
			    "'%s' became '%.*s'", cases[i].path, STR_ARG(once));
		assert_int_equal(http_path_normal(once, &arena, &twice), 0);
		assert_true(str_eq(once, twice));
	}
	arena_fini(&arena);
}

static bool
is_read(const char *path, const char *want)
{
	struct str readings[HTTP_PATH_READINGS_MAX], normal;
	struct arena arena;
	bool found = false;

	arena_init(&arena, 1 << 16);
	int count = http_path_readings(str_of(path), &arena, readings);
	assert_in_range(count, 1, HTTP_PATH_READINGS_MAX);
	assert_int_equal(http_path_normal(str_of(path), &arena, &normal), 0);
	assert_true(str_eq(readings[0], normal));
	for (int i = 0; i < count; i++) {
		found |= str_is(readings[i], want);
		for (int j = 0; j < i; j++)
			assert_false(str_eq(readings[i], readings[j]));
	}
	arena_fini(&arena);
	return found;
}

static void
what_servers_read(void **state)
{
	static const struct {
		const char *path, *want;
	} cases[] = {
		{ "/", "/" },
		{ "/a/b.c", "/a/b.c" },
		{ "//a", "/a" },
		{ "/a///b//", "/a/b/" },
		{ "/%2Fadmin", "/admin" },
		{ "/a%2F..%2Fadmin", "/admin" },
		{ "/a%5C..%5Cadmin", "/admin" },
		{ "/a\\..\\admin", "/admin" },
		{ "/admin;a=b/users", "/admin/users" },
		{ "/a/..;/admin", "/admin" },
		{ "/admin/;", "/admin/" },
		{ "/;/admin", "/admin" },
		{ "/a//../admin", "/admin" },
		{ "/a;..%2Fadmin", "/a/admin" },
		{ "/%252F", "/%252F" },
		{ "/%61dmin/%2E%2e%2fb", "/b" },
		{ "/%", "/%25" },
		/* Parameters are cut before anything is decoded, or after. */
		{ "/admin;%2f../x", "/admin/x" },
		{ "/admin;%5c../x", "/admin/x" },
		{ "/admin;%2f../x", "/x" },
		{ "/x/%3b/admin", "/x/admin" },
		{ "/admin%3bx/y", "/admin/y" },
		/* Slashes are one, and what is encoded stays so; or not. */
		{ "/x/a%2fb//../../admin", "/admin" },
		{ "/x/a%2fb//../../admin", "/x/admin" },
		{ "/x/a\\b//../../admin", "/admin" },
		{ "/y//../x//admin", "/y/x/admin" },
		{ "/y//../x//admin", "/x/admin" },
		/* Many decode all that can be. */
		{ "/users/%40me/x", "/users/@me/x" },
		{ "/a%3Ab", "/a:b" },
		{ "/a%3Ab", "/a%3Ab" },
		{ "//%40me", "/%40me" },
		{ "//%40me", "/@me" },
		{ "/a%3Fb%23c%25d%20e", "/a%3Fb%23c%25d%20e" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!is_read(cases[i].path, cases[i].want))
			fail_msg(
			    "'%s' is never '%s'", cases[i].path, cases[i].want);
}

static int
count_readings(const char *path, size_t room)
{
	struct str readings[HTTP_PATH_READINGS_MAX];
	struct arena arena;

	arena_init(&arena, room);
	int count = http_path_readings(str_of(path), &arena, readings);
	arena_fini(&arena);
	return count;
}

static void
each_is_there_once_and_not_too_many_are(void **state)
{
	char path[8000];

	(void)state;
	assert_int_equal(count_readings("/a/../.b", 4096), 1);
	assert_int_equal(count_readings("/a%20b/%C3%BC/%7e", 4096), 1);
	assert_int_equal(count_readings("/a@b:c,d", 4096), 1);
	assert_int_equal(count_readings("/a%40b", 4096), 2);
	assert_int_equal(count_readings("//a", 4096), 2);
	assert_int_equal(
	    count_readings("/i/https%3A%2F%2Fa.example%2Fb", 4096), 5);
	assert_int_equal(
	    count_readings("/a;b%2f;c%40\\d//..;/e%5c%3b//f/../g", 1 << 16),
	    -E2BIG);
	memset(path, 'a', sizeof(path));
	memcpy(path, "/;a//%2f", 8);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(count_readings(path, 1 << 18), -E2BIG);
	assert_int_equal(count_readings("//a", 0), -ENOMEM);
	assert_int_equal(count_readings("/a", 0), -ENOMEM);
}

static void
a_normal_path_needs_no_memory(void **state)
{
	struct str path = STR("/a/b.c"), ret;
	struct arena none;

	(void)state;
	arena_init(&none, 0);
	assert_int_equal(http_path_normal(path, &none, &ret), 0);
	assert_ptr_equal(ret.at, path.at);
	assert_int_equal(http_path_normal(STR("/%61"), &none, &ret), -ENOMEM);
	arena_fini(&none);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_have_one_normal_form),
		cmocka_unit_test(what_servers_read),
		cmocka_unit_test(each_is_there_once_and_not_too_many_are),
		cmocka_unit_test(a_normal_path_needs_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
