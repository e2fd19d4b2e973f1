/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/serve_head: the head of what is served, made of the stored one.
 */
#include "proxy/serve_impl.h"

#include "base/text.h"
#include "cache/condition.h"
#include "cache/head.h"
#include "http/write.h"

#include <errno.h>

/* Whether the stored field is a field of this answer. */
static bool
carries(const struct serve *serve, const struct serve_order *order,
    const struct http_field *field)
{
	if (field->id == HTTP_NAME_SET_COOKIE && !order->cookies)
		return false;
	switch (serve->status) {
	case 304:
		return cache_condition_304_carries(field);
	case 416:
		return false;
	case 206:
		return !serve->several || field->id != HTTP_NAME_CONTENT_TYPE;
	default:
		return true;
	}
}

struct str
serve_stored_value(const struct serve *serve, enum http_name name)
{
	struct str rest = cache_object_head(serve->object);
	struct http_field field;

	while (cache_head_next(&rest, &field))
		if (field.id == name)
			return field.value;
	return (struct str){ NULL, 0 };
}

static bool
carries_all(const struct serve *serve, const struct serve_order *order)
{
	return serve->status != 304 && serve->status != 416 &&
	       !serve->several &&
	       (order->cookies ||
		   serve_stored_value(serve, HTTP_NAME_SET_COOKIE).at == NULL);
}

/* What has been written into the scratch, for as long as the head is made. */
static struct str
keep(const struct serve_order *order)
{
	struct str kept = arena_str(order->arena, text_str(order->scratch));

	order->arena->full |= order->scratch->full;
	return kept;
}

/* Lent from the object, or from the arena. */
static struct str
head_of(const struct serve *serve, const struct serve_order *order)
{
	struct str rest = cache_object_head(serve->object);
	struct text *chosen = order->scratch;
	struct http_field field;

	if (carries_all(serve, order))
		return rest;
	text_clear(chosen);
	for (struct str line = rest; cache_head_next(&rest, &field);
	     line = rest)
		if (carries(serve, order, &field))
			text_add(chosen,
			    (struct str){ line.at, line.len - rest.len });
	return keep(order);
}

static void
add(struct http_response *response, const struct serve_order *order,
    struct str name, struct str value)
{
	if (http_fields_add(&response->fields, order->arena, name, value) < 0)
		order->arena->full = true;
}

static void
add_number(struct http_response *response, const struct serve_order *order,
    struct str name, uint64_t number)
{
	text_clear(order->scratch);
	text_add_number(order->scratch, number);
	add(response, order, name, keep(order));
}

static void
add_range(const struct serve *serve, struct http_response *response,
    const struct serve_order *order)
{
	struct cache_range range = serve->parts.items[0];
	struct text *value = order->scratch;

	range.first += serve->base;
	range.last += serve->base;
	text_clear(value);
	if (serve->several) {
		text_addf(value, "multipart/byteranges; boundary=%.*s",
		    CACHE_BOUNDARY_BYTES, serve->boundary);
		add(response, order, STR("Content-Type"), keep(order));
		return;
	}
	if (serve->status == 416)
		cache_range_add_unsatisfied((uint64_t)serve->whole, value);
	else
		cache_range_add_content_range(&range, serve->whole, value);
	add(response, order, STR("Content-Range"), keep(order));
}

/* HTTP_UNSAID while nobody knows. */
static int64_t
content_length(const struct serve *serve)
{
	const struct cache_range *part = &serve->parts.items[0];

	if (serve->parts.count == 0)
		return 0;
	if (serve->several)
		return (int64_t)cache_range_parts_length(&serve->parts,
		    serve_stored_value(serve, HTTP_NAME_CONTENT_TYPE),
		    serve_length(serve->object));
	if (part->last == UINT64_MAX)
		return HTTP_UNSAID;
	return (int64_t)(part->last - part->first + 1);
}

static struct http_response
describe(struct serve *serve, const struct serve_order *order)
{
	int64_t length =
	    serve->status == 304 ? HTTP_UNSAID : content_length(serve);
	struct http_response response =
	    http_response_own(serve->status, order->request->method, length);

	if (length == HTTP_UNSAID && response.framing != HTTP_FRAMING_NONE)
		response.framing = HTTP_FRAMING_UNTIL_CLOSE;
	http_response_fit(&response, http_request_takes_chunks(order->request));
	serve->chunked = response.framing == HTTP_FRAMING_CHUNKED;
	serve->keep_alive =
	    order->keep_alive && response.framing != HTTP_FRAMING_UNTIL_CLOSE;
	if (response.framing == HTTP_FRAMING_NONE)
		serve->parts.count = 0;
	if (order->age >= 0)
		add_number(&response, order, STR("Age"), (uint64_t)order->age);
	if (order->varies)
		add(&response, order, STR("Vary"), STR("Accept-Encoding"));
	if (order->cache_status.len > 0)
		add(&response, order, STR("Cache-Status"), order->cache_status);
	if (serve->status == 416 || serve->status == 206)
		add_range(serve, &response, order);
	return response;
}

int
serve_write_head(struct serve *serve, const struct serve_order *order)
{
	struct http_response_options options = {
		.client_minor = order->request->minor,
		.via = order->via,
	};
	struct arena_mark mark = arena_mark(order->arena);
	struct http_response response = describe(serve, order);
	int rc = -ENOMEM;

	options.head = head_of(serve, order);
	options.keep_alive = serve->keep_alive;
	text_clear(order->scratch);
	if (!order->arena->full)
		rc = http_response_write(&response, &options, order->scratch);
	arena_rewind(order->arena, mark);
	return rc;
}
