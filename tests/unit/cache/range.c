/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/range.h"

#include <errno.h>

#include "messages.h"

#define FRESH "Cache-Control: max-age=60\n"

/* "first-last " for each, "whole" or "none". */
static void
describe(enum cache_range_answer answer, const struct cache_ranges *ranges,
    struct text *out)
{
	if (answer == CACHE_RANGE_WHOLE)
		text_addz(out, "whole");
	else if (answer == CACHE_RANGE_NONE)
		text_addz(out, "none");
	else
		for (size_t i = 0; i < ranges->count; i++)
			text_addf(out, "%llu-%llu ",
			    (unsigned long long)ranges->items[i].first,
			    (unsigned long long)ranges->items[i].last);
}

static void
ranges_are_read(void **state)
{
	static const struct {
		const char *value;
		uint64_t length;
		const char *want;
	} cases[] = {
		{ "bytes=0-0", 10, "0-0 " },
		{ "bytes=0-9", 10, "0-9 " },
		{ "bytes=2-", 10, "2-9 " },
		{ "bytes=-3", 10, "7-9 " },
		{ "bytes=-30", 10, "0-9 " },
		{ "bytes=5-30", 10, "5-9 " },
		{ "Bytes=0-1", 10, "0-1 " },
		{ "bytes=00-01", 10, "0-1 " },
		{ "bytes=0-1, 4-5 ,-2", 10, "0-1 4-5 8-9 " },
		{ "bytes=4-5,0-1", 10, "4-5 0-1 " },
		{ "bytes=,0-1,,", 10, "0-1 " },
		{ "bytes=0-99999999999999999999999", 10, "0-9 " },
		{ "bytes=-99999999999999999999999", 10, "0-9 " },
		{ "bytes=5-", UINT64_MAX / 2, "5-9223372036854775806 " },
		/* Some lie outside, or all. */
		{ "bytes=0-1,20-30", 10, "0-1 " },
		{ "bytes=10-", 10, "none" },
		{ "bytes=10-20,30-", 10, "none" },
		{ "bytes=-0", 10, "none" },
		{ "bytes=99999999999999999999999-", 10, "none" },
		/* Not to the letter: as if it were not there. */
		{ "", 10, "whole" },
		{ "bytes", 10, "whole" },
		{ "bytes=", 10, "whole" },
		{ "bytes=,", 10, "whole" },
		{ "bytes=-", 10, "whole" },
		{ "bytes=1", 10, "whole" },
		{ "bytes=x-1", 10, "whole" },
		{ "bytes=1-x", 10, "whole" },
		{ "bytes=2-1", 10, "whole" },
		{ "bytes=20-10", 10, "whole" },
		{ "bytes=1 - 2", 10, "whole" },
		{ "bytes=+1-2", 10, "whole" },
		{ "bytes=1--2", 10, "whole" },
		{ "bytes=--2", 10, "whole" },
		{ "bytes=0-1,x", 10, "whole" },
		{ "bytes =0-1", 10, "whole" },
		{ "lines=0-1", 10, "whole" },
		{ "0-1", 10, "whole" },
		/* Of nothing there is no part. */
		{ "bytes=0-", 0, "whole" },
		{ "bytes=-1", 0, "whole" },
		/* Nobody needs those. */
		{ "bytes=0-5,5-9", 10, "whole" },
		{ "bytes=0-,-1", 10, "whole" },
		{ "bytes=0-0,0-0", 10, "whole" },
		{ "bytes=5-9,0-6", 10, "whole" },
		{ "bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7", 10,
		    "0-0 1-1 2-2 3-3 4-4 5-5 6-6 7-7 " },
		{ "bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8", 10, "whole" },
		{ "bytes=90-,91-,92-,93-,94-,95-,96-,97-,98-", 10, "whole" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct text text = TEXT_EMPTY;
		struct cache_ranges ranges;
		describe(cache_range_parse(
			     str_of(cases[i].value), cases[i].length, &ranges),
		    &ranges, &text);
		if (!str_is(text_str(&text), cases[i].want))
			fail_msg("'%s' of %llu is '%.*s'", cases[i].value,
			    (unsigned long long)cases[i].length,
			    STR_ARG(text_str(&text)));
		text_fini(&text);
	}
}

static void
some_are_known_before_the_length(void **state)
{
	static const struct {
		const char *value;
		int error;
		struct cache_range range;
	} cases[] = {
		{ "bytes=5-9", 0, { 5, 9 } },
		{ "bytes=5-", 0, { 5, UINT64_MAX } },
		{ "bytes=-5", -EINVAL, { 0, 0 } },
		{ "bytes=1-2,4-5", -EINVAL, { 0, 0 } },
		{ "bytes=2-1", -EINVAL, { 0, 0 } },
		{ "x=1-2", -EINVAL, { 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct cache_range range = { 0, 0 };
		assert_int_equal(
		    cache_range_parse_open(str_of(cases[i].value), &range),
		    cases[i].error);
		assert_true(range.first == cases[i].range.first &&
			    range.last == cases[i].range.last);
	}
}

#define TAG      FRESH "ETag: \"a\"\n"
#define WEAK     FRESH "ETag: W/\"a\"\n"
#define MODIFIED FRESH DATED "Last-Modified: Fri, 02 Jan 2026 07:00:00 GMT\n"
#define RANGE    "Range: bytes=1-2\n"

static void
a_stored_response_is_cut(void **state)
{
	static const struct {
		unsigned status;
		const char *stored, *line, *request, *want;
	} cases[] = {
		{ 200, FRESH, "GET /", "", "whole" },
		{ 200, FRESH, "GET /", RANGE, "1-2 " },
		{ 200, FRESH, "GET /", "Range: bytes=10-\n", "none" },
		{ 200, FRESH, "HEAD /", RANGE, "whole" },
		{ 404, FRESH, "GET /", RANGE, "whole" },
		{ 203, FRESH, "GET /", RANGE, "whole" },
		{ 200, FRESH, "GET /", RANGE "Range: bytes=4-5\n", "whole" },
		/* RFC 9110, 13.1.5 */
		{ 200, TAG, "GET /", RANGE "If-Range: \"a\"\n", "1-2 " },
		{ 200, TAG, "GET /", RANGE "If-Range: \"b\"\n", "whole" },
		{ 200, TAG, "GET /", RANGE "If-Range: W/\"a\"\n", "whole" },
		{ 200, WEAK, "GET /", RANGE "If-Range: W/\"a\"\n", "whole" },
		{ 200, WEAK, "GET /", RANGE "If-Range: \"a\"\n", "whole" },
		{ 200, FRESH, "GET /", RANGE "If-Range: \"a\"\n", "whole" },
		{ 200, TAG, "GET /", RANGE "If-Range: a\n", "whole" },
		{ 200, TAG, "GET /", "If-Range: \"a\"\n", "whole" },
		{ 200, MODIFIED, "GET /",
		    RANGE "If-Range: Fri, 02 Jan 2026 07:00:00 GMT\n", "1-2 " },
		{ 200, MODIFIED, "GET /",
		    RANGE "If-Range: Fri, 02 Jan 2026 07:30:00 GMT\n",
		    "whole" },
		/* A date is strong only if it is old at that time. */
		{ 200, FRESH DATED "Last-Modified: " MORNING_DATE "\n", "GET /",
		    RANGE "If-Range: " MORNING_DATE "\n", "whole" },
		{ 200, FRESH "Last-Modified: Fri, 02 Jan 2026 07:00:00 GMT\n",
		    "GET /", RANGE "If-Range: Fri, 02 Jan 2026 07:00:00 GMT\n",
		    "whole" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stored stored =
		    must_store(cases[i].status, cases[i].stored, &arena);
		struct http_request request =
		    request_to(cases[i].line, cases[i].request, &arena);
		struct text text = TEXT_EMPTY;
		struct cache_ranges ranges;
		describe(cache_range_of(
			     &request, &stored.meta, stored.head, 10, &ranges),
		    &ranges, &text);
		if (!str_is(text_str(&text), cases[i].want))
			fail_msg("%s '%s' of %u '%s' is '%.*s'", cases[i].line,
			    cases[i].request, cases[i].status, cases[i].stored,
			    STR_ARG(text_str(&text)));
		text_fini(&text);
	}
	arena_fini(&arena);
}

static void
content_ranges_are_read(void **state)
{
	static const struct {
		const char *value;
		int error;
		struct cache_range range;
		int64_t complete;
	} cases[] = {
		{ "bytes 0-4/10", 0, { 0, 4 }, 10 },
		{ "bytes 5-9/10", 0, { 5, 9 }, 10 },
		{ "BYTES 5-9/*", 0, { 5, 9 }, HTTP_UNSAID },
		{ "bytes 0-0/1", 0, { 0, 0 }, 1 },
		{ "bytes 5-10/10", -EINVAL, { 0, 0 }, 0 },
		{ "bytes 5-4/10", -EINVAL, { 0, 0 }, 0 },
		{ "bytes */10", -EINVAL, { 0, 0 }, 0 },
		{ "bytes 5-/10", -EINVAL, { 0, 0 }, 0 },
		{ "bytes -5/10", -EINVAL, { 0, 0 }, 0 },
		{ "bytes 0-4", -EINVAL, { 0, 0 }, 0 },
		{ "bytes 0-4/", -EINVAL, { 0, 0 }, 0 },
		{ "bytes 0-4/x", -EINVAL, { 0, 0 }, 0 },
		{ "bytes 0-4/10 ", -EINVAL, { 0, 0 }, 0 },
		{ "bytes  0-4/10", -EINVAL, { 0, 0 }, 0 },
		{ "bytes=0-4/10", -EINVAL, { 0, 0 }, 0 },
		{ "lines 0-4/10", -EINVAL, { 0, 0 }, 0 },
		{ "bytes 0-4/99999999999999999999", -EINVAL, { 0, 0 }, 0 },
		{ "bytes 0-99999999999999999999/*", -EINVAL, { 0, 0 }, 0 },
		{ "", -EINVAL, { 0, 0 }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct cache_range range = { 0, 0 };
		int64_t complete = 0;
		int error = cache_range_parse_content_range(
		    str_of(cases[i].value), &range, &complete);
		if (error != cases[i].error ||
		    range.first != cases[i].range.first ||
		    range.last != cases[i].range.last ||
		    complete != cases[i].complete)
			fail_msg("'%s'", cases[i].value);
	}
}

static void
content_ranges_are_written(void **state)
{
	struct text text = TEXT_EMPTY;
	struct cache_range range = { 5, 9 };

	(void)state;
	cache_range_add_content_range(&range, 10, &text);
	text_addc(&text, ' ');
	cache_range_add_content_range(&range, HTTP_UNSAID, &text);
	text_addc(&text, ' ');
	cache_range_add_unsatisfied(10, &text);
	assert_string_equal(text.at, "bytes 5-9/10 bytes 5-9/* bytes */10");
	text_fini(&text);
}

#define PART FRESH "Content-Range: bytes 4-8/10\n"

static void
a_stored_part_answers_what_it_holds(void **state)
{
	static const struct {
		const char *stored;
		uint64_t have;
		const char *request, *want;
	} cases[] = {
		{ PART, 5, "Range: bytes=4-8\n", "4-8 " },
		{ PART, 5, "Range: bytes=5-6\n", "5-6 " },
		{ PART, 5, "Range: bytes=3-6\n", "" },
		{ PART, 5, "Range: bytes=6-9\n", "" },
		{ PART, 5, "Range: bytes=6-\n", "" },
		{ PART, 5, "Range: bytes=-1\n", "" },
		{ PART, 5, "Range: bytes=4-5,7-8\n", "" },
		{ PART, 5, "Range: bytes=10-\n", "" },
		{ PART, 5, "", "" },
		{ PART, 3, "Range: bytes=4-6\n", "4-6 " },
		{ PART, 3, "Range: bytes=4-7\n", "" },
		{ FRESH "Content-Range: bytes 5-9/10\n", 5, "Range: bytes=-5\n",
		    "5-9 " },
		{ FRESH "Content-Range: bytes 5-9/10\n", 5, "Range: bytes=-1\n",
		    "9-9 " },
		{ FRESH "Content-Range: bytes 5-9/10\n", 5, "Range: bytes=7-\n",
		    "7-9 " },
		/* Of unknown length. */
		{ FRESH "Content-Range: bytes 5-9/*\n", 5, "Range: bytes=6-8\n",
		    "6-8 " },
		{ FRESH "Content-Range: bytes 5-9/*\n", 5, "Range: bytes=6-\n",
		    "" },
		{ FRESH "Content-Range: bytes 5-9/*\n", 5, "Range: bytes=-1\n",
		    "" },
		{ PART "ETag: \"a\"\n", 5,
		    "Range: bytes=5-6\nIf-Range: \"b\"\n", "" },
		{ PART "ETag: \"a\"\n", 5,
		    "Range: bytes=5-6\nIf-Range: \"a\"\n", "5-6 " },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stored stored = must_store(206, cases[i].stored, &arena);
		struct http_request request =
		    request_of(cases[i].request, &arena);
		struct text text = TEXT_EMPTY;
		struct cache_ranges ranges = { .count = 1 };
		if (cache_range_of_part(&request, &stored.meta, stored.head,
			cases[i].have, &ranges.items[0]))
			describe(CACHE_RANGE_PARTS, &ranges, &text);
		if (!str_is(text_str(&text), cases[i].want))
			fail_msg("'%s' of '%s' is '%.*s'", cases[i].request,
			    cases[i].stored, STR_ARG(text_str(&text)));
		text_fini(&text);
	}
	arena_fini(&arena);
}

/* A 200 that broke off is a part too. */
static void
a_broken_whole_is_a_beginning(void **state)
{
	struct cache_range range;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 18);
	struct stored stored =
	    must_store(200, TAG "Content-Length: 10\n", &arena);
	struct http_request request = request_of("Range: bytes=2-4\n", &arena);
	assert_true(cache_range_of_part(
	    &request, &stored.meta, stored.head, 5, &range));
	assert_false(cache_range_of_part(
	    &request, &stored.meta, stored.head, 4, &range));
	assert_true(cache_range_missing(&stored.meta, stored.head, 4, &range));
	assert_int_equal(range.first, 4);
	assert_int_equal(range.last, 9);
	arena_fini(&arena);
}

#define BEGINNING "Content-Range: bytes 0-4/10\n"

static void
what_is_missing_is_asked_for(void **state)
{
	static const struct {
		const char *stored;
		uint64_t have;
		const char *validator; /* of If-Range; NULL: nothing missing */
	} cases[] = {
		{ TAG BEGINNING, 5, "\"a\"" },
		{ MODIFIED BEGINNING, 5, "Fri, 02 Jan 2026 07:00:00 GMT" },
		{ TAG BEGINNING, 3, "\"a\"" },
		{ TAG BEGINNING, 0, NULL },
		{ TAG BEGINNING, 10, NULL },
		/* Without a strong validator two parts stay two (3.4). */
		{ FRESH BEGINNING, 5, NULL },
		{ WEAK BEGINNING, 5, NULL },
		{ WEAK DATED
		    "Last-Modified: Fri, 02 Jan 2026 07:00:00 GMT\n" BEGINNING,
		    5, NULL },
		{ FRESH DATED "Last-Modified: " MORNING_DATE "\n" BEGINNING, 5,
		    NULL },
		{ TAG "Content-Range: bytes 0-4/*\n", 5, NULL },
		{ TAG "Content-Range: bytes 1-4/10\n", 4, NULL },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stored stored = must_store(206, cases[i].stored, &arena);
		struct cache_range range = { 0, 0 };
		bool missing = cache_range_missing(
		    &stored.meta, stored.head, cases[i].have, &range);
		if (missing != (cases[i].validator != NULL))
			fail_msg("'%s' has %u", cases[i].stored,
			    (unsigned)cases[i].have);
		if (!missing)
			continue;
		assert_int_equal(range.first, cases[i].have);
		assert_int_equal(range.last, 9);
		assert_true(
		    str_is(cache_range_validator(&stored.meta, stored.head),
			cases[i].validator));
	}
	arena_fini(&arena);
}

static void
parts_of_one_whole_go_together(void **state)
{
	static const struct {
		const char *stored;
		long status;
		const char *response;
		long skip; /* -1: they do not */
	} cases[] = {
		{ TAG, 206, "ETag: \"a\"\nContent-Range: bytes 5-9/10\n", 0 },
		{ TAG, 206, "ETag: \"a\"\nContent-Range: bytes 3-9/10\n", 2 },
		{ TAG, 206, "ETag: \"a\"\nContent-Range: bytes 5-6/10\n", 0 },
		{ TAG, 206, "ETag: \"a\"\nContent-Range: bytes 5-5/10\n", 0 },
		{ TAG, 206, "ETag: \"a\"\nContent-Range: bytes 6-9/10\n", -1 },
		{ TAG, 206, "ETag: \"a\"\nContent-Range: bytes 0-4/10\n", -1 },
		{ TAG, 206, "ETag: \"a\"\nContent-Range: bytes 5-9/11\n", -1 },
		{ TAG, 206, "ETag: \"a\"\nContent-Range: bytes 5-9/*\n", -1 },
		{ TAG, 206, "ETag: \"b\"\nContent-Range: bytes 5-9/10\n", -1 },
		{ TAG, 206, "ETag: W/\"a\"\nContent-Range: bytes 5-9/10\n",
		    -1 },
		{ TAG, 206, "Content-Range: bytes 5-9/10\n", -1 },
		{ TAG, 206, "ETag: \"a\"\n", -1 },
		{ TAG, 200, "ETag: \"a\"\nContent-Range: bytes 5-9/10\n", -1 },
		{ WEAK, 206, "ETag: W/\"a\"\nContent-Range: bytes 5-9/10\n",
		    -1 },
		{ MODIFIED, 206,
		    "Last-Modified: Fri, 02 Jan 2026 07:00:00 GMT\n"
		    "Content-Range: bytes 5-9/10\n",
		    0 },
		{ MODIFIED, 206,
		    "Last-Modified: Fri, 02 Jan 2026 07:30:00 GMT\n"
		    "Content-Range: bytes 5-9/10\n",
		    -1 },
		{ MODIFIED, 206,
		    "ETag: \"a\"\n"
		    "Last-Modified: Fri, 02 Jan 2026 07:00:00 GMT\n"
		    "Content-Range: bytes 5-9/10\n",
		    -1 },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct text fields = TEXT_EMPTY;
		uint64_t skip = 0;
		text_addf(&fields, "%s%s", cases[i].stored, BEGINNING);
		struct stored stored = must_store(206, fields.at, &arena);
		struct http_response response = response_of(
		    (unsigned)cases[i].status, cases[i].response, &arena);
		bool continues = cache_range_continues(
		    &stored.meta, stored.head, 5, &response, &skip);
		if ((continues ? (long)skip : -1) != cases[i].skip)
			fail_msg("'%s' and '%s'", fields.at, cases[i].response);
		text_fini(&fields);
	}
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_read),
		cmocka_unit_test(some_are_known_before_the_length),
		cmocka_unit_test(a_stored_response_is_cut),
		cmocka_unit_test(content_ranges_are_read),
		cmocka_unit_test(content_ranges_are_written),
		cmocka_unit_test(a_stored_part_answers_what_it_holds),
		cmocka_unit_test(a_broken_whole_is_a_beginning),
		cmocka_unit_test(what_is_missing_is_asked_for),
		cmocka_unit_test(parts_of_one_whole_go_together),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
