/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/keep.h"

#include "base/text.h"
#include "cache/condition.h"
#include "cache/head.h"
#include "cache/invalidate.h"
#include "cache/key.h"
#include "cache/range.h"
#include "cache/tags.h"
#include "cache/update.h"
#include "cache/vary.h"
#include "proxy/fill.h"
#include "proxy/part.h"
#include "proxy/worker.h"

#include <stdatomic.h>

/* A day: enough for what changes rarely, and an error heals by itself. */
const struct cache_rules keep_rules = {
	.heuristic_max = 86400,
	.stale_max = 86400,
	.obey_requests = true,
	.keep_parts = true,
};

int64_t
keep_now(void)
{
	return clock_wall() / CLOCK_SECOND;
}

static struct cache_user *
cache_of(const struct keep *keep)
{
	return &keep->worker->cache;
}

static struct cache_times
times_of(const struct keep *keep)
{
	return (struct cache_times){ .request = keep->sent_at,
		.response = keep_now() };
}

/* ---- what is asked ---- */

void
keep_validate(struct keep *keep, struct cache_object *stale)
{
	cache_object_unref(keep->stale);
	keep->stale = cache_object_ref(stale);
}

void
keep_complete(struct keep *keep, struct cache_object *part)
{
	cache_object_unref(keep->part);
	keep->part = cache_object_ref(part);
}

static int
ask_for_validation(const struct keep *keep, struct http_request *copy)
{
	struct cache_meta meta = cache_object_meta(keep->stale);

	return cache_condition_validate(
	    copy, &meta, cache_object_head(keep->stale), keep->arena);
}

int
keep_ask(struct keep *keep, struct http_request *copy,
    const struct http_request **ret)
{
	*ret = keep->request;
	keep->sent_at = keep_now();
	keep->stamp = cache_stamp(cache_of(keep)->cache);
	if (keep->stale == NULL && keep->part == NULL)
		return 0;
	int rc = http_request_copy(keep->request, keep->arena, copy);
	if (rc == 0)
		rc = keep->part != NULL
			 ? part_ask_rest(copy, keep->part, keep->arena)
			 : ask_for_validation(keep, copy);
	*ret = copy;
	return rc;
}

/* ---- what comes ---- */

/* In the store, or for one answer only.  NULL: it cannot be. */
static struct cache_object *
make(const struct keep *keep, const struct cache_parts *parts, bool store)
{
	struct cache_object *object;

	if (cache_object_create(parts, &object) < 0)
		return NULL;
	if (store && cache_put(cache_of(keep), object) < 0) {
		/* The store holds it until its content ends: it never will. */
		cache_body_break(cache_object_body(object));
		cache_object_unref(object);
		return NULL;
	}
	return object;
}

/* In the store if it may be there, and for one answer in any case: it has been
 * purged meanwhile, or its content has not come to its end yet. */
static struct cache_object *
make_fresher(
    const struct keep *keep, const struct cache_parts *parts, bool store)
{
	struct cache_object *object;

	if (cache_object_create(parts, &object) < 0)
		return NULL;
	if (store)
		(void)cache_put(cache_of(keep), object);
	return object;
}

/* Of a part, what its range says: what is not so long is dropped. */
static int64_t
length_of(const struct http_response *response, const struct cache_meta *meta)
{
	if ((meta->flags & CACHE_META_PARTIAL) != 0)
		return meta->range_last - meta->range_first + 1;
	if (response->framing == HTTP_FRAMING_NONE)
		return 0;
	return response->framing == HTTP_FRAMING_LENGTH
		   ? response->content_length
		   : HTTP_UNSAID;
}

/* Any thread; begins anywhere, lest what a disk has kept be taken for new. */
static uint32_t
next_content(void)
{
	static _Atomic uint32_t last;
	uint32_t begin = (uint32_t)clock_wall() | 1, none = 0;

	(void)atomic_compare_exchange_strong(&last, &none, begin);
	return atomic_fetch_add(&last, 1) + 1;
}

/* What is not stored has no secondary key: the texts of its request may have
 * gone with the head. */
static struct cache_object *
make_new(const struct keep *keep, const struct http_response *response,
    struct cache_meta *meta, bool store)
{
	struct text head = TEXT_EMPTY, vary = TEXT_EMPTY, tags = TEXT_EMPTY;
	struct cache_parts parts = { .key = keep->key,
		.stamp = keep->stamp,
		.length = length_of(response, meta) };
	struct cache_object *object = NULL;
	int rc = cache_head_write(response, &head, meta);

