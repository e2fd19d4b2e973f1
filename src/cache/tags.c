/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/tags.h"

static bool
is_between(char c)
{
	return c == ' ' || c == '\t' || c == ',';
}

static void
add_words(struct str rest, struct text *out)
{
	while (rest.len > 0) {
		size_t end = 0;
		while (end < rest.len && !is_between(rest.at[end]))
			end++;
		if (end > 0 && out->len > 0)
			text_addc(out, ' ');
		text_add(out, (struct str){ rest.at, end });
		rest = str_skip(rest, end + 1);
	}
}

void
cache_tags_add(const struct http_fields *fields, struct text *out)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct http_field *field = &fields->items[i];
		if (http_field_is_named(field, STR("Surrogate-Key")) ||
		    http_field_is_named(field, STR("Cache-Tag")))
			add_words(field->value, out);
	}
}
