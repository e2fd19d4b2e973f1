/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/head.h"

#include <errno.h>

#include "http/date.h"
#include "http/etag.h"
#include "http/line.h"
#include "http/octet.h"

bool
cache_head_keeps(const struct http_field *field)
{
	return !field->hop && field->id != HTTP_NAME_AGE &&
	       http_name_use((enum http_name)field->id) == HTTP_NAME_USE_END;
}

static void
add_date(struct text *out, int64_t seconds)
{
	char date[HTTP_DATE_BYTES];

	http_date_format(seconds, date);
	http_line_add(out, STR("Date"), (struct str){ date, sizeof(date) - 1 });
}

/* The only valid one: a response with two has none. */
static void
find_etag(struct str head, struct cache_meta *meta)
{
	struct str rest = head;
	struct http_field field;
	size_t count = 0;

	meta->etag_at = 0;
	meta->etag_len = 0;
	while (cache_head_next(&rest, &field)) {
		if (field.id != HTTP_NAME_ETAG)
			continue;
		bool fits = ++count == 1 && field.value.len <= UINT16_MAX &&
			    http_etag_is_valid(field.value);
		meta->etag_at = (uint32_t)(field.value.at - head.at);
		meta->etag_len = fits ? (uint16_t)field.value.len : 0;
	}
}

int
cache_head_write(const struct http_response *response, struct text *out,
    struct cache_meta *meta)
{
	const struct http_fields *fields = &response->fields;
	bool part = (meta->flags & CACHE_META_PARTIAL) != 0;
	struct cache_control control;
	size_t begin = out->len;

	cache_control_of_response(response, &control);
	for (size_t i = 0; i < fields->count; i++) {
		const struct http_field *field = &fields->items[i];
		if (!cache_head_keeps(field) ||
		    (part && field->id == HTTP_NAME_CONTENT_RANGE) ||
		    cache_control_names(&control, fields, field->name))
			continue;
		http_line_add(out, field->name, field->value);
	}
	if (http_fields_get(fields, HTTP_NAME_DATE) == NULL)
		add_date(out, meta->response_time);
	if (out->full)
		return -ENOMEM;
	find_etag(str_skip(text_str(out), begin), meta);
	return 0;
}

bool
cache_head_is_sound(struct str head)
{
	while (head.len > 0) {
		size_t name = http_octet_span(head, HTTP_OCTET_TOKEN);
		head = str_skip(head, name);
		if (name == 0 || !str_starts(head, STR(": ")))
			return false;
		head = str_skip(head, 2);
		head = str_skip(head, http_octet_value_span(head));
		if (!str_starts(head, STR("\r\n")))
			return false;
		head = str_skip(head, 2);
	}
	return true;
}

bool
cache_head_next(struct str *rest, struct http_field *ret)
{
	if (rest->len == 0)
		return false;
	struct str value = str_cut(rest, '\r');
	*rest = str_skip(*rest, 1);
	struct str name = str_cut(&value, ':');
	*ret = (struct http_field){
		.name = name,
		.value = str_skip(value, 1),
		.id = (uint8_t)http_name_find(name),
	};
	return true;
}

int
cache_head_read(struct str head, struct arena *arena, struct http_fields *ret)
{
	struct http_fields fields = { .count = 0 };
	struct http_field field;
	size_t lines = 0;

	for (size_t i = 0; i < head.len; i++)
		lines += head.at[i] == '\n';
	int error = http_fields_room(&fields, arena, lines);
	if (error < 0)
		return error;
	while (cache_head_next(&head, &field))
		fields.items[fields.count++] = field;
	*ret = fields;
	return 0;
}
