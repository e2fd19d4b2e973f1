/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/fields.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "http/limits.h"

struct bench {
	struct arena arena;
	struct http_fields fields;
};

static int
setup(void **state)
{
	static struct bench bench;

	bench = (struct bench){ 0 };
	arena_init(&bench.arena, 1 << 16);
	*state = &bench;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *bench = *state;

	arena_fini(&bench->arena);
	return 0;
}

static int
add(struct bench *bench, const char *name, const char *value)
{
	return http_fields_add(
	    &bench->fields, &bench->arena, str_of(name), str_of(value));
}

static void
expect_field(
    const struct http_field *field, const char *name, const char *value)
{
	assert_non_null(field);
	assert_true(str_is(field->name, name));
	assert_true(str_is(field->value, value));
}

static void
what_was_added_is_found_in_any_case(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(add(bench, "Accept", "text/html"), 0);
	assert_int_equal(add(bench, "X-One", " \t spaced\t"), 0);
	assert_int_equal(add(bench, "x-one", "second"), 0);
	assert_int_equal(add(bench, "X-Empty", ""), 0);
	expect_field(http_fields_get(&bench->fields, HTTP_NAME_ACCEPT),
	    "Accept", "text/html");
	expect_field(http_fields_find(&bench->fields, STR("aCCEPT")), "Accept",
	    "text/html");
	expect_field(
	    http_fields_find(&bench->fields, STR("X-ONE")), "X-One", "spaced");
	expect_field(
	    http_fields_find(&bench->fields, STR("x-empty")), "X-Empty", "");
	assert_null(http_fields_find(&bench->fields, STR("X-On")));
	assert_null(http_fields_get(&bench->fields, HTTP_NAME_HOST));
	assert_null(http_fields_get(&bench->fields, HTTP_NAME_OTHER));
}

/* What could end a line or begin another field never enters the model. */
static void
what_cannot_be_a_field_is_refused(void **state)
{
	static const struct {
		const char *name, *value;
	} bad[] = {
		{ "", "x" },
		{ "X ", "x" },
		{ " X", "x" },
		{ "X:", "x" },
		{ "X\r\nY", "x" },
		{ "X\x80", "x" },
		{ "X(", "x" },
		{ "X", "a\r\nEvil: b" },
		{ "X", "a\nb" },
		{ "X", "a\rb" },
		{ "X", "\r\n" },
		{ "X", "a\x7f" },
		{ "X", "\x01" },
	};
	struct bench *bench = *state;

	assert_int_equal(add(bench, "X", "kept"), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(
		    add(bench, bad[i].name, bad[i].value), -EINVAL);
		assert_int_equal(http_fields_set(&bench->fields, &bench->arena,
				     str_of(bad[i].name), str_of(bad[i].value)),
		    -EINVAL);
	}
	assert_int_equal(http_fields_add(&bench->fields, &bench->arena,
			     STR("X"), STR("a\0b")),
	    -EINVAL);
	assert_int_equal(bench->fields.count, 1);
	expect_field(&bench->fields.items[0], "X", "kept");
}

static void
set_leaves_one_field_in_the_first_place(void **state)
{
	struct bench *bench = *state;

	(void)add(bench, "A", "1");
	(void)add(bench, "Vary", "one");
	(void)add(bench, "B", "2");
	(void)add(bench, "VARY", "two");
	(void)add(bench, "b", "3");
	bench->fields.items[1].hop = true;
	assert_int_equal(http_fields_set(&bench->fields, &bench->arena,
			     STR("vary"), STR("new")),
	    0);
	assert_int_equal(bench->fields.count, 4);
	expect_field(&bench->fields.items[1], "vary", "new");
	assert_int_equal(bench->fields.items[1].id, HTTP_NAME_VARY);
	assert_false(bench->fields.items[1].hop);
	assert_int_equal(http_fields_set(&bench->fields, &bench->arena,
			     STR("B"), STR("only")),
	    0);
	assert_int_equal(bench->fields.count, 3);
	expect_field(&bench->fields.items[2], "B", "only");
	assert_int_equal(http_fields_set(&bench->fields, &bench->arena,
			     STR("C"), STR("added")),
	    0);
	expect_field(&bench->fields.items[3], "C", "added");
}

