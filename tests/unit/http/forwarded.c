/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/forwarded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
the_client_stands_last(void **state)
{
	static const struct {
		const char *values[3]; /* NULL-terminated */
		const char *line;
	} rows[] = {
		{ { NULL }, "X-Forwarded-For: 10.0.0.4\r\n" },
		{ { "", NULL }, "X-Forwarded-For: 10.0.0.4\r\n" },
		{ { "192.0.2.1", NULL },
		    "X-Forwarded-For: 192.0.2.1, 10.0.0.4\r\n" },
		{ { "192.0.2.1, unknown", "2001:db8::1", NULL },
		    "X-Forwarded-For: 192.0.2.1, unknown, 2001:db8::1, "
		    "10.0.0.4\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_fields fields = { 0 };
		struct text out = TEXT_EMPTY;
		struct arena arena;
		arena_init(&arena, 1 << 16);
		for (const char *const *value = rows[i].values; *value != NULL;
		     value++)
			assert_int_equal(
			    http_fields_add(&fields, &arena,
				STR("x-forwarded-for"), str_of(*value)),
			    0);
		http_forwarded_add(&fields, STR("10.0.0.4"), &out);
		assert_true(str_is(text_str(&out), rows[i].line));
		text_fini(&out);
		arena_fini(&arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_client_stands_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
