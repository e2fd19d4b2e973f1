/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/json_member.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char line[] =
    "{\"time\": \"a\\\"b,}\", \"zone\": {\"from\":\"lan\",\"to\":null},"
    "\"list\":[1,{\"x\":2}],\"port\":80,\"last\":{}}";

static void
test_found(void **state)
{
	static const struct {
		const char *path, *value;
	} rows[] = {
		{ "time", "a\\\"b,}" },
		{ "zone.from", "lan" },
		{ "zone.to", "null" },
		{ "list", "[1,{\"x\":2}]" },
		{ "port", "80" },
		{ "last", "{}" },
	};
	struct str value;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(json_member_find(
		    str_of(line), str_of(rows[i].path), &value));
		assert_true(str_is(value, rows[i].value));
	}
}

static void
test_not_there(void **state)
{
	static const char *const paths[] = { "none", "zone.none", "port.x",
		"from", "", "last.x" };
	struct str value;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_false(
		    json_member_find(str_of(line), str_of(paths[i]), &value));
}

/* Of a line that is cut off anywhere nothing is read behind its end. */
static void
test_cut_off(void **state)
{
	char copy[sizeof(line)];
	struct str value;

	(void)state;
	for (size_t len = 0; len < sizeof(line) - 1; len++) {
		memset(copy, '"', sizeof(copy));
		memcpy(copy, line, len);
		if (json_member_find(
			(struct str){ copy, len }, STR("last"), &value))
			assert_true(value.at + value.len <= copy + len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_not_there),
		cmocka_unit_test(test_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
