/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/invalidate.h"

#include "messages.h"

#define A "http://a.example"

static void
unsafe_requests_drop(void **state)
{
	static const struct {
		const char *line;
		unsigned status;
		const char *fields, *want;
	} cases[] = {
		{ "POST /x?y", 200, "", A "/x?y " },
		{ "PUT /x", 204, "", A "/x " },
		{ "DELETE /x", 202, "", A "/x " },
		{ "PATCH /x", 200, "", A "/x " },
		{ "M-SEARCH /x", 200, "", A "/x " },
		{ "POST /x", 303, "", A "/x " },
		{ "POST /x", 399, "", A "/x " },
		{ "POST /x", 400, "", "" },
		{ "POST /x", 103, "", "" },
		{ "CONNECT a.example:443", 200, "", "" },
		/* Errors, and safe methods, change nothing. */
		{ "POST /x", 404, "", "" },
		{ "POST /x", 500, "", "" },
		{ "GET /x", 200, "Location: /y\n", "" },
		{ "HEAD /x", 200, "", "" },
		{ "OPTIONS /x", 200, "", "" },
		/* Of the same origin only. */
		{ "POST /x/y", 201, "Location: /z\n", A "/x/y " A "/z " },
		{ "POST /x/y", 201, "Location: z?q#f\n",
		    A "/x/y " A "/x/z?q " },
		{ "POST /x", 201, "Location: http://A.example:80/z\n",
		    A "/x " A "/z " },
		{ "POST /x", 200, "Content-Location: /z\n", A "/x " A "/z " },
		{ "POST /x", 201, "Location: /y\nContent-Location: /z\n",
		    A "/x " A "/y " A "/z " },
		{ "POST /x", 201, "Location: https://a.example/z\n", A "/x " },
		{ "POST /x", 201, "Location: http://a.example:81/z\n",
		    A "/x " },
		{ "POST /x", 201, "Location: http://b.example/z\n", A "/x " },
		{ "POST /x", 201, "Location: //b.example/z\n", A "/x " },
		{ "POST /x", 201, "Location: mailto:a@a.example\n", A "/x " },
		/* Each once. */
		{ "POST /x", 201, "Location: /x\nContent-Location: x\n",
		    A "/x " },
		{ "POST /x", 201, "Location: /y\nContent-Location: y\n",
		    A "/x " A "/y " },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_request request =
		    request_to(cases[i].line, "", &arena);
		struct http_response response = response_to(
		    request.method, cases[i].status, cases[i].fields, &arena);
		struct http_uri uris[CACHE_INVALIDATE_MAX];
		struct text text = TEXT_EMPTY;
		size_t count =
		    cache_invalidate(&request, &response, &arena, uris);
		for (size_t j = 0; j < count; j++) {
			http_uri_add(&uris[j], &text);
			text_addc(&text, ' ');
		}
		if (!str_is(text_str(&text), cases[i].want))
			fail_msg("%s %u '%s' drops '%.*s'", cases[i].line,
			    cases[i].status, cases[i].fields,
			    STR_ARG(text_str(&text)));
		text_fini(&text);
	}
	arena_fini(&arena);
}

static void
without_memory_the_target_is_dropped(void **state)
{
	struct http_uri uris[CACHE_INVALIDATE_MAX];
	struct arena arena, none;

	(void)state;
	arena_init(&arena, 1 << 16);
	arena_init(&none, 0);
	struct http_request request = request_to("POST /x", "", &arena);
	struct http_response response =
	    response_to(HTTP_METHOD_POST, 201, "Location: /y\n", &arena);
	assert_int_equal(cache_invalidate(&request, &response, &none, uris), 1);
	arena_fini(&none);
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unsafe_requests_drop),
		cmocka_unit_test(without_memory_the_target_is_dropped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
