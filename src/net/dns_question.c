/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dns_question.h"

#include <errno.h>

#define HEAD_BYTES 12
#define LABEL_MAX  63
#define TYPE_OPT   41
#define CLASS_IN   1
#define OPTION_EDE 15
#define WORDS_MAX  160
#define OPT_BYTES  11 /* with its name, the root, and before its options */

/* Bits of the second 16 of a head. */
#define FLAG_QR 0x8000
#define FLAG_AA 0x0400
#define FLAG_RD 0x0100
#define FLAG_RA 0x0080
#define OPCODE  0x7800

/* ---- reading ---- */

static uint16_t
get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static char
lower(uint8_t byte)
{
	return (char)(byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte);
}

/*
 * The labels from `at` on, as text.  Where they end, or 0: they are no name.  A
 * dot within a label would make two names one.
 */
static size_t
read_name(struct str message, size_t at, struct dns_question *ret)
{
	size_t len = 0;

	for (;;) {
		if (at >= message.len)
			return 0;
		size_t label = (uint8_t)message.at[at++];
		if (label == 0)
			break;
		if (label > LABEL_MAX || at + label > message.len ||
		    len + (len > 0) + label + 2 > DNS_NAME_BYTES_MAX)
			return 0;
		if (len > 0)
			ret->text[len++] = '.';
		for (size_t i = 0; i < label; i++) {
			uint8_t byte = (uint8_t)message.at[at + i];
			if (byte == '.' || byte == 0)
				return 0;
			ret->text[len++] = lower(byte);
		}
		at += label;
	}
	ret->name = (struct str){ ret->text, len };
	return at;
}

/* Whether an OPT is the first of the additional records. */
static bool
has_opt(struct str message, size_t at)
{
	const uint8_t *bytes = (const uint8_t *)message.at;

	return get16(bytes + 10) > 0 && message.len >= at + OPT_BYTES &&
	       bytes[at] == 0 && get16(bytes + at + 1) == TYPE_OPT;
}

/* The head alone, for an answer that cannot repeat the question. */
static int
refuse(struct dns_question *ret, int error)
{
	ret->len = HEAD_BYTES;
	ret->bytes[4] = ret->bytes[5] = 0;
	ret->has_opt = false;
	return error;
}

int
dns_question_read(struct str message, struct dns_question *ret)
{
	const uint8_t *bytes = (const uint8_t *)message.at;

	if (message.len < HEAD_BYTES || (get16(bytes + 2) & FLAG_QR) != 0)
		return -EBADMSG;
	memcpy(ret->bytes, bytes, HEAD_BYTES);
	ret->name = (struct str){ NULL, 0 };
	if ((get16(bytes + 2) & OPCODE) != 0)
		return refuse(ret, -EOPNOTSUPP);
	if (get16(bytes + 4) != 1 || get16(bytes + 6) != 0 ||
	    get16(bytes + 8) != 0)
		return refuse(ret, -EINVAL);
	size_t at = read_name(message, HEAD_BYTES, ret);
	if (at == 0 || at + 4 > message.len)
		return refuse(ret, -EINVAL);
	ret->type = get16(bytes + at);
	if (get16(bytes + at + 2) != CLASS_IN)
		return refuse(ret, -EOPNOTSUPP);
	at += 4;
	memcpy(ret->bytes, bytes, at);
	ret->len = at;
	ret->has_opt = has_opt(message, at);
	return 0;
}

/* ---- writing ---- */

struct writer {
	uint8_t *bytes;
	size_t len;
};

static void
put16(struct writer *out, unsigned number)
{
	out->bytes[out->len++] = (uint8_t)(number >> 8);
	out->bytes[out->len++] = (uint8_t)number;
}

static void
put32(struct writer *out, uint32_t number)
{
	put16(out, number >> 16);
	put16(out, number & 0xffff);
}

static void
put_bytes(struct writer *out, const void *bytes, size_t len)
{
	memcpy(out->bytes + out->len, bytes, len);
	out->len += len;
}

