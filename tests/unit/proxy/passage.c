/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said to a parent, and what is made of its answers. */
#include "proxy/passage.h"

#include "../net/stream_ends.h"
#include "policies.h"

#include <stdio.h>

struct test {
	struct harness h;
	struct passage passage;
	int peer;
	int called;
	enum proxy_failure failure;
	struct text said; /* to the parent */
	int descriptors;
};

static void
on_done(struct passage *passage, enum proxy_failure failure)
{
	struct test *t = passage->context;

	t->called++;
	t->failure = failure;
	assert_true((passage->stream != NULL) == (failure == 0));
	loop_stop(&t->h.loop);
}

static void
begin(struct test *t, enum policy_parent_protocol protocol,
    const struct passage_target *target)
{
	struct stream *stream;
	int fds[2];

	*t = (struct test){ .descriptors = open_fds() };
	harness_begin(&t->h);
	tcp_pair(fds, 0);
	t->peer = fds[1];
	assert_int_equal(
	    stream_create(&t->h.loop, fds[0], &stream_limits_usual, &stream),
	    0);
	t->passage.fn = on_done;
	t->passage.context = t;
	passage_start(&t->passage, &stream, protocol, target);
	assert_null(stream);
}

static void
end(struct test *t)
{
	passage_cancel(&t->passage);
	if (t->peer >= 0)
		(void)close(t->peer);
	text_fini(&t->said);
	harness_end(&t->h);
	assert_int_equal(open_fds(), t->descriptors);
}

/* The parent hears so many bytes. */
static void
hear(struct test *t, size_t count)
{
	char bytes[1024];
	size_t before = t->said.len;

	while (t->said.len < before + count) {
		harness_round(&t->h);
		ssize_t n = recv(
		    t->peer, bytes, before + count - t->said.len, MSG_DONTWAIT);
		if (n > 0)
			text_add(&t->said, (struct str){ bytes, (size_t)n });
	}
}

/* The parent says it, `size` bytes at a time; each has come before the next. */
static void
say(struct test *t, struct str words, size_t size)
{
	for (size_t at = 0; at < words.len && t->called == 0; at += size) {
		struct str piece = str_skip(words, at);
		if (piece.len > size)
			piece.len = size;
		assert_int_equal(
		    send(t->peer, piece.at, piece.len, MSG_NOSIGNAL),
		    piece.len);
		for (int i = 0; i < 3; i++)
			if (t->called == 0)
				harness_round(&t->h);
	}
}

static void
await_outcome(struct test *t)
{
	if (t->called == 0)
		harness_run(&t->h);
	assert_int_equal(t->called, 1);
}

#define CONNECT_NAME                                                           \
	"CONNECT www.example.com:443 HTTP/1.1\r\n"                             \
	"Host: www.example.com:443\r\nVia: 1.1 a\r\n\r\n"

static const struct passage_target to_name = {
	.host = STR_INIT("www.example.com"),
	.port = 443,
	.via = STR_INIT("Via: 1.1 a\r\n"),
};

static const struct {
	const char *answer;
	enum proxy_failure failure;
	const char *detail;
	const char *rest; /* the server's words */
} answers[] = {
	{ "HTTP/1.1 200 OK\r\n\r\nhello", PROXY_FAILURE_NONE, "", "hello" },
	{ "HTTP/1.0 200 Connection established\r\nProxy-agent: x\r\n\r\n",
	    PROXY_FAILURE_NONE, "", "" },
	/* RFC 9110, 9.3.6: these mean nothing here. */
	{ "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nhi", PROXY_FAILURE_NONE,
	    "", "hi" },
	{ "HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 204 OK\r\n\r\nx", PROXY_FAILURE_NONE,
	    "", "x" },
	{ "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n\r\n",
	    PROXY_FAILURE_PARENT_AUTH, "status 407", "" },
	{ "HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nabc",
	    PROXY_FAILURE_PARENT_REFUSED, "status 403", "" },
	{ "HTTP/1.1 302 No\r\nLocation: x\r\n\r\n",
	    PROXY_FAILURE_PARENT_REFUSED, "status 302", "" },
	{ "HTTP/1.1 502 No\r\n\r\n", PROXY_FAILURE_PARENT_NO_WAY, "status 502",
	    "" },
	{ "HTTP/1.1 504 No\r\n\r\n", PROXY_FAILURE_PARENT_TIMEOUT, "status 504",
	    "" },
	{ "HTTP/1.1 101 Up\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
	    PROXY_FAILURE_PARENT_BAD, "", "" },
	{ "SSH-2.0-OpenSSH\r\n", PROXY_FAILURE_PARENT_BAD, "", "" },
	{ "\x05\xff", PROXY_FAILURE_PARENT_BAD, "", "" },
};

