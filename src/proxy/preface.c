/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/preface.h"

#include <errno.h>

/* ---- version 1: "PROXY TCP4 SOURCE DESTINATION PORT PORT\r\n" ---- */

#define LINE_BEGIN STR("PROXY ")

/* The longest line of all, its end included (2.1). */
#define LINE_BYTES_MAX 107

static int
read_port(struct str word, uint16_t *ret)
{
	uint64_t number;

	if (str_number(word, UINT16_MAX, &number) < 0)
		return -EBADMSG;
	*ret = (uint16_t)number;
	return 0;
}

static int
read_address(struct str word, bool is_ipv6, struct address *ret)
{
	bool has_colon = str_find(word, ':') < word.len;

	if (has_colon != is_ipv6 || address_parse(word, ret) < 0)
		return -EBADMSG;
	return 0;
}

static int
read_ends(struct str words, bool is_ipv6, struct preface *ret)
{
	int rc =
	    read_address(str_cut(&words, ' '), is_ipv6, &ret->source.address);

	if (rc == 0)
		rc = read_address(
		    str_cut(&words, ' '), is_ipv6, &ret->destination.address);
	if (rc == 0)
		rc = read_port(str_cut(&words, ' '), &ret->source.port);
	if (rc == 0)
		rc = read_port(words, &ret->destination.port);
	return rc;
}

static int
read_line(struct str line, struct preface *ret)
{
	struct str words = str_skip(line, LINE_BEGIN.len);
	struct str family = str_cut(&words, ' ');

	/* What stands behind it is not to be looked at (2.1). */
	if (str_is(family, "UNKNOWN")) {
		*ret = (struct preface){ .kind = PREFACE_UNKNOWN };
		return 0;
	}
	*ret = (struct preface){ .kind = PREFACE_CLIENT };
	if (str_is(family, "TCP4"))
		return read_ends(words, false, ret);
	return str_is(family, "TCP6") ? read_ends(words, true, ret) : -EBADMSG;
}

static int
parse_line(struct str bytes, struct preface *ret)
{
	size_t end = str_find(bytes, '\n');

	if (end == bytes.len)
		return bytes.len < LINE_BYTES_MAX ? -EAGAIN : -EBADMSG;
	if (end >= LINE_BYTES_MAX || end == 0 || bytes.at[end - 1] != '\r')
		return -EBADMSG;
	int rc = read_line((struct str){ bytes.at, end - 1 }, ret);
	return rc < 0 ? rc : (int)end + 1;
}

/* ---- version 2: SIGNATURE VERSION-COMMAND FAMILY LENGTH ... ---- */

#define SIGNATURE STR("\r\n\r\n\0\r\nQUIT\n")
#define HEAD_LEN  16

enum {
	COMMAND_LOCAL = 0x20,
	COMMAND_PROXY = 0x21,
};

enum {
	FAMILY_UNSPEC = 0x00,
	FAMILY_TCP4 = 0x11,
	FAMILY_TCP6 = 0x21,
};

static unsigned
byte_at(struct str bytes, size_t at)
{
	return (uint8_t)bytes.at[at];
}

static uint16_t
number_at(struct str bytes, size_t at)
{
	return (uint16_t)(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

/* TYPE LENGTH VALUE, to the very end. */
static bool
are_tlvs(struct str bytes)
{
	while (bytes.len >= 3) {
		size_t len = (size_t)3 + number_at(bytes, 1);
		if (len > bytes.len)
			return false;
		bytes = str_skip(bytes, len);
	}
	return bytes.len == 0;
}

/* SOURCE DESTINATION PORT PORT TLVS */
static int
read_block(struct str block, enum address_family family, struct preface *ret)
{
	size_t width = family == ADDRESS_IPV4 ? 4 : 16;
	size_t len = 2 * width + 4;

	if (block.len < len || !are_tlvs(str_skip(block, len)))
		return -EBADMSG;
	ret->kind = PREFACE_CLIENT;
	ret->source.address = address_from_bytes(family, block.at);
	ret->destination.address = address_from_bytes(family, block.at + width);
	ret->source.port = number_at(block, 2 * width);
	ret->destination.port = number_at(block, 2 * width + 2);
	return 0;
}

static int
read_binary(struct str bytes, struct preface *ret)
{
	struct str block = str_skip(bytes, HEAD_LEN);
	unsigned command = byte_at(bytes, 12);

	*ret = (struct preface){ .kind = PREFACE_LOCAL };
	/* Whatever stands behind it then is not to be looked at (2.2). */
	if (command == COMMAND_LOCAL)
		return 0;
	if (command != COMMAND_PROXY)
		return -EBADMSG;
	switch (byte_at(bytes, 13)) {
	case FAMILY_UNSPEC:
		ret->kind = PREFACE_UNKNOWN;
		return 0;
	case FAMILY_TCP4:
		return read_block(block, ADDRESS_IPV4, ret);
	case FAMILY_TCP6:
		return read_block(block, ADDRESS_IPV6, ret);
	default:
		return -EBADMSG; /* datagrams and sockets of files */
	}
}

static int
parse_binary(struct str bytes, struct preface *ret)
{
	if (bytes.len > 12 && byte_at(bytes, 12) >> 4 != 2)
		return -EBADMSG;
	if (bytes.len < HEAD_LEN)
		return -EAGAIN;
	size_t len = (size_t)HEAD_LEN + number_at(bytes, 14);
	if (len > PREFACE_BYTES_MAX)
		return -EBADMSG;
	if (bytes.len < len)
		return -EAGAIN;
	int rc = read_binary((struct str){ bytes.at, len }, ret);
	return rc < 0 ? rc : (int)len;
}

/* ---- both ---- */

/* -EAGAIN: as far as they have come, the bytes may become it. */
static int
begins_with(struct str bytes, struct str begin)
{
	size_t len = bytes.len < begin.len ? bytes.len : begin.len;

	if (!str_eq(
		(struct str){ bytes.at, len }, (struct str){ begin.at, len }))
		return -EBADMSG;
	return len < begin.len ? -EAGAIN : 0;
}

int
preface_parse(struct str bytes, struct preface *ret)
{
	int line = begins_with(bytes, LINE_BEGIN);
	int binary = begins_with(bytes, SIGNATURE);

	if (line == 0)
		return parse_line(bytes, ret);
	if (binary == 0)
		return parse_binary(bytes, ret);
	return line == -EAGAIN || binary == -EAGAIN ? -EAGAIN : -EBADMSG;
}
