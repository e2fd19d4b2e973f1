/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/json_member.h"

/* Behind the string that begins at `at`; past the end: it has no end. */
static size_t
skip_string(struct str text, size_t at)
{
	for (at++; at < text.len && text.at[at] != '"'; at++)
		at += text.at[at] == '\\';
	return at + 1;
}

static size_t
skip_blanks(struct str text, size_t at)
{
	while (at < text.len && text.at[at] == ' ')
		at++;
	return at;
}

/* Behind the value that begins at `at`. */
static size_t
skip_value(struct str text, size_t at)
{
	unsigned depth = 0;

	while (at < text.len) {
		char c = text.at[at];
		if (c == '"') {
			at = skip_string(text, at);
			if (depth == 0)
				return at;
			continue;
		}
		if (depth == 0 && (c == ',' || c == '}' || c == ']'))
			return at;
		depth += c == '{' || c == '[';
		at++;
		if ((c == '}' || c == ']') && --depth == 0)
			return at;
	}
	return at;
}

static struct str
unquoted(struct str value)
{
	if (value.len >= 2 && value.at[0] == '"')
		return (struct str){ value.at + 1, value.len - 2 };
	return value;
}

bool
json_member_find(struct str object, struct str path, struct str *ret)
{
	struct str name = str_cut(&path, '.');
	size_t at = 1;

	if (object.len == 0 || object.at[0] != '{')
		return false;
	while (at < object.len && object.at[at] == '"') {
		size_t end = skip_string(object, at);
		if (end >= object.len || object.at[end] != ':')
			return false;
		struct str key = { object.at + at + 1, end - at - 2 };
		size_t from = skip_blanks(object, end + 1);
		size_t behind = skip_value(object, from);
		if (behind > object.len)
			return false;
		struct str value = { object.at + from, behind - from };
		if (str_eq(key, name)) {
			if (path.len > 0)
				return json_member_find(value, path, ret);
			*ret = unquoted(value);
			return true;
		}
		at = skip_blanks(object, behind + 1);
	}
	return false;
}