	if (rc == 0 && store)
		rc = cache_vary_key(&response->fields, keep->request, &vary);
	if (store)
		cache_tags_add(&response->fields, &tags);
	if (rc == 0 && !tags.full) {
		parts.head = text_str(&head);
		parts.vary = text_str(&vary);
		parts.tags = text_str(&tags);
		parts.meta = *meta;
		parts.meta.content = next_content();
		object = make(keep, &parts, store);
	}
	text_fini(&head);
	text_fini(&vary);
	text_fini(&tags);
	return object;
}

/* What came says them anew, or nothing of them. */
static struct str
fresher_tags(const struct http_response *response,
    const struct cache_object *stored, struct text *tags)
{
	cache_tags_add(&response->fields, tags);
	return tags->len > 0 && !tags->full ? text_str(tags)
					    : cache_object_tags(stored);
}

/* Vary may have changed. */
static int
make_vary(const struct keep *keep, struct str head, struct text *out)
{
	struct http_fields fields = { 0 };
	int rc = cache_head_read(head, keep->arena, &fields);

	return rc < 0 ? rc : cache_vary_key(&fields, keep->request, out);
}

/* ---- parts ---- */

/* A whole that others can use is not given away for a part of it. */
static bool
would_lose(const struct keep *keep, const struct cache_object *found)
{
	return found != NULL && found != keep->stale &&
	       !cache_object_is_part(found);
}

/* What is stored is the beginning of what comes; NULL: it is not. */
static struct cache_object *
beginning_of(const struct keep *keep, struct cache_object *found,
    const struct http_response *response, uint64_t *ret_skip)
{
	struct cache_object *part = keep->part != NULL ? keep->part : found;

	if (part == NULL || !cache_object_is_part(part) ||
	    !part_goes_on(part, response, ret_skip))
		return NULL;
	return part;
}

/* A longer one, into which the part has been copied.  NULL: it cannot be. */
static struct cache_object *
make_longer(const struct keep *keep, const struct cache_object *part,
    const struct http_response *response)
{
	struct cache_times times = times_of(keep);
	struct cache_meta meta = cache_object_meta(part);
	struct text head = TEXT_EMPTY, vary = TEXT_EMPTY, tags = TEXT_EMPTY;
	struct cache_parts parts = { .key = cache_object_key(part),
		.tags = fresher_tags(response, part, &tags),
		.stamp = keep->stamp };
	struct cache_object *longer = NULL;

	const struct cache_update update = {
		.request = keep->request,
		.response = response,
		.times = &times,
		.rules = &keep_rules,
		.meta = &meta,
		.head = cache_object_head(part),
	};
	enum cache_refusal refusal =
	    cache_update(&update, keep->arena, &head, &parts.meta);
	parts.head = text_str(&head);
	parts.meta.content = next_content();
	parts.length = (parts.meta.flags & CACHE_META_PARTIAL) != 0
			   ? parts.meta.range_last + 1
			   : meta.content_length;
	if (refusal == CACHE_STORABLE && !head.full &&
	    make_vary(keep, parts.head, &vary) == 0) {
		parts.vary = text_str(&vary);
		longer = make(keep, &parts, true);
	}
	text_fini(&head);
	text_fini(&vary);
	text_fini(&tags);
	if (longer == NULL || part_copy(part, longer) == 0)
		return longer;
	part_save(cache_of(keep), longer);
	cache_object_unref(longer);
	return NULL;
}

/* The 206, or what it makes of a part; as keep_new. */
static struct cache_object *
make_of_part(const struct keep *keep, const struct http_response *response,
    struct cache_meta *meta, uint64_t *ret_skip)
{
	struct cache_object *found =
	    cache_find(cache_of(keep), keep->key, keep->request);
	const struct cache_object *part =
	    beginning_of(keep, found, response, ret_skip);
	struct cache_object *object = NULL;

	if (would_lose(keep, found))
		return NULL;
	if (part != NULL)
		object = make_longer(keep, part, response);
	if (object != NULL || keep->part != NULL)
		return object;
	*ret_skip = 0;
	return make_new(keep, response, meta, true);
}

struct cache_object *
keep_new(struct keep *keep, struct errand *errand,
    const struct http_response *response, size_t used,
    enum cache_refusal *ret_refusal)
{
	struct cache_times times = times_of(keep);
	struct cache_meta meta;

