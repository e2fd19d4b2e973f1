/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/octet: which byte may stand where.
 *
 * One table of 256 rows, a bit a class, so that every reader of a name, a
 * value or a path asks the same question in the same way.
 */
#ifndef GATEHOUSE_HTTP_OCTET_H
#define GATEHOUSE_HTTP_OCTET_H

#include "base/str.h"

enum http_octet {
	/* tchar: methods, field names, options (RFC 9110, 5.6.2) */
	HTTP_OCTET_TOKEN = 1 << 0,
	/* HTAB, SP, VCHAR, obs-text: field values, reasons (RFC 9110, 5.5) */
	HTTP_OCTET_VALUE = 1 << 1,
	/* VCHAR: all that a request target may hold before it is looked at */
	HTTP_OCTET_VISIBLE = 1 << 2,
	/*
	 * VCHAR without '#': path and query.  Wider than RFC 3986, because
	 * browsers send | [ ] { } ^ ` and more unescaped and servers take it;
	 * none of them can end a line, a target or a URI.
	 */
	HTTP_OCTET_PATH = 1 << 3,
	/* Letters, digits, '-', '_' and '.': names of hosts */
	HTTP_OCTET_HOST = 1 << 4,
	HTTP_OCTET_HEX = 1 << 5,
	/* unreserved (RFC 3986, 2.3): the same bare and percent-encoded */
	HTTP_OCTET_UNRESERVED = 1 << 6,
	/* VCHAR that does not end an authority, or part it from a user */
	HTTP_OCTET_AUTHORITY = 1 << 7,
};

extern const uint8_t http_octets[256];

static inline bool
http_octet_is(char c, enum http_octet class)
{
	return (http_octets[(uint8_t)c] & class) != 0;
}

/* How many bytes at the head of s are of the class. */
static inline size_t
http_octet_span(struct str s, enum http_octet class)
{
	size_t len = 0;

	while (len < s.len && http_octet_is(s.at[len], class))
		len++;
	return len;
}

/* The same for HTTP_OCTET_VALUE, eight bytes at a time: values are long. */
size_t http_octet_value_span(struct str s);

/* Every byte of s is, and there is one. */
static inline bool
http_octet_all(struct str s, enum http_octet class)
{
	return s.len > 0 && http_octet_span(s, class) == s.len;
}

/* The value of a hex digit; c must be one. */
static inline unsigned
http_octet_hex(char c)
{
	return ascii_is_digit(c) ? (unsigned)(c - '0')
				 : (unsigned)(ascii_lower(c) - 'a') + 10;
}

/* Without the blanks and tabs at both ends (OWS; CR is never a blank here). */
struct str http_octet_trim(struct str s);

#endif
