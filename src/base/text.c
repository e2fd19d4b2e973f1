/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"

#define ROOM_FIRST 256

void
text_fini(struct text *text)
{
	free(text->at);
	*text = TEXT_EMPTY;
}

void
text_clear(struct text *text)
{
	text->len = 0;
	text->full = false;
	if (text->at != NULL)
		text->at[0] = '\0';
}

static bool
grow(struct text *text, size_t more)
{
	size_t room = text->room > 0 ? text->room : ROOM_FIRST;

	while (room - text->len <= more) {
		if (room > SIZE_MAX / 2) {
			text->full = true;
			return false;
		}
		room *= 2;
	}
	char *grown = realloc(text->at, room);
	if (grown == NULL) {
		text->full = true;
		return false;
	}
	text->at = grown;
	text->room = room;
	return true;
}

/* Room for `more` bytes and the NUL; false, and full, if there is none. */
static bool
reserve(struct text *text, size_t more)
{
	if (text->full)
		return false;
	return text->room - text->len > more || grow(text, more);
}

char *
text_extend(struct text *text, size_t more)
{
	if (!reserve(text, more))
		return NULL;
	char *at = text->at + text->len;
	text->len += more;
	text->at[text->len] = '\0';
	return at;
}

void
text_add(struct text *text, struct str s)
{
	char *at = text_extend(text, s.len);

	if (at != NULL && s.len > 0)
		memcpy(at, s.at, s.len);
}

void
text_addz(struct text *text, const char *s)
{
	text_add(text, str_of(s));
}

void
text_addc(struct text *text, char c)
{
	if (!reserve(text, 1))
		return;
	text->at[text->len++] = c;
	text->at[text->len] = '\0';
}

void
text_add_number(struct text *text, uint64_t number)
{
	char digits[20]; /* of UINT64_MAX */
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	text_add(text, (struct str){ digits + at, sizeof(digits) - at });
}

void
text_addf(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int need = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (need < 0 || !reserve(text, (size_t)need)) {
		text->full = true;
		return;
	}
	va_start(args, format);
	(void)vsnprintf(text->at + text->len, (size_t)need + 1, format, args);
	va_end(args);
	text->len += (size_t)need;
}

void
text_pad(struct text *text, char c, size_t count)
{
	char *at = text_extend(text, count);

	if (at != NULL)
		memset(at, c, count);
}

void
text_cut(struct text *text, size_t len)
{
	must(len <= text->len);
	if (text->at == NULL)
		return;
	text->len = len;
	text->at[len] = '\0';
}

struct str
text_str(const struct text *text)
{
	return (struct str){ text->at, text->len };
}
