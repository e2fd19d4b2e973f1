/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages of SOCKS: rows of bytes, and what is read of them: how many of
 * them, or that more is needed, or which refusal they earn.
 */
#include "proxy/socks_wire.h"

#include "../net/harness.h"

#include <errno.h>
#include <stdio.h>

#define V4 "\1\xc0\0\2\7"
#define V6 "\4\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"

struct row {
	struct str bytes;
	const char *host; /* address, or name in quotes; NULL: none is read */
	unsigned command;
	int rc;    /* 0: takes all of them */
	int reply; /* on -EBADMSG */
};

#define GOOD(bytes, command, host)                                             \
	{                                                                      \
		STR_INIT(bytes), host, command, 0, 0                           \
	}
#define MORE(bytes)                                                            \
	{                                                                      \
		STR_INIT(bytes), NULL, 0, -EAGAIN, 0                           \
	}
#define BAD(bytes, reply)                                                      \
	{                                                                      \
		STR_INIT(bytes), NULL, 0, -EBADMSG, reply                      \
	}

static const struct row socks5_rows[] = {
	GOOD("\5\1\0" V4 "\0\x50", 1, "192.0.2.7:80"),
	GOOD("\5\2\0" V4 "\0\x50", 2, "192.0.2.7:80"),
	GOOD("\5\3\0" V4 "\0\0", 3, "192.0.2.7:0"),
	GOOD("\5\xff\0" V4 "\0\x50", 255, "192.0.2.7:80"),
	GOOD("\5\0\0" V4 "\0\x50", 0, "192.0.2.7:80"),
	GOOD("\5\1\0" V6 "\xff\xff", 1, "[2001:db8::7]:65535"),
	GOOD("\5\1\0\4\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\7\0\x50", 1,
	    "192.0.2.7:80"),
	GOOD("\5\1\0\3\5a.b.c\0\x50", 1, "'a.b.c':80"),
	GOOD("\5\1\0\3\0\0\x50", 1, "'':80"),
	MORE(""),
	MORE("\5"),
	MORE("\5\1"),
	MORE("\5\1\0"),
	MORE("\5\1\0\1"),
	MORE("\5\1\0\1\xc0\0\2"),
	MORE("\5\1\0" V4),
	MORE("\5\1\0" V4 "\0"),
	MORE("\5\1\0\3"),
	MORE("\5\1\0\3\5"),
	MORE("\5\1\0\3\5a.b.c"),
	MORE("\5\1\0\3\5a.b.c\0"),
	MORE("\5\1\0\3\xff"
	     "abc"),
	MORE("\5\1\0" V6 "\0"),
	MORE("\5\1\0\4\x20\1"),
	BAD("\4", SOCKS_FAILURE),
	BAD("\4\1\0" V4 "\0\x50", SOCKS_FAILURE),
	BAD("\0\1\0" V4 "\0\x50", SOCKS_FAILURE),
	BAD("\6\1\0" V4 "\0\x50", SOCKS_FAILURE),
	BAD("G", SOCKS_FAILURE),
	BAD("\xff", SOCKS_FAILURE),
	BAD("\5\1\1", SOCKS_FAILURE),
	BAD("\5\1\1" V4 "\0\x50", SOCKS_FAILURE),
	BAD("\5\1\xff" V4 "\0\x50", SOCKS_FAILURE),
	BAD("\5\1\5\1", SOCKS_FAILURE),
	BAD("\5\1\0\0\xc0\0\2\7\0\x50", SOCKS_NO_ADDRESS_TYPE),
	BAD("\5\1\0\2\xc0\0\2\7\0\x50", SOCKS_NO_ADDRESS_TYPE),
	BAD("\5\1\0\5\xc0\0\2\7\0\x50", SOCKS_NO_ADDRESS_TYPE),
	BAD("\5\1\0\6\xc0", SOCKS_NO_ADDRESS_TYPE),
	BAD("\5\1\0\x7f\xc0", SOCKS_NO_ADDRESS_TYPE),
	BAD("\5\1\0\x80\xc0", SOCKS_NO_ADDRESS_TYPE),
	BAD("\5\1\0\xff\xc0", SOCKS_NO_ADDRESS_TYPE),
};

