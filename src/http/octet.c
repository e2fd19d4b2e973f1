/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grammar is stated as constant expressions, which the compiler turns into
 * the 256 rows.  Read-only; any thread.
 */
#include "http/octet.h"

#include <endian.h>

#define BETWEEN(c, a, b) ((c) >= (a) && (c) <= (b))
#define IS_ALPHA(c)      (BETWEEN(c, 'a', 'z') || BETWEEN(c, 'A', 'Z'))
#define IS_DIGIT(c)      BETWEEN(c, '0', '9')
#define IS_ALNUM(c)      (IS_ALPHA(c) || IS_DIGIT(c))
#define IS_VISIBLE(c)    BETWEEN(c, 0x21, 0x7e)

#define IS_TOKEN(c)                                                            \
	(IS_ALNUM(c) || (c) == '!' || BETWEEN(c, '#', '\'') || (c) == '*' ||   \
	    (c) == '+' || (c) == '-' || (c) == '.' || BETWEEN(c, '^', '`') ||  \
	    (c) == '|' || (c) == '~')
#define IS_BLANK(c)      ((c) == ' ' || (c) == '\t')
#define IS_VALUE(c)      (IS_BLANK(c) || IS_VISIBLE(c) || (c) >= 0x80)
#define IS_PATH(c)       (IS_VISIBLE(c) && (c) != '#')
#define IS_HOST(c)       (IS_ALNUM(c) || (c) == '-' || (c) == '_' || (c) == '.')
#define IS_HEX_ALPHA(c)  (BETWEEN(c, 'a', 'f') || BETWEEN(c, 'A', 'F'))
#define IS_HEX(c)        (IS_DIGIT(c) || IS_HEX_ALPHA(c))
#define IS_UNRESERVED(c) (IS_HOST(c) || (c) == '~')
#define IS_AUTHORITY(c)                                                        \
	(IS_PATH(c) && (c) != '/' && (c) != '?' && (c) != '@' && (c) != '\\')

#define BIT(is, class) ((is) ? (class) : 0)
#define OCTET(c)                                                               \
	BIT(IS_TOKEN(c), HTTP_OCTET_TOKEN) |                                   \
	    BIT(IS_VALUE(c), HTTP_OCTET_VALUE) |                               \
	    BIT(IS_VISIBLE(c), HTTP_OCTET_VISIBLE) |                           \
	    BIT(IS_PATH(c), HTTP_OCTET_PATH) |                                 \
	    BIT(IS_HOST(c), HTTP_OCTET_HOST) |                                 \
	    BIT(IS_HEX(c), HTTP_OCTET_HEX) |                                   \
	    BIT(IS_UNRESERVED(c), HTTP_OCTET_UNRESERVED) |                     \
	    BIT(IS_AUTHORITY(c), HTTP_OCTET_AUTHORITY)
#define OCTETS_4(c) OCTET(c), OCTET((c) + 1), OCTET((c) + 2), OCTET((c) + 3)
#define OCTETS_16(c)                                                           \
	OCTETS_4(c), OCTETS_4((c) + 4), OCTETS_4((c) + 8), OCTETS_4((c) + 12)
#define OCTETS_64(c)                                                           \
	OCTETS_16(c), OCTETS_16((c) + 16), OCTETS_16((c) + 32),                \
	    OCTETS_16((c) + 48)

const uint8_t http_octets[256] = {
	OCTETS_64(0),
	OCTETS_64(64),
	OCTETS_64(128),
	OCTETS_64(192),
};

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/*
 * The top bit of each of eight bytes that is a control: the classic test for a
 * byte less than n, which subtracts n from all and looks for a borrow; a byte
 * over 127 is not meant.  Behind the first hit a borrow may have run on, so
 * only the first is exact.
 */
static uint64_t
controls(uint64_t word)
{
	uint64_t below_space = (word - EACH(0x20)) & ~word;
	uint64_t del = word ^ EACH(0x7f);

	return (below_space | ((del - EACH(0x01)) & ~del)) & EACH(0x80);
}

/* How many bytes stand before the first control; 8 if there is none. */
static size_t
before_control(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	word = controls(le64toh(word));
	return word == 0 ? sizeof(word) : (size_t)__builtin_ctzll(word) / 8;
}

size_t
http_octet_value_span(struct str s)
{
	size_t len = 0;

	while (s.len - len >= sizeof(uint64_t)) {
		size_t clean = before_control(s.at + len);
		len += clean;
		if (clean == sizeof(uint64_t))
			continue;
		if (s.at[len] != '\t')
			return len;
		len++;
	}
	return len + http_octet_span(str_skip(s, len), HTTP_OCTET_VALUE);
}

struct str
http_octet_trim(struct str s)
{
	while (s.len > 0 && IS_BLANK(s.at[0])) {
		s.at++;
		s.len--;
	}
	while (s.len > 0 && IS_BLANK(s.at[s.len - 1]))
		s.len--;
	return s;
}
