/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/chunk.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "http/body.h"

static void
heads_are_hex_and_crlf(void **state)
{
	static const struct {
		uint64_t size;
		const char *want;
	} cases[] = {
		{ 0, "" },
		{ 1, "1\r\n" },
		{ 15, "f\r\n" },
		{ 16, "10\r\n" },
		{ 255, "ff\r\n" },
		{ 65536, "10000\r\n" },
		{ INT64_MAX, "7fffffffffffffff\r\n" },
		{ UINT64_MAX, "ffffffffffffffff\r\n" },
	};
	char buffer[HTTP_CHUNK_HEAD_BYTES_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(str_is(
		    http_chunk_head(cases[i].size, buffer), cases[i].want));
}

static void
nothing_makes_no_chunk(void **state)
{
	struct text out = TEXT_EMPTY;

	(void)state;
	http_chunk_add(STR(""), &out);
	assert_int_equal(out.len, 0);
	http_chunk_add(STR("ab"), &out);
	http_chunk_add(STR(""), &out);
	text_add(&out, HTTP_CHUNK_LAST);
	assert_string_equal(out.at, "2\r\nab\r\n0\r\n\r\n");
	text_fini(&out);
}

/* Content cut into chunks of one size comes back whole. */
static void
round_trip(struct str content, size_t step)
{
	struct text wire = TEXT_EMPTY, back = TEXT_EMPTY;
	struct http_body body;
	struct str rest = content;

	while (rest.len > 0) {
		size_t len = rest.len < step ? rest.len : step;
		http_chunk_add((struct str){ rest.at, len }, &wire);
		rest = str_skip(rest, len);
	}
	text_add(&wire, HTTP_CHUNK_LAST);
	http_body_init(&body, HTTP_FRAMING_CHUNKED, -1);
	rest = text_str(&wire);
	while (!http_body_is_done(&body)) {
		enum http_fault fault;
		struct str piece;
		ssize_t used = http_body_decode(&body, rest, &piece, &fault);
		assert_true(used > 0);
		text_add(&back, piece);
		rest = str_skip(rest, (size_t)used);
	}
	assert_int_equal(rest.len, 0);
	assert_true(str_eq(text_str(&back), content));
	text_fini(&wire);
	text_fini(&back);
}

static void
what_is_encoded_decodes_to_itself(void **state)
{
	char bytes[4099];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7 + i / 256);
	for (size_t step = 1; step <= sizeof(bytes); step += step / 3 + 1)
		round_trip((struct str){ bytes, sizeof(bytes) }, step);
	round_trip(STR("0\r\n\r\n"), 1);
	round_trip(STR(""), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_are_hex_and_crlf),
		cmocka_unit_test(nothing_makes_no_chunk),
		cmocka_unit_test(what_is_encoded_decodes_to_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
