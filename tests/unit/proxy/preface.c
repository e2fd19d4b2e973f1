/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The header of a balancer: rows of bytes, and what is read of them.  Each is
 * given a byte at a time as well.
 */
#include "proxy/preface.h"

#include "../net/harness.h"

#include <errno.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4                                                                     \
	"\xc0\0\2\7"                                                           \
	"\xc6\x33\x64\1"                                                       \
	"\x12\x34"                                                             \
	"\x0c\x38"
#define V6                                                                     \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"                               \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"                               \
	"\x12\x34\x0c\x38"
#define MAPPED                                                                 \
	"\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\7"                               \
	"\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1"                               \
	"\x12\x34\x0c\x38"

struct row {
	struct str bytes;
	const char *source; /* of a client; NULL: another kind, or none */
	enum preface_kind kind;
	int rc; /* 0: takes all of the bytes */
};

#define CLIENT(bytes, source)                                                  \
	{                                                                      \
		STR_INIT(bytes), source, PREFACE_CLIENT, 0                     \
	}
#define OTHER(kind, bytes)                                                     \
	{                                                                      \
		STR_INIT(bytes), NULL, PREFACE_##kind, 0                       \
	}
#define BAD(bytes)                                                             \
	{                                                                      \
		STR_INIT(bytes), NULL, PREFACE_LOCAL, -EBADMSG                 \
	}
#define SHORT(bytes)                                                           \
	{                                                                      \
		STR_INIT(bytes), NULL, PREFACE_LOCAL, -EAGAIN                  \
	}

