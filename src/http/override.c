/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/override.h"

/* One that ends in '-' stands for all that begin so. */
static const struct str names[] = {
	STR_INIT("Forwarded"),
	STR_INIT("X-Forwarded-"),
	STR_INIT("X-Host"),
	STR_INIT("X-HTTP-Host-Override"),
	STR_INIT("X-HTTP-Method"),
	STR_INIT("X-HTTP-Method-Override"),
	STR_INIT("X-Method-Override"),
	STR_INIT("X-Original-"),
	STR_INIT("X-Rewrite-URL"),
};

static bool
fits(struct str wanted, struct str name)
{
	if (wanted.at[wanted.len - 1] == '-' && name.len > wanted.len)
		name.len = wanted.len;
	return str_eq_nocase(name, wanted);
}

static bool
is_override(const struct http_field *field)
{
	if (field->hop || field->id == HTTP_NAME_X_FORWARDED_FOR)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (fits(names[i], field->name))
			return true;
	return false;
}

bool
http_override_is_said(const struct http_fields *fields)
{
	for (size_t i = 0; i < fields->count; i++)
		if (is_override(&fields->items[i]))
			return true;
	return false;
}
