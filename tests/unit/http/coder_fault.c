/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each allocation fails once: an error is said, and nothing leaks. */
#include "../failing_malloc.h"

#ifndef SANITIZED

#include "contents.h"

/* Opens, codes, closes, as far as memory lets it; 0 or -ENOMEM. */
static int
code_with_little(
    const struct http_coder_want *want, struct str input, char *room)
{
	struct http_coder_pool *pool = http_coder_pool_create();
	struct http_coder *coder = NULL;
	int rc = -ENOMEM;

	if (pool != NULL)
		rc = http_coder_open(pool, want, &coder);
	while (rc == 0 && !http_coder_is_done(coder)) {
		ssize_t made = http_coder_code(
		    coder, &input, HTTP_CODER_END, room, ROOM_MAX);
		rc = made < 0 ? (int)made : 0;
	}
	http_coder_close(&coder);
	http_coder_pool_destroy(&pool);
	return rc;
}

static void
check_all_failures(
    const struct http_coder_want *want, struct str input, char *room)
{
	long before = live;
	int rc = -ENOMEM;

	for (long n = 0; rc != 0; n++) {
		until_failure = n;
		rc = code_with_little(want, input, room);
		until_failure = -1;
		assert_true(rc == 0 || rc == -ENOMEM);
		assert_int_equal(live, before);
		assert_true(n < 1000);
		/* The pool, the coder and its state, at the least. */
		assert_true(rc < 0 || n >= 3);
	}
}

static void
want_of_memory_is_said_and_nothing_leaks(void **state)
{
	static const enum http_coding codings[] = { HTTP_CODING_GZIP,
		HTTP_CODING_BR, HTTP_CODING_ZSTD };
	struct http_coder_pool *pool = http_coder_pool_create();
	struct text page = TEXT_EMPTY, coded = TEXT_EMPTY;
	char *room = malloc(ROOM_MAX);

	(void)state;
	assert_non_null(pool);
	assert_non_null(room);
	add_page(40000, &page);
	for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++) {
		struct http_coder_want want = { .coding = codings[i],
			.length = -1 };
		text_clear(&coded);
		encode_once(pool, codings[i], text_str(&page), &coded);
		check_all_failures(&want, text_str(&page), room);
		want.decode = true;
		check_all_failures(&want, text_str(&coded), room);
	}
	free(room);
	text_fini(&page);
	text_fini(&coded);
	http_coder_pool_destroy(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(want_of_memory_is_said_and_nothing_leaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
