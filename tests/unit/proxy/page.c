/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/page.h"

#include "../net/stream_ends.h"
#include "base/text.h"
#include "http/parse.h"

#include <string.h>

static bool
has(struct str text, const char *words)
{
	return memmem(text.at, text.len, words, strlen(words)) != NULL;
}

static bool
says(const struct page *page, const char *words)
{
	struct text out = TEXT_EMPTY;

	page_write(page, &out);
	assert_false(out.full);
	bool found = has(text_str(&out), words);
	text_fini(&out);
	return found;
}

static void
a_refusal_names_its_rule(void **state)
{
	struct policy_rule labelled = { .line = 12,
		.label = STR_INIT("no <ads>") };
	struct policy_rule bare = { .line = 7 };
	struct policy_rule last = { .line = 0 };
	struct page page = { .status = 403, .rule = &labelled };

	(void)state;
	assert_true(says(&page, "403 Forbidden"));
	assert_true(says(&page, "The policy of this network"));
	assert_true(says(&page, "no &lt;ads&gt;"));
	assert_true(says(&page, "line 12"));
	page.rule = &bare;
	assert_true(says(&page, "<dt>Rule</dt><dd><code>line 7</code>"));
	page.rule = &last;
	assert_true(says(&page, "none allows it"));
	page.rule = NULL;
	assert_false(says(&page, "<dt>Rule</dt>"));
}

/* What failed is not said to be refused, even where a rule had allowed it. */
static void
a_failure_says_what_failed(void **state)
{
	struct policy_rule rule = { .line = 7 };
	struct page page = { .status = 502,
		.sentence = "the name does not exist",
		.rule = &rule };

	(void)state;
	assert_true(says(&page, "502 Bad Gateway"));
	assert_true(says(&page, "<h1>the name does not exist</h1>"));
	assert_false(says(&page, "line 7"));
	assert_false(says(&page, "policy"));
}

static void
a_target_is_text(void **state)
{
	char url[1000];
	struct page page = { .status = 403,
		.target = STR_INIT("http://a/<script>'\"&") };

	(void)state;
	assert_true(says(&page, "http://a/&lt;script&gt;&#39;&quot;&amp;"));
	assert_false(says(&page, "<script"));
	memset(url, 'x', sizeof(url));
	page.target = (struct str){ url, sizeof(url) };
	url[299] = 'y';
	url[300] = 'z';
	assert_true(says(&page, "xxxy</code>"));
	assert_false(says(&page, "z<"));
}

struct sent {
	struct both ends;
	struct http_response response;
	struct arena arena;
	struct str content;
};

static int
send_page(struct sent *sent, const struct page *page)
{
	struct http_head_scan scan = { 0 };
	enum http_fault fault;

	both_begin(&sent->ends, 0);
	arena_init(&sent->arena, 1 << 16);
	int bytes = page_send(page, sent->ends.a.stream);
	assert_true(bytes > 0);
	stream_shutdown(sent->ends.a.stream);
	stream_read_start(sent->ends.b.stream);
	run_until_told(&sent->ends.h, &sent->ends.b, 'e');
	struct str got = text_str(&sent->ends.b.taken);
	assert_int_equal(got.len, bytes);
	int used = http_response_parse(
	    got, &scan, page->method, &sent->arena, &sent->response, &fault);
	assert_true(used > 0);
	sent->content = str_skip(got, (size_t)used);
	return bytes;
}

static void
forget(struct sent *sent)
{
	arena_fini(&sent->arena);
	both_end(&sent->ends);
}

static void
what_is_sent_is_one_answer(void **state)
{
	static const struct {
		enum http_method method;
		unsigned minor;
		bool keep_alive;
	} cases[] = {
		{ HTTP_METHOD_GET, 1, true },
		{ HTTP_METHOD_GET, 1, false },
		{ HTTP_METHOD_GET, 0, false },
		{ HTTP_METHOD_HEAD, 1, true },
		{ HTTP_METHOD_CONNECT, 1, false },
		{ HTTP_METHOD_OTHER, 1, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct page page = { .status = 403,
			.method = cases[i].method,
			.client_minor = cases[i].minor,
			.keep_alive = cases[i].keep_alive };
		struct sent sent;
		(void)send_page(&sent, &page);
		assert_int_equal(sent.response.status, 403);
		assert_int_equal(sent.response.keep_alive, cases[i].keep_alive);
		if (cases[i].method == HTTP_METHOD_HEAD)
			assert_int_equal(sent.content.len, 0);
		else
			assert_int_equal(
			    sent.content.len, sent.response.content_length);
		assert_true(sent.response.content_length > 500);
		forget(&sent);
	}
}

/* All or nothing: the caller must know that the client was told nothing. */
static void
a_page_that_finds_no_room(void **state)
{
	static char much[1 << 18];
	struct page page = { .status = 403, .client_minor = 1 };
	struct both t;

	(void)state;
	both_begin(&t, SMALL);
	assert_int_equal(
	    stream_write(t.a.stream, (struct str){ much, sizeof(much) - 1 }),
	    0);
	size_t pending = stream_pending(t.a.stream);
	assert_true(pending > sizeof(much) / 2);
	while (stream_queue(t.a.stream, STR("x")) == 0)
		pending++;
	assert_int_equal(page_send(&page, t.a.stream), -ENOBUFS);
	assert_int_equal(stream_pending(t.a.stream), pending);
	both_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refusal_names_its_rule),
		cmocka_unit_test(a_failure_says_what_failed),
		cmocka_unit_test(a_target_is_text),
		cmocka_unit_test(what_is_sent_is_one_answer),
		cmocka_unit_test(a_page_that_finds_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
