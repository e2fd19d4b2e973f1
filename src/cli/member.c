/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/member.h"

struct str
member_string(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_string(value))
		return (struct str){ NULL, 0 };
	return (
	    struct str){ json_string_value(value), json_string_length(value) };
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
