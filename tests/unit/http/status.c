/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
statuses_have_phrases(void **state)
{
	(void)state;
	assert_true(str_is(http_status_reason(200), "OK"));
	assert_true(str_is(http_status_reason(413), "Content Too Large"));
	assert_true(str_is(http_status_reason(508), "Loop Detected"));
	assert_int_equal(http_status_reason(299).len, 0);
	assert_int_equal(http_status_reason(0).len, 0);
	assert_non_null(http_status_reason(999).at);
}

static void
statuses_know_who_has_content(void **state)
{
	static const struct {
		unsigned status;
		enum http_method method;
		bool content;
	} cases[] = {
		{ 100, HTTP_METHOD_GET, false },
		{ 101, HTTP_METHOD_GET, false },
		{ 199, HTTP_METHOD_POST, false },
		{ 200, HTTP_METHOD_GET, true },
		{ 200, HTTP_METHOD_HEAD, false },
		{ 200, HTTP_METHOD_CONNECT, false },
		{ 299, HTTP_METHOD_CONNECT, false },
		{ 300, HTTP_METHOD_CONNECT, true },
		{ 403, HTTP_METHOD_CONNECT, true },
		{ 403, HTTP_METHOD_HEAD, false },
		{ 204, HTTP_METHOD_GET, false },
		{ 205, HTTP_METHOD_GET, true },
		{ 304, HTTP_METHOD_GET, false },
		{ 304, HTTP_METHOD_CONNECT, false },
		{ 404, HTTP_METHOD_OTHER, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
		    http_status_has_content(cases[i].status, cases[i].method),
		    cases[i].content);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses_have_phrases),
		cmocka_unit_test(statuses_know_who_has_content),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
