/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RFC 9111, 3: a list of questions in its order, each of which may refuse;
 * then 4.2: how long it is fresh (cache/freshness).  Read-only; any thread.
 */
#include "cache/meta.h"

#include "cache/freshness.h"
#include "cache/range.h"
#include "cache/vary.h"
#include "http/etag.h"
#include "http/override.h"
#include "http/reference.h"
#include "http/status.h"

/* What a clock is put right by while it runs. */
#define SET_BACK_SECONDS_MAX 60

struct str
cache_refusal_text(enum cache_refusal refusal)
{
	switch (refusal) {
#define ROW(id, text)                                                          \
	case CACHE_REFUSAL_##id:                                               \
		return STR(text);
		CACHE_REFUSALS(ROW)
#undef ROW
	case CACHE_STORABLE:
	case CACHE_REFUSAL_COUNT:
		break;
	}
	return (struct str){ "", 0 };
}

/*
 * Statuses of which the next client may not be told: they answer what was in
 * one request or on one connection and is in no key.  401, 407, 412, 416 and
 * 417 speak of its credentials, conditions, range and expectation; RFC 6585
 * forbids 428, 429, 431 and 511, RFC 8470 425, RFC 9110, 15.5.20 421.
 */
static bool
is_of_one_request(unsigned status)
{
	static const uint16_t statuses[] = { 401, 407, 408, 411, 412, 413, 416,
		417, 421, 425, 426, 428, 429, 431, 511 };

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i] == status)
			return true;
	return false;
}

static bool
is_storable_status(
    const struct http_response *response, const struct cache_control *control)
{
	unsigned status = response->status;

	if (status < 200 || status == 304 || is_of_one_request(status))
		return false;
	/* 5.2.2.3: what is registered is understood. */
	return !cache_control_says(control, CACHE_DIRECTIVE_MUST_UNDERSTAND) ||
	       http_status_reason(status).len > 0;
}

/*
 * RFC 9110, 9.3.3: the answer to a POST is what a GET would bring if it says
 * so, by a Content-Location that is the target and by explicit freshness.
 */
static bool
is_post_for_get(
    const struct http_request *request, const struct http_response *response)
{
	const struct http_field *location =
	    http_fields_get(&response->fields, HTTP_NAME_CONTENT_LOCATION);
	enum http_fault fault;
	struct http_uri uri;
	struct arena arena;

	if (request->method != HTTP_METHOD_POST || response->status != 200 ||
	    location == NULL)
		return false;
	arena_init(&arena, (size_t)64 * 1024);
	bool same = http_reference_resolve(&request->uri, location->value,
			&arena, &uri, &fault) == 0 &&
		    http_uri_same_origin(&uri, &request->uri) &&
		    str_eq(uri.path, request->uri.path);
	arena_fini(&arena);
	return same;
}

/* 3.5 */
static bool
is_authorized(
    const struct http_request *request, const struct cache_control *control)
{
	return !http_request_is_somebody_s(request) ||
	       cache_control_says(control, CACHE_DIRECTIVE_PUBLIC) ||
	       cache_control_says(control, CACHE_DIRECTIVE_S_MAXAGE) ||
	       cache_control_says(control, CACHE_DIRECTIVE_MUST_REVALIDATE);
}

/* 5.2.2.3: must-understand takes no-store back, for those who understand. */
static bool
is_no_store(const struct cache_control *control)
{
	return cache_control_says(control, CACHE_DIRECTIVE_NO_STORE) &&
	       !cache_control_says(control, CACHE_DIRECTIVE_MUST_UNDERSTAND);
}

/* 3.3: where a 206 belongs. */
static bool
place_part(const struct http_response *response, struct cache_meta *meta)
{
	struct cache_range range;
	int64_t complete;

	if (!cache_range_of_response(response, &range, &complete))
		return false;
	meta->flags |= CACHE_META_PARTIAL;
	meta->range_first = (int64_t)range.first;
	meta->range_last = (int64_t)range.last;
	meta->content_length = complete;
	return true;
}

