/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of the cache on any messages.  The input is a request, a response
 * and, if there is more, another request.  Must hold:
 *
 * - what is stored is read back, and its tag is where the meta says;
 * - a request has its own secondary key, another one has it only if its key is
 *   the same text;
 * - what is used as fresh is fresh, and no age is past its bound;
 * - ranges lie in the content and apart, and their answer has its length;
 * - an update that is made twice is made once.
 */
#include "cache/condition.h"
#include "cache/invalidate.h"
#include "cache/range.h"
#include "cache/reuse.h"
#include "cache/update.h"
#include "cache/vary.h"
#include "http/parse.h"
#include "tests/fuzz/http/pieces.h"

#define NOW INT64_C(1767340800)

static const struct cache_rules rules = {
	.heuristic_max = 86400,
	.stale_max = 600,
	.obey_requests = true,
	.keep_parts = true,
};
static const struct cache_times times = { NOW - 2, NOW };

struct stored {
	struct cache_meta meta;
	struct str head;
};

static void
check_tag(const struct cache_meta *meta, struct str head)
{
	struct str tag = cache_meta_etag(meta, head);

	must(tag.len == 0 ||
	     (tag.at >= head.at && tag.at + tag.len <= head.at + head.len));
}

static void
check_head(struct str head, struct arena *arena)
{
	struct http_fields fields;
	struct text again = TEXT_EMPTY;

	must(cache_head_read(head, arena, &fields) == 0);
	for (size_t i = 0; i < fields.count; i++) {
		text_add(&again, fields.items[i].name);
		text_addz(&again, ": ");
		text_add(&again, fields.items[i].value);
		text_addz(&again, "\r\n");
	}
	must(str_eq(text_str(&again), head));
	text_fini(&again);
}

static void
check_vary(const struct http_response *response, const struct http_request *a,
    const struct http_request *b)
{
	struct text key = TEXT_EMPTY, other = TEXT_EMPTY;

	if (cache_vary_key(&response->fields, a, &key) == 0) {
		must(cache_vary_matches(text_str(&key), a));
		if (cache_vary_key(&response->fields, b, &other) == 0)
			must(cache_vary_matches(text_str(&key), b) ==
			     str_eq(text_str(&key), text_str(&other)));
	}
	text_fini(&key);
	text_fini(&other);
}

static void
check_reuse(const struct stored *stored, const struct http_request *request)
{
	static const int64_t after[] = { 0, 1, 60, 3600, INT32_MAX };

	for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
		struct cache_reuse reuse;
		cache_reuse(
		    &stored->meta, request, NOW + after[i], &rules, &reuse);
		must(reuse.age <= CACHE_SECONDS_MAX);
		must(reuse.use != CACHE_USE_FRESH || reuse.ttl > 0);
		must(reuse.use == CACHE_USE_VALIDATE ||
		     reuse.use == CACHE_USE_NOT || !reuse.asked);
		must((stored->meta.flags & CACHE_META_NO_CACHE) == 0 ||
		     reuse.use == CACHE_USE_VALIDATE ||
		     reuse.use == CACHE_USE_NOT);
	}
	(void)cache_condition_of(request, &stored->meta, stored->head);
}

static void
check_parts(const struct cache_ranges *ranges, uint64_t length)
{
	char boundary[CACHE_BOUNDARY_BYTES] = { 'x' };
	struct text text = TEXT_EMPTY;
	uint64_t content = 0;

	must(ranges->count > 0 && ranges->count <= CACHE_RANGES_MAX);
	for (size_t i = 0; i < ranges->count; i++) {
		const struct cache_range *range = &ranges->items[i];
		must(range->first <= range->last && range->last < length);
		for (size_t j = 0; j < i; j++)
			must(range->first > ranges->items[j].last ||
			     range->last < ranges->items[j].first);
		content += range->last - range->first + 1;
		cache_range_add_part_head(
		    (struct str){ boundary, sizeof(boundary) }, STR("a/b"),
		    range, length, i == 0, &text);
	}
	cache_range_add_part_tail(
	    (struct str){ boundary, sizeof(boundary) }, &text);
	must(content <= length);
	must(cache_range_parts_length(ranges, STR("a/b"), length) ==
	     content + text.len);
	text_fini(&text);
}

