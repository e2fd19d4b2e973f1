/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/object_impl.h"

#include "base/must.h"
#include "cache/body_impl.h"

#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

/* What only parts of contents have (206), and answers to HEAD. */
struct wide {
	int64_t content_length, range_first, range_last;
};

/* A new field must be packed below before it is lost. */
static_assert(sizeof(struct cache_meta) == 80, "pack what is new in it");

/* ---- meta ---- */

/* One second is given up for 0, which says that there is none. */
static uint32_t
pack_time(int64_t time)
{
	if (time == HTTP_UNSAID)
		return 0;
	if (time < 0)
		return 1;
	return time < UINT32_MAX - 1 ? (uint32_t)time + 1 : UINT32_MAX;
}

static int64_t
unpack_time(uint32_t packed)
{
	return packed == 0 ? HTTP_UNSAID : (int64_t)packed - 1;
}

/* Up to nine hours in seconds, then in minutes up to three weeks: what a stale
 * response may do for longer than that hangs on no minute. */
#define SPAN_MINUTES 0x8000u

static uint16_t
pack_span(uint32_t seconds)
{
	uint32_t minutes = seconds / 60;

	if (seconds < SPAN_MINUTES)
		return (uint16_t)seconds;
	if (minutes >= SPAN_MINUTES)
		minutes = SPAN_MINUTES - 1;
	return (uint16_t)(minutes | SPAN_MINUTES);
}

static uint32_t
unpack_span(uint16_t packed)
{
	return packed < SPAN_MINUTES ? packed : (packed & ~SPAN_MINUTES) * 60;
}

static void
pack(struct cache_object *object, const struct cache_meta *meta)
{
	object->response_time = pack_time(meta->response_time);
	object->date = pack_time(meta->date);
	object->last_modified = pack_time(meta->last_modified);
	object->corrected_age = meta->corrected_age;
	object->lifetime = meta->lifetime;
	object->stale_while_revalidate =
	    pack_span(meta->stale_while_revalidate);
	object->stale_if_error = pack_span(meta->stale_if_error);
	object->content = meta->content;
	object->etag_at = (uint16_t)meta->etag_at; /* within the head */
	object->etag_len = meta->etag_len;
	object->status = meta->status;
	object->flags = meta->flags;
}

static size_t
wide_bytes(const struct cache_object *object)
{
	return (object->flags & CACHE_OBJECT_WIDE) != 0 ? sizeof(struct wide)
							: 0;
}

static char *
text_of(const struct cache_object *object)
{
	struct cache_object *own = cache_lent(object);

	return own->text + wide_bytes(object);
}

struct cache_meta
cache_object_meta(const struct cache_object *object)
{
	struct cache_meta meta = {
		.response_time = unpack_time(object->response_time),
		.date = unpack_time(object->date),
		.last_modified = unpack_time(object->last_modified),
		.corrected_age = object->corrected_age,
		.lifetime = object->lifetime,
		.stale_while_revalidate =
		    unpack_span(object->stale_while_revalidate),
		.stale_if_error = unpack_span(object->stale_if_error),
		.content = object->content,
		.etag_at = object->etag_at,
		.etag_len = object->etag_len,
		.status = object->status,
		.flags = object->flags & (uint16_t)~CACHE_OBJECT_FLAGS,
	};
	struct wide wide = { 0 };

	if ((object->flags & CACHE_OBJECT_WIDE) != 0)
		memcpy(&wide, object->text, sizeof(wide));
	else
		wide.content_length =
		    cache_body_length(cache_object_body(object));
	meta.content_length = wide.content_length;
	meta.range_first = wide.range_first;
	meta.range_last = wide.range_last;
	return meta;
}

bool
cache_object_is_part(const struct cache_object *object)
{
	return (object->flags & CACHE_META_PARTIAL) != 0;
}

uint32_t
cache_object_stamp(const struct cache_object *object)
{
	return object->stamp;
}

/* ---- making ---- */

static struct cache_object *
shared_by(struct cache_object *object)
{
	if (object == NULL || object->body.kind != CACHE_BODY_SHARED)
		return object;
	return atomic_load_explicit(&object->body.more, memory_order_relaxed);
}

static bool
is_short(const struct cache_parts *parts)
{
	return parts->key.len <= CACHE_TEXT_BYTES_MAX &&
	       parts->vary.len <= CACHE_TEXT_BYTES_MAX &&
	       parts->head.len <= CACHE_TEXT_BYTES_MAX &&
	       parts->tags.len <= CACHE_TEXT_BYTES_MAX;
}

static bool
is_inline(int64_t length)
{
	return length >= 0 && (uint64_t)length <= CACHE_INLINE_BYTES_MAX;
}

/* Whether the length of the content is not that of the body. */
static bool
is_wide(const struct cache_parts *parts)
{
	int64_t length = parts->length;

	if (parts->freshened != NULL)
		length = cache_body_length(cache_object_body(parts->freshened));
	return parts->meta.range_first != 0 || parts->meta.range_last != 0 ||
	       parts->meta.content_length != length;
}

static struct cache_object *
allocate(const struct cache_parts *parts, bool wide)
{
	size_t size = offsetof(struct cache_object, text) + parts->key.len +
		      parts->vary.len + parts->head.len + parts->tags.len;

	if (wide)
		size += sizeof(struct wide);
	if (parts->freshened == NULL && is_inline(parts->length))
		size += (size_t)parts->length;
	if (size < sizeof(struct cache_object))
		size = sizeof(struct cache_object);
	return malloc(size);
}

