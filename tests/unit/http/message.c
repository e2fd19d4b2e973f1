/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/message.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
framing_fits_the_client(void **state)
{
	static const struct {
		enum http_framing from;
		unsigned client_minor;
		enum http_framing want;
	} cases[] = {
		{ HTTP_FRAMING_NONE, 0, HTTP_FRAMING_NONE },
		{ HTTP_FRAMING_NONE, 1, HTTP_FRAMING_NONE },
		{ HTTP_FRAMING_LENGTH, 0, HTTP_FRAMING_LENGTH },
		{ HTTP_FRAMING_LENGTH, 1, HTTP_FRAMING_LENGTH },
		{ HTTP_FRAMING_CHUNKED, 0, HTTP_FRAMING_UNTIL_CLOSE },
		{ HTTP_FRAMING_CHUNKED, 1, HTTP_FRAMING_CHUNKED },
		{ HTTP_FRAMING_UNTIL_CLOSE, 0, HTTP_FRAMING_UNTIL_CLOSE },
		{ HTTP_FRAMING_UNTIL_CLOSE, 1, HTTP_FRAMING_CHUNKED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_response response = { .framing = cases[i].from };
		http_response_fit(&response, cases[i].client_minor);
		assert_int_equal(response.framing, cases[i].want);
	}
}

static void
our_own_answers_have_a_length_where_content_is(void **state)
{
	struct http_response response;

	(void)state;
	response = http_response_own(403, HTTP_METHOD_GET, 12);
	assert_int_equal(response.status, 403);
	assert_true(str_is(response.reason, "Forbidden"));
	assert_int_equal(response.framing, HTTP_FRAMING_LENGTH);
	assert_int_equal(response.content_length, 12);
	response = http_response_own(403, HTTP_METHOD_HEAD, 12);
	assert_int_equal(response.framing, HTTP_FRAMING_NONE);
	response = http_response_own(200, HTTP_METHOD_CONNECT, 0);
	assert_int_equal(response.framing, HTTP_FRAMING_NONE);
	response = http_response_own(100, HTTP_METHOD_PUT, 0);
	assert_int_equal(response.framing, HTTP_FRAMING_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(framing_fits_the_client),
		cmocka_unit_test(
		    our_own_answers_have_a_length_where_content_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
