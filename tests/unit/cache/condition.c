/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/condition.h"

#include <errno.h>

#include "messages.h"

#define FRESH    "Cache-Control: max-age=60\n"
#define TAG      FRESH "ETag: \"a\"\n"
#define WEAK     FRESH "ETag: W/\"a\"\n"
#define MODIFIED DATED "Last-Modified: Fri, 02 Jan 2026 07:00:00 GMT\n"
#define BOTH     MODIFIED TAG

#define NONE     CACHE_CONDITION_NONE
#define SAME     CACHE_CONDITION_NOT_MODIFIED
#define NOT_OURS CACHE_CONDITION_NOT_OURS

static void
conditions_are_asked(void **state)
{
	static const struct {
		long status;
		const char *stored, *request;
		enum cache_condition want;
	} cases[] = {
		{ 200, TAG, "", NONE },
		{ 200, TAG, "If-None-Match: \"a\"\n", SAME },
		{ 200, TAG, "If-None-Match: \"b\"\n", NONE },
		{ 200, TAG, "If-None-Match: \"b\", \"a\"\n", SAME },
		{ 200, TAG, "If-None-Match: \"b\"\nIf-None-Match: \"a\"\n",
		    SAME },
		{ 200, TAG, "If-None-Match: W/\"a\"\n", SAME },
		{ 200, WEAK, "If-None-Match: W/\"a\"\n", SAME },
		{ 200, WEAK, "If-None-Match: \"a\"\n", SAME },
		{ 200, TAG, "If-None-Match: a\n", NONE },
		{ 200, FRESH "ETag: a\n", "If-None-Match: a\n", NONE },
		{ 200, FRESH "ETag: a\n", "If-None-Match: \"a\"\n", NONE },
		{ 200, FRESH "ETag: \"a\"\nETag: \"b\"\n",
		    "If-None-Match: \"a\"\n", NONE },
		{ 200, FRESH "ETag: \"\xc3\xbc\"\n",
		    "If-None-Match: \"\xc3\xbc\"\n", SAME },
		{ 200, TAG, "If-None-Match: *\n", SAME },
		{ 200, FRESH, "If-None-Match: *\n", SAME },
		{ 200, FRESH, "If-None-Match: \"a\"\n", NONE },
		/* By date. */
		{ 200, MODIFIED,
		    "If-Modified-Since: Fri, 02 Jan 2026 07:00:00 GMT\n",
		    SAME },
		{ 200, MODIFIED,
		    "If-Modified-Since: Fri, 02 Jan 2026 07:30:00 GMT\n",
		    SAME },
		{ 200, MODIFIED,
		    "If-Modified-Since: Fri, 02 Jan 2026 06:59:59 GMT\n",
		    NONE },
		{ 200, MODIFIED,
		    "If-Modified-Since: Friday, 02-Jan-26 07:00:00 GMT\n",
		    SAME },
		{ 200, MODIFIED, "If-Modified-Since: 0\n", NONE },
		{ 200, MODIFIED, "If-Modified-Since: now\n", NONE },
		{ 200, MODIFIED,
		    "If-Modified-Since: Fri, 02 Jan 2026 07:00:00 GMT\n"
		    "If-Modified-Since: Fri, 02 Jan 2026 07:30:00 GMT\n",
		    NONE },
		/* 4.3.2: else the Date, else when it came. */
		{ 200, FRESH "Date: Fri, 02 Jan 2026 07:00:00 GMT\n",
		    "If-Modified-Since: Fri, 02 Jan 2026 07:00:00 GMT\n",
		    SAME },
		{ 200, FRESH "Date: Fri, 02 Jan 2026 07:00:00 GMT\n",
		    "If-Modified-Since: Fri, 02 Jan 2026 06:00:00 GMT\n",
		    NONE },
		{ 200, FRESH, "If-Modified-Since: " MORNING_DATE "\n", SAME },
		{ 200, FRESH,
		    "If-Modified-Since: Fri, 02 Jan 2026 07:00:00 GMT\n",
		    NONE },
		/* The better one counts alone. */
		{ 200, BOTH,
		    "If-None-Match: \"b\"\n"
		    "If-Modified-Since: Fri, 02 Jan 2026 07:00:00 GMT\n",
		    NONE },
		{ 200, BOTH,
		    "If-None-Match: \"a\"\n"
		    "If-Modified-Since: Fri, 02 Jan 2026 06:00:00 GMT\n",
		    SAME },
		/* RFC 9110, 13.2.1: only where the answer would be a 2xx. */
		{ 404, TAG, "If-None-Match: \"a\"\n", NONE },
		{ 301, TAG, "If-None-Match: *\n", NONE },
		{ 203, TAG, "If-None-Match: \"a\"\n", SAME },
		{ 299, TAG, "If-None-Match: \"a\"\n", SAME },
		{ 300, TAG, "If-None-Match: \"a\"\n", NONE },
		/* For the origin. */
		{ 200, TAG, "If-Match: \"a\"\n", NOT_OURS },
		{ 200, TAG, "If-Match: *\nIf-None-Match: \"a\"\n", NOT_OURS },
		{ 200, MODIFIED,
		    "If-Unmodified-Since: Fri, 02 Jan 2026 07:00:00 GMT\n",
		    NOT_OURS },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 22);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stored stored = must_store(
		    (unsigned)cases[i].status, cases[i].stored, &arena);
		struct http_request request =
		    request_of(cases[i].request, &arena);
		if (cache_condition_of(&request, &stored.meta, stored.head) !=
		    cases[i].want)
			fail_msg("%ld '%s' for '%s'", cases[i].status,
			    cases[i].stored, cases[i].request);
	}
	arena_fini(&arena);
}

