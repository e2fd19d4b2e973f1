/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/coding.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
codings_are_found_by_their_tokens(void **state)
{
	static const struct {
		const char *token;
		enum http_coding coding;
	} rows[] = {
		{ "gzip", HTTP_CODING_GZIP },
		{ "GZip", HTTP_CODING_GZIP },
		{ "x-gzip", HTTP_CODING_GZIP },
		{ "br", HTTP_CODING_BR },
		{ "zstd", HTTP_CODING_ZSTD },
		{ "identity", HTTP_CODING_IDENTITY },
		{ "deflate", HTTP_CODING_OTHER },
		{ "compress", HTTP_CODING_OTHER },
		{ "x-br", HTTP_CODING_OTHER },
		{ "gzip2", HTTP_CODING_OTHER },
		{ "*", HTTP_CODING_OTHER },
		{ "", HTTP_CODING_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
		    http_coding_find(str_of(rows[i].token)), rows[i].coding);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codings_are_found_by_their_tokens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
