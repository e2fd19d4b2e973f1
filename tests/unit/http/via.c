/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/via.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Fields of Via lines, NULL-terminated. */
static struct http_fields
via_fields(struct arena *arena, const char *const *values)
{
	struct http_fields fields = { 0 };

	for (; *values != NULL; values++)
		assert_int_equal(http_fields_add(&fields, arena, STR("via"),
				     str_of(*values)),
		    0);
	return fields;
}

static void
a_loop_is_seen_by_our_name(void **state)
{
	static const struct {
		const char *values[3];
		bool has;
	} cases[] = {
		{ { NULL }, false },
		{ { "", NULL }, false },
		{ { "1.1 gatehouse", NULL }, true },
		{ { "1.1 Gatehouse", NULL }, true },
		{ { "HTTP/1.1 gatehouse (comment)", NULL }, true },
		{ { "1.0 fred, 1.1 gatehouse", NULL }, true },
		{ { "1.0 fred", "1.1 gatehouse", NULL }, true },
		{ { "1.1\tgatehouse\t(x)", NULL }, true },
		{ { "1.1   gatehouse", NULL }, true },
		{ { "1.1 gatehouse2", NULL }, false },
		{ { "1.1 a-gatehouse", NULL }, false },
		{ { "1.1 gatehouse:3128", NULL }, false },
		{ { "gatehouse", NULL }, false },
		{ { "1.1 fred (gatehouse)", NULL }, false },
		{ { "1.1 fred (a, b), 1.1 gatehouse", NULL }, true },
		{ { "1.1 \"gatehouse\"", NULL }, false },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_fields fields = via_fields(&arena, cases[i].values);
		assert_int_equal(
		    http_via_has(&fields, STR("gatehouse")), cases[i].has);
	}
	arena_fini(&arena);
}

static void
we_append_ourselves(void **state)
{
	static const struct {
		const char *values[3];
		unsigned minor;
		const char *name, *want;
	} cases[] = {
		{ { NULL }, 1, "gatehouse", "Via: 1.1 gatehouse\r\n" },
		{ { NULL }, 0, "gatehouse", "Via: 1.0 gatehouse\r\n" },
		{ { NULL }, 1, "", "" },
		{ { "1.0 fred", NULL }, 1, "gatehouse",
		    "Via: 1.0 fred, 1.1 gatehouse\r\n" },
		{ { "1.0 fred", "1.1 b (x)", NULL }, 1, "gatehouse",
		    "Via: 1.0 fred, 1.1 b (x), 1.1 gatehouse\r\n" },
		{ { "", "1.1 b", NULL }, 1, "gatehouse",
		    "Via: 1.1 b, 1.1 gatehouse\r\n" },
		{ { "1.0 fred", NULL }, 1, "", "Via: 1.0 fred\r\n" },
		{ { "", NULL }, 1, "", "" },
	};
	struct text out = TEXT_EMPTY;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_fields fields = via_fields(&arena, cases[i].values);
		text_clear(&out);
		http_via_add(
		    &fields, cases[i].minor, str_of(cases[i].name), &out);
		assert_true(str_is(text_str(&out), cases[i].want));
	}
	arena_fini(&arena);
	text_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loop_is_seen_by_our_name),
		cmocka_unit_test(we_append_ourselves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