static void
remove_takes_all_of_the_name(void **state)
{
	struct bench *bench = *state;

	(void)add(bench, "Cookie", "1");
	(void)add(bench, "X-Y", "2");
	(void)add(bench, "cookie", "3");
	(void)add(bench, "x-y", "4");
	(void)add(bench, "Z", "5");
	assert_int_equal(
	    http_fields_remove(&bench->fields, HTTP_NAME_COOKIE), 2);
	assert_int_equal(
	    http_fields_remove(&bench->fields, HTTP_NAME_COOKIE), 0);
	assert_int_equal(
	    http_fields_remove(&bench->fields, HTTP_NAME_OTHER), 0);
	assert_int_equal(
	    http_fields_remove_named(&bench->fields, STR("X-y")), 2);
	assert_int_equal(bench->fields.count, 1);
	expect_field(&bench->fields.items[0], "Z", "5");
}

static void
the_number_of_fields_is_bounded(void **state)
{
	struct bench *bench = *state;
	size_t max = HTTP_FIELDS_MAX + HTTP_FIELDS_ADDED_MAX;

	for (size_t i = 0; i < max; i++)
		assert_int_equal(add(bench, "N", "v"), 0);
	assert_int_equal(add(bench, "N", "v"), -E2BIG);
	assert_int_equal(
	    http_fields_room(&bench->fields, &bench->arena, 1), -E2BIG);
	assert_int_equal(
	    http_fields_room(&bench->fields, &bench->arena, SIZE_MAX), -E2BIG);
	assert_int_equal(bench->fields.count, max);
}

static void
a_full_arena_is_told_and_changes_nothing(void **state)
{
	struct bench *bench = *state;
	struct arena small;

	arena_init(&small, 4 * sizeof(struct http_field));
	assert_int_equal(http_fields_room(&bench->fields, &small, 2), 0);
	assert_int_equal(
	    http_fields_add(&bench->fields, &small, STR("A"), STR("1")), 0);
	assert_int_equal(
	    http_fields_add(&bench->fields, &small, STR("B"), STR("2")), 0);
	assert_int_equal(
	    http_fields_add(&bench->fields, &small, STR("C"), STR("3")),
	    -ENOMEM);
	assert_int_equal(bench->fields.count, 2);
	expect_field(&bench->fields.items[1], "B", "2");
	arena_fini(&small);
}

/* The members of a list, joined by '|'. */
static void
lists_are_cut_at_commas_outside_quotes(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
		{ "", "" },
		{ ",", "" },
		{ " , ,, ", "" },
		{ "a", "a|" },
		{ "a,b", "a|b|" },
		{ " a , b ", "a|b|" },
		{ "a,,b,", "a|b|" },
		{ ",a", "a|" },
		{ "a b, c", "a b|c|" },
		{ "\"a,b\", c", "\"a,b\"|c|" },
		{ "x=\"a,b\";q=1, c", "x=\"a,b\";q=1|c|" },
		{ "\"a\\\",b\", c", "\"a\\\",b\"|c|" },
		{ "\"a\\\\\",b", "\"a\\\\\"|b|" },
		{ "\"open, b", "\"open, b|" },
		{ "\"open\\", "\"open\\|" },
		{ "a\\,b", "a\\|b|" },
		{ "\t\"\"\t,\t\"\"", "\"\"|\"\"|" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str rest = str_of(cases[i].value), member;
		char got[64] = "";
		while (http_list_next(&rest, &member)) {
			strncat(got, member.at, member.len);
			strcat(got, "|");
		}
		assert_string_equal(got, cases[i].want);
	}
}

static void
members_run_over_all_lines_of_a_name(void **state)
{
	static const char *const want[] = { "a", "b", "\"c,d\"", "e" };
	struct bench *bench = *state;
	struct str member;
	size_t count = 0;

	(void)add(bench, "Vary", "a, b");
	(void)add(bench, "Accept", "not this");
	(void)add(bench, "vary", "");
	(void)add(bench, "VARY", ",\"c,d\"");
	(void)add(bench, "Vary", "e,");
	struct http_members members =
	    HTTP_MEMBERS(&bench->fields, HTTP_NAME_VARY);
	while (http_members_next(&members, &member))
		assert_true(str_is(member, want[count++]));
	assert_int_equal(count, 4);
	assert_false(http_members_next(&members, &member));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_added_is_found_in_any_case),
		TEST(what_cannot_be_a_field_is_refused),
		TEST(set_leaves_one_field_in_the_first_place),
		TEST(remove_takes_all_of_the_name),
		TEST(the_number_of_fields_is_bounded),
		TEST(a_full_arena_is_told_and_changes_nothing),
		TEST(lists_are_cut_at_commas_outside_quotes),
		TEST(members_run_over_all_lines_of_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
