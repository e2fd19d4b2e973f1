/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/reuse.h"

/* What the request has to say, if anybody listens. */
static void
asked_of(const struct http_request *request, const struct cache_rules *rules,
    struct cache_control *asked)
{
	if (rules->obey_requests)
		cache_control_of_request(request, asked);
	else
		*asked = (struct cache_control){ 0 };
}

/*
 * Whether the request wants it validated though it is fresh (5.2.1).  max-age=0
 * is how browsers reload: an age of 0 is not young enough for it.  `immutable`
 * tells that a reload finds nothing new (RFC 8246, 2).
 */
static bool
wants_fresher(const struct cache_control *asked, const struct cache_meta *meta,
    uint32_t age, int64_t ttl)
{
	bool immutable = (meta->flags & CACHE_META_IMMUTABLE) != 0 && ttl > 0;

	if (cache_control_says(asked, CACHE_DIRECTIVE_NO_CACHE))
		return true;
	if (cache_control_says(asked, CACHE_DIRECTIVE_MAX_AGE) && !immutable) {
		uint32_t max_age = asked->seconds[CACHE_DIRECTIVE_MAX_AGE];
		if (age > max_age || max_age == 0)
			return true;
	}
	return cache_control_says(asked, CACHE_DIRECTIVE_MIN_FRESH) &&
	       ttl < asked->seconds[CACHE_DIRECTIVE_MIN_FRESH];
}

/* 4.2.4: what forbids all use of a response that is stale. */
static bool
is_never_stale(const struct cache_meta *meta)
{
	return (meta->flags &
		   (CACHE_META_NO_CACHE | CACHE_META_MUST_REVALIDATE)) != 0;
}

/* 5.2.1.2 */
static bool
allows_stale(const struct cache_control *asked, int64_t stale)
{
	return cache_control_says(asked, CACHE_DIRECTIVE_MAX_STALE) &&
	       stale <= asked->seconds[CACHE_DIRECTIVE_MAX_STALE];
}

static enum cache_use
use_of(const struct cache_control *asked, const struct cache_meta *meta,
    const struct cache_reuse *reuse)
{
	if ((meta->flags & CACHE_META_NO_CACHE) != 0 || reuse->asked)
		return CACHE_USE_VALIDATE;
	if (reuse->ttl > 0)
		return CACHE_USE_FRESH;
	if (is_never_stale(meta))
		return CACHE_USE_VALIDATE;
	if (allows_stale(asked, -reuse->ttl))
		return CACHE_USE_STALE;
	if (-reuse->ttl < meta->stale_while_revalidate)
		return CACHE_USE_REVALIDATE;
	return CACHE_USE_VALIDATE;
}

/* In seconds of staleness; the request may allow more (RFC 5861, 4). */
static int64_t
error_window(const struct cache_control *asked, const struct cache_meta *meta)
{
	uint32_t window = meta->stale_if_error;

	if (cache_control_says(asked, CACHE_DIRECTIVE_STALE_IF_ERROR) &&
	    asked->seconds[CACHE_DIRECTIVE_STALE_IF_ERROR] > window)
		window = asked->seconds[CACHE_DIRECTIVE_STALE_IF_ERROR];
	return window;
}

/*
 * What is fresh, and was to be fresher still, serves at need; but not who said
 * no-cache, nor the origin that did.
 */
static void
set_fallback(const struct cache_control *asked, const struct cache_meta *meta,
    const struct cache_rules *rules, struct cache_reuse *reuse)
{
	bool fresh = reuse->ttl > 0;

	if (reuse->use != CACHE_USE_VALIDATE ||
	    cache_control_says(asked, CACHE_DIRECTIVE_NO_CACHE) ||
	    (meta->flags & CACHE_META_NO_CACHE) != 0 ||
	    (!fresh && is_never_stale(meta)))
		return;
	reuse->if_unreachable = fresh || -reuse->ttl < rules->stale_max;
	reuse->if_error = fresh || -reuse->ttl < error_window(asked, meta);
	/* Whom an error page would do, silence does too. */
	reuse->if_unreachable |= reuse->if_error;
}

void
cache_reuse(const struct cache_meta *meta, const struct http_request *request,
    int64_t now, const struct cache_rules *rules, struct cache_reuse *ret)
{
	struct cache_control asked;
	struct cache_reuse reuse = {
		.age = cache_meta_age(meta, now),
		.ttl = cache_meta_ttl(meta, now),
	};

	asked_of(request, rules, &asked);
	reuse.asked = wants_fresher(&asked, meta, reuse.age, reuse.ttl);
	reuse.use = use_of(&asked, meta, &reuse);
	set_fallback(&asked, meta, rules, &reuse);
	/* 5.2.1.7 */
	if (reuse.use == CACHE_USE_VALIDATE &&
	    cache_control_says(&asked, CACHE_DIRECTIVE_ONLY_IF_CACHED))
		reuse.use = CACHE_USE_NOT;
	*ret = reuse;
}

bool
cache_reuse_is_only(
    const struct http_request *request, const struct cache_rules *rules)
{
	struct cache_control asked;

	asked_of(request, rules, &asked);
	return cache_control_says(&asked, CACHE_DIRECTIVE_ONLY_IF_CACHED);
}

bool
cache_reuse_is_error(unsigned status)
{
	return status == 500 || (status >= 502 && status <= 504);
}
