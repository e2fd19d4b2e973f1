/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members of what somebody else has written: of another type they are none, and
 * no text of them is for a terminal to obey once they are to be shown.
 */
#include "cli/member.h"

#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static json_t *
read_json(const char *text)
{
	json_t *value = json_loads(text, 0, NULL);

	assert_non_null(value);
	return value;
}

static void
what_is_of_another_type_is_not_there(void **state)
{
	json_t *one = read_json("{\"a\": 1, \"b\": \"x\", \"c\": -1,"
				" \"d\": {\"e\": \"y\"}}");

	(void)state;
	assert_null(member_string(one, "a").at);
	assert_null(member_string(one, "none").at);
	assert_int_equal(member_number(one, "b"), -1);
	assert_int_equal(member_number(one, "c"), -1);
	assert_true(str_is(member_inner_string(one, "d", "e"), "y"));
	assert_null(member_inner_string(one, "b", "e").at);
	json_decref(one);
}

/* ESC, CSI of 8 bits, a change of direction, a line end: at every depth. */
static void
no_text_speaks_to_the_terminal(void **state)
{
	json_t *all =
	    read_json("{\"plain\": \"caf\\u00e9\", \"number\": 7,"
		      " \"list\": [\"\\u001b[2J\", [\"\\u009b2J\"]],"
		      " \"object\": {\"x\": \"a\\nb\", \"y\": \"\\u202eb\"}}");
	const json_t *list = json_object_get(all, "list");

	(void)state;
	assert_int_equal(member_show_all(all), 0);
	assert_true(str_is(member_string(all, "plain"), "caf\xc3\xa9"));
	assert_int_equal(member_number(all, "number"), 7);
	assert_string_equal(
	    json_string_value(json_array_get(list, 0)), "\\x1b[2J");
	assert_string_equal(
	    json_string_value(json_array_get(json_array_get(list, 1), 0)),
	    "\\xc2\\x9b2J");
	assert_true(str_is(member_inner_string(all, "object", "x"), "a\\x0ab"));
	assert_true(str_is(
	    member_inner_string(all, "object", "y"), "\\xe2\\x80\\xaeb"));
	json_decref(all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_of_another_type_is_not_there),
		cmocka_unit_test(no_text_speaks_to_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
