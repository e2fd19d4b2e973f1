/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/forwarded.h"

void
http_forwarded_add(
    const struct http_fields *fields, struct str client, struct text *out)
{
	text_add(out, STR("X-Forwarded-For: "));
	for (size_t i = 0; i < fields->count; i++) {
		const struct http_field *field = &fields->items[i];
		if (field->id != HTTP_NAME_X_FORWARDED_FOR || field->hop ||
		    field->value.len == 0)
			continue;
		text_add(out, field->value);
		text_add(out, STR(", "));
	}
	text_add(out, client);
	text_add(out, STR("\r\n"));
}
