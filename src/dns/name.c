/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/name.h"

#include <errno.h>

#define LABEL_BYTES_MAX 63
#define POINTER         0xc0 /* the two highest bits (RFC 1035, 4.1.4) */

static uint8_t
byte_at(struct str message, size_t at)
{
	return (uint8_t)message.at[at];
}

/* Where the pointer at `at` leads, or SIZE_MAX. */
static size_t
follow(struct str message, size_t at)
{
	if (at + 2 > message.len)
		return SIZE_MAX;
	return (size_t)(byte_at(message, at) & ~POINTER & 0xff) << 8 |
	       byte_at(message, at + 1);
}

/* The other two values of the highest bits were never given a meaning. */
static int
add_label(struct dns_name *name, struct str message, size_t at)
{
	size_t len = byte_at(message, at) + (size_t)1;

	if (len > LABEL_BYTES_MAX + 1 || at + len > message.len ||
	    name->len + len > DNS_NAME_BYTES_MAX)
		return -EBADMSG;
	memcpy(name->bytes + name->len, message.at + at, len);
	name->len = (uint8_t)(name->len + len);
	return 0;
}

int
dns_name_read(struct str message, size_t *at, struct dns_name *ret)
{
	size_t here = *at, begin = here, behind = 0;

	ret->len = 0;
	while (here < message.len) {
		uint8_t length = byte_at(message, here);
		if ((length & POINTER) == POINTER) {
			size_t to = follow(message, here);
			if (to >= begin)
				return -EBADMSG;
			if (behind == 0)
				behind = here + 2;
			here = begin = to;
			continue;
		}
		if (add_label(ret, message, here) < 0)
			return -EBADMSG;
		here += length + (size_t)1;
		if (length == 0) {
			*at = behind != 0 ? behind : here;
			return 0;
		}
	}
	return -EBADMSG;
}

int
dns_name_parse(struct str text, struct dns_name *ret)
{
	ret->len = 0;
	if (text.len > 0 && text.at[text.len - 1] == '.')
		text.len--;
	while (text.len > 0) {
		struct str label = str_cut(&text, '.');
		if (label.len == 0 || label.len > LABEL_BYTES_MAX ||
		    ret->len + label.len + 2 > DNS_NAME_BYTES_MAX)
			return -EINVAL;
		ret->bytes[ret->len] = (uint8_t)label.len;
		memcpy(ret->bytes + ret->len + 1, label.at, label.len);
		ret->len = (uint8_t)(ret->len + label.len + 1);
	}
	ret->bytes[ret->len++] = 0;
	return 0;
}

/* No length of a label is a letter. */
void
dns_name_lower(struct dns_name *name)
{
	for (size_t i = 0; i < name->len; i++)
		name->bytes[i] = (uint8_t)ascii_lower((char)name->bytes[i]);
}

static bool
is_alike(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (a[i] != b[i] &&
		    ascii_lower((char)a[i]) != ascii_lower((char)b[i]))
			return false;
	return true;
}

bool
dns_name_eq(const struct dns_name *a, const struct dns_name *b)
{
	return a->len == b->len && is_alike(a->bytes, b->bytes, a->len);
}

bool
dns_name_same(const struct dns_name *a, const struct dns_name *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

bool
dns_name_is_within(const struct dns_name *name, const struct dns_name *zone)
{
	size_t at = 0;

	if (name->len < zone->len)
		return false;
	/* A tail of it is a name only where a label begins. */
	while (name->len - at > zone->len)
		at += name->bytes[at] + (size_t)1;
	return name->len - at == zone->len &&
	       is_alike(name->bytes + at, zone->bytes, zone->len);
}

static size_t
put_byte(uint8_t byte, char *out)
{
	if (byte > ' ' && byte < 0x7f && byte != '.' && byte != '\\' &&
	    byte != '"') {
		out[0] = ascii_lower((char)byte);
		return 1;
	}
	out[0] = '\\';
	out[1] = (char)('0' + byte / 100);
	out[2] = (char)('0' + byte / 10 % 10);
	out[3] = (char)('0' + byte % 10);
	return 4;
}

struct str
dns_name_text(const struct dns_name *name, char ret[static DNS_NAME_TEXT_BYTES])
{
	size_t len = 0;

	for (size_t at = 0; name->bytes[at] != 0;) {
		size_t end = at + name->bytes[at];
		if (at > 0)
			ret[len++] = '.';
		while (at++ < end)
			len += put_byte(name->bytes[at], ret + len);
	}
	ret[len] = '\0';
	return (struct str){ ret, len };
}