	*ret_refusal = cache_meta_make(
	    keep->request, response, &times, &keep_rules, &meta);
	if (*ret_refusal != CACHE_STORABLE)
		return NULL;
	uint64_t skip = 0;
	struct cache_object *object =
	    (meta.flags & CACHE_META_PARTIAL) != 0
		? make_of_part(keep, response, &meta, &skip)
		: make_new(keep, response, &meta, true);
	if (object == NULL)
		return NULL;
	keep_drop_stale(keep);
	keep_drop_part(keep);
	keep_end_lead(keep, CACHE_LEAD_KEPT);
	stream_consume(errand->server, used);
	fill_start(errand, object, response, skip);
	return object;
}

struct cache_object *
keep_passing(struct keep *keep, struct errand *errand,
    const struct http_response *response, size_t used)
{
	struct cache_meta meta = { .response_time = keep_now(),
		.last_modified = HTTP_UNSAID,
		.content_length = HTTP_UNSAID,
		.status = (uint16_t)response->status };
	struct cache_object *object = make_new(keep, response, &meta, false);

	if (object == NULL)
		return NULL;
	stream_consume(errand->server, used);
	fill_start(errand, object, response, 0);
	return object;
}

bool
keep_concerns(const struct keep *keep, const struct http_response *response)
{
	struct cache_meta meta = cache_object_meta(keep->stale);

	return cache_update_concerns(
	    response, &meta, cache_object_head(keep->stale));
}

struct cache_object *
keep_fresher(struct keep *keep, const struct http_response *response)
{
	struct cache_object *stale = keep->stale;
	struct cache_times times = times_of(keep);
	struct cache_meta meta = cache_object_meta(stale);
	struct text head = TEXT_EMPTY, vary = TEXT_EMPTY, tags = TEXT_EMPTY;
	struct cache_parts parts = {
		.key = cache_object_key(stale),
		.tags = fresher_tags(response, stale, &tags),
		.stamp = keep->stamp,
		.freshened = stale,
	};
	struct cache_object *object = NULL;

	const struct cache_update update = {
		.request = keep->request,
		.response = response,
		.times = &times,
		.rules = &keep_rules,
		.meta = &meta,
		.head = cache_object_head(stale),
	};
	enum cache_refusal refusal =
	    cache_update(&update, keep->arena, &head, &parts.meta);
	parts.head = text_str(&head);
	parts.meta.content = meta.content;
	if (!head.full && make_vary(keep, parts.head, &vary) == 0) {
		parts.vary = text_str(&vary);
		object = make_fresher(keep, &parts, refusal == CACHE_STORABLE);
	}
	if (refusal != CACHE_STORABLE)
		(void)cache_drop(cache_of(keep), stale);
	text_fini(&head);
	text_fini(&vary);
	text_fini(&tags);
	keep_end_lead(keep, object != NULL ? CACHE_LEAD_KEPT : CACHE_LEAD_GONE);
	return object;
}

/* ---- what goes ---- */

void
keep_drop_stale(struct keep *keep)
{
	if (keep->stale != NULL)
		(void)cache_drop(cache_of(keep), keep->stale);
	cache_object_unref(keep->stale);
	keep->stale = NULL;
}

void
keep_drop_part(struct keep *keep)
{
	if (keep->part != NULL)
		(void)cache_drop(cache_of(keep), keep->part);
	cache_object_unref(keep->part);
	keep->part = NULL;
}

void
keep_end_lead(struct keep *keep, enum cache_lead_result result)
{
	if (keep->lead != NULL)
		cache_lead_end(cache_of(keep), &keep->lead, result);
}

void
keep_invalidate(struct keep *keep, const struct http_response *response)
{
	struct http_uri uris[CACHE_INVALIDATE_MAX];
	size_t count =
	    cache_invalidate(keep->request, response, keep->arena, uris);

	for (size_t i = 0; i < count; i++) {
		struct text key = TEXT_EMPTY;
		cache_key_add(&uris[i], (struct address_port){ 0 }, &key);
		if (!key.full)
			(void)cache_purge(cache_of(keep)->cache,
			    CACHE_PURGE_KEY, text_str(&key));
		text_fini(&key);
	}
}

void
keep_fini(struct keep *keep)
{
	keep_end_lead(keep, CACHE_LEAD_GONE);
	cache_object_unref(keep->stale);
	keep->stale = NULL;
	cache_object_unref(keep->part);
	keep->part = NULL;
}
