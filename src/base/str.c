/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/str.h"

#include <errno.h>

bool
str_eq_nocase(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (ascii_lower(a.at[i]) != ascii_lower(b.at[i]))
			return false;
	return true;
}

bool
str_is_one_of(struct str s, const struct str *all, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(s, all[i]))
			return true;
	return false;
}

int
str_cmp(struct str a, struct str b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common > 0 ? memcmp(a.at, b.at, common) : 0;

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

bool
str_starts(struct str s, struct str head)
{
	return s.len >= head.len &&
	       str_eq((struct str){ s.at, head.len }, head);
}

bool
str_ends(struct str s, struct str tail)
{
	return s.len >= tail.len && str_eq(str_skip(s, s.len - tail.len), tail);
}

bool
str_holds(struct str s, const char *text)
{
	return s.len > 0 && memmem(s.at, s.len, text, strlen(text)) != NULL;
}

size_t
str_find(struct str s, char c)
{
	const char *hit = s.len > 0 ? memchr(s.at, c, s.len) : NULL;

	return hit != NULL ? (size_t)(hit - s.at) : s.len;
}

struct str
str_skip(struct str s, size_t from)
{
	if (from >= s.len)
		return (struct str){ NULL, 0 };
	return (struct str){ s.at + from, s.len - from };
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

struct str
str_trim(struct str s)
{
	while (s.len > 0 && is_blank(s.at[0])) {
		s.at++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.at[s.len - 1]))
		s.len--;
	return s;
}

struct str
str_cut(struct str *rest, char mark)
{
	size_t at = str_find(*rest, mark);
	struct str head = { rest->at, at };

	if (at < rest->len)
		*rest = (struct str){ rest->at + at + 1, rest->len - at - 1 };
	else
		*rest = (struct str){ NULL, 0 };
	return head;
}

int
str_number(struct str s, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (s.len == 0 || (s.len > 1 && s.at[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		if (!ascii_is_digit(s.at[i]))
			return -EINVAL;
		uint64_t digit = (uint64_t)(s.at[i] - '0');
		if (value > (max - digit) / 10 || digit > max)
			return -EINVAL;
		value = value * 10 + digit;
	}
	*ret = value;
	return 0;
}

int
str_hex64(struct str s, uint64_t *ret)
{
	uint64_t value = 0;

	if (s.len != 16)
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		int digit = ascii_hex_digit(s.at[i]);
		if (digit < 0)
			return -EINVAL;
		value = value << 4 | (unsigned)digit;
	}
	*ret = value;
	return 0;
}

/*
 * FNV-1a with a final mix: short keys, quality enough for open addressing.
 * Tables that a peer can fill take a random seed and a bounded size besides.
 */
uint64_t
str_hash(struct str s, uint64_t seed)
{
	uint64_t h = 0xcbf29ce484222325u ^ seed;

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (uint8_t)s.at[i]) * 0x100000001b3u;
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93u;
	return h ^ (h >> 32);
}
