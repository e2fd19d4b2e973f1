/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/media_type.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MANY "-"

static void
add(struct http_fields *fields, struct arena *arena, const char *value)
{
	if (value != NULL)
		assert_int_equal(http_fields_add(fields, arena,
				     STR("Content-Type"), str_of(value)),
		    0);
}

static void
one_type_that_all_see(void **state)
{
	static const struct {
		const char *first, *second, *want; /* NULL: none */
	} cases[] = {
		{ NULL, NULL, NULL },
		{ "", NULL, NULL },
		{ "text/html", NULL, "text/html" },
		{ " Text/HTML ;charset=UTF-8", NULL, "text/html" },
		{ "text/html; a=\"b,video/mp4\"", NULL, "text/html" },
		{ "text/html; charset=a,b", NULL, "text/html" },
		{ "text/html, TEXT/html;x=y", "text/html;z", "text/html" },
		{ "jpeg", NULL, "jpeg" },
		{ "jpeg", "image/jpeg", "image/jpeg" },
		{ "image/jpeg", "jpeg, */*", "image/jpeg" },
		{ "text/plain, video/mp4", NULL, MANY },
		{ "text/plain; a=b , video/mp4", NULL, MANY },
		{ "text/plain", "video/mp4", MANY },
		{ "text/plain, text/plain", "text/html", MANY },
		{ "Multipart/Byteranges; boundary=x", NULL, MANY },
		{ "multipart/form-data", NULL, "multipart/form-data" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_fields fields = { 0 };
		struct arena arena;
		struct str type;

		arena_init(&arena, 1 << 14);
		add(&fields, &arena, cases[i].first);
		add(&fields, &arena, cases[i].second);
		int rc = http_media_type_of(&fields, &arena, &type);
		if (cases[i].want != NULL && *cases[i].want == '-')
			assert_int_equal(rc, -EBADMSG);
		else
			assert_int_equal(rc, 0);
		if (rc == 0 && cases[i].want == NULL)
			assert_null(type.at);
		else if (rc == 0)
			assert_true(str_is(type, cases[i].want));
		arena_fini(&arena);
	}
}

static void
without_memory_there_is_none(void **state)
{
	struct http_fields fields = { 0 };
	struct arena arena, none;
	struct str type;

	(void)state;
	arena_init(&arena, 1 << 14);
	arena_init(&none, 0);
	add(&fields, &arena, "text/html");
	assert_int_equal(http_media_type_of(&fields, &none, &type), -ENOMEM);
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_type_that_all_see),
		cmocka_unit_test(without_memory_there_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
