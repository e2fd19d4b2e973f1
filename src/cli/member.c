/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/member.h"

#include "base/utf8.h"

#include <errno.h>

struct str
member_string(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_string(value))
		return (struct str){ NULL, 0 };
	return (
	    struct str){ json_string_value(value), json_string_length(value) };
}

const char *
member_word(const json_t *object, const char *name, const char *none)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value != NULL ? value : none;
}

int64_t
member_number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return -1;
	return json_integer_value(value);
}

struct str
member_inner_string(const json_t *object, const char *outer, const char *name)
{
	return member_string(json_object_get(object, outer), name);
}

int64_t
member_inner_number(const json_t *object, const char *outer, const char *name)
{
	return member_number(json_object_get(object, outer), name);
}

static int
show(json_t *string)
{
	struct str said = { json_string_value(string),
		json_string_length(string) };
	struct text shown = TEXT_EMPTY;

	utf8_show(&shown, said);
	int rc = shown.full ? -ENOMEM : 0;
	if (rc == 0 && !str_eq(text_str(&shown), said) &&
	    json_string_setn(string, shown.at, shown.len) < 0)
		rc = -ENOMEM;
	text_fini(&shown);
	return rc;
}

/* As deep as the parser lets it be (JSON_PARSER_MAX_DEPTH). */
int
member_show_all(json_t *value)
{
	const char *name;
	json_t *inner;
	size_t i;
	int rc = 0;

	if (json_is_string(value))
		return show(value);
	json_array_foreach(value, i, inner) if (rc == 0) rc =
	    member_show_all(inner);
	json_object_foreach(value, name, inner) if (rc == 0) rc =
	    member_show_all(inner);
	return rc;
}
