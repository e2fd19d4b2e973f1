/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The examples of FIPS 180-4, the edges of padding, and pieces of any size.
 */
#include "base/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void
assert_digest(struct str s, const char *wanted)
{
	char text[SHA256_TEXT_BYTES];
	struct sha256 sha256;

	sha256_init(&sha256);
	sha256_add(&sha256, s);
	sha256_format(&sha256, text);
	assert_string_equal(text, wanted);
	assert_true(sha256_is_text(str_of(text)));
}

static void
the_standards_examples(void **state)
{
	(void)state;
	assert_digest(STR(""), "e3b0c44298fc1c149afbf4c8996fb924"
			       "27ae41e4649b934ca495991b7852b855");
	assert_digest(STR("abc"), "ba7816bf8f01cfea414140de5dae2223"
				  "b00361a396177a9cb410ff61f20015ad");
	/* 56 bytes: the length goes into a block of its own. */
	assert_digest(
	    STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
	    "248d6a61d20638b8e5c026930c3e6039"
	    "a33ce45964ff2167f6ecedd419db06c1");
}

static void
a_million_letters(void **state)
{
	const size_t len = 1000000;
	char *letters = malloc(len);

	(void)state;
	assert_non_null(letters);
	memset(letters, 'a', len);
	assert_digest((struct str){ letters, len },
	    "cdc76e5c9914fb9281a1c7e284d73e67"
	    "f1809a48a497200e046d39ccc7112cd0");
	free(letters);
}

/* As coreutils' sha256sum has them. */
static void
the_edges_of_a_block(void **state)
{
	static const struct {
		size_t len;
		const char *wanted;
	} cases[] = {
		{ 55, "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fa"
		      "c77e4072" },
		{ 63, "75220b47218278e656f2013bb8f0c455a25eaf01e86c64924e9d48d8"
		      "9776d6f2" },
		{ 64, "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd62195"
		      "06b5393c" },
		{ 65, "9537c5fdf120482f7d58d25e9ed583f52c02b4e304ea814db1633ad5"
		      "65aed7e9" },
	};
	char letters[65];

	(void)state;
	memset(letters, 'x', sizeof(letters));
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_digest(
		    (struct str){ letters, cases[i].len }, cases[i].wanted);
}

static void
pieces_are_the_whole(void **state)
{
	char bytes[200], whole[SHA256_TEXT_BYTES], text[SHA256_TEXT_BYTES];
	struct sha256 sha256;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	sha256_init(&sha256);
	sha256_add(&sha256, (struct str){ bytes, sizeof(bytes) });
	sha256_format(&sha256, whole);
	for (size_t piece = 1; piece < sizeof(bytes); piece++) {
		struct str rest = { bytes, sizeof(bytes) };
		sha256_init(&sha256);
		for (; rest.len > piece; rest = str_skip(rest, piece))
			sha256_add(&sha256, (struct str){ rest.at, piece });
		sha256_add(&sha256, rest);
		sha256_format(&sha256, text);
		assert_string_equal(text, whole);
	}
}

static void
what_is_no_digest(void **state)
{
	(void)state;
	assert_false(sha256_is_text(STR("")));
	assert_false(sha256_is_text(STR("new")));
	assert_false(sha256_is_text(STR("BA7816bf8f01cfea414140de5dae2223"
					"b00361a396177a9cb410ff61f20015ad")));
	assert_false(sha256_is_text(STR("ba7816bf8f01cfea414140de5dae2223"
					"b00361a396177a9cb410ff61f20015a/")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_standards_examples),
		cmocka_unit_test(a_million_letters),
		cmocka_unit_test(the_edges_of_a_block),
		cmocka_unit_test(pieces_are_the_whole),
		cmocka_unit_test(what_is_no_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
