/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/accept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const enum http_coding ours[] = { HTTP_CODING_BR, HTTP_CODING_ZSTD,
	HTTP_CODING_GZIP };

/* Values of fields, NULL-terminated. */
static struct http_accept
accept_of(const char *const *values)
{
	struct http_fields fields = { 0 };
	struct arena arena;

	arena_init(&arena, 1 << 16);
	for (; *values != NULL; values++)
		assert_int_equal(http_fields_add(&fields, &arena,
				     STR("Accept-Encoding"), str_of(*values)),
		    0);
	struct http_accept accept = http_accept_of(&fields);
	arena_fini(&arena);
	return accept;
}

/* "gzip 1000 br 0 zstd 500 identity 1", of one value. */
static void
weights_are_read(void **state)
{
	static const struct {
		const char *value;
		unsigned identity, gzip, br, zstd;
	} rows[] = {
		{ "", 1, 0, 0, 0 },
		{ "gzip", 1, 1000, 0, 0 },
		{ "gzip, deflate, br, zstd", 1, 1000, 1000, 1000 },
		{ "GZIP;Q=0.5", 1, 500, 0, 0 },
		{ "x-gzip", 1, 1000, 0, 0 },
		{ "gzip ; q=0.25 , br\t;\tq=1", 1, 250, 1000, 0 },
		{ "gzip;q=1.000, br;q=0.001, zstd;q=0.", 1, 1000, 1, 0 },
		{ "gzip;q=1., br;q=1.0, zstd;q=1.00", 1, 1000, 1000, 1000 },
		{ "gzip;q=0", 1, 0, 0, 0 },
		{ "gzip;q=0.000", 1, 0, 0, 0 },
		/* Not clearly accepted. */
		{ "gzip;q=1.001", 1, 0, 0, 0 },
		{ "gzip;q=2", 1, 0, 0, 0 },
		{ "gzip;q=0.1234", 1, 0, 0, 0 },
		{ "gzip;q=-1", 1, 0, 0, 0 },
		{ "gzip;q=.5", 1, 0, 0, 0 },
		{ "gzip;q=0,5", 1, 0, 0, 0 },
		{ "gzip;q=", 1, 0, 0, 0 },
		{ "gzip;q", 1, 0, 0, 0 },
		{ "gzip;", 1, 0, 0, 0 },
		{ "gzip;level=9", 1, 0, 0, 0 },
		{ "gzip;q=1;x=2", 1, 0, 0, 0 },
		{ "gzip; q = 1", 1, 0, 0, 0 },
		{ "gzip;q=\"1\"", 1, 0, 0, 0 },
		{ "gzip br", 1, 0, 0, 0 },
		{ "\"gzip\"", 1, 0, 0, 0 },
		{ ";q=1, ,, gzip", 1, 1000, 0, 0 },
		/* Said twice: the lower one. */
		{ "gzip, gzip;q=0", 1, 0, 0, 0 },
		{ "gzip;q=0.3, x-gzip", 1, 300, 0, 0 },
		/* Everything else. */
		{ "*", 1000, 1000, 1000, 1000 },
		{ "*;q=0.5, br", 500, 500, 1000, 500 },
		{ "*;q=0", 0, 0, 0, 0 },
		{ "gzip, *;q=0", 0, 1000, 0, 0 },
		{ "gzip, identity, *;q=0", 1000, 1000, 0, 0 },
		{ "identity;q=0, *", 0, 1000, 1000, 1000 },
		{ "identity;q=0.5, gzip;q=0.2", 500, 200, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *values[] = { rows[i].value, NULL };
		struct http_accept accept = accept_of(values);
		const uint16_t *weight = accept.weight;
		if (weight[HTTP_CODING_IDENTITY] != rows[i].identity ||
		    weight[HTTP_CODING_GZIP] != rows[i].gzip ||
		    weight[HTTP_CODING_BR] != rows[i].br ||
		    weight[HTTP_CODING_ZSTD] != rows[i].zstd)
			fail_msg("'%s': %u %u %u %u", rows[i].value,
			    weight[HTTP_CODING_IDENTITY],
			    weight[HTTP_CODING_GZIP], weight[HTTP_CODING_BR],
			    weight[HTTP_CODING_ZSTD]);
		assert_true(accept.is_said);
	}
}

/* The coding, and the wish in one spelling. */
static void
the_best_for_both_is_chosen(void **state)
{
	static const struct {
		const char *values[3];
		const char *chosen, *text;
	} rows[] = {
		{ { NULL }, "identity", "" },
		{ { "", NULL }, "identity", "" },
		{ { "deflate", NULL }, "identity", "" },
		{ { "identity", NULL }, "identity", "" },
		{ { "gzip", NULL }, "gzip", "gzip" },
		{ { "gzip, br, zstd", NULL }, "br", "br, zstd, gzip" },
		{ { "gzip", "zstd", NULL }, "zstd", "zstd, gzip" },
		{ { "br;q=0.5, gzip;q=0.9", NULL }, "gzip", "gzip, br" },
		{ { "*", NULL }, "br", "br, zstd, gzip" },
		{ { "*, br;q=0", NULL }, "zstd", "zstd, gzip" },
		{ { "gzip;q=0.5, *;q=0.5, identity;q=0.5", NULL }, "br",
		    "br, zstd, gzip" },
		{ { "gzip;q=0.5, identity", NULL }, "identity", "" },
		{ { "gzip;q=0.5, identity;q=0.5", NULL }, "gzip", "gzip" },
		{ { "br, gzip;q=0.1, identity;q=0.5", NULL }, "br", "br" },
		/* Nothing is left: it is sent as it is. */
		{ { "identity;q=0", NULL }, "identity", "identity;q=0" },
		{ { "*;q=0", NULL }, "identity", "identity;q=0" },
		{ { "gzip, *;q=0", NULL }, "gzip", "gzip, identity;q=0" },
		{ { "identity;q=0, *", NULL }, "br",
		    "br, zstd, gzip, identity;q=0" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct http_accept accept = accept_of(rows[i].values);
		struct text text = TEXT_EMPTY;
		enum http_coding chosen =
		    http_accept_choose(&accept, ours, ROWS(ours));
		assert_string_equal(
		    http_coding_row(chosen)->word, rows[i].chosen);
		http_accept_add(&accept, ours, ROWS(ours), &text);
		assert_true(str_is(text_str(&text), rows[i].text));
		assert_true(text.len <= HTTP_ACCEPT_TEXT_BYTES_MAX);
		/* Nothing of ours: nothing can be chosen. */
		assert_int_equal(
		    http_accept_choose(&accept, NULL, 0), HTTP_CODING_IDENTITY);
		text_fini(&text);
	}
}

/* The text is a value of the field that means the same. */
static void
the_text_says_the_same(void **state)
{
	static const char *const weights[] = { "", ";q=0", ";q=0.4", ";q=0.7" };
	const size_t all = 5 * 5 * 5 * 5 * 5;

	(void)state;
	for (size_t i = 0; i < all; i++) {
		static const char *const words[] = { "gzip", "br", "zstd",
			"identity", "*" };
		char value[128] = "";
		size_t rest = i, len = 0;
		for (size_t j = 0; j < ROWS(words); j++, rest /= 5) {
			if (rest % 5 == 4)
				continue;
			len +=
			    (size_t)snprintf(value + len, sizeof(value) - len,
				"%s%s,", words[j], weights[rest % 5]);
		}
		const char *values[] = { value, NULL };
		struct http_accept accept = accept_of(values);
		struct text text = TEXT_EMPTY, again = TEXT_EMPTY;
		http_accept_add(&accept, ours, ROWS(ours), &text);
		const char *same[] = { text.at != NULL ? text.at : "", NULL };
		struct http_accept other = accept_of(same);
		/* Its order is not kept by weights, but who stands first is. */
		for (size_t j = 0; j < ROWS(ours); j++)
			assert_true(other.weight[ours[j]] == 0 ||
				    accept.weight[ours[j]] > 0);
		enum http_coding chosen =
		    http_accept_choose(&accept, ours, ROWS(ours));
		struct str first = text_str(&text);
		first.len = str_find(first, ',');
		assert_int_equal(
		    chosen, first.len == 0 || str_is(first, "identity;q=0")
				? HTTP_CODING_IDENTITY
				: http_coding_find(first));
		text_fini(&text);
		text_fini(&again);
	}
}

static void
without_the_field_any_coding_may_come(void **state)
{
	const char *nothing[] = { NULL }, *gzip[] = { "gzip", NULL };
	struct http_accept unsaid = accept_of(nothing);
	struct http_accept said = accept_of(gzip);

	(void)state;
	assert_false(unsaid.is_said);
	assert_true(http_accept_has(&unsaid, HTTP_CODING_BR));
	assert_true(http_accept_has(&unsaid, HTTP_CODING_OTHER));
	assert_true(http_accept_has(&said, HTTP_CODING_GZIP));
	assert_true(http_accept_has(&said, HTTP_CODING_IDENTITY));
	assert_false(http_accept_has(&said, HTTP_CODING_BR));
	assert_false(http_accept_has(&said, HTTP_CODING_OTHER));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_are_read),
		cmocka_unit_test(the_best_for_both_is_chosen),
		cmocka_unit_test(the_text_says_the_same),
		cmocka_unit_test(without_the_field_any_coding_may_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
