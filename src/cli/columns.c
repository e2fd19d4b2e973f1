/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/columns.h"

#include "base/utf8.h"

#include <locale.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

static locale_t locale;

static void
open_locale(void)
{
	locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/* Of the character at the head of s, which has `len` bytes.  What no table
 * knows is most likely one column wide. */
static size_t
width_of(struct str s, size_t len)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (len <= 1)
		return 1;
	(void)pthread_once(&once, open_locale);
	if (locale == (locale_t)0)
		return 1;
	locale_t before = uselocale(locale);
	int width = wcwidth((wchar_t)utf8_code(s));
	(void)uselocale(before);
	return width >= 0 ? (size_t)width : 1;
}

/* The character at the head of s; a byte that is part of none is its own. */
static size_t
step(struct str s, size_t *ret_width)
{
	size_t len = utf8_length(s);

	*ret_width = width_of(s, len);
	return len > 0 ? len : 1;
}

size_t
columns_of(struct str text)
{
	size_t sum = 0, width;

	while (text.len > 0) {
		text = str_skip(text, step(text, &width));
		sum += width;
	}
	return sum;
}

size_t
columns_head_bytes(struct str s, size_t most)
{
	size_t bytes = 0, sum = 0, width;

	while (bytes < s.len) {
		size_t len = step(str_skip(s, bytes), &width);
		sum += width;
		if (sum > most)
			break;
		bytes += len;
	}
	return bytes;
}

void
columns_add_head(struct text *out, struct str text, size_t most)
{
	if (columns_of(text) <= most) {
		text_add(out, text);
	} else if (most > 0) {
		text.len = columns_head_bytes(text, most - 1);
		text_add(out, text);
		text_addz(out, COLUMNS_ELLIPSIS);
	}
}

void
columns_add_tail(struct text *out, struct str text, size_t most)
{
	size_t all = columns_of(text), width;

	if (all > most && most > 0) {
		text_addz(out, COLUMNS_ELLIPSIS);
		most--;
	} else if (all > most) {
		return;
	}
	for (; all > most; all -= width)
		text = str_skip(text, step(text, &width));
	text_add(out, text);
}

void
columns_add_left(struct text *out, struct str text, size_t width)
{
	size_t start = out->len;

	columns_add_head(out, text, width);
	size_t has = columns_of(str_skip(text_str(out), start));
	text_pad(out, ' ', width - has);
}

void
columns_add_right(struct text *out, struct str text, size_t width)
{
	size_t has = columns_of(text);

	text_pad(out, ' ', has < width ? width - has : 0);
	columns_add_head(out, text, width);
}

unsigned
columns_of_terminal(int fd)
{
	struct winsize size;

	if (isatty(fd) != 1 || ioctl(fd, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}
