/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/name.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* http_name_find walks the rows of one length, so they stand together. */
static void
names_are_sorted_by_length(void **state)
{
	(void)state;
	for (unsigned i = 2; i < HTTP_NAME_COUNT; i++)
		assert_true(http_name_text((enum http_name)(i - 1)).len <=
			    http_name_text((enum http_name)i).len);
}

static void
names_are_found_in_any_case(void **state)
{
	(void)state;
	for (unsigned i = 1; i < HTTP_NAME_COUNT; i++) {
		struct str text = http_name_text((enum http_name)i);
		char upper[64];
		assert_true(text.len < sizeof(upper));
		for (size_t k = 0; k < text.len; k++)
			upper[k] = (char)toupper((unsigned char)text.at[k]);
		assert_int_equal(http_name_find(text), i);
		assert_int_equal(
		    http_name_find((struct str){ upper, text.len }), i);
		upper[text.len - 1] = '~';
		assert_int_equal(
		    http_name_find((struct str){ upper, text.len }),
		    HTTP_NAME_OTHER);
	}
}

static void
names_nearly_known_are_not_found(void **state)
{
	static const char *const names[] = { "", "a", "ho", "hos", "hostt",
		"hosu", "content_length", "content-lengtx", "contentlength",
		"transfer-encodin", "transfer-encodingg", "x",
		"proxy-authentication-inf", "proxy-authentication-infoo",
		"a-name-that-is-longer-than-any-of-the-known-ones" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(
		    http_name_find(str_of(names[i])), HTTP_NAME_OTHER);
}

static void
names_of_one_hop_are_dropped(void **state)
{
	static const char *const hop[] = { "Keep-Alive", "Proxy-Connection",
		"Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer",
		"HTTP2-Settings", "Proxy-Authentication-Info" };
	static const char *const model[] = { "Host", "Content-Length",
		"Transfer-Encoding", "Connection", "Upgrade", "Via", "Expect",
		"Max-Forwards" };

	(void)state;
	for (size_t i = 0; i < sizeof(hop) / sizeof(hop[0]); i++)
		assert_int_equal(http_name_use(http_name_find(str_of(hop[i]))),
		    HTTP_NAME_USE_HOP);
	for (size_t i = 0; i < sizeof(model) / sizeof(model[0]); i++)
		assert_int_equal(
		    http_name_use(http_name_find(str_of(model[i]))),
		    HTTP_NAME_USE_MODEL);
	assert_int_equal(http_name_use(HTTP_NAME_OTHER), HTTP_NAME_USE_END);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_sorted_by_length),
		cmocka_unit_test(names_are_found_in_any_case),
		cmocka_unit_test(names_nearly_known_are_not_found),
		cmocka_unit_test(names_of_one_hop_are_dropped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
