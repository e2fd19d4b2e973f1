/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/address: reading and writing addresses, ranges and endpoints; the
 * IPv4-mapped spelling; what is local to a host.
 */
#include "base/address.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static struct address
address(const char *text)
{
	struct address address = { 0 };

	if (address_parse(str_of(text), &address) < 0)
		fail_msg("no address: '%s'", text);
	return address;
}

static struct address_range
range(const char *text)
{
	struct address_range range = { 0 };
	const char *why = NULL;

	if (address_range_parse(str_of(text), &range, &why) < 0)
		fail_msg("no range: '%s': %s", text, why);
	return range;
}

static void
assert_formats(struct address address, const char *want)
{
	char text[ADDRESS_TEXT_BYTES];

	assert_string_equal(address_format(address, text), want);
}

/* What is read, and the one form (RFC 5952) that it is written in. */
static void
parsing(void **state)
{
	static const struct {
		const char *text;
		enum address_family family;
		const char *form;
	} rows[] = {
		{ "192.0.2.1", ADDRESS_IPV4, "192.0.2.1" },
		{ "0.0.0.0", ADDRESS_IPV4, "0.0.0.0" },
		{ "255.255.255.255", ADDRESS_IPV4, "255.255.255.255" },
		{ "2001:db8::1", ADDRESS_IPV6, "2001:db8::1" },
		{ "2001:DB8:0:0:0:0:0:1", ADDRESS_IPV6, "2001:db8::1" },
		{ "2001:0db8::0001", ADDRESS_IPV6, "2001:db8::1" },
		{ "::", ADDRESS_IPV6, "::" },
		{ "::1", ADDRESS_IPV6, "::1" },
		/* One zero group alone is not shortened: 4.2.2. */
		{ "2001:db8:0:1:1:1:1:1", ADDRESS_IPV6,
		    "2001:db8:0:1:1:1:1:1" },
		/* The longest run, the first of equals: 4.2.3. */
		{ "2001:0:0:1:0:0:0:1", ADDRESS_IPV6, "2001:0:0:1::1" },
		{ "2001:db8:0:0:1:0:0:1", ADDRESS_IPV6, "2001:db8::1:0:0:1" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_IPV6,
		    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "64:ff9b::192.0.2.33", ADDRESS_IPV6, "64:ff9b::c000:221" },
		/* The other spelling of an IPv4 address. */
		{ "::ffff:192.0.2.1", ADDRESS_IPV4, "192.0.2.1" },
		{ "::FFFF:c000:0201", ADDRESS_IPV4, "192.0.2.1" },
		{ "0:0:0:0:0:ffff:192.0.2.1", ADDRESS_IPV4, "192.0.2.1" },
		/* Near it, but not it. */
		{ "::fffe:192.0.2.1", ADDRESS_IPV6, "::fffe:c000:201" },
		{ "::1:ffff:192.0.2.1", ADDRESS_IPV6, "::1:ffff:c000:201" },
		{ "::ffff:0:192.0.2.1", ADDRESS_IPV6, "::ffff:0:c000:201" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct address got = address(rows[i].text);
		assert_int_equal(got.family, rows[i].family);
		assert_formats(got, rows[i].form);
		assert_true(address_eq(address(rows[i].form), got));
	}
}

static void
not_an_address(void **state)
{
	static const struct str rows[] = {
		STR_INIT(""),
		{ NULL, 0 },
		STR_INIT(" 192.0.2.1"),
		STR_INIT("192.0.2.1 "),
		STR_INIT("192.0.2"),
		STR_INIT("192.0.2.1.1"),
		STR_INIT("192.0.2.256"),
		STR_INIT("192.0.2.-1"),
		STR_INIT("192.0.2.01"), /* octal to some, decimal to others */
		STR_INIT("0300.0.2.1"),
		STR_INIT("0xc0.0.2.1"),
		STR_INIT("3221225985"),
		STR_INIT("192.0.2."),
		STR_INIT(".192.0.2.1"),
		STR_INIT("192.0.2.1\0"),
		STR_INIT("192.0.2.1\0.example"),
		STR_INIT("example.com"),
		STR_INIT(":"),
		STR_INIT(":::"),
		STR_INIT("1::2::3"),
		STR_INIT("2001:db8::12345"),
		STR_INIT("2001:db8::g"),
		STR_INIT("1:2:3:4:5:6:7"),
		STR_INIT("1:2:3:4:5:6:7:8:9"),
		STR_INIT("1:2:3:4:5:6:7:8:"),
		STR_INIT("[2001:db8::1]"),
		STR_INIT("fe80::1%eth0"),
		STR_INIT("2001:db8::1/64"),
		STR_INIT("::ffff:192.0.2.256"),
		/* Longer than any address can be. */
		STR_INIT("0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"),
		STR_INIT("00000000000000000000000000000000000000000000192."),
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct address got = { .family = 77 };
		if (address_parse(rows[i], &got) != -EINVAL)
			fail_msg("taken: '%.*s'", STR_ARG(rows[i]));
		assert_int_equal(got.family, 77);
	}
}

static void
no_address_formats(void **state)
{
	struct address_port none = { .port = 80 };
	char text[ADDRESS_TEXT_BYTES];

	(void)state;
	assert_formats(none.address, "none");
	assert_string_equal(address_port_format(none, text), "none:80");
}

static void
ranges(void **state)
{
	static const struct {
		const char *text, *first, *last;
		int prefix;
		const char *form;
	} rows[] = {
		{ "192.0.2.0/24", "192.0.2.0", "192.0.2.255", 24,
		    "192.0.2.0/24" },
		{ "192.0.2.7", "192.0.2.7", "192.0.2.7", 32, "192.0.2.7" },
		{ "192.0.2.7/32", "192.0.2.7", "192.0.2.7", 32, "192.0.2.7" },
		{ "192.0.2.6/31", "192.0.2.6", "192.0.2.7", 31,
		    "192.0.2.6/31" },
		{ "0.0.0.0/0", "0.0.0.0", "255.255.255.255", 0, "0.0.0.0/0" },
		{ "128.0.0.0/1", "128.0.0.0", "255.255.255.255", 1,
		    "128.0.0.0/1" },
		{ "10.0.0.0/9", "10.0.0.0", "10.127.255.255", 9, "10.0.0.0/9" },
		{ "192.0.2.1-192.0.2.1", "192.0.2.1", "192.0.2.1", 32,
		    "192.0.2.1" },
		{ "192.0.2.0-192.0.2.255", "192.0.2.0", "192.0.2.255", 24,
		    "192.0.2.0/24" },
		{ "192.0.2.1-192.0.2.2", "192.0.2.1", "192.0.2.2", -1,
		    "192.0.2.1-192.0.2.2" },
		/* One bit differs, but the host bits are not 0 to 1. */
		{ "192.0.2.1-192.0.2.3", "192.0.2.1", "192.0.2.3", -1,
		    "192.0.2.1-192.0.2.3" },
		{ "192.0.2.0-192.0.2.2", "192.0.2.0", "192.0.2.2", -1,
		    "192.0.2.0-192.0.2.2" },
		{ "0.0.0.0-255.255.255.255", "0.0.0.0", "255.255.255.255", 0,
		    "0.0.0.0/0" },
		{ "2001:db8::/32",
		    "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 32,
		    "2001:db8::/32" },
		{ "::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0,
		    "::/0" },
		{ "2001:db8::1/128", "2001:db8::1", "2001:db8::1", 128,
		    "2001:db8::1" },
		{ "2001:db8::/127", "2001:db8::", "2001:db8::1", 127,
		    "2001:db8::/127" },
		{ "2001:db8::1-2001:db8::ffff", "2001:db8::1", "2001:db8::ffff",
		    -1, "2001:db8::1-2001:db8::ffff" },
		{ "::ffff:192.0.2.1-::ffff:192.0.2.9", "192.0.2.1", "192.0.2.9",
		    -1, "192.0.2.1-192.0.2.9" },
		{ "::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1", 32,
		    "192.0.2.1" },
		/* The length counts the bits of the spelling that it has. */
		{ "::ffff:192.0.2.0/120", "192.0.2.0", "192.0.2.255", 24,
		    "192.0.2.0/24" },
		{ "::ffff:192.0.2.1/128", "192.0.2.1", "192.0.2.1", 32,
		    "192.0.2.1" },
		{ "::ffff:0:0/96", "0.0.0.0", "255.255.255.255", 0,
		    "0.0.0.0/0" },
	};
	char text[ADDRESS_RANGE_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct address_range got = range(rows[i].text);
		assert_formats(got.first, rows[i].first);
		assert_formats(got.last, rows[i].last);
		assert_int_equal(address_range_prefix(&got), rows[i].prefix);
		assert_string_equal(
		    address_range_format(&got, text), rows[i].form);
	}
}

static void
not_a_range(void **state)
{
	static const char bits4[] = "the prefix length must be 0 to 32";
	static const char bits6[] = "the prefix length must be 0 to 128";
	static const char set[] = "bits are set behind the prefix length";
	static const char mapped[] = "the prefix of an IPv4-mapped address is "
				     "96 bits or longer";
	static const char none[] = "this is not an IPv4 or IPv6 address";
	static const char pair[] = "a range is ADDRESS-ADDRESS";
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", none },
		{ "example.com", none },
		{ "/24", none },
		{ "192.0.2/24", none },
		{ "192.0.2.0-192.0.2.9/24", none },
		{ "192.0.2.0/", bits4 },
		{ "192.0.2.0/33", bits4 },
		{ "192.0.2.0/024", bits4 },
		{ "192.0.2.0/-1", bits4 },
		{ "192.0.2.0/+24", bits4 },
		{ "192.0.2.0/24/24", bits4 },
		{ "192.0.2.0/255.255.255.0", bits4 },
		{ "192.0.2.0/4294967296", bits4 },
		{ "2001:db8::/129", bits6 },
		{ "2001:db8::/", bits6 },
		{ "192.0.2.1/24", set },
		{ "192.0.2.1/0", set },
		{ "192.0.2.128/24", set },
		{ "2001:db8::1/64", set },
		{ "2001:db8:8000::/32", set },
		{ "::ffff:192.0.2.0/24", mapped },
		{ "::ffff:0:0/95", mapped },
		{ "::ffff:0:0/0", mapped },
		{ "::ffff:192.0.2.0/129", bits6 },
		{ "::ffff:192.0.2.1/120", set },
		{ "-", pair },
		{ "192.0.2.1-", pair },
		{ "-192.0.2.1", pair },
		{ "192.0.2.1-9", pair },
		{ "192.0.2.1-192.0.2.2-192.0.2.3", pair },
		{ "192.0.2.1-2001:db8::1",
		    "both ends of a range must be of one family" },
		{ "::-::ffff:192.0.2.1",
		    "both ends of a range must be of one family" },
		{ "192.0.2.2-192.0.2.1", "the range ends before it begins" },
		{ "2001:db8::2-2001:db8::1",
		    "the range ends before it begins" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct address_range got = { .first.family = 77 };
		const char *why = NULL;
		if (address_range_parse(str_of(rows[i].text), &got, &why) !=
		    -EINVAL)
			fail_msg("taken: '%s'", rows[i].text);
		assert_string_equal(why, rows[i].why);
		assert_int_equal(got.first.family, 77);
	}
}

static void
membership(void **state)
{
	static const struct {
		const char *range, *address;
		bool has;
	} rows[] = {
		{ "192.0.2.0/24", "192.0.2.0", true },
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.1.255", false },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "0.0.0.0/0", "192.0.2.1", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "192.0.2.1", false },
		{ "::/0", "2001:db8::1", true },
		{ "192.0.2.0/24", "::ffff:192.0.2.5", true },
		{ "2001:db8::5-2001:db8::7", "2001:db8::7", true },
		{ "2001:db8::5-2001:db8::7", "2001:db8::8", false },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct address_range in = range(rows[i].range);
		assert_int_equal(
		    address_range_has(&in, address(rows[i].address)),
		    rows[i].has);
	}
}

static void
what_a_translator_takes_out(void **state)
{
	static const struct {
		const char *address, *embedded; /* NULL: nothing */
	} rows[] = {
		{ "64:ff9b::10.0.0.1", "10.0.0.1" },
		{ "64:ff9b::", "0.0.0.0" },
		{ "64:ff9b::1:10.0.0.1", NULL },
		{ "64:ff9b:1::10.0.0.1", NULL },
		{ "2002:c0a8:101:5::9", "192.168.1.1" },
		{ "2003:c0a8:101::", NULL },
		{ "64.255.155.0", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct address found;
		bool has = address_embedded(address(rows[i].address), &found);
		assert_int_equal(has, rows[i].embedded != NULL);
		if (has)
			assert_true(
			    address_eq(found, address(rows[i].embedded)));
	}
}

static void
order(void **state)
{
	static const char *const rising[] = {
		"0.0.0.0",
		"9.255.255.255",
		"10.0.0.0",
		"127.0.0.1",
		"128.0.0.1", /* bytes are unsigned */
		"255.255.255.255",
		"::",
		"::1",
		"2001:db8::",
		"ff02::1",
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rising); i++) {
		for (size_t j = 0; j < ROWS(rising); j++) {
			int got =
			    address_cmp(address(rising[i]), address(rising[j]));
			assert_int_equal(
			    (got > 0) - (got < 0), (i > j) - (i < j));
		}
	}
}

static void
neighbours(void **state)
{
	static const struct {
		const char *lower, *upper;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.2" },
		{ "192.0.2.255", "192.0.3.0" },
		{ "0.255.255.255", "1.0.0.0" },
		{ "255.255.255.254", "255.255.255.255" },
		{ "2001:db8::ffff", "2001:db8::1:0" },
		{ "::", "::1" },
		{ "7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "8000::" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct address lower = address(rows[i].lower), got;
		struct address upper = address(rows[i].upper);
		assert_true(address_next(lower, &got));
		assert_true(address_eq(got, upper));
		assert_true(address_prev(upper, &got));
		assert_true(address_eq(got, lower));
	}
}

static void
ends_of_the_space(void **state)
{
	struct address got = { .family = 77 };

	(void)state;
	assert_false(address_next(address("255.255.255.255"), &got));
	assert_false(address_next(
	    address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), &got));
	assert_false(address_prev(address("0.0.0.0"), &got));
	assert_false(address_prev(address("::"), &got));
	assert_int_equal(got.family, 77);
}

static void
endpoints(void **state)
{
	static const struct {
		const char *text, *form;
	} rows[] = {
		{ "192.0.2.1:80", "192.0.2.1:80" },
		{ "192.0.2.1:1", "192.0.2.1:1" },
		{ "192.0.2.1:65535", "192.0.2.1:65535" },
		{ "[2001:db8::1]:443", "[2001:db8::1]:443" },
		{ "[::]:53", "[::]:53" },
		{ "[::ffff:192.0.2.1]:80", "192.0.2.1:80" },
		{ "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
		    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535" },
	};
	char text[ADDRESS_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct address_port got;
		assert_int_equal(
		    address_port_parse(str_of(rows[i].text), &got), 0);
		assert_string_equal(
		    address_port_format(got, text), rows[i].form);
	}
}

static void
not_an_endpoint(void **state)
{
	static const char *const rows[] = { "", ":", "80", ":80", "192.0.2.1",
		"192.0.2.1:", "192.0.2.1:0", "192.0.2.1:080", "192.0.2.1:65536",
		"192.0.2.1:-1", "192.0.2.1:http", "192.0.2.1 :80",
		"192.0.2.1: 80", "192.0.2.1:80:80", "[192.0.2.1]:80",
		"2001:db8::1:443", "::1:443", "::ffff:192.0.2.1:80",
		"[2001:db8::1]", "[2001:db8::1]:", "[2001:db8::1]443",
		"[2001:db8::1:443", "2001:db8::1]:443", "[]:443", "[:443",
		"]:443", "[[2001:db8::1]]:443", "[2001:db8::1]]:443",
		"example.com:80" };

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct address_port got = { .port = 4711 };
		if (address_port_parse(str_of(rows[i]), &got) != -EINVAL)
			fail_msg("taken: '%s'", rows[i]);
		assert_int_equal(got.port, 4711);
	}
	assert_int_equal(address_port_parse((struct str){ NULL, 0 },
			     &(struct address_port){ 0 }),
	    -EINVAL);
}

enum scope {
	GLOBAL,
	LOCAL,
	LINK,
	MULTI,
};

static void
scopes(void **state)
{
	static const struct {
		const char *address;
		enum scope scope;
	} rows[] = {
		{ "0.0.0.0", LOCAL },
		{ "0.255.255.255", LOCAL },
		{ "1.0.0.0", GLOBAL },
		{ "10.0.0.1", GLOBAL },
		{ "126.255.255.255", GLOBAL },
		{ "127.0.0.0", LOCAL },
		{ "127.255.255.255", LOCAL },
		{ "128.0.0.0", GLOBAL },
		{ "169.253.255.255", GLOBAL },
		{ "169.254.0.0", LINK },
		{ "169.254.169.254", LINK },
		{ "169.255.0.0", GLOBAL },
		{ "192.0.2.1", GLOBAL },
		{ "223.255.255.255", GLOBAL },
		{ "224.0.0.0", MULTI },
		{ "239.255.255.255", MULTI },
		{ "240.0.0.0", GLOBAL },
		{ "255.255.255.254", GLOBAL },
		{ "255.255.255.255", LOCAL },
		{ "::", LOCAL },
		{ "::1", LOCAL },
		{ "::2", GLOBAL },
		{ "1::1", GLOBAL },
		{ "2001:db8::1", GLOBAL },
		{ "fd00::1", GLOBAL },
		{ "fe7f:ffff::", GLOBAL },
		{ "fe80::", LINK },
		{ "febf:ffff::", LINK },
		{ "fec0::", GLOBAL },
		{ "feff::", GLOBAL },
		{ "ff00::", MULTI },
		{ "ff02::1", MULTI },
		{ "ffff::", MULTI },
		{ "::ffff:127.0.0.1", LOCAL },
		{ "::ffff:169.254.0.1", LINK },
		{ "::ffff:224.0.0.1", MULTI },
		{ "::ffff:192.0.2.1", GLOBAL },
		/* IPv6 whose bytes begin as those of IPv4 ones do. */
		{ "7f00:1::", GLOBAL },
		{ "e000::", GLOBAL },
		{ "a9fe::", GLOBAL },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct address a = address(rows[i].address);
		assert_int_equal(
		    address_is_local_scope(a), rows[i].scope != GLOBAL);
		assert_int_equal(
		    address_is_link_local(a), rows[i].scope == LINK);
		assert_int_equal(
		    address_is_multicast(a), rows[i].scope == MULTI);
	}
	assert_false(address_is_local_scope((struct address){ 0 }));
}

static void
local_ranges(void **state)
{
	static const struct {
		const char *range;
		bool is_local;
	} rows[] = {
		{ "127.0.0.0/8", true },
		{ "127.0.0.1", true },
		{ "0.0.0.0/8", true },
		{ "255.255.255.255", true },
		{ "169.254.0.0/16", true },
		{ "224.0.0.0/4", true },
		{ "::/127", true },
		{ "fe80::/10", true },
		{ "ff00::/8", true },
		/* Both ends are local, and not all between them. */
		{ "0.0.0.0/0", false },
		{ "127.0.0.1-169.254.0.1", false },
		{ "169.254.0.1-224.0.0.1", false },
		{ "0.0.0.0-127.255.255.255", false },
		{ "::-fe80::1", false },
		{ "fe80::-ff02::1", false },
		{ "::/0", false },
		/* One end is. */
		{ "126.0.0.0/7", false },
		{ "::/126", false },
		{ "10.0.0.0/8", false },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct address_range range;
		const char *why;
		assert_int_equal(
		    address_range_parse(str_of(rows[i].range), &range, &why),
		    0);
		assert_int_equal(
		    address_range_is_local_scope(&range), rows[i].is_local);
	}
}

static void
from_bytes(void **state)
{
	static const uint8_t v4[4] = { 192, 0, 2, 1 };
	static const uint8_t mapped[16] = { [10] = 0xff, 0xff, 192, 0, 2, 1 };
	static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	struct address got = address_from_bytes(ADDRESS_IPV4, v4);

	(void)state;
	assert_formats(got, "192.0.2.1");
	assert_int_equal(address_width(got), 4);
	for (size_t i = 4; i < sizeof(got.bytes); i++)
		assert_int_equal(got.bytes[i], 0);
	assert_true(address_eq(got, address_from_bytes(ADDRESS_IPV6, mapped)));
	got = address_from_bytes(ADDRESS_IPV6, v6);
	assert_formats(got, "2001:db8::1");
	assert_int_equal(address_width(got), 16);
}

static void
through_sockaddr(void **state)
{
	static const struct {
		const char *text;
		int family;
		socklen_t len;
	} rows[] = {
		{ "192.0.2.1:80", AF_INET, sizeof(struct sockaddr_in) },
		{ "[2001:db8::1]:443", AF_INET6, sizeof(struct sockaddr_in6) },
		{ "[::ffff:192.0.2.1]:80", AF_INET,
		    sizeof(struct sockaddr_in) },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct sockaddr_storage storage;
		struct address_port in, out;
		assert_int_equal(
		    address_port_parse(str_of(rows[i].text), &in), 0);
		assert_int_equal(
		    address_to_sockaddr(in, &storage), rows[i].len);
		assert_int_equal(storage.ss_family, rows[i].family);
		out = address_from_sockaddr((struct sockaddr *)&storage);
		assert_true(address_eq(in.address, out.address));
		assert_int_equal(in.port, out.port);
	}
}

static void
from_other_sockaddr(void **state)
{
	struct sockaddr_in6 mapped = { .sin6_family = AF_INET6 };
	struct sockaddr local = { .sa_family = AF_UNIX };

	(void)state;
	mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
	mapped.sin6_addr.s6_addr[12] = 192;
	mapped.sin6_addr.s6_addr[14] = 2;
	mapped.sin6_addr.s6_addr[15] = 1;
	mapped.sin6_port = htons(80);
	struct address_port got =
	    address_from_sockaddr((struct sockaddr *)&mapped);
	assert_formats(got.address, "192.0.2.1");
	assert_int_equal(got.port, 80);
	got = address_from_sockaddr(&local);
	assert_int_equal(got.address.family, ADDRESS_NONE);
}

/* xorshift: the same numbers at every run. */
static uint32_t
random_next(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

/* A prefix by plain 32-bit arithmetic, against the bytes. */
static void
prefix_twin(void **state)
{
	uint32_t x = 1;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		unsigned bits = random_next(&x) % 33;
		uint32_t host = bits == 32 ? 0 : UINT32_MAX >> bits;
		uint32_t first = random_next(&x) & ~host;
		uint32_t probe = htonl(first ^ (random_next(&x) >> bits % 31));
		struct address_range in;
		char text[ADDRESS_RANGE_TEXT_BYTES];
		const char *why;
		(void)snprintf(text, sizeof(text), "%u.%u.%u.%u/%u",
		    first >> 24, first >> 16 & 255, first >> 8 & 255,
		    first & 255, bits);
		assert_int_equal(
		    address_range_parse(str_of(text), &in, &why), 0);
		assert_int_equal(address_range_prefix(&in), bits);
		bool inside = (ntohl(probe) & ~host) == first;
		assert_int_equal(address_range_has(&in,
				     address_from_bytes(ADDRESS_IPV4, &probe)),
		    inside);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parsing),
		cmocka_unit_test(not_an_address),
		cmocka_unit_test(no_address_formats),
		cmocka_unit_test(ranges),
		cmocka_unit_test(not_a_range),
		cmocka_unit_test(membership),
		cmocka_unit_test(order),
		cmocka_unit_test(neighbours),
		cmocka_unit_test(ends_of_the_space),
		cmocka_unit_test(endpoints),
		cmocka_unit_test(not_an_endpoint),
		cmocka_unit_test(scopes),
		cmocka_unit_test(local_ranges),
		cmocka_unit_test(from_bytes),
		cmocka_unit_test(what_a_translator_takes_out),
		cmocka_unit_test(through_sockaddr),
		cmocka_unit_test(from_other_sockaddr),
		cmocka_unit_test(prefix_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