static char *
put_text(char *at, struct str text, uint16_t *ret_len)
{
	if (text.len > 0)
		memcpy(at, text.at, text.len);
	*ret_len = (uint16_t)text.len;
	return at + text.len;
}

static void
put_texts(struct cache_object *object, const struct cache_parts *parts)
{
	char *at = text_of(object);

	at = put_text(at, parts->key, &object->key_len);
	at = put_text(at, parts->vary, &object->vary_len);
	at = put_text(at, parts->head, &object->head_len);
	(void)put_text(at, parts->tags, &object->tags_len);
}

static void
put_wide(struct cache_object *object, const struct cache_meta *meta)
{
	struct wide wide = { meta->content_length, meta->range_first,
		meta->range_last };

	/* There is room for it behind the struct. */
	object->flags |= CACHE_OBJECT_WIDE;
	memcpy(object->text, &wide, sizeof(wide));
}

static int
begin_body(struct cache_object *object, const struct cache_parts *parts)
{
	struct cache_object *shared = shared_by(parts->freshened);

	if (shared == NULL)
		return cache_body_begin(&object->body,
		    is_inline(parts->length) ? CACHE_BODY_INLINE
					     : CACHE_BODY_PIECES,
		    parts->length);
	object->body.kind = CACHE_BODY_SHARED;
	atomic_init(&object->body.more, cache_object_ref(shared));
	return 0;
}

int
cache_object_create(const struct cache_parts *parts, struct cache_object **ret)
{
	if (!is_short(parts))
		return -EFBIG;
	bool wide = is_wide(parts);
	struct cache_object *object = allocate(parts, wide);
	if (object == NULL)
		return -ENOMEM;
	memset(object, 0, sizeof(*object));
	atomic_init(&object->body.refs, 1);
	atomic_init(&object->next, NULL);
	object->stamp = parts->stamp;
	pack(object, &parts->meta);
	if (wide)
		put_wide(object, &parts->meta);
	put_texts(object, parts);
	if (begin_body(object, parts) < 0) {
		free(object);
		return -ENOMEM;
	}
	*ret = object;
	return 0;
}

struct cache_object *
cache_object_ref(struct cache_object *object)
{
	(void)atomic_fetch_add_explicit(
	    &object->body.refs, 1, memory_order_relaxed);
	return object;
}

void
cache_object_unref(struct cache_object *object)
{
	if (object == NULL || atomic_fetch_sub_explicit(&object->body.refs, 1,
				  memory_order_acq_rel) != 1)
		return;
	if (object->body.kind == CACHE_BODY_SHARED)
		cache_object_unref(shared_by(object));
	else
		cache_body_fini(&object->body);
	free(object);
}

/* ---- settling ---- */

/* More is not worth a copy. */
#define SETTLED_BYTES_MAX ((uint64_t)256 << 10)

bool
cache_object_is_loose(const struct cache_object *object)
{
	return cache_body_is_loose(&object->body) &&
	       cache_body_bytes(&object->body) <= SETTLED_BYTES_MAX;
}

static int
copy_body(const struct cache_body *from, struct cache_body *to)
{
	struct iovec span;
	uint64_t at = 0;

	while (cache_body_spans(from, at, UINT64_MAX, &span, 1) > 0) {
		if (cache_body_append(
			to, (struct str){ span.iov_base, span.iov_len }) < 0)
			return -ENOMEM;
		at += span.iov_len;
	}
	cache_body_end(to);
	(void)cache_body_charge_anew(to);
	return 0;
}

int
cache_object_settle(
    const struct cache_object *object, struct cache_object **ret)
{
	struct cache_parts parts = {
		.key = cache_object_key(object),
		.vary = cache_object_vary(object),
		.head = cache_object_head(object),
		.tags = cache_object_tags(object),
		.meta = cache_object_meta(object),
		.stamp = object->stamp,
		.length = (int64_t)cache_body_bytes(&object->body),
	};
	struct cache_object *settled;

	if (cache_object_create(&parts, &settled) < 0)
		return -ENOMEM;
	if (copy_body(&object->body, &settled->body) < 0) {
		cache_object_unref(settled);
		return -ENOMEM;
	}
	*ret = settled;
	return 0;
}

/* ---- looking ---- */

struct str
cache_object_key(const struct cache_object *object)
{
	return (struct str){ text_of(object), object->key_len };
}

struct str
cache_object_vary(const struct cache_object *object)
{
	return (
	    struct str){ text_of(object) + object->key_len, object->vary_len };
}

struct str
cache_object_head(const struct cache_object *object)
{
	return (
	    struct str){ text_of(object) + object->key_len + object->vary_len,
		object->head_len };
}

struct str
cache_object_tags(const struct cache_object *object)
{
	struct str head = cache_object_head(object);

	return (struct str){ head.at + head.len, object->tags_len };
}

char *
cache_object_bytes(struct cache_object *object)
{
	return text_of(object) + object->key_len + object->vary_len +
	       object->head_len + object->tags_len;
}

struct cache_body *
cache_object_body(const struct cache_object *object)
{
	struct cache_object *own = cache_lent(object);

	return &shared_by(own)->body;
}

/* ---- its share of memory ---- */

/* The allocator's word before each piece, and the table's after it. */
#define CHARGE_BESIDE (8 + 8)

uint64_t
cache_object_charge(struct cache_object *object)
{
	struct cache_object *shared = shared_by(object);
	uint64_t charge = malloc_usable_size(object) + CHARGE_BESIDE;

	if (shared != object)
		charge += malloc_usable_size(shared) + CHARGE_BESIDE;
	return charge + cache_body_charge(&shared->body);
}
