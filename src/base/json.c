/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/json.h"

#include "base/must.h"
#include "base/utf8.h"

#define CUT_MARK "..."

/* The names of our own. */
#define SHORT_NAME_BYTES 32

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

/*
 * A control character of the upper half, U+0080 to U+009F.  JSON allows it,
 * but lines are read on terminals as well, and there U+009B begins a command.
 */
static bool
is_c1(struct str s)
{
	return (uint8_t)s.at[0] == 0xc2 && (uint8_t)s.at[1] < 0xa0;
}

/* The character at the head of s; how many bytes of s it was. */
static size_t
add_character(struct text *out, struct str s)
{
	size_t len = utf8_length(s);

	if (len == 0)
		text_addz(out, "\\ufffd");
	else if (len == 1 && needs_escape(s.at[0]))
		add_escaped(out, s.at[0]);
	else if (len == 2 && is_c1(s))
		text_addf(out, "\\u%04x", (unsigned)(uint8_t)s.at[1]);
	else
		text_add(out, (struct str){ s.at, len });
	return len > 0 ? len : 1;
}

/* Almost all strings are ASCII that stands for itself. */
static bool
is_plain(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((uint8_t)s.at[i] >= 0x80 || needs_escape(s.at[i]))
			return false;
	return true;
}

/* Character by character, and no further than bytes_max. */
static void
add_characters(struct text *out, struct str s, size_t bytes_max)
{
	size_t start = out->len, keep = start;

	while (s.len > 0) {
		s = str_skip(s, add_character(out, s));
		if (out->len - start > bytes_max) {
			text_cut(out, keep);
			text_addz(out, CUT_MARK);
			break;
		}
		/* The last end of a character that leaves room for the mark. */
		if (out->len - start <= bytes_max - strlen(CUT_MARK))
			keep = out->len;
	}
}

static void
add_quoted(struct text *out, struct str s, size_t bytes_max)
{
	text_addc(out, '"');
	if (s.len <= bytes_max && is_plain(s))
		text_add(out, s);
	else
		add_characters(out, s, bytes_max);
	text_addc(out, '"');
}

/* A line of the journal has thirty of them: in one piece, for that. */
static bool
add_short_name(struct json *json, struct str name)
{
	char piece[sizeof(", \"\": ") + SHORT_NAME_BYTES];
	size_t len = 0;

	if (name.len > SHORT_NAME_BYTES || !is_plain(name))
		return false;
	if (json->comma) {
		piece[len++] = ',';
		piece[len++] = ' ';
	}
	piece[len++] = '"';
	memcpy(piece + len, name.at, name.len);
	len += name.len;
	piece[len++] = '"';
	piece[len++] = ':';
	piece[len++] = ' ';
	text_add(json->out, (struct str){ piece, len });
	return true;
}

void
json_name(struct json *json, const char *name)
{
	if (!add_short_name(json, str_of(name))) {
		begin_value(json);
		add_quoted(json->out, str_of(name), SIZE_MAX);
		text_addz(json->out, ": ");
	}
	json->comma = false;
}

static void
add_number(struct text *out, int64_t value)
{
	text_addz(out, value < 0 ? "-" : "");
	text_add_number(out, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void
json_put_null(struct json *json)
{
	begin_value(json);
	text_addz(json->out, "null");
}

void
json_put_bool(struct json *json, bool value)
{
	begin_value(json);
	text_addz(json->out, value ? "true" : "false");
}

void
json_put_integer(struct json *json, int64_t value)
{
	begin_value(json);
	add_number(json->out, value);
}

void
json_thousandths(struct json *json, int64_t value)
{
	uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
	unsigned rest = (unsigned)(size % 1000);
	const char fraction[] = { '.', (char)('0' + rest / 100),
		(char)('0' + rest / 10 % 10), (char)('0' + rest % 10) };

	begin_value(json);
	text_addz(json->out, value < 0 ? "-" : "");
	text_add_number(json->out, size / 1000);
	text_add(json->out, (struct str){ fraction, sizeof(fraction) });
}

void
json_put_string(struct json *json, struct str value)
{
	json_string_cut(json, value, SIZE_MAX);
}

void
json_string_cut(struct json *json, struct str value, size_t bytes_max)
{
	must(bytes_max >= strlen(CUT_MARK));
	if (value.at == NULL) {
		json_put_null(json);
		return;
	}
	begin_value(json);
	add_quoted(json->out, value, bytes_max);
}

void
json_put_stringz(struct json *json, const char *value)
{
	json_put_string(json, str_of(value));
}
