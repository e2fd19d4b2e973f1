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

static void
what_lax_servers_read(void **state)
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
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 14);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str path = str_of(cases[i].path), once, twice;
		assert_int_equal(http_path_lax(path, &arena, &once), 0);
		if (!str_is(once, cases[i].want))
			fail_msg(
			    "'%s' became '%.*s'", cases[i].path, STR_ARG(once));
		assert_int_equal(http_path_lax(once, &arena, &twice), 0);
		assert_true(str_eq(once, twice));
	}
	arena_fini(&arena);
	arena_init(&arena, 0);
	struct str ret;
	assert_int_equal(http_path_lax(STR("//a"), &arena, &ret), -ENOMEM);
	arena_fini(&arena);
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
		cmocka_unit_test(what_lax_servers_read),
		cmocka_unit_test(a_normal_path_needs_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