static const struct row rows[] = {
	/* Version 1. */
	CLIENT("PROXY TCP4 192.0.2.7 198.51.100.1 4660 3128\r\n",
	    "192.0.2.7:4660"),
	CLIENT("PROXY TCP4 192.0.2.7 198.51.100.1 0 65535\r\n", "192.0.2.7:0"),
	CLIENT("PROXY TCP6 2001:db8::7 2001:db8::1 4660 3128\r\n",
	    "[2001:db8::7]:4660"),
	CLIENT("PROXY TCP6 ::ffff:192.0.2.7 ::ffff:192.0.2.1 4660 3128\r\n",
	    "192.0.2.7:4660"),
	OTHER(UNKNOWN, "PROXY UNKNOWN\r\n"),
	OTHER(UNKNOWN, "PROXY UNKNOWN 192.0.2.7 whatever stands here\r\n"),
	SHORT(""),
	SHORT("P"),
	SHORT("PROXY "),
	SHORT("PROXY TCP4 192.0.2.7 198.51.100.1 4660 3128\r"),
	BAD("proxy TCP4 192.0.2.7 198.51.100.1 4660 3128\r\n"),
	BAD("PROXYTCP4 192.0.2.7 198.51.100.1 4660 3128\r\n"),
	BAD("PROXY TCP4 192.0.2.7 198.51.100.1 4660 3128\n"),
	BAD("PROXY TCP4 192.0.2.7 198.51.100.1 4660 3128 \r\n"),
	BAD("PROXY TCP4 192.0.2.7 198.51.100.1 4660 3128 1\r\n"),
	BAD("PROXY TCP4  192.0.2.7 198.51.100.1 4660 3128\r\n"),
	BAD("PROXY TCP4 192.0.2.7\t198.51.100.1 4660 3128\r\n"),
	BAD("PROXY TCP4 192.0.2.7 198.51.100.1 4660\r\n"),
	BAD("PROXY TCP4 192.0.2.7 198.51.100.1\r\n"),
	BAD("PROXY TCP4 192.0.2.7\r\n"),
	BAD("PROXY TCP4\r\n"),
	BAD("PROXY \r\n"),
	BAD("PROXY UNKNOWNS\r\n"),
	BAD("PROXY unknown\r\n"),
	BAD("PROXY TCP5 192.0.2.7 198.51.100.1 4660 3128\r\n"),
	BAD("PROXY UDP4 192.0.2.7 198.51.100.1 4660 3128\r\n"),
	BAD("PROXY TCP4 2001:db8::7 2001:db8::1 4660 3128\r\n"),
	BAD("PROXY TCP6 192.0.2.7 198.51.100.1 4660 3128\r\n"),
	BAD("PROXY TCP4 192.0.2.7 2001:db8::1 4660 3128\r\n"),
	BAD("PROXY TCP4 192.0.2 198.51.100.1 4660 3128\r\n"),
	BAD("PROXY TCP4 192.0.2.256 198.51.100.1 4660 3128\r\n"),
	BAD("PROXY TCP4 0300.0.2.7 198.51.100.1 4660 3128\r\n"),
	BAD("PROXY TCP4 192.0.2.07 198.51.100.1 4660 3128\r\n"),
	BAD("PROXY TCP4 192.0.2.7/32 198.51.100.1 4660 3128\r\n"),
	BAD("PROXY TCP4 host.example 198.51.100.1 4660 3128\r\n"),
	BAD("PROXY TCP6 [2001:db8::7] 2001:db8::1 4660 3128\r\n"),
	BAD("PROXY TCP6 fe80::7%eth0 2001:db8::1 4660 3128\r\n"),
	BAD("PROXY TCP6 2001:db8:::7 2001:db8::1 4660 3128\r\n"),
	BAD("PROXY TCP4 192.0.2.7\0 198.51.100.1 4660 3128\r\n"),
	BAD("PROXY TCP4 192.0.2.7 198.51.100.1 65536 3128\r\n"),
	BAD("PROXY TCP4 192.0.2.7 198.51.100.1 4660 65536\r\n"),
	BAD("PROXY TCP4 192.0.2.7 198.51.100.1 -1 3128\r\n"),
	BAD("PROXY TCP4 192.0.2.7 198.51.100.1 +1 3128\r\n"),
	BAD("PROXY TCP4 192.0.2.7 198.51.100.1 04660 3128\r\n"),
	BAD("PROXY TCP4 192.0.2.7 198.51.100.1 0x50 3128\r\n"),
	BAD("PROXY TCP4 192.0.2.7 198.51.100.1  3128\r\n"),
	BAD("PROXY TCP4 192.0.2.7 198.51.100.1 4660 \r\n"),
	BAD("PROXY UNKNOWN "
	    "..0123456789012345678901234567890123456789012345678901"
	    "23456789012345678901234567890123456789\r\n9"),
	BAD("PROXY UNKNOWN "
	    "..0123456789012345678901234567890123456789012345678901"
	    "2345678901234567890123456789012345678901"),
	BAD("\nPROXY UNKNOWN\r\n"),
	BAD(" PROXY UNKNOWN\r\n"),
	BAD("GET / HTTP/1.1\r\n"),
	BAD("CONNECT www.example.com:443 HTTP/1.1\r\n"),
	BAD("\5\1\0"),
	BAD("\4\1\0\x50\xc0\0\2\7\0"),
	BAD("\x16\3\1\0\5"),
	BAD("\0"),

	/* Version 2. */
	CLIENT(SIGNATURE "\x21\x11\0\x0c" V4, "192.0.2.7:4660"),
	CLIENT(SIGNATURE "\x21\x21\0\x24" V6, "[2001:db8::7]:4660"),
	CLIENT(SIGNATURE "\x21\x21\0\x24" MAPPED, "192.0.2.7:4660"),
	CLIENT(SIGNATURE "\x21\x11\0\x0f" V4 "\4\0\0", "192.0.2.7:4660"),
	CLIENT(SIGNATURE "\x21\x11\0\x16" V4 "\1\0\2h2\xee\0\2xy",
	    "192.0.2.7:4660"),
	OTHER(LOCAL, SIGNATURE "\x20\0\0\0"),
	OTHER(LOCAL, SIGNATURE "\x20\x11\0\x0c" V4),
	OTHER(LOCAL, SIGNATURE "\x20\x31\0\2xy"),
	OTHER(UNKNOWN, SIGNATURE "\x21\0\0\0"),
	OTHER(UNKNOWN, SIGNATURE "\x21\0\0\3xyz"),
	SHORT("\r"),
	SHORT("\r\n\r\n\0\r\nQUIT"),
	SHORT(SIGNATURE),
	SHORT(SIGNATURE "\x21"),
	SHORT(SIGNATURE "\x21\x11\0"),
	SHORT(SIGNATURE "\x21\x11\0\x0c"),
	SHORT(SIGNATURE "\x21\x11\0\x0d" V4),
	SHORT(SIGNATURE "\x21\x11\x0f\xf0" V4),
	BAD("\r\n\r\n\0\r\nQUIX\n"),
	BAD("\r\n\r\nGET / HTTP/1.1\r\n"),
	BAD("\n\r\n\0\r\nQUIT\n"),
	BAD(SIGNATURE "\x11"),
	BAD(SIGNATURE "\x31\x11\0\x0c" V4),
	BAD(SIGNATURE "\x01\x11\0\x0c" V4),
	BAD(SIGNATURE "\x22\x11\0\x0c" V4),
	BAD(SIGNATURE "\x2f\x11\0\x0c" V4),
	BAD(SIGNATURE "\x21\x10\0\x0c" V4),
	BAD(SIGNATURE "\x21\x01\0\x0c" V4),
	BAD(SIGNATURE "\x21\x12\0\x0c" V4),
	BAD(SIGNATURE "\x21\x13\0\x0c" V4),
	BAD(SIGNATURE "\x21\x22\0\x24" V6),
	BAD(SIGNATURE "\x21\x31\0\2xy"),
	BAD(SIGNATURE "\x21\x32\0\2xy"),
	BAD(SIGNATURE "\x21\x41\0\x0c" V4),
	BAD(SIGNATURE "\x21\xff\0\x0c" V4),
	BAD(SIGNATURE "\x21\x11\0\0"),
	BAD(SIGNATURE "\x21\x11\0\x0b\xc0\0\2\7\xc6\x33\x64\1\x12\x34\x0c"),
	BAD(SIGNATURE "\x21\x21\0\x0c" V4),
	BAD(SIGNATURE "\x21\x11\0\x0d" V4 "\1"),
	BAD(SIGNATURE "\x21\x11\0\x0e" V4 "\1\0"),
	BAD(SIGNATURE "\x21\x11\0\x0f" V4 "\1\0\1"),
	BAD(SIGNATURE "\x21\x11\0\x11" V4 "\1\xff\xffxy"),
	BAD(SIGNATURE "\x21\x11\0\x12" V4 "\1\0\2xy\1"),
	BAD(SIGNATURE "\x21\x11\x0f\xf1"),
	BAD(SIGNATURE "\x21\x11\xff\xff"),
	BAD(SIGNATURE "\x20\x11\xff\xff"),
};

