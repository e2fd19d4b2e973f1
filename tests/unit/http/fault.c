/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "http/status.h"

static void
faults_have_word_status_and_meaning(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HTTP_FAULT_COUNT; i++) {
		enum http_fault fault = (enum http_fault)i;
		assert_true(strlen(http_fault_word(fault)) > 0);
		assert_true(strlen(http_fault_meaning(fault)) > 10);
		/* Each is a status that we can answer with. */
		assert_true(http_fault_status(fault) >= 400);
		assert_true(
		    http_status_reason(http_fault_status(fault)).len > 0);
	}
	assert_int_equal(http_fault_status(HTTP_FAULT_VERSION), 505);
	assert_int_equal(http_fault_status(HTTP_FAULT_START_LINE_LONG), 414);
	assert_int_equal(http_fault_status(HTTP_FAULT_HEAD_LARGE), 431);
	assert_int_equal(http_fault_status(HTTP_FAULT_CODING_UNKNOWN), 501);
	assert_int_equal(http_fault_status(HTTP_FAULT_EXPECTATION), 417);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_have_word_status_and_meaning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
