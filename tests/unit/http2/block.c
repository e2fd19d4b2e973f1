/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http2/block.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void
expect(const struct http2_block *block, const char *wanted)
{
	struct text said = TEXT_EMPTY;

	for (size_t i = 0; i < block->count; i++) {
		const nghttp2_nv *nv = &block->fields[i];
		text_addf(&said, "%.*s=%.*s;", (int)nv->namelen,
		    (const char *)nv->name, (int)nv->valuelen,
		    (const char *)nv->value);
	}
	assert_string_equal(said.at, wanted);
	text_fini(&said);
}

static int
response(const char *head, const char *wanted)
{
	struct text text = TEXT_EMPTY;
	struct http2_block block;

	text_addz(&text, head);
	int rc = http2_block_of_response(&text, &block);
	if (wanted != NULL)
		expect(&block, wanted);
	text_fini(&text);
	return rc;
}

static int
request(const char *head, const char *wanted)
{
	struct text text = TEXT_EMPTY;
	struct http2_block block;

	text_addz(&text, head);
	int rc = http2_block_of_request(&text, STR("https"), &block);
	if (wanted != NULL)
		expect(&block, wanted);
	text_fini(&text);
	return rc;
}

static void
responses(void **state)
{
	(void)state;
	assert_int_equal(response("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
				  "Connection: close\r\nX-A: b c\r\n\r\n",
			     ":status=200;content-length=2;x-a=b c;"),
	    0);
	assert_int_equal(response("HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n",
			     ":status=103;link=</a>;"),
	    0);
	assert_int_equal(
	    response("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\n"
		     "Upgrade: websocket\r\nSec-WebSocket-Accept: x\r\n"
		     "Sec-WebSocket-Protocol: chat\r\n\r\n",
		":status=200;sec-websocket-protocol=chat;"),
	    0);
	assert_int_equal(
	    response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
		     "Keep-Alive: x\r\nProxy-Connection: y\r\nEmpty: \r\n\r\n",
		":status=200;empty=;"),
	    0);
	assert_int_equal(response("HTTP", NULL), -EINVAL);
	assert_int_equal(response("HTTP/1.1 2\r\n\r\n", NULL), -EINVAL);
}

static void
requests(void **state)
{
	(void)state;
	assert_int_equal(
	    request("GET /x?y HTTP/1.1\r\nHost: a.example\r\n"
		    "Accept: */*\r\nTE: trailers\r\n\r\n",
		":method=GET;:scheme=https;:authority=a.example;:path=/x?y;"
		"accept=*/*;te=trailers;"),
	    0);
	assert_int_equal(
	    request("GET / HTTP/1.1\r\nHost: a\r\nTE: gzip, trailers\r\n"
		    "Connection: TE\r\n\r\n",
		":method=GET;:scheme=https;:authority=a;:path=/;"),
	    0);
	assert_int_equal(request("GET /x HTTP/1.1\r\n\r\n", NULL), -EINVAL);
}

static void
more_fields_than_there_can_be(void **state)
{
	struct text text = TEXT_EMPTY;
	struct http2_block block;

	(void)state;
	text_addz(&text, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < HTTP2_BLOCK_FIELDS_MAX; i++)
		text_addz(&text, "X: y\r\n");
	text_addz(&text, "\r\n");
	assert_int_equal(http2_block_of_response(&text, &block), -EINVAL);
	text_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(responses),
		cmocka_unit_test(requests),
		cmocka_unit_test(more_fields_than_there_can_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
