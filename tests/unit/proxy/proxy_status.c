/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/proxy_status.h"

#include "../net/harness.h"

#define NAME STR("gatehouse-0a1b2c3d")

static void
assert_added(const char *error, const char *words, const char *expected)
{
	struct text out = TEXT_EMPTY;

	proxy_status_add(NAME, error, words, &out);
	assert_string_equal(out.at, expected);
	text_fini(&out);
}

static void
members(void **state)
{
	struct text out = TEXT_EMPTY;

	(void)state;
	assert_added("dns_error", NULL, "gatehouse-0a1b2c3d; error=dns_error");
	assert_added("dns_error", "", "gatehouse-0a1b2c3d; error=dns_error");
	assert_added("dns_error", "the name's address",
	    "gatehouse-0a1b2c3d; error=dns_error; "
	    "details=\"the name's address\"");
	proxy_status_add_passed(NAME, 502, &out);
	assert_string_equal(out.at, "gatehouse-0a1b2c3d; received-status=502");
	text_clear(&out);
	proxy_status_add_passed(STR(""), 500, &out);
	assert_string_equal(out.at, "gatehouse; received-status=500");
	text_fini(&out);
}

/* Whatever a parent or a policy puts there, it stays one string. */
static void
strings(void **state)
{
	char longest[600];
	struct text out = TEXT_EMPTY;

	(void)state;
	assert_added("dns_error", "a \"b\" \\c",
	    "gatehouse-0a1b2c3d; error=dns_error; "
	    "details=\"a \\\"b\\\" \\\\c\"");
	assert_added("dns_error", "a\r\nSet-Cookie: b\x7f\x80\xc3\xa9\t",
	    "gatehouse-0a1b2c3d; error=dns_error; "
	    "details=\"a??Set-Cookie: b?????\"");
	memset(longest, '"', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	proxy_status_add(NAME, "dns_error", longest, &out);
	assert_int_equal(out.len, strlen("gatehouse-0a1b2c3d; error=dns_error; "
					 "details=") +
				      2 + 2 * 200);
	text_fini(&out);
}

/* A failure that has a status has a type of its own. */
static void
every_failure(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PROXY_FAILURE_COUNT; i++) {
		enum proxy_failure failure = (enum proxy_failure)i;
		bool internal = strcmp(proxy_status_error(failure),
				    "proxy_internal_error") == 0;
		assert_int_equal(
		    internal, proxy_failure_status(failure) == 0 ||
				  failure == PROXY_FAILURE_NO_SOURCE ||
				  failure == PROXY_FAILURE_NO_MEMORY);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members),
		cmocka_unit_test(strings),
		cmocka_unit_test(every_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
