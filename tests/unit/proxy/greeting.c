/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/greeting.h"

#include "../net/harness.h"

static enum greeting
expected(unsigned byte)
{
	if (byte >= 20 && byte <= 24)
		return GREETING_TLS;
	return (byte >= '\t' && byte <= '\r') || (byte >= ' ' && byte <= '~')
		   ? GREETING_HTTP
		   : GREETING_OTHER;
}

static void
the_first_byte_tells(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		char c = (char)byte;
		assert_int_equal(
		    greeting_of((struct str){ &c, 1 }), expected(byte));
	}
	assert_int_equal(
	    greeting_of((struct str){ NULL, 0 }), GREETING_UNKNOWN);
}

/* What a server passes over before a hello does not make it something else. */
static void
what_follows_does_not_matter(void **state)
{
	static const struct {
		struct str bytes;
		enum greeting greeting;
	} cases[] = {
		{ STR_INIT("\x16\x03\x01\0\0"), GREETING_TLS },
		{ STR_INIT("\x16GET /"), GREETING_TLS },
		{ STR_INIT("\x15\x03\x01\0\2\1\x5a\x16"), GREETING_TLS },
		{ STR_INIT("GET / HTTP/1.1"), GREETING_HTTP },
		{ STR_INIT("\"GET\" / HTTP/1.1"), GREETING_HTTP },
		{ STR_INIT("\r\nGET /"), GREETING_HTTP },
		{ STR_INIT("SSH-2.0-"), GREETING_HTTP },
		{ STR_INIT("\x80\x2e\x01\x03\x01"), GREETING_OTHER },
		{ STR_INIT("\0GET / HTTP/1.1"), GREETING_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(
		    greeting_of(cases[i].bytes), cases[i].greeting);
}

/* Where a name is known, a text may be anything but what asks for a page. */
static void
a_line_tells_more(void **state)
{
	static const struct {
		struct str bytes;
		enum greeting greeting;
	} cases[] = {
		{ STR_INIT(""), GREETING_UNKNOWN },
		{ STR_INIT("\x16\x03\x01"), GREETING_TLS },
		{ STR_INIT("\0\0\0\x08"), GREETING_OTHER },
		{ STR_INIT("GET /"), GREETING_UNKNOWN },
		{ STR_INIT("GET / HTTP/1.1"), GREETING_UNKNOWN },
		{ STR_INIT("GET / HTTP/1.1\r\n"), GREETING_HTTP },
		{ STR_INIT("\r\n\r\nGET / HTTP/1.0\nHost"), GREETING_HTTP },
		{ STR_INIT("PRI * HTTP/2.0\r\n"), GREETING_HTTP },
		{ STR_INIT("SSH-2.0-OpenSSH\r\n"), GREETING_OTHER },
		{ STR_INIT("EHLO example.com\r\nGET / HTTP/1.1\r\n"),
		    GREETING_OTHER },
		{ STR_INIT("PING\n"), GREETING_OTHER },
		{ STR_INIT("\r\n"), GREETING_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(
		    greeting_of_line(cases[i].bytes), cases[i].greeting);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_byte_tells),
		cmocka_unit_test(what_follows_does_not_matter),
		cmocka_unit_test(a_line_tells_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
