/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/log_logfmt.h"

#include <inttypes.h>

#include "base/utf8.h"

/* Of letters that need no quotes; an empty text needs them. */
static bool
is_bare(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((uint8_t)s.at[i] <= ' ' || (uint8_t)s.at[i] >= 0x7f ||
		    strchr("\"=\\", s.at[i]) != NULL)
			return false;
	return s.len > 0;
}

/* The character at the head of s.  None that is hidden is above U+FFFF. */
static void
add_char(struct text *out, struct str s, size_t len)
{
	if (s.at[0] == '"' || s.at[0] == '\\') {
		text_addc(out, '\\');
		text_addc(out, s.at[0]);
	} else if (utf8_is_shown(s)) {
		text_add(out, (struct str){ s.at, len });
	} else {
		text_addf(out, "\\u%04x", utf8_code(s));
	}
}

static void
add_string(struct text *out, struct str s)
{
	if (is_bare(s)) {
		text_add(out, s);
		return;
	}
	text_addc(out, '"');
	/* What jansson has read is UTF-8. */
	for (size_t len; (len = utf8_length(s)) > 0; s = str_skip(s, len))
		add_char(out, s, len);
	text_addc(out, '"');
}

static void
add_number(struct text *out, const json_t *value)
{
	if (json_is_integer(value))
		text_addf(out, "%" PRId64, (int64_t)json_integer_value(value));
	else
		text_addf(out, "%.3f", json_real_value(value));
}

/* A key that is none of ours stays one word. */
static void
add_key(struct text *out, struct str key)
{
	for (size_t i = 0; i < key.len; i++)
		text_add(out, is_bare((struct str){ key.at + i, 1 })
				  ? (struct str){ key.at + i, 1 }
				  : STR("_"));
}

static void
add_pair(
    struct text *out, struct str outer, struct str name, const json_t *value)
{
	if (json_is_null(value))
		return;
	text_addz(out, out->len > 0 ? " " : "");
	add_key(out, outer);
	text_addz(out, outer.len > 0 ? "." : "");
	add_key(out, name);
	text_addc(out, '=');
	if (json_is_string(value))
		add_string(out, (struct str){ json_string_value(value),
				    json_string_length(value) });
	else if (json_is_number(value))
		add_number(out, value);
	else
		text_addz(out, json_is_true(value) ? "true" : "false");
}

static void
add_object(struct text *out, struct str outer, json_t *object)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		if (json_is_object(value) && outer.len == 0)
			add_object(out, str_of(name), value);
		else if (!json_is_object(value) && !json_is_array(value))
			add_pair(out, outer, str_of(name), value);
	}
}

void
log_logfmt(json_t *event, struct text *out)
{
	add_object(out, (struct str){ NULL, 0 }, event);
}