static void
heads_are_asked_too(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	struct stored stored = must_store(200, TAG, &arena);
	struct http_request head =
	    request_to("HEAD /", "If-None-Match: \"a\"\n", &arena);
	assert_int_equal(
	    cache_condition_of(&head, &stored.meta, stored.head), SAME);
	arena_fini(&arena);
}

static void
a_304_does_not_describe_the_content(void **state)
{
	static const struct {
		const char *name;
		bool carried;
	} cases[] = {
		{ "Cache-Control", true },
		{ "Content-Location", true },
		{ "Date", true },
		{ "ETag", true },
		{ "Expires", true },
		{ "Vary", true },
		{ "Last-Modified", true },
		{ "Set-Cookie", true },
		{ "Content-Security-Policy", true },
		{ "X-Other", true },
		{ "Content-Type", false },
		{ "Content-Encoding", false },
		{ "Content-Range", false },
		{ "content-language", false },
		{ "Content-Disposition", false },
		{ "Accept-Ranges", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_field field = { .name = str_of(cases[i].name) };
		field.id = (uint8_t)http_name_find(field.name);
		if (cache_condition_304_carries(&field) != cases[i].carried)
			fail_msg("%s", cases[i].name);
	}
}

/* The fields of a request, without Host. */
static void
expect_fields(const struct http_request *request, const char *want)
{
	struct text text = TEXT_EMPTY;

	for (size_t i = 0; i < request->fields.count; i++) {
		const struct http_field *field = &request->fields.items[i];
		if (field->id != HTTP_NAME_HOST)
			text_addf(&text, "%.*s: %.*s\n", STR_ARG(field->name),
			    STR_ARG(field->value));
	}
	if (!str_is(text_str(&text), want))
		fail_msg("'%.*s'", STR_ARG(text_str(&text)));
	text_fini(&text);
}

static void
ours_go_to_the_origin(void **state)
{
	static const struct {
		const char *stored, *want;
		bool can;
	} cases[] = {
		{ TAG, "If-None-Match: \"a\"\nX: y\n", true },
		{ WEAK, "If-None-Match: W/\"a\"\nX: y\n", true },
		/* As text: servers compare it so. */
		{ DATED FRESH "Last-Modified: Friday, 02-Jan-26 07:00:00 GMT\n",
		    "If-Modified-Since: Friday, 02-Jan-26 07:00:00 GMT\n"
		    "X: y\n",
		    true },
		{ BOTH,
		    "If-None-Match: \"a\"\n"
		    "If-Modified-Since: Fri, 02 Jan 2026 07:00:00 GMT\n"
		    "X: y\n",
		    true },
		{ FRESH "Last-Modified: never\nETag: a\n", "X: y\n", false },
		{ FRESH, "X: y\n", false },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stored stored = must_store(200, cases[i].stored, &arena);
		struct http_request request = request_of(
		    "If-None-Match: \"z\"\nRange: bytes=0-1\n"
		    "If-Range: \"z\"\nIf-Modified-Since: " MORNING_DATE "\n",
		    &arena);
		assert_int_equal(
		    cache_condition_can_validate(&stored.meta), cases[i].can);
		assert_int_equal(cache_condition_validate(&request,
				     &stored.meta, stored.head, &arena),
		    0);
		assert_int_equal(http_fields_add(&request.fields, &arena,
				     STR("X"), STR("y")),
		    0);
		expect_fields(&request, cases[i].want);
	}
	arena_fini(&arena);
}

static void
all_conditions_go(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	struct http_request request =
	    request_of("A: 1\nIf-Match: \"x\"\nIf-None-Match: \"x\"\nB: 2\n"
		       "If-Modified-Since: x\nIf-Unmodified-Since: x\n"
		       "If-Range: x\nRange: bytes=0-1\nRange: bytes=2-3\n",
		&arena);
	cache_condition_remove(&request);
	expect_fields(&request, "A: 1\nB: 2\n");
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions_are_asked),
		cmocka_unit_test(heads_are_asked_too),
		cmocka_unit_test(a_304_does_not_describe_the_content),
		cmocka_unit_test(ours_go_to_the_origin),
		cmocka_unit_test(all_conditions_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
