/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/method.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
methods_are_found_by_their_exact_text(void **state)
{
	static const char *const unknown[] = { "", "get", "Get", "GETT", "GE",
		"PROPFIND", "OTHER" };

	(void)state;
	for (unsigned i = 1; i < HTTP_METHOD_COUNT; i++)
		assert_int_equal(
		    http_method_find(http_method_text((enum http_method)i)), i);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_int_equal(
		    http_method_find(str_of(unknown[i])), HTTP_METHOD_OTHER);
}

static void
methods_have_the_properties_of_rfc_9110(void **state)
{
	(void)state;
	assert_true(http_method_is_safe(HTTP_METHOD_GET));
	assert_true(http_method_is_safe(HTTP_METHOD_OPTIONS));
	assert_false(http_method_is_safe(HTTP_METHOD_PUT));
	assert_false(http_method_is_safe(HTTP_METHOD_OTHER));
	assert_true(http_method_is_idempotent(HTTP_METHOD_PUT));
	assert_true(http_method_is_idempotent(HTTP_METHOD_DELETE));
	assert_false(http_method_is_idempotent(HTTP_METHOD_POST));
	assert_false(http_method_is_idempotent(HTTP_METHOD_PATCH));
	assert_false(http_method_is_idempotent(HTTP_METHOD_CONNECT));
	assert_false(http_method_is_idempotent(HTTP_METHOD_OTHER));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(methods_are_found_by_their_exact_text),
		cmocka_unit_test(methods_have_the_properties_of_rfc_9110),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
