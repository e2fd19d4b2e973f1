/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two steps over one copy: decode what is unreserved, then remove the dot
 * segments.  In this order, or "/%2e%2e/" would hide one.
 */
#include "http/path.h"

#include <errno.h>

#include "http/octet.h"

/* Nothing in it could change: the common case costs no memory. */
static bool
is_normal(struct str path)
{
	for (size_t i = 0; i < path.len; i++)
		if (path.at[i] == '%' ||
		    (path.at[i] == '.' && i > 0 && path.at[i - 1] == '/'))
			return false;
	return true;
}

static char
upper_hex(char c)
{
	return "0123456789ABCDEF"[http_octet_hex(c)];
}

static bool
is_encoding(struct str s)
{
	return s.len >= 3 && s.at[0] == '%' &&
	       http_octet_is(s.at[1], HTTP_OCTET_HEX) &&
	       http_octet_is(s.at[2], HTTP_OCTET_HEX);
}

/* Writes the encoding at the head of s in its normal form; bytes written. */
static size_t
put_encoding(struct str s, char *out)
{
	char c = (char)(http_octet_hex(s.at[1]) * 16 + http_octet_hex(s.at[2]));

	if (http_octet_is(c, HTTP_OCTET_UNRESERVED)) {
		out[0] = c;
		return 1;
	}
	out[0] = '%';
	out[1] = upper_hex(s.at[1]);
	out[2] = upper_hex(s.at[2]);
	return 3;
}

/*
 * A stray '%' is written as what it means.  Left alone it could be followed by
 * digits that were decoded: "%%361" would become "%61", which is another path.
 */
static size_t
put_percent(char *out)
{
	out[0] = '%';
	out[1] = '2';
	out[2] = '5';
	return 3;
}

/* The room that decode may need. */
static size_t
decoded_max(struct str path)
{
	size_t max = path.len;

	for (size_t i = 0; i < path.len; i++)
		if (path.at[i] == '%')
			max += 2;
	return max;
}

static size_t
decode(struct str path, char *out)
{
	size_t len = 0;

	while (path.len > 0) {
		size_t taken = 1;
		if (is_encoding(path)) {
			len += put_encoding(path, out + len);
			taken = 3;
		} else if (path.at[0] == '%') {
			len += put_percent(out + len);
		} else {
			out[len++] = path.at[0];
		}
		path = str_skip(path, taken);
	}
	return len;
}

/* Where the last segment of out begins, its "/" included. */
static size_t
before_last_segment(const char *out, size_t len)
{
	while (len > 0 && out[--len] != '/')
		;
	return len;
}

/*
 * RFC 3986, 5.2.4, in place: what is written never overtakes what is read.
 * Each round takes one segment with the "/" before it.
 */
static size_t
remove_dots(char *bytes, size_t len)
{
	struct str rest = { bytes, len };
	size_t kept = 0;

	while (rest.len > 0) {
		struct str after = str_skip(rest, 1);
		struct str segment = { after.at, str_find(after, '/') };
		bool last = 1 + segment.len == rest.len;
		bool up = str_is(segment, "..");

		if (up)
			kept = before_last_segment(bytes, kept);
		if (up || str_is(segment, ".")) {
			if (last)
				bytes[kept++] = '/';
		} else {
			memmove(bytes + kept, rest.at, 1 + segment.len);
			kept += 1 + segment.len;
		}
		rest = str_skip(rest, 1 + segment.len);
	}
	return kept;
}

int
http_path_normal(struct str path, struct arena *arena, struct str *ret)
{
	if (is_normal(path)) {
		*ret = path;
		return 0;
	}
	char *bytes = arena_alloc(arena, decoded_max(path));
	if (bytes == NULL)
		return -ENOMEM;
	size_t len = decode(path, bytes);
	*ret = (struct str){ bytes, remove_dots(bytes, len) };
	return 0;
}

/* Bytes of the separator that a lax server sees at the head of s; 0: none. */
static size_t
lax_separator(struct str s)
{
	if (s.at[0] == '/' || s.at[0] == '\\')
		return 1;
	return str_starts(s, STR("%2F")) || str_starts(s, STR("%5C")) ? 3 : 0;
}

/* In place: a separator becomes one byte, and nothing becomes more. */
static size_t
read_laxly(struct str path, char *out)
{
	bool parameter = false;
	size_t len = 0;

	while (path.len > 0) {
		size_t separator = lax_separator(path);
		if (separator > 0) {
			parameter = false;
			if (len == 0 || out[len - 1] != '/')
				out[len++] = '/';
		} else {
			parameter = parameter || path.at[0] == ';';
			if (!parameter)
				out[len++] = path.at[0];
		}
		path = str_skip(path, separator > 0 ? separator : 1);
	}
	return len;
}

/* Whether nothing in it has another reading. */
static bool
is_plain(struct str path)
{
	for (size_t i = 0; i < path.len; i++) {
		char c = path.at[i];
		bool after = i > 0 && path.at[i - 1] == '/';
		if (c == '%' || c == '\\' || c == ';' ||
		    (after && (c == '/' || c == '.')))
			return false;
	}
	return true;
}

int
http_path_lax(struct str path, struct arena *arena, struct str *ret)
{
	if (is_plain(path)) {
		*ret = path;
		return 0;
	}
	char *bytes = arena_alloc(arena, decoded_max(path));

	if (bytes == NULL)
		return -ENOMEM;
	struct str decoded = { bytes, decode(path, bytes) };
	size_t len = read_laxly(decoded, bytes);
	*ret = (struct str){ bytes, remove_dots(bytes, len) };
	return 0;
}
