/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/choice.h"

#include <errno.h>
#include <stdio.h>

#include "http/parse.h"
#include "policies.h"

#define HEAD "zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"

static void
codings_are_those_of_the_policy(void **state)
{
	static char none[] = HEAD, all[] = HEAD "proxy { compress }\n";
	static char some[] = HEAD "proxy { compress gzip 9, br }\n";
	enum http_coding codings[HTTP_CODING_COUNT];
	struct policy *policy = policy_of(none);

	(void)state;
	assert_int_equal(choice_codings(policy, codings), 0);
	policy_unref(policy);
	policy = policy_of(all);
	assert_int_equal(choice_codings(policy, codings), 3);
	assert_int_equal(codings[0], HTTP_CODING_BR);
	assert_int_equal(codings[1], HTTP_CODING_ZSTD);
	assert_int_equal(codings[2], HTTP_CODING_GZIP);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(choice_level(policy, codings[i]),
		    http_coding_row(codings[i])->level_swift);
	policy_unref(policy);
	policy = policy_of(some);
	assert_int_equal(choice_codings(policy, codings), 2);
	assert_int_equal(codings[0], HTTP_CODING_GZIP);
	assert_int_equal(codings[1], HTTP_CODING_BR);
	assert_int_equal(choice_level(policy, HTTP_CODING_GZIP), 9);
	assert_int_equal(choice_level(policy, HTTP_CODING_BR),
	    http_coding_row(HTTP_CODING_BR)->level_swift);
	policy_unref(policy);
}

/* A level of a policy is one of the coder's, to the last. */
static void
levels_are_those_of_the_coders(void **state)
{
	enum http_coding codings[HTTP_CODING_COUNT];
	static char all[] = HEAD "proxy { compress }\n";
	struct policy *policy = policy_of(all);

	(void)state;
	assert_int_equal(choice_codings(policy, codings), POLICY_CODING_COUNT);
	for (size_t i = 0; i < POLICY_CODING_COUNT; i++) {
		const struct policy_coding_row *row =
		    policy_coding_row(policy->compression.items[i].coding);
		const struct http_coding_row *made =
		    http_coding_row(codings[i]);
		assert_string_equal(row->word, made->word);
		assert_int_equal(row->level_max, made->level_last);
		assert_int_equal(1, made->level_first);
	}
	policy_unref(policy);
}

#define ASKED                                                                  \
	"GET /x HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-For: 192.0.2.9\r\n" \
	"Via: 1.0 inner\r\n\r\n"
#define SENT(rest) "GET /x HTTP/1.1\r\nHost: a.example\r\n" rest "\r\n"

static void
servers_are_told_what_the_policy_says(void **state)
{
	static const struct {
		const char *line, *sent;
	} rows[] = {
		{ "", SENT("X-Forwarded-For: 192.0.2.9\r\n"
			   "Via: 1.0 inner, 1.1 us\r\n") },
		{ "tell gateway", SENT("X-Forwarded-For: 192.0.2.9\r\n"
				       "Via: 1.0 inner, 1.1 us\r\n") },
		{ "tell client",
		    SENT("Via: 1.0 inner\r\n"
			 "X-Forwarded-For: 192.0.2.9, 2001:db8::4\r\n") },
		{ "tell client, gateway",
		    SENT("Via: 1.0 inner, 1.1 us\r\n"
			 "X-Forwarded-For: 192.0.2.9, 2001:db8::4\r\n") },
		{ "tell nothing", SENT("X-Forwarded-For: 192.0.2.9\r\n"
				       "Via: 1.0 inner\r\n") },
		{ "private", SENT("") },
	};
	struct address client;

	(void)state;
	assert_int_equal(address_parse(STR("2001:db8::4"), &client), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_request_options options = { .keep_alive = true };
		struct http_arrival arrival = { .scheme = HTTP_SCHEME_HTTP };
		struct http_head_scan scan = { 0 };
		struct text out = TEXT_EMPTY;
		struct http_request request;
		enum http_fault fault;
		struct arena arena;
		char text[256];
		(void)snprintf(
		    text, sizeof(text), HEAD "proxy {\n%s\n}\n", rows[i].line);
		struct policy *policy = policy_of(text);
		arena_init(&arena, 1 << 17);
		assert_int_equal(http_request_parse(STR(ASKED), &scan, &arrival,
				     &arena, &request, &fault),
		    sizeof(ASKED) - 1);
		assert_int_equal(choice_tell(policy, client, STR("us"), &arena,
				     &request, &options),
		    0);
		assert_int_equal(
		    http_request_write(&request, &options, &out), 0);
		assert_string_equal(out.at, rows[i].sent);
		text_fini(&out);
		arena_fini(&arena);
		policy_unref(policy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codings_are_those_of_the_policy),
		cmocka_unit_test(levels_are_those_of_the_coders),
		cmocka_unit_test(servers_are_told_what_the_policy_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