static void
what_comes_of_a_connect(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		for (size_t size = 1; size < 200; size += 67) {
			struct test t;
			begin(&t, POLICY_PARENT_PROTOCOL_HTTP, &to_name);
			hear(&t, strlen(CONNECT_NAME));
			assert_true(str_is(text_str(&t.said), CONNECT_NAME));
			say(&t, str_of(answers[i].answer), size);
			await_outcome(&t);
			assert_int_equal(t.failure, answers[i].failure);
			assert_string_equal(
			    t.passage.detail, answers[i].detail);
			if (t.failure == PROXY_FAILURE_NONE && size > 100)
				assert_true(
				    str_is(stream_input(t.passage.stream),
					answers[i].rest));
			end(&t);
		}
	}
}

static void
an_address_in_a_connect(void **state)
{
	static const struct {
		const char *address, *line;
	} rows[] = {
		{ "192.0.2.7", "CONNECT 192.0.2.7:80 HTTP/1.1\r\n" },
		{ "2001:db8::7", "CONNECT [2001:db8::7]:80 HTTP/1.1\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct passage_target target = {
			.address = address_of(rows[i].address), .port = 80
		};
		struct test t;
		begin(&t, POLICY_PARENT_PROTOCOL_HTTP, &target);
		hear(&t, strlen(rows[i].line));
		assert_true(str_is(text_str(&t.said), rows[i].line));
		end(&t);
	}
}

#define GREETING STR("\x05\x01\x00")

