/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/failure.h"

#include "../net/harness.h"
#include "http/status.h"

#include <string.h>

static void
every_failure_has_words_and_a_known_status(void **state)
{
	(void)state;
	for (unsigned i = 1; i < PROXY_FAILURE_COUNT; i++) {
		enum proxy_failure failure = (enum proxy_failure)i;
		unsigned status = proxy_failure_status(failure);
		assert_true(strlen(proxy_failure_words(failure)) > 8);
		assert_true(status == 0 || (status >= 400 && status < 600));
		if (status != 0)
			assert_true(http_status_reason(status).len > 0);
	}
	assert_int_equal(proxy_failure_status(PROXY_FAILURE_NONE), 0);
	assert_string_equal(proxy_failure_words(PROXY_FAILURE_NONE), "");
}

/* What is our own want must not be said to be the server's doing. */
static void
why_a_connection_was_not_made(void **state)
{
	static const struct {
		int error;
		enum proxy_failure failure;
	} cases[] = {
		{ ECONNREFUSED, PROXY_FAILURE_REFUSED },
		{ ENETUNREACH, PROXY_FAILURE_UNREACHABLE },
		{ EHOSTUNREACH, PROXY_FAILURE_UNREACHABLE },
		{ EADDRNOTAVAIL, PROXY_FAILURE_UNREACHABLE },
		{ ETIMEDOUT, PROXY_FAILURE_DIAL_TIMEOUT },
		{ ENOMEM, PROXY_FAILURE_NO_MEMORY },
		{ ENOBUFS, PROXY_FAILURE_NO_MEMORY },
		{ EMFILE, PROXY_FAILURE_NO_MEMORY },
		{ ENFILE, PROXY_FAILURE_NO_MEMORY },
		{ ECONNRESET, PROXY_FAILURE_DIAL_FAILED },
		{ EACCES, PROXY_FAILURE_DIAL_FAILED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		enum proxy_failure failure =
		    proxy_failure_of_dial(-cases[i].error);
		assert_int_equal(failure, cases[i].failure);
		assert_true(proxy_failure_status(failure) >= 500);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_failure_has_words_and_a_known_status),
		cmocka_unit_test(why_a_connection_was_not_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