static const struct row socks4_rows[] = {
	GOOD("\4\1\0\x50\xc0\0\2\7\0", 1, "192.0.2.7:80"),
	GOOD("\4\2\0\x50\xc0\0\2\7me\0", 2, "192.0.2.7:80"),
	GOOD("\4\x63\0\0\xc0\0\2\7\0", 0x63, "192.0.2.7:0"),
	GOOD("\4\1\0\x50\0\0\0\7\0a.b\0", 1, "'a.b':80"),
	GOOD("\4\1\0\x50\0\0\0\7me\0\0", 1, "'':80"),
	GOOD("\4\1\0\x50\0\0\0\0me\0", 1, "0.0.0.0:80"),
	GOOD("\4\1\0\x50\0\0\1\7me\0", 1, "0.0.1.7:80"),
	MORE(""),
	MORE("\4"),
	MORE("\4\1\0\x50\xc0\0\2\7"),
	MORE("\4\1\0\x50\xc0\0\2\7me"),
	MORE("\4\1\0\x50\0\0\0\7\0"),
	MORE("\4\1\0\x50\0\0\0\7me\0a.b"),
	BAD("\5", SOCKS_FAILURE),
	BAD("\5\1\0\x50\xc0\0\2\7\0", SOCKS_FAILURE),
	BAD("\3\1\0\x50\xc0\0\2\7\0", SOCKS_FAILURE),
	BAD("\0\1\0\x50\xc0\0\2\7\0", SOCKS_FAILURE),
	BAD("CONNECT ", SOCKS_FAILURE),
};

static const struct row datagram_rows[] = {
	GOOD("\0\0\0" V4 "\0\x35", 0, "192.0.2.7:53"),
	GOOD("\0\0\0" V6 "\0\x35", 0, "[2001:db8::7]:53"),
	GOOD("\0\0\0\3\5a.b.c\0\x35", 0, "'a.b.c':53"),
	GOOD("\0\0\0\3\0\0\x35", 0, "'':53"),
	BAD("", 0),
	BAD("\0", 0),
	BAD("\0\0\0", 0),
	BAD("\0\0\0\1", 0),
	BAD("\0\0\0\3", 0),
	BAD("\0\0\0" V4, 0),
	BAD("\0\0\0" V4 "\0", 0),
	BAD("\0\0\0" V6 "\0", 0),
	BAD("\0\0\0\3\5a.b.c\0", 0),
	BAD("\0\0\0\3\6a.b.c\0\x35", 0),
	BAD("\0\0\0\3\xff"
	    "a.b.c\0\x35",
	    0),
	BAD("\0\0\0\0\xc0\0\2\7\0\x35", 0),
	BAD("\0\0\0\2\xc0\0\2\7\0\x35", 0),
	BAD("\0\0\0\5\xc0\0\2\7\0\x35", 0),
	BAD("\0\0\0\xff\xc0\0\2\7\0\x35", 0),
	BAD("\0\0\1" V4 "\0\x35", 0),
	BAD("\0\0\x80" V4 "\0\x35", 0),
	BAD("\0\0\xff" V4 "\0\x35", 0),
	BAD("\1\0\0" V4 "\0\x35", 0),
	BAD("\0\1\0" V4 "\0\x35", 0),
	BAD("\5\1\0" V4 "\0\x35", 0),
};

static void
assert_read(const struct row *row, const struct socks_request *request)
{
	char text[ADDRESS_TEXT_BYTES + SOCKS_TEXT_MAX];

	if (request->host.at != NULL)
		(void)snprintf(text, sizeof(text), "'%.*s':%u",
		    STR_ARG(request->host), request->port);
	else
		(void)address_port_format(
		    (struct address_port){ request->to, request->port }, text);
	assert_string_equal(text, row->host);
	assert_int_equal(request->command, row->command);
}

typedef int (*parse_fn)(struct str bytes, struct socks_request *ret,
    enum socks_reply *reterr_reply);