static enum cache_refusal
refuse_message(const struct http_request *request,
    const struct http_response *response, const struct cache_control *control)
{
	struct cache_control asked;

	if (request->method != HTTP_METHOD_GET &&
	    !is_post_for_get(request, response))
		return CACHE_REFUSAL_METHOD;
	if (!is_storable_status(response, control))
		return CACHE_REFUSAL_STATUS;
	cache_control_of_request(request, &asked);
	/* Obeyed whatever the policy says of requests: it is about privacy. */
	if (cache_control_says(&asked, CACHE_DIRECTIVE_NO_STORE))
		return CACHE_REFUSAL_REQUEST_NO_STORE;
	if (http_override_is_said(&request->fields))
		return CACHE_REFUSAL_OVERRIDE;
	if (is_no_store(control))
		return CACHE_REFUSAL_NO_STORE;
	if (cache_control_says(control, CACHE_DIRECTIVE_PRIVATE))
		return CACHE_REFUSAL_PRIVATE;
	if (!is_authorized(request, control))
		return CACHE_REFUSAL_AUTHORIZATION;
	if (!cache_vary_is_possible(&response->fields))
		return CACHE_REFUSAL_VARY;
	return CACHE_STORABLE;
}

static bool
has_validator(
    const struct http_response *response, const struct cache_meta *meta)
{
	return meta->last_modified != HTTP_UNSAID ||
	       http_etag_of(&response->fields).len > 0;
}

/* Without a validator it is of use only while it answers by itself. */
static bool
is_useless(const struct http_response *response, const struct cache_meta *meta)
{
	if (has_validator(response, meta))
		return false;
	if ((meta->flags & CACHE_META_NO_CACHE) != 0)
		return true;
	if ((meta->flags & CACHE_META_MUST_REVALIDATE) != 0)
		return meta->lifetime <= meta->corrected_age;
	return meta->lifetime == 0 && meta->stale_while_revalidate == 0 &&
	       meta->stale_if_error == 0;
}

/*
 * A server that says nothing of how long it may be kept has not thought of who
 * may have it, either: what was asked for with a cookie, or sets one, may be
 * for one client, and whoever asks next must be asked for.
 */
static bool
may_be_one_s(const struct http_request *request,
    const struct http_response *response, const struct cache_control *control)
{
	return !cache_control_says(control, CACHE_DIRECTIVE_PUBLIC) &&
	       (http_fields_get(&request->fields, HTTP_NAME_COOKIE) != NULL ||
		   http_fields_get(&response->fields, HTTP_NAME_SET_COOKIE) !=
		       NULL);
}

enum cache_refusal
cache_meta_make(const struct http_request *request,
    const struct http_response *response, const struct cache_times *times,
    const struct cache_rules *rules, struct cache_meta *ret)
{
	struct cache_control control;
	struct cache_meta meta = {
		.status = (uint16_t)response->status,
		.content_length = response->framing == HTTP_FRAMING_LENGTH
				      ? response->content_length
				      : HTTP_UNSAID,
	};

	cache_control_of_response(response, &control);
	enum cache_refusal refusal =
	    refuse_message(request, response, &control);
	if (refusal != CACHE_STORABLE)
		return refusal;
	if (response->status == 206 &&
	    (!rules->keep_parts || !place_part(response, &meta)))
		return CACHE_REFUSAL_RANGE;
	enum cache_freshness kind =
	    cache_freshness_of(response, &control, times, rules, &meta);
	if (kind == CACHE_FRESHNESS_NONE ||
	    (kind == CACHE_FRESHNESS_HEURISTIC &&
		request->method != HTTP_METHOD_GET))
		return CACHE_REFUSAL_FRESHNESS;
	if (kind == CACHE_FRESHNESS_HEURISTIC &&
	    may_be_one_s(request, response, &control)) {
		meta.lifetime = 0;
		meta.flags |= CACHE_META_NO_CACHE;
	}
	if (is_useless(response, &meta))
		return CACHE_REFUSAL_USELESS;
	*ret = meta;
	return CACHE_STORABLE;
}

/*
 * A clock that was set back a little makes nothing younger.  Of what it had
 * come by long before its time it is not known how old it is, and it would stay
 * as young until then.
 */
static int64_t
resident_time(const struct cache_meta *meta, int64_t now)
{
	return now < meta->response_time - SET_BACK_SECONDS_MAX
		   ? CACHE_SECONDS_MAX
		   : cache_seconds_of(now - meta->response_time);
}

uint32_t
cache_meta_age(const struct cache_meta *meta, int64_t now)
{
	return cache_seconds_of(meta->corrected_age + resident_time(meta, now));
}

int64_t
cache_meta_ttl(const struct cache_meta *meta, int64_t now)
{
	return (int64_t)meta->lifetime - cache_meta_age(meta, now);
}