static void
what_is_asked_by_socks(void **state)
{
	static const struct {
		const char *host, *address;
		struct str request;
	} rows[] = {
		{ "a.example", NULL,
		    STR_INIT("\x05\x01\x00\x03\x09"
			     "a.example\x1f\x90") },
		{ NULL, "192.0.2.7",
		    STR_INIT("\x05\x01\x00\x01\xc0\x00\x02\x07\x1f\x90") },
		{ NULL, "2001:db8::7",
		    STR_INIT("\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0"
			     "\0\0\0\x07\x1f\x90") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct passage_target target = { .port = 8080 };
		struct test t;
		if (rows[i].host != NULL)
			target.host = str_of(rows[i].host);
		else
			target.address = address_of(rows[i].address);
		begin(&t, POLICY_PARENT_PROTOCOL_SOCKS5, &target);
		hear(&t, GREETING.len);
		assert_true(str_eq(text_str(&t.said), GREETING));
		say(&t, STR("\x05\x00"), 1);
		hear(&t, rows[i].request.len);
		assert_true(
		    str_eq(str_skip(text_str(&t.said), 3), rows[i].request));
		say(&t, STR("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00hello"),
		    20);
		await_outcome(&t);
		assert_int_equal(t.failure, PROXY_FAILURE_NONE);
		assert_true(str_is(stream_input(t.passage.stream), "hello"));
		end(&t);
	}
}

static const struct {
	struct str method, reply;
	enum proxy_failure failure;
	const char *detail;
} replies[] = {
	{ STR_INIT("\x05\x00"), STR_INIT("\x05\x00\x00\x03\x02xy\x00\x00"),
	    PROXY_FAILURE_NONE, "" },
	{ STR_INIT("\x05\x00"),
	    STR_INIT("\x05\x00\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	    PROXY_FAILURE_NONE, "" },
	{ STR_INIT("\x05\x00"), STR_INIT("\x05\x02\x00\x01\0\0\0\0\0\0"),
	    PROXY_FAILURE_PARENT_REFUSED, "SOCKS code 2" },
	{ STR_INIT("\x05\x00"), STR_INIT("\x05\x05\x00\x00\x00"),
	    PROXY_FAILURE_PARENT_NO_WAY, "SOCKS code 5" },
	{ STR_INIT("\x05\x00"), STR_INIT("\x05\x06\x00\x01\0\0\0\0\0\0"),
	    PROXY_FAILURE_PARENT_TIMEOUT, "SOCKS code 6" },
	{ STR_INIT("\x05\x00"), STR_INIT("\x05\xfe\x00\x01\0\0\0\0\0\0"),
	    PROXY_FAILURE_PARENT_REFUSED, "SOCKS code 254" },
	{ STR_INIT("\x05\x00"), STR_INIT("\x05\x00\x00\x09\x00"),
	    PROXY_FAILURE_PARENT_BAD, "" },
	{ STR_INIT("\x05\x00"), STR_INIT("\x04"), PROXY_FAILURE_PARENT_BAD,
	    "" },
	{ STR_INIT("\x05\xff"), STR_INIT(""), PROXY_FAILURE_PARENT_AUTH, "" },
	{ STR_INIT("\x05\x02"), STR_INIT(""), PROXY_FAILURE_PARENT_AUTH, "" },
	{ STR_INIT("HTTP/1.1 400"), STR_INIT(""), PROXY_FAILURE_PARENT_BAD,
	    "" },
};

static void
what_comes_of_socks(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(replies); i++) {
		for (size_t size = 1; size < 40; size += 19) {
			struct test t;
			begin(&t, POLICY_PARENT_PROTOCOL_SOCKS5, &to_name);
			hear(&t, GREETING.len);
			say(&t, replies[i].method, size);
			if (t.called == 0)
				hear(&t, 4 + 1 + to_name.host.len + 2);
			say(&t, replies[i].reply, size);
			await_outcome(&t);
			assert_int_equal(t.failure, replies[i].failure);
			assert_string_equal(
			    t.passage.detail, replies[i].detail);
			end(&t);
		}
	}
}

/* A reply in halves, and no more. */
static void
who_ends_without_a_word_is_gone(void **state)
{
	static const struct {
		enum policy_parent_protocol protocol;
		struct str words;
	} rows[] = {
		{ POLICY_PARENT_PROTOCOL_HTTP, STR_INIT("") },
		{ POLICY_PARENT_PROTOCOL_HTTP,
		    STR_INIT("HTTP/1.1 200 OK\r\n") },
		{ POLICY_PARENT_PROTOCOL_SOCKS5, STR_INIT("") },
		{ POLICY_PARENT_PROTOCOL_SOCKS5, STR_INIT("\x05") },
		{ POLICY_PARENT_PROTOCOL_SOCKS5, STR_INIT("\x05\x00\x05\x00") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test t;
		begin(&t, rows[i].protocol, &to_name);
		hear(&t, GREETING.len);
		say(&t, rows[i].words, 100);
		(void)shutdown(t.peer, SHUT_WR);
		await_outcome(&t);
		assert_int_equal(t.failure, PROXY_FAILURE_PARENT_GONE);
		end(&t);
	}
}

static void
cancelled(void **state)
{
	struct test t;

	(void)state;
	begin(&t, POLICY_PARENT_PROTOCOL_HTTP, &to_name);
	hear(&t, 7);
	passage_cancel(&t.passage);
	assert_null(t.passage.stream);
	harness_round(&t.h);
	assert_int_equal(t.called, 0);
	end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_of_a_connect),
		cmocka_unit_test(an_address_in_a_connect),
		cmocka_unit_test(what_is_asked_by_socks),
		cmocka_unit_test(what_comes_of_socks),
		cmocka_unit_test(who_ends_without_a_word_is_gone),
		cmocka_unit_test(cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