/* Whole, then as it comes: no prefix says anything else than the whole. */
static void
assert_rows(parse_fn parse, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct socks_request request;
		enum socks_reply reply = SOCKS_GRANTED;
		int wanted = row->rc == 0 ? (int)row->bytes.len : row->rc;
		int used = parse(row->bytes, &request, &reply);
		if (used != wanted)
			fail_msg("row %zu: %d", i, used);
		if (used == -EBADMSG)
			assert_int_equal(reply, row->reply);
		if (used > 0)
			assert_read(row, &request);
		for (size_t len = 0; len < row->bytes.len; len++) {
			struct str part = { row->bytes.at, len };
			used = parse(part, &request, &reply);
			if (used != -EAGAIN)
				assert_int_equal(used, row->rc);
			if (used == -EBADMSG)
				break;
		}
	}
}

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void
requests(void **state)
{
	(void)state;
	assert_rows(socks5_request_parse, socks5_rows, COUNT(socks5_rows));
	assert_rows(socks4_request_parse, socks4_rows, COUNT(socks4_rows));
}

static void
texts_without_an_end(void **state)
{
	char bytes[8 + 2 * 300] = "\4\1\0\x50\0\0\0\7";
	struct socks_request request;
	enum socks_reply reply;

	(void)state;
	memset(bytes + 8, 'u', 300);
	struct str all = { bytes, 8 + 255 };
	assert_int_equal(socks4_request_parse(all, &request, &reply), -EAGAIN);
	all.len++;
	assert_int_equal(socks4_request_parse(all, &request, &reply), -EBADMSG);
	bytes[8] = '\0';
	memset(bytes + 9, 'n', 300);
	all.len = 9 + 255;
	assert_int_equal(socks4_request_parse(all, &request, &reply), -EAGAIN);
	all.len++;
	assert_int_equal(socks4_request_parse(all, &request, &reply), -EBADMSG);
}

static void
datagrams(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(datagram_rows); i++) {
		const struct row *row = &datagram_rows[i];
		struct socks_request request;
		struct str content;
		int rc = socks_datagram_parse(row->bytes, &request, &content);
		if (rc != row->rc)
			fail_msg("row %zu: %d", i, rc);
		if (rc < 0)
			continue;
		assert_read(row, &request);
		assert_int_equal(content.len, 0);
	}
}

static void
methods(void **state)
{
	static const struct {
		struct str bytes;
		int rc;
		bool without, password;
	} rows[] = {
		{ STR_INIT("\5\1\0"), 3, true, false },
		{ STR_INIT("\5\3\2\1\0"), 5, true, true },
		{ STR_INIT("\5\1\2"), 3, false, true },
		{ STR_INIT("\5\1\xff"), 3, false, false },
		{ STR_INIT(""), -EAGAIN, false, false },
		{ STR_INIT("\5"), -EAGAIN, false, false },
		{ STR_INIT("\5\2\0"), -EAGAIN, false, false },
		{ STR_INIT("\5\xff\0"), -EAGAIN, false, false },
		{ STR_INIT("\5\0"), -EBADMSG, false, false },
		{ STR_INIT("\4\1\0"), -EBADMSG, false, false },
		{ STR_INIT("\0\1\0"), -EBADMSG, false, false },
		{ STR_INIT("\6"), -EBADMSG, false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct socks_methods found = { 0 };
		assert_int_equal(
		    socks_methods_parse(rows[i].bytes, &found), rows[i].rc);
		assert_int_equal(found.without, rows[i].without);
		assert_int_equal(found.password, rows[i].password);
	}
}

static void
written_words(void **state)
{
	struct address_port at = { .port = 0x1234 };
	char buffer[SOCKS_REPLY_BYTES_MAX];

	(void)state;
	(void)address_parse(STR("192.0.2.7"), &at.address);
	assert_true(str_eq(socks5_granted_write(at, buffer),
	    STR("\5\0\0\1\xc0\0\2\7\x12\x34")));
	assert_true(str_eq(socks_datagram_head_write(at, buffer),
	    STR("\0\0\0\1\xc0\0\2\7\x12\x34")));
	(void)address_parse(STR("2001:db8::7"), &at.address);
	assert_true(str_eq(
	    socks5_granted_write(at, buffer), STR("\5\0\0" V6 "\x12\x34")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(texts_without_an_end),
		cmocka_unit_test(datagrams),
		cmocka_unit_test(methods),
		cmocka_unit_test(written_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