/* Of the question's name, by a pointer to it. */
static void
put_record_head(struct writer *out, unsigned type, uint32_t ttl, size_t len)
{
	put16(out, 0xc000 | HEAD_BYTES);
	put16(out, type);
	put16(out, CLASS_IN);
	put32(out, ttl);
	put16(out, (unsigned)len);
}

static void
put_name(struct writer *out, struct str name)
{
	while (name.len > 0) {
		struct str label = str_cut(&name, '.');
		out->bytes[out->len++] = (uint8_t)label.len;
		put_bytes(out, label.at, label.len);
	}
	out->bytes[out->len++] = 0;
}

/* How many were put. */
static unsigned
put_records(struct writer *out, const struct dns_question *question,
    const struct dns_response *response)
{
	size_t width = address_width(response->address);

	if (response->address.family != ADDRESS_NONE) {
		put_record_head(out, question->type, response->ttl, width);
		put_bytes(out, response->address.bytes, width);
		return 1;
	}
	if (response->name.at == NULL)
		return 0;
	put_record_head(
	    out, DNS_TYPE_PTR, response->ttl, response->name.len + 2);
	put_name(out, response->name);
	return 1;
}

static void
put_opt(struct writer *out, const struct dns_response *response)
{
	bool detailed = response->detail != DNS_DETAIL_NONE;
	size_t words =
	    response->words.len < WORDS_MAX ? response->words.len : WORDS_MAX;

	out->bytes[out->len++] = 0;
	put16(out, TYPE_OPT);
	put16(out, DNS_MESSAGE_BYTES_MAX);
	put32(out, 0);
	put16(out, detailed ? (unsigned)(6 + words) : 0);
	if (!detailed)
		return;
	put16(out, OPTION_EDE);
	put16(out, (unsigned)(2 + words));
	put16(out, (unsigned)response->detail);
	put_bytes(out, response->words.at, words);
}

size_t
dns_response_write(const struct dns_question *question,
    const struct dns_response *response, uint8_t *ret)
{
	struct writer out = { ret, 0 };
	unsigned flags = FLAG_QR | FLAG_AA | FLAG_RA | (unsigned)response->code;

	put_bytes(&out, question->bytes, question->len);
	flags |= get16(ret + 2) & (FLAG_RD | OPCODE);
	unsigned records = put_records(&out, question, response);
	if (question->has_opt)
		put_opt(&out, response);
	size_t len = out.len;
	out.len = 2;
	put16(&out, flags);
	out.len = 6;
	put16(&out, records);
	put16(&out, 0);
	put16(&out, question->has_opt);
	return len;
}

/* ---- names of addresses ---- */

static bool
read_reverse4(struct str name, struct address *ret)
{
	*ret = (struct address){ .family = ADDRESS_IPV4 };
	for (int i = 3; i >= 0; i--) {
		uint64_t number;
		if (str_number(str_cut(&name, '.'), 255, &number) < 0)
			return false;
		ret->bytes[i] = (uint8_t)number;
	}
	return name.len == 0;
}

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
read_reverse6(struct str name, struct address *ret)
{
	*ret = (struct address){ .family = ADDRESS_IPV6 };
	for (int i = 31; i >= 0; i--) {
		struct str label = str_cut(&name, '.');
		int digit = label.len == 1 ? digit_of(label.at[0]) : -1;
		if (digit < 0)
			return false;
		ret->bytes[i / 2] |= (uint8_t)(digit << (i % 2 == 0 ? 4 : 0));
	}
	return name.len == 0;
}

bool
dns_reverse_parse(struct str name, struct address *ret)
{
	struct str four = STR(".in-addr.arpa"), six = STR(".ip6.arpa");

	if (str_ends(name, four))
		return read_reverse4(
		    (struct str){ name.at, name.len - four.len }, ret);
	if (str_ends(name, six))
		return read_reverse6(
		    (struct str){ name.at, name.len - six.len }, ret);
	return false;
}
