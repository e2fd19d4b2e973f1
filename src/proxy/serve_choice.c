/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/serve_choice: which answer a stored one becomes: all of it, parts of
 * it, that it has not changed, or that there is no such part.
 */
#include "proxy/serve_impl.h"

#include "cache/condition.h"

uint64_t
serve_length(const struct cache_object *object)
{
	const struct cache_body *body = cache_object_body(object);
	int64_t length = cache_body_length(body);

	if (length >= 0)
		return (uint64_t)length;
	return cache_body_state(body) == CACHE_BODY_WHOLE
		   ? cache_body_bytes(body)
		   : UINT64_MAX;
}

/* UINT64_MAX: to the end, wherever that will be. */
static void
take_whole(struct serve *serve, uint64_t length)
{
	serve->parts = (struct cache_ranges){ .count = length > 0 };
	serve->parts.items[0].last =
	    length == UINT64_MAX ? UINT64_MAX : length - 1;
}

/*
 * Of what still arrives, what a reader has behind itself may be gone: a client
 * that asks for the end first gets it last (RFC 9110, 15.3.7.2 lets us).
 */
static void
sort_parts(struct cache_ranges *parts)
{
	for (size_t i = 1; i < parts->count; i++) {
		struct cache_range part = parts->items[i];
		size_t at = i;
		for (; at > 0 && parts->items[at - 1].first > part.first; at--)
			parts->items[at] = parts->items[at - 1];
		parts->items[at] = part;
	}
}

/* All of it, where the server gave another part than it was asked for. */
static void
choose_of_part(struct serve *serve, const struct http_request *request,
    const struct cache_meta *meta)
{
	struct cache_range range;

	if (!cache_range_of_part(request, meta,
		cache_object_head(serve->object), serve_length(serve->object),
		&range))
		return;
	serve->parts.items[0].first = range.first - serve->base;
	serve->parts.items[0].last = range.last - serve->base;
}

static void
choose_parts(struct serve *serve, const struct http_request *request)
{
	struct cache_meta meta = cache_object_meta(serve->object);
	struct str head = cache_object_head(serve->object);
	uint64_t length = serve_length(serve->object);

	serve->status = meta.status;
	take_whole(serve, length);
	if (cache_object_is_part(serve->object)) {
		choose_of_part(serve, request, &meta);
		return;
	}
	if (length == UINT64_MAX || meta.status != 200)
		return;
	struct cache_ranges parts;
	switch (cache_range_of(request, &meta, head, length, &parts)) {
	case CACHE_RANGE_WHOLE:
		return;
	case CACHE_RANGE_PARTS:
		serve->status = 206;
		if (cache_body_state(cache_object_body(serve->object)) !=
		    CACHE_BODY_WHOLE)
			sort_parts(&parts);
		serve->parts = parts;
		serve->several = parts.count > 1;
		break;
	case CACHE_RANGE_NONE:
		serve->status = 416;
		serve->parts.count = 0;
		break;
	}
}

void
serve_choose(struct serve *serve, const struct serve_order *order)
{
	const struct http_request *request = order->request;
	struct cache_meta meta = cache_object_meta(serve->object);

	serve->base = (uint64_t)meta.range_first;
	serve->whole = cache_object_is_part(serve->object)
			   ? meta.content_length
			   : (int64_t)serve_length(serve->object);
	if (order->judged) {
		serve->status = meta.status;
		take_whole(serve, serve_length(serve->object));
		return;
	}
	switch (cache_condition_of(
	    request, &meta, cache_object_head(serve->object))) {
	case CACHE_CONDITION_NOT_MODIFIED:
		serve->status = 304;
		return;
	case CACHE_CONDITION_NONE:
	case CACHE_CONDITION_NOT_OURS: /* nobody asks us then */
		break;
	}
	choose_parts(serve, request);
}
