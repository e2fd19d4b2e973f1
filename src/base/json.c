/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/json.h"

#include <inttypes.h>

static void
begin_value(struct json *json)
{
	if (json->comma)
		text_addz(json->out, ", ");
	json->comma = true;
}

static void
open_with(struct json *json, char bracket)
{
	begin_value(json);
	text_addc(json->out, bracket);
	json->comma = false;
}

static void
close_with(struct json *json, char bracket)
{
	text_addc(json->out, bracket);
	json->comma = true;
}

void
json_object_begin(struct json *json)
{
	open_with(json, '{');
}

void
json_object_end(struct json *json)
{
	close_with(json, '}');
}

void
json_array_begin(struct json *json)
{
	open_with(json, '[');
}

void
json_array_end(struct json *json)
{
	close_with(json, ']');
}

/*
 * The length of the well-formed UTF-8 sequence at the head of s, or 0.
 * Overlong forms and surrogates are not well-formed (RFC 3629).
 */
static size_t
utf8_length(struct str s)
{
	const uint8_t *p = (const uint8_t *)s.at;
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

static void
add_escaped(struct text *out, char c)
{
	if (c == '"' || c == '\\') {
		text_addc(out, '\\');
		text_addc(out, c);
	} else if (c == '\n') {
		text_addz(out, "\\n");
	} else if (c == '\t') {
		text_addz(out, "\\t");
	} else if (c == '\r') {
		text_addz(out, "\\r");
	} else {
		text_addf(out, "\\u%04x", (unsigned)(uint8_t)c);
	}
}

static bool
needs_escape(char c)
{
	return (uint8_t)c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
}

static void
add_quoted(struct text *out, struct str s)
{
	text_addc(out, '"');
	while (s.len > 0) {
		size_t len = utf8_length(s);
		if (len == 0)
			text_addz(out, "\\ufffd");
		else if (len == 1 && needs_escape(s.at[0]))
			add_escaped(out, s.at[0]);
		else
			text_add(out, (struct str){ s.at, len });
		s = str_skip(s, len > 0 ? len : 1);
	}
	text_addc(out, '"');
}

void
json_name(struct json *json, const char *name)
{
	begin_value(json);
	add_quoted(json->out, str_of(name));
	text_addz(json->out, ": ");
	json->comma = false;
}

void
json_null(struct json *json)
{
	begin_value(json);
	text_addz(json->out, "null");
}

void
json_bool(struct json *json, bool value)
{
	begin_value(json);
	text_addz(json->out, value ? "true" : "false");
}

void
json_integer(struct json *json, int64_t value)
{
	begin_value(json);
	text_addf(json->out, "%" PRId64, value);
}

void
json_string(struct json *json, struct str value)
{
	if (value.at == NULL) {
		json_null(json);
		return;
	}
	begin_value(json);
	add_quoted(json->out, value);
}

void
json_stringz(struct json *json, const char *value)
{
	json_string(json, str_of(value));
}
