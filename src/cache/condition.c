/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/condition.h"

#include "cache/freshness.h"
#include "cache/head.h"
#include "http/etag.h"

bool
cache_condition_is_for_origin(const struct http_request *request)
{
	const struct http_fields *fields = &request->fields;

	return http_fields_get(fields, HTTP_NAME_IF_MATCH) != NULL ||
	       http_fields_get(fields, HTTP_NAME_IF_UNMODIFIED_SINCE) != NULL;
}

/* RFC 9111, 4.3.2: without Last-Modified the Date, or when it came. */
static bool
is_unmodified_since(
    const struct http_request *request, const struct cache_meta *meta)
{
	int64_t since;
	int64_t modified = meta->last_modified != HTTP_UNSAID
			       ? meta->last_modified
			       : meta->date;

	if (cache_freshness_date(&request->fields, HTTP_NAME_IF_MODIFIED_SINCE,
		meta->response_time, &since) < 0)
		return false;
	return modified <= since;
}

enum cache_condition
cache_condition_of(const struct http_request *request,
    const struct cache_meta *meta, struct str head)
{
	bool same;

	if (cache_condition_is_for_origin(request))
		return CACHE_CONDITION_NOT_OURS;
	/* RFC 9110, 13.2.1: of other answers no condition is asked. */
	if (meta->status < 200 || meta->status > 299 ||
	    (request->method != HTTP_METHOD_GET &&
		request->method != HTTP_METHOD_HEAD))
		return CACHE_CONDITION_NONE;
	/* 13.1.3: If-None-Match is the better one of the two. */
	if (http_fields_get(&request->fields, HTTP_NAME_IF_NONE_MATCH) != NULL)
		same = http_etag_is_listed(&request->fields,
		    HTTP_NAME_IF_NONE_MATCH, cache_meta_etag(meta, head));
	else
		same = is_unmodified_since(request, meta);
	return same ? CACHE_CONDITION_NOT_MODIFIED : CACHE_CONDITION_NONE;
}

bool
cache_condition_304_carries(const struct http_field *field)
{
	return field->id != HTTP_NAME_CONTENT_TYPE &&
	       field->id != HTTP_NAME_CONTENT_ENCODING &&
	       field->id != HTTP_NAME_CONTENT_RANGE &&
	       field->id != HTTP_NAME_CONTENT_LENGTH &&
	       field->id != HTTP_NAME_CONTENT_DISPOSITION &&
	       field->id != HTTP_NAME_ACCEPT_RANGES &&
	       !http_field_is_named(field, STR("Content-Language"));
}

bool
cache_condition_can_validate(const struct cache_meta *meta)
{
	return meta->etag_len > 0 || meta->last_modified != HTTP_UNSAID;
}

void
cache_condition_remove(struct http_request *request)
{
	static const enum http_name names[] = { HTTP_NAME_RANGE,
		HTTP_NAME_IF_MATCH, HTTP_NAME_IF_RANGE, HTTP_NAME_IF_NONE_MATCH,
		HTTP_NAME_IF_MODIFIED_SINCE, HTTP_NAME_IF_UNMODIFIED_SINCE };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)http_fields_remove(&request->fields, names[i]);
}

/* As it came: servers compare it as text. */
static struct str
last_modified(const struct cache_meta *meta, struct str head)
{
	struct http_field field;

	if (meta->last_modified != HTTP_UNSAID)
		while (cache_head_next(&head, &field))
			if (field.id == HTTP_NAME_LAST_MODIFIED)
				return field.value;
	return (struct str){ "", 0 };
}

/* RFC 9111, 4.3.1: both, for a server that knows only one. */
int
cache_condition_validate(struct http_request *request,
    const struct cache_meta *meta, struct str head, struct arena *arena)
{
	struct http_fields *fields = &request->fields;
	struct str modified = last_modified(meta, head);
	int error = 0;

	cache_condition_remove(request);
	if (meta->etag_len > 0)
		error = http_fields_add(fields, arena, STR("If-None-Match"),
		    cache_meta_etag(meta, head));
	if (error == 0 && modified.len > 0)
		error = http_fields_add(
		    fields, arena, STR("If-Modified-Since"), modified);
	return error;
}
