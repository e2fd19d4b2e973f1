/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/utf8.h"

size_t
utf8_length(struct str s)
{
	const uint8_t *p = (const uint8_t *)s.at;

	if (s.len == 0)
		return 0;
	size_t len = p[0] < 0x80                    ? 1
		     : p[0] >= 0xc2 && p[0] <= 0xdf ? 2
		     : p[0] >= 0xe0 && p[0] <= 0xef ? 3
		     : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
						    : 0;
	if (len == 0 || len > s.len)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

uint32_t
utf8_code(struct str s)
{
	static const uint8_t head_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	const uint8_t *p = (const uint8_t *)s.at;
	size_t len = utf8_length(s);
	uint32_t code = p[0] & head_bits[len];

	for (size_t i = 1; i < len; i++)
		code = code << 6 | (p[i] & 0x3f);
	return code;
}

bool
utf8_is_shown(struct str s)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{ 0x00, 0x1f }, { 0x7f, 0x9f },
		{ 0x061c, 0x061c }, /* Arabic letter mark */
		{ 0x200e, 0x200f }, /* left-to-right and right-to-left mark */
		{ 0x2028, 0x202e }, /* separators, embeddings, overrides */
		{ 0x2066, 0x2069 }, /* isolates */
	};
	uint32_t code = utf8_code(s);

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (code >= hidden[i].first && code <= hidden[i].last)
			return false;
	return true;
}

void
utf8_show(struct text *out, struct str s)
{
	while (s.len > 0) {
		size_t len = utf8_length(s);
		if (len > 0 && utf8_is_shown(s)) {
			text_add(out, (struct str){ s.at, len });
		} else {
			len = len > 0 ? len : 1;
			for (size_t i = 0; i < len; i++)
				text_addf(
				    out, "\\x%02x", (unsigned)(uint8_t)s.at[i]);
		}
		s = str_skip(s, len);
	}
}

void
utf8_show_word(struct text *out, struct str word)
{
	for (size_t i = 0; i < word.len; i++) {
		uint8_t c = (uint8_t)word.at[i];
		if (c > 0x20 && c < 0x7f)
			text_addc(out, (char)c);
		else
			text_addf(out, "\\x%02x", (unsigned)c);
	}
}
