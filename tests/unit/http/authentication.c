/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/authentication.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
	const char *name, *value;
	bool of_connection;
} rows[] = {
	{ "Authorization", "NTLM TlRMTVNTUAAB", true },
	{ "authorization", "negotiate YII=", true },
	{ "Authorization", "Basic TlRMTSB4Og==", false },
	{ "Authorization", "Bearer NTLM", false },
	{ "WWW-Authenticate", "NTLM", true },
	{ "WWW-Authenticate", "Basic realm=\"a, b\", Negotiate", true },
	{ "WWW-Authenticate", "Negotiate oYG2MIGz", true },
	{ "WWW-Authenticate", "Basic realm=\"a, NTLM\"", false },
	{ "WWW-Authenticate", "NTLMv3", false },
	{ "WWW-Authenticate", "", false },
	{ "X-Authenticate", "NTLM", false },
};

static void
whom_it_is_good_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_fields fields = { 0 };
		struct arena arena;
		arena_init(&arena, 1 << 16);
		assert_int_equal(http_fields_add(&fields, &arena, STR("Server"),
				     STR("NTLM")),
		    0);
		assert_int_equal(
		    http_fields_add(&fields, &arena, str_of(rows[i].name),
			str_of(rows[i].value)),
		    0);
		if (http_authentication_is_of_connection(&fields) !=
		    rows[i].of_connection)
			fail_msg("%s: %s", rows[i].name, rows[i].value);
		arena_fini(&arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whom_it_is_good_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
