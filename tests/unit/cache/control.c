/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/control.h"

#include <errno.h>

#include "messages.h"

static const struct {
	struct str text;
	bool number;
} rows[CACHE_DIRECTIVE_COUNT] = {
#define ROW(id, text, number)                                                  \
	[CACHE_DIRECTIVE_##id] = { STR_INIT(text), number },
	CACHE_DIRECTIVES(ROW)
#undef ROW
};

/* The directives in the order of their rows, then what else is true. */
static void
describe(const struct cache_control *control, struct text *out)
{
	for (unsigned i = 0; i < CACHE_DIRECTIVE_COUNT; i++) {
		if (!cache_control_says(control, (enum cache_directive)i))
			continue;
		if (out->len > 0)
			text_addc(out, ' ');
		text_add(out, rows[i].text);
		if (rows[i].number)
			text_addf(out, "=%u", control->seconds[i]);
	}
	if (control->names_fields)
		text_addz(out, " +fields");
	if (control->targeted)
		text_addz(out, " +targeted");
}

static void
expect(
    const struct cache_control *control, const char *fields, const char *want)
{
	struct text text = TEXT_EMPTY;

	describe(control, &text);
	if (!str_is(text_str(&text), want))
		fail_msg("'%s' is '%.*s'", fields, STR_ARG(text_str(&text)));
	text_fini(&text);
}

static void
responses_say(void **state)
{
	static const struct {
		const char *fields, *want;
	} cases[] = {
		{ "", "" },
		{ "Cache-Control:\n", "" },
		{ "Cache-Control: max-age=60\n", "max-age=60" },
		{ "Cache-Control: Max-AGE=60, No-Store\n",
		    "max-age=60 no-store" },
		{ "Cache-Control: public\nCache-Control: s-maxage=5\n",
		    "s-maxage=5 public" },
		{ "Cache-Control: ,,public,,\n", "public" },
		{ "Cache-Control: unknown, other=1, immutable\n", "immutable" },
		{ "Cache-Control: must-revalidate, proxy-revalidate, "
		  "must-understand, no-transform\n",
		    "no-transform must-revalidate proxy-revalidate "
		    "must-understand" },
		/* Numbers. */
		{ "Cache-Control: max-age=0\n", "max-age=0" },
		{ "Cache-Control: max-age=007\n", "max-age=7" },
		{ "Cache-Control: max-age=\"60\"\n", "max-age=60" },
		{ "Cache-Control: max-age=2147483647\n", "max-age=2147483647" },
		{ "Cache-Control: max-age=2147483648\n", "max-age=2147483648" },
		{ "Cache-Control: max-age=2147483649\n", "max-age=2147483648" },
		{ "Cache-Control: max-age=99999999999999999999999\n",
		    "max-age=2147483648" },
		/* What is no number is no time. */
		{ "Cache-Control: max-age=-60\n", "max-age=0" },
		{ "Cache-Control: max-age=+60\n", "max-age=0" },
		{ "Cache-Control: max-age=60.0\n", "max-age=0" },
		{ "Cache-Control: max-age=60s\n", "max-age=0" },
		{ "Cache-Control: max-age=s60\n", "max-age=0" },
		{ "Cache-Control: max-age='60'\n", "max-age=0" },
		{ "Cache-Control: max-age=\"\"\n", "max-age=0" },
		{ "Cache-Control: max-age=\"60\n", "max-age=0" },
		{ "Cache-Control: max-age= 60\n", "max-age=0" },
		{ "Cache-Control: max-age=\n", "max-age=0" },
		{ "Cache-Control: max-age\n", "max-age=0" },
		{ "Cache-Control: stale-if-error\n", "stale-if-error=0" },
		/* A name with a blank is no name. */
		{ "Cache-Control: max-age =60\n", "" },
		/* Two of one. */
		{ "Cache-Control: max-age=5, max-age=60\n", "max-age=5" },
		{ "Cache-Control: max-age=60, max-age=5\n", "max-age=5" },
		{ "Cache-Control: max-age=60\nCache-Control: max-age=x\n",
		    "max-age=0" },
		/* What is quoted says nothing. */
		{ "Cache-Control: e=\"max-age=60\", max-age=5\n", "max-age=5" },
		{ "Cache-Control: e=\"a, no-store\", max-age=5\n",
		    "max-age=5" },
		{ "Cache-Control: e=\"\\\", no-store, \\\"\", public\n",
		    "public" },
		/* Of some fields, or of all. */
		{ "Cache-Control: no-cache\n", "no-cache" },
		{ "Cache-Control: no-cache=\"a\"\n", " +fields" },
		{ "Cache-Control: private=\"a, B\", max-age=1\n",
		    "max-age=1 +fields" },
		{ "Cache-Control: private=a\n", " +fields" },
		{ "Cache-Control: private=\"\"\n", "private" },
		{ "Cache-Control: private=\n", "private" },
		{ "Cache-Control: no-cache=\"a b\"\n", "no-cache" },
		{ "Cache-Control: no-cache=\"a\", no-cache\n",
		    "no-cache +fields" },
		/* Pragma is of requests. */
		{ "Pragma: no-cache\n", "" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_response response =
		    response_of(200, cases[i].fields, &arena);
		struct cache_control control;
		cache_control_of_response(&response, &control);
		expect(&control, cases[i].fields, cases[i].want);
	}
	arena_fini(&arena);
}

/* RFC 9213 */
static void
what_is_for_us_counts_alone(void **state)
{
	static const struct {
		const char *targeted, *want;
	} cases[] = {
		{ "max-age=60", "max-age=60 +targeted" },
		{ "max-age=60;x=1, foo", "max-age=60 +targeted" },
		{ "foo", " +targeted" },
		{ "no-store", "no-store +targeted" },
		{ "no-store=?1", "no-store +targeted" },
		{ "no-store=?0", " +targeted" },
		{ "private, max-age=1", "max-age=1 private +targeted" },
		{ "no-cache=\"a, b\"", " +fields +targeted" },
		{ "max-age=99999999999", "max-age=2147483648 +targeted" },
		{ "max-age=-1", "max-age=0 +targeted" },
		/* In a dictionary the last one counts. */
		{ "max-age=1, max-age=60", "max-age=60 +targeted" },
		{ "no-store, no-store=?0", " +targeted" },
		/* Empty or invalid: as if it were not there. */
		{ "", "no-transform" },
		{ "max-age=60, &&&", "no-transform" },
		{ "max-age =60", "no-transform" },
		{ "max-age= 60", "no-transform" },
		{ "max-age=60,", "no-transform" },
		{ "Max-Age=60", "no-transform" },
		{ "max-age=\"60\"", "no-transform" },
		{ "max-age=60.5", "no-transform" },
		{ "max-age", "no-transform" },
		{ "no-store=1", "no-transform" },
		{ "no-cache=\"a b\"", "no-transform" },
		{ "no-store=\"a\"", "no-transform" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct text fields = TEXT_EMPTY;
		struct cache_control control;
		text_addf(&fields,
		    "Cache-Control: no-transform\nCDN-Cache-Control: %s\n",
		    cases[i].targeted);
		struct http_response response =
		    response_of(200, fields.at, &arena);
		cache_control_of_response(&response, &control);
		expect(&control, fields.at, cases[i].want);
		text_fini(&fields);
	}
	arena_fini(&arena);
}

static void
two_lines_are_one_dictionary(void **state)
{
	struct cache_control control;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	struct http_response good = response_of(200,
	    "CDN-Cache-Control: max-age=1\nCDN-Cache-Control: public\n",
	    &arena);
	cache_control_of_response(&good, &control);
	expect(&control, "two", "max-age=1 public +targeted");
	struct http_response bad = response_of(200,
	    "CDN-Cache-Control: max-age=1\nCDN-Cache-Control: =\n", &arena);
	cache_control_of_response(&bad, &control);
	expect(&control, "two", "");
	arena_fini(&arena);
}

static void
requests_say(void **state)
{
	static const struct {
		const char *fields, *want;
	} cases[] = {
		{ "Cache-Control: no-cache\n", "no-cache" },
		{ "Cache-Control: max-stale\n", "max-stale=2147483648" },
		{ "Cache-Control: max-stale=5\n", "max-stale=5" },
		{ "Cache-Control: max-stale=x\n", "max-stale=0" },
		{ "Cache-Control: max-stale, max-stale=5\n", "max-stale=5" },
		{ "Cache-Control: min-fresh=5\n", "min-fresh=5" },
		{ "Cache-Control: min-fresh=5, min-fresh=60\n",
		    "min-fresh=60" },
		{ "Cache-Control: min-fresh=60, min-fresh=5\n",
		    "min-fresh=60" },
		{ "Cache-Control: min-fresh\n", "min-fresh=2147483648" },
		{ "Cache-Control: only-if-cached, max-age=0\n",
		    "max-age=0 only-if-cached" },
		{ "Pragma: no-cache\n", "no-cache" },
		{ "Pragma: No-Cache\n", "no-cache" },
		{ "Pragma: x, no-cache\n", "no-cache" },
		{ "Pragma: x\n", "" },
		{ "Pragma: no-cache\nCache-Control: max-age=1\n", "max-age=1" },
		{ "Pragma: no-cache\nCache-Control:\n", "" },
		/* Responses only. */
		{ "CDN-Cache-Control: no-store\n", "" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_request request =
		    request_of(cases[i].fields, &arena);
		struct cache_control control;
		cache_control_of_request(&request, &control);
		expect(&control, cases[i].fields, cases[i].want);
	}
	arena_fini(&arena);
}

static void
fields_are_named(void **state)
{
	static const struct {
		const char *fields, *names; /* of a, b, c: those that are */
	} cases[] = {
		{ "Cache-Control: no-cache=\"a\"\n", "a" },
		{ "Cache-Control: no-cache=\"A , c\"\n", "ac" },
		{ "Cache-Control: private=\"b\", no-cache=\"c\"\n", "bc" },
		{ "Cache-Control: private=b\n", "b" },
		{ "Cache-Control: private\nCache-Control: no-cache=\"a\"\n",
		    "a" },
		{ "Cache-Control: other=\"a\", no-cache\n", "" },
		{ "Cache-Control: no-cache=\"a b\"\n", "" },
		{ "CDN-Cache-Control: private=\"b\";x=\"a\"\n"
		  "Cache-Control: private=\"c\"\n",
		    "b" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_response response =
		    response_of(200, cases[i].fields, &arena);
		struct cache_control control;
		char names[4] = { 0 };
		size_t count = 0;
		cache_control_of_response(&response, &control);
		for (const char *name = "abc"; *name != '\0'; name++)
			if (cache_control_names(&control, &response.fields,
				(struct str){ name, 1 }))
				names[count++] = *name;
		assert_string_equal(names, cases[i].names);
	}
	arena_fini(&arena);
}

static void
seconds_are_bounded(void **state)
{
	uint32_t seconds = 7;

	(void)state;
	assert_int_equal(cache_seconds_of(-1), 0);
	assert_int_equal(cache_seconds_of(5), 5);
	assert_int_equal(cache_seconds_of(INT64_MAX), CACHE_SECONDS_MAX);
	assert_int_equal(cache_seconds_parse(STR(""), &seconds), -EINVAL);
	assert_int_equal(cache_seconds_parse(STR("1 "), &seconds), -EINVAL);
	assert_int_equal(seconds, 7);
	assert_int_equal(cache_seconds_parse(STR("12"), &seconds), 0);
	assert_int_equal(seconds, 12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(responses_say),
		cmocka_unit_test(what_is_for_us_counts_alone),
		cmocka_unit_test(two_lines_are_one_dictionary),
		cmocka_unit_test(requests_say),
		cmocka_unit_test(fields_are_named),
		cmocka_unit_test(seconds_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
