/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The merged fields make a response that never came, of which cache/meta and
 * cache/head judge as of any other.
 */
#include "cache/update.h"

#include "cache/freshness.h"
#include "cache/range.h"
#include "http/etag.h"

/* 4.3.4: the same strong validator, or at least one that does not differ. */
static bool
validators_agree(const struct http_response *response,
    const struct cache_meta *meta, struct str head)
{
	const struct http_fields *fields = &response->fields;
	struct str stored = cache_meta_etag(meta, head);
	struct str tag = http_etag_of(fields);
	int64_t modified;

	if (tag.len > 0)
		return http_etag_is_weak(tag)
			   ? http_etag_weak_eq(tag, stored)
			   : http_etag_strong_eq(tag, stored);
	if (cache_freshness_date(fields, HTTP_NAME_LAST_MODIFIED,
		meta->response_time, &modified) == 0)
		return modified == meta->last_modified;
	/* It says nothing, and was asked about this one only. */
	return true;
}

bool
cache_update_concerns(const struct http_response *response,
    const struct cache_meta *meta, struct str head)
{
	if (response->method == HTTP_METHOD_HEAD && response->status != 304) {
		/* 4.3.5 */
		if (response->status != 200 || meta->status != 200)
			return false;
		if (response->content_length != HTTP_UNSAID &&
		    meta->content_length != HTTP_UNSAID &&
		    response->content_length != meta->content_length)
			return false;
	} else if (response->status != 304) {
		return false;
	}
	return validators_agree(response, meta, head);
}

/*
 * 3.2: what may be replaced.  The stored bytes are what the stored fields say
 * of them: how they are coded, which of the whole, and of which type, which
 * servers are known to get wrong where there is no content.
 */
static bool
replaces(const struct http_field *field)
{
	return cache_head_keeps(field) &&
	       field->id != HTTP_NAME_CONTENT_ENCODING &&
	       field->id != HTTP_NAME_CONTENT_TYPE &&
	       field->id != HTTP_NAME_CONTENT_RANGE;
}

static bool
is_replaced(
    const struct http_field *stored, const struct http_response *response)
{
	const struct http_fields *fields = &response->fields;

	if (stored->id == HTTP_NAME_DATE)
		return true; /* a new one came, or will be made */
	for (size_t i = 0; i < fields->count; i++)
		if (replaces(&fields->items[i]) &&
		    http_field_is_named(&fields->items[i], stored->name))
			return true;
	return false;
}

static int
merge(struct str head, const struct http_response *response,
    struct arena *arena, struct http_fields *ret)
{
	const struct http_fields *fields = &response->fields;
	struct http_fields merged = { .count = 0 };
	struct http_field field;
	int error = 0;

	while (error == 0 && cache_head_next(&head, &field))
		if (!is_replaced(&field, response))
			error = http_fields_add(
			    &merged, arena, field.name, field.value);
	for (size_t i = 0; error == 0 && i < fields->count; i++)
		if (replaces(&fields->items[i]) ||
		    fields->items[i].id == HTTP_NAME_AGE)
			error = http_fields_add(&merged, arena,
			    fields->items[i].name, fields->items[i].value);
	if (error == 0)
		*ret = merged;
	return error;
}

/* Which part of the whole it is, with what a 206 brought. */
static void
keep_place(const struct http_response *response, const struct cache_meta *meta,
    struct cache_meta *ret)
{
	struct cache_range range;
	int64_t complete;

	ret->status = meta->status;
	ret->content_length = meta->content_length;
	ret->flags |= meta->flags & CACHE_META_PARTIAL;
	ret->range_first = meta->range_first;
	ret->range_last = meta->range_last;
	if (response->status != 206 ||
	    !cache_range_of_response(response, &range, &complete))
		return;
	ret->range_last = (int64_t)range.last;
	if (ret->range_first > 0 || ret->range_last + 1 != ret->content_length)
		return;
	ret->status = 200;
	ret->flags &= (uint16_t)~CACHE_META_PARTIAL;
	ret->range_last = 0;
}

/* What may answer this one request, and never again by itself. */
static struct cache_meta
used_up(const struct cache_meta *meta, const struct cache_times *times)
{
	struct cache_meta once = *meta;

	once.response_time = times->response;
	once.corrected_age = 0;
	once.lifetime = 0;
	once.flags |= CACHE_META_NO_CACHE;
	return once;
}

enum cache_refusal
cache_update(const struct cache_update *update, struct arena *arena,
    struct text *out, struct cache_meta *ret)
{
	const struct cache_meta *meta = update->meta;
	struct http_request asked = *update->request;
	struct http_response merged = {
		.status = meta->status == 206 ? 200 : meta->status,
		.minor = 1,
		.method = HTTP_METHOD_GET,
		.content_length = HTTP_UNSAID,
	};

	asked.method = HTTP_METHOD_GET;
	if (merge(update->head, update->response, arena, &merged.fields) < 0)
		out->full = true;
	enum cache_refusal refusal =
	    cache_meta_make(&asked, &merged, update->times, update->rules, ret);
	if (refusal != CACHE_STORABLE)
		*ret = used_up(meta, update->times);
	keep_place(update->response, meta, ret);
	(void)cache_head_write(&merged, out, ret); /* out->full tells */
	return refusal;
}
