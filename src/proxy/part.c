/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/part.h"

#include "base/text.h"
#include "cache/condition.h"
#include "cache/range.h"

#include <errno.h>

/* What it has, or will have; 0: nobody knows. */
static uint64_t
length_of(const struct cache_object *part)
{
	const struct cache_body *body = cache_object_body(part);
	int64_t length = cache_body_length(body);

	return cache_body_state(body) == CACHE_BODY_BROKEN || length < 0
		   ? 0
		   : (uint64_t)length;
}

bool
part_answers(
    const struct cache_object *part, const struct http_request *request)
{
	struct cache_meta meta = cache_object_meta(part);
	struct str head = cache_object_head(part);
	struct cache_range range;

	if (request->method != HTTP_METHOD_GET)
		return false;
	return cache_condition_of(request, &meta, head) ==
		   CACHE_CONDITION_NOT_MODIFIED ||
	       cache_range_of_part(
		   request, &meta, head, length_of(part), &range);
}

/* All of what it has can be copied. */
static bool
is_there(const struct cache_object *part)
{
	const struct cache_body *body = cache_object_body(part);

	return cache_body_is_all(body) &&
	       cache_body_bytes(body) <= PART_COPY_MAX;
}

static bool
finds_missing(const struct cache_object *part, struct cache_range *ret)
{
	struct cache_meta meta = cache_object_meta(part);

	return is_there(part) &&
	       cache_range_missing(
		   &meta, cache_object_head(part), length_of(part), ret);
}

bool
part_is_beginning(
    const struct cache_object *part, const struct http_request *request)
{
	struct cache_range missing;

	return request->method == HTTP_METHOD_GET &&
	       http_fields_get(&request->fields, HTTP_NAME_RANGE) == NULL &&
	       finds_missing(part, &missing);
}

static int
add_range(struct http_request *request, const struct cache_range *range,
    struct arena *arena)
{
	struct text value = TEXT_EMPTY;

	text_addf(&value, "bytes=%llu-%llu", (unsigned long long)range->first,
	    (unsigned long long)range->last);
	struct str kept = arena_str(arena, text_str(&value));
	bool full = value.full || arena->full;
	text_fini(&value);
	return full ? -ENOMEM
		    : http_fields_add(
			  &request->fields, arena, STR("Range"), kept);
}

int
part_ask_rest(struct http_request *request, const struct cache_object *part,
    struct arena *arena)
{
	struct cache_meta meta = cache_object_meta(part);
	struct cache_range missing;

	if (!finds_missing(part, &missing))
		return -EINVAL;
	cache_condition_remove(request);
	int rc = add_range(request, &missing, arena);
	if (rc == 0)
		rc = http_fields_add(&request->fields, arena, STR("If-Range"),
		    cache_range_validator(&meta, cache_object_head(part)));
	return rc;
}

bool
part_goes_on(const struct cache_object *part,
    const struct http_response *response, uint64_t *ret_skip)
{
	struct cache_meta meta = cache_object_meta(part);

	return is_there(part) &&
	       cache_range_continues(&meta, cache_object_head(part),
		   length_of(part), response, ret_skip);
}

int
part_copy(const struct cache_object *part, struct cache_object *longer)
{
	const struct cache_body *from = cache_object_body(part);
	struct cache_body *to = cache_object_body(longer);
	struct iovec span;
	uint64_t at = 0;
	int rc = 0;

	while (
	    rc == 0 && cache_body_spans(from, at, UINT64_MAX, &span, 1) > 0) {
		rc = cache_body_append(
		    to, (struct str){ span.iov_base, span.iov_len });
		at += span.iov_len;
	}
	return rc;
}

/* ---- what broke off ---- */

/* Of what comes from elsewhere, only what others may complete is worth it. */
static bool
is_worth_saving(const struct cache_object *broken)
{
	const struct cache_body *body = cache_object_body(broken);
	struct cache_meta meta = cache_object_meta(broken);
	uint64_t have = cache_body_bytes(body);

	return (meta.status == 200 || meta.status == 206) && have > 0 &&
	       have <= PART_COPY_MAX && meta.content_length > 0 &&
	       have < (uint64_t)meta.content_length &&
	       cache_body_room(body) == SIZE_MAX &&
	       cache_range_validator(&meta, cache_object_head(broken)).len > 0;
}

/* NULL: there is none. */
static struct cache_object *
part_of(const struct cache_object *broken)
{
	uint64_t have = cache_body_bytes(cache_object_body(broken));
	struct cache_parts parts = {
		.key = cache_object_key(broken),
		.vary = cache_object_vary(broken),
		.head = cache_object_head(broken),
		.tags = cache_object_tags(broken),
		.meta = cache_object_meta(broken),
		.stamp = cache_object_stamp(broken),
		.length = (int64_t)have,
	};
	struct cache_object *part;

	if (!is_worth_saving(broken))
		return NULL;
	parts.meta.status = 206;
	parts.meta.flags |= CACHE_META_PARTIAL;
	parts.meta.range_last = parts.meta.range_first + (int64_t)have - 1;
	if (cache_object_create(&parts, &part) < 0)
		return NULL;
	int rc = part_copy(broken, part);
	if (rc == 0) {
		cache_body_end(cache_object_body(part));
		return part;
	}
	cache_body_break(cache_object_body(part));
	cache_object_unref(part);
	return NULL;
}

/* Copied before the store lets go of the body, which may then lose pieces. */
void
part_save(struct cache_user *user, struct cache_object *broken)
{
	struct cache_object *part = part_of(broken);
	bool was_there = cache_drop(user, broken);

	cache_body_break(cache_object_body(broken));
	if (part != NULL && was_there)
		(void)cache_put(user, part);
	cache_object_unref(part);
}