static void
check_range(const struct stored *stored, const struct http_request *request)
{
	static const uint64_t lengths[] = { 0, 1, 10, 1000, INT64_MAX };
	struct cache_ranges ranges;
	struct cache_range part;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		if (cache_range_of(request, &stored->meta, stored->head,
			lengths[i], &ranges) == CACHE_RANGE_PARTS)
			check_parts(&ranges, lengths[i]);
	if (cache_range_of_part(
		request, &stored->meta, stored->head, 5, &part)) {
		uint64_t first = (uint64_t)stored->meta.range_first;
		must(part.first >= first && part.first <= part.last &&
		     part.last < first + 5);
	}
	if (cache_range_missing(&stored->meta, stored->head, 5, &part))
		must(part.first == 5 && part.last >= part.first);
}

static struct str
update(const struct http_request *request, const struct http_response *response,
    const struct cache_meta *meta, struct str head, struct arena *arena,
    struct cache_meta *ret)
{
	struct text text = TEXT_EMPTY;

	const struct cache_update update = { request, response, &times, &rules,
		meta, head };
	(void)cache_update(&update, arena, &text, ret);
	must(text.full || text.len > 0);
	struct str made = arena_str(arena, text_str(&text));
	if (!text.full)
		check_tag(ret, made);
	else
		made.len = 0;
	text_fini(&text);
	return made;
}

static void
check_update(const struct stored *stored, const struct http_request *request,
    const struct http_response *response, struct arena *arena)
{
	struct http_response same = *response;
	struct cache_meta once, twice;

	same.status = 304;
	struct str first =
	    update(request, &same, &stored->meta, stored->head, arena, &once);
	if (first.len == 0)
		return;
	check_head(first, arena);
	struct str second = update(request, &same, &once, first, arena, &twice);
	must(str_eq(first, second));
	must(twice.lifetime == once.lifetime && twice.flags == once.flags);
}

static void
check(const struct http_request *request, const struct http_response *response,
    const struct http_request *other, struct arena *arena)
{
	struct http_uri uris[CACHE_INVALIDATE_MAX];
	struct stored stored;
	struct text head = TEXT_EMPTY;

	check_vary(response, request, other);
	size_t dropped = cache_invalidate(request, response, arena, uris);
	must(dropped <= CACHE_INVALIDATE_MAX);
	for (size_t i = 0; i < dropped; i++)
		must(http_uri_same_origin(&uris[i], &request->uri));
	if (cache_meta_make(request, response, &times, &rules, &stored.meta) !=
	    CACHE_STORABLE)
		return;
	must(cache_head_write(response, &head, &stored.meta) == 0);
	stored.head = text_str(&head);
	check_tag(&stored.meta, stored.head);
	check_head(stored.head, arena);
	check_reuse(&stored, other);
	check_range(&stored, other);
	check_update(&stored, request, response, arena);
	text_fini(&head);
}

/* Cuts a request off *rest; false if there is none. */
static bool
take_request(struct str *rest, struct arena *arena, struct http_request *ret)
{
	struct http_arrival arrival = { .scheme = HTTP_SCHEME_HTTP };
	struct http_head_scan scan = { 0 };
	enum http_fault fault;
	int used =
	    http_request_parse(*rest, &scan, &arrival, arena, ret, &fault);

	*rest = str_skip(*rest, used > 0 ? (size_t)used : 0);
	return used > 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = piece_copy((struct str){ (const char *)data, size });
	struct str rest = bytes;
	struct http_head_scan scan = { 0 };
	struct http_request request, other;
	struct http_response response;
	enum http_fault fault;
	struct arena arena;

	arena_init(&arena, 1 << 22);
	if (take_request(&rest, &arena, &request)) {
		int used = http_response_parse(
		    rest, &scan, request.method, &arena, &response, &fault);
		rest = str_skip(rest, used > 0 ? (size_t)used : 0);
		if (used > 0 && take_request(&rest, &arena, &other))
			check(&request, &response, &other, &arena);
		else if (used > 0)
			check(&request, &response, &request, &arena);
	}
	arena_fini(&arena);
	piece_free(bytes);
	return 0;
}
