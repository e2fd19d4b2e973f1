/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/path_pattern.h"

static int
hex(char c)
{
	return ascii_hex_digit(ascii_lower(c));
}

static bool
is_visible(char c)
{
	return c > ' ' && c <= '~';
}

/* What servers take for the same when it is encoded.  On '/', '\' and ';' they
 * do not agree, '%', '?' and '#' mean something else, and '*' does here. */
static bool
is_bare(char c)
{
	const struct str others = STR("%?#/\\;*\"");

	return is_visible(c) && str_find(others, c) == others.len;
}

static bool
is_encoding(struct str rest)
{
	return rest.len >= 3 && rest.at[0] == '%' && hex(rest.at[1]) >= 0 &&
	       hex(rest.at[2]) >= 0;
}

static const char *
encoding_fault(struct str rest, struct text *better)
{
	char c = (char)(hex(rest.at[1]) * 16 + hex(rest.at[2]));
	size_t before = better->len;

	if (is_bare(c)) {
		text_addc(better, c);
		return "a path is compared with this decoded";
	}
	text_addf(better, "%%%02X", (uint8_t)c);
	struct str good = str_skip(text_str(better), before);
	return str_starts(rest, good)
		   ? NULL
		   : "a path is compared with its encodings in capitals";
}

/* Any text may go on with what one begins. */
static bool
is_begun(struct str rest)
{
	size_t digits = rest.len > 1 && hex(rest.at[1]) >= 0;

	return rest.len > 1 + digits && rest.at[1 + digits] == '*';
}

static const char *
byte_fault(struct str rest, struct text *better)
{
	char c = rest.at[0];

	if (is_visible(c) && (c != '%' || is_begun(rest))) {
		text_addc(better, c);
		return NULL;
	}
	text_addf(better, "%%%02X", (uint8_t)c);
	return c == '%'
		   ? "a path is compared with a bare '%' as %25"
		   : "a path has blanks, and letters beyond ASCII, encoded";
}

static bool
has_dot_segment(struct str pattern)
{
	return str_holds(pattern, "/./") || str_holds(pattern, "/../") ||
	       str_ends(pattern, STR("/.")) || str_ends(pattern, STR("/.."));
}

const char *
path_pattern_fault(struct str pattern, struct text *better)
{
	const char *fault = NULL;

	if (has_dot_segment(pattern))
		return "'.' and '..' are resolved before a path is compared";
	while (pattern.len > 0) {
		if (pattern.at[0] == '?' || pattern.at[0] == '#')
			return "a path ends before '?' and '#'";
		bool encoding = is_encoding(pattern);
		const char *other = encoding ? encoding_fault(pattern, better)
					     : byte_fault(pattern, better);
		fault = fault != NULL ? fault : other;
		pattern = str_skip(pattern, encoding ? 3 : 1);
	}
	return fault;
}