static void
assert_row(const struct row *row, struct str bytes, int wanted)
{
	char text[ADDRESS_TEXT_BYTES];
	struct preface preface;
	int used = preface_parse(bytes, &preface);

	assert_int_equal(used, wanted);
	if (used <= 0)
		return;
	assert_int_equal(preface.kind, row->kind);
	if (row->source != NULL)
		assert_string_equal(
		    address_port_format(preface.source, text), row->source);
}

static void
every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		int wanted = row->rc == 0 ? (int)row->bytes.len : row->rc;
		assert_row(row, row->bytes, wanted);
	}
}

/* What the client itself says behind it is not read, nor needed. */
static void
what_follows_is_the_clients(void **state)
{
	char bytes[512];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		if (row->rc != 0)
			continue;
		memcpy(bytes, row->bytes.at, row->bytes.len);
		memset(bytes + row->bytes.len, 'x', 100);
		assert_row(row, (struct str){ bytes, row->bytes.len + 100 },
		    (int)row->bytes.len);
	}
}

static void
a_byte_at_a_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		for (size_t len = 0; len < row->bytes.len; len++) {
			struct str part = { row->bytes.at, len };
			struct preface preface;
			int used = preface_parse(part, &preface);
			if (row->rc == -EBADMSG && used == -EBADMSG)
				break;
			assert_int_equal(used, -EAGAIN);
		}
	}
}

/* The largest header that is taken, and the first that is not. */
static void
tlvs_up_to_a_bound(void **state)
{
	static char bytes[PREFACE_BYTES_MAX + 1];
	size_t block = PREFACE_BYTES_MAX - 16, tlv = block - 12 - 3;
	struct preface preface;

	(void)state;
	memcpy(bytes, SIGNATURE "\x21\x11", 14);
	bytes[14] = (char)(block >> 8);
	bytes[15] = (char)(block & 0xff);
	memcpy(bytes + 16, V4, 12);
	bytes[28] = 4; /* PP2_TYPE_NOOP */
	bytes[29] = (char)(tlv >> 8);
	bytes[30] = (char)(tlv & 0xff);
	struct str all = { bytes, PREFACE_BYTES_MAX };
	assert_int_equal(preface_parse(all, &preface), PREFACE_BYTES_MAX);
	bytes[15]++;
	all.len++;
	assert_int_equal(preface_parse(all, &preface), -EBADMSG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row),
		cmocka_unit_test(what_follows_is_the_clients),
		cmocka_unit_test(a_byte_at_a_time),
		cmocka_unit_test(tlvs_up_to_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
