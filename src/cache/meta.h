/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/meta: what a cache must know of a stored response (RFC 9111, 3 and 4),
 * worked out once when it is stored.
 *
 * Plain data, without pointers: the entity tag is lent from the stored head
 * (cache/head) by place and length.  Times of the wall are in seconds since
 * 1970, durations in seconds and at most CACHE_SECONDS_MAX.
 */
#ifndef GATEHOUSE_CACHE_META_H
#define GATEHOUSE_CACHE_META_H

#include "cache/control.h"

enum cache_meta_flag {
	CACHE_META_NO_CACHE = 1 << 0, /* never without asking the origin */
	/* Never stale: must-revalidate, proxy-revalidate, s-maxage. */
	CACHE_META_MUST_REVALIDATE = 1 << 1,
	CACHE_META_HEURISTIC = 1 << 2, /* the lifetime is our guess */
	CACHE_META_IMMUTABLE = 1 << 3, /* RFC 8246 */
	CACHE_META_PARTIAL = 1 << 4,   /* of a 206: range_first to range_last */
	CACHE_META_DATED = 1 << 5,     /* it had one valid Date */
};

struct cache_meta {
	int64_t response_time;  /* when it was received (4.2.3) */
	int64_t date;           /* of the Date field, or response_time */
	int64_t last_modified;  /* or HTTP_UNSAID */
	int64_t content_length; /* of the whole, or HTTP_UNSAID */
	int64_t range_first;    /* of a PARTIAL one, else 0 */
	int64_t range_last;     /* of a PARTIAL one, inclusive, else 0 */
	uint32_t corrected_age; /* corrected_initial_age (4.2.3), s */
	uint32_t lifetime;      /* freshness_lifetime (4.2.1), s */
	uint32_t stale_while_revalidate, stale_if_error; /* RFC 5861, s */
	uint32_t etag_at;  /* in the head, with its quotes and W/ */
	uint16_t etag_len; /* 0: none that is valid */
	/* Tells contents of one key apart: freshening does not change it. */
	uint32_t content;
	uint16_t status;
	uint16_t flags; /* enum cache_meta_flag */
};

/* What the policy wants of the rules. */
struct cache_rules {
	/* Of a lifetime that we guess (4.2.2); 0: nothing is guessed. */
	uint32_t heuristic_max;
	/* How long after it went stale a response may still answer while the
	 * origin cannot be reached (4.2.4). */
	uint32_t stale_max;
	/* Requests may ask for fresher or staler answers (5.2.1). */
	bool obey_requests;
	/* Who asks can complete and cut parts: a 206 may be stored (3.3). */
	bool keep_parts;
};

/* A day: enough for what changes rarely, and an error heals by itself. */
#define CACHE_RULES_DEFAULT                                                    \
	{                                                                      \
		.heuristic_max = 86400, .stale_max = 86400,                    \
		.obey_requests = true                                          \
	}

/* Why a response is not stored: id, word for Cache-Status and log. */
#define CACHE_REFUSALS(ROW)                                                    \
	ROW(METHOD, "method")                                                  \
	ROW(STATUS, "status") /* interim, 304, or about the request only */    \
	ROW(REQUEST_NO_STORE, "request-no-store")                              \
	ROW(OVERRIDE, "override") /* of another URL, http/override */          \
	ROW(NO_STORE, "no-store")                                              \
	ROW(PRIVATE, "private")                                                \
	ROW(AUTHORIZATION, "authorization") /* 3.5 */                          \
	ROW(VARY, "vary")                   /* by "*", or by too much */       \
	ROW(RANGE, "range")                 /* a 206 that cannot be placed */  \
	ROW(FRESHNESS, "freshness") /* nothing says that it may be, 3 */       \
	ROW(USELESS, "useless")     /* it could never be used */

enum cache_refusal {
	CACHE_STORABLE = 0,
#define ROW(id, text) CACHE_REFUSAL_##id,
	CACHE_REFUSALS(ROW)
#undef ROW
	CACHE_REFUSAL_COUNT
};

/* The word; empty for CACHE_STORABLE. */
struct str cache_refusal_text(enum cache_refusal refusal);

/* When the request went out and its answer came, seconds since 1970. */
struct cache_times {
	int64_t request, response;
};

/*
 * Whether we, a shared cache, may keep the response to the request, and what
 * must be known of it; etag_at and etag_len are set by cache_head_write.  A 206
 * must be dropped if its content is not as long as its range says.
 */
enum cache_refusal cache_meta_make(const struct http_request *request,
    const struct http_response *response, const struct cache_times *times,
    const struct cache_rules *rules, struct cache_meta *ret);

/* current_age (4.2.3) at `now`, at most CACHE_SECONDS_MAX. */
uint32_t cache_meta_age(const struct cache_meta *meta, int64_t now);

/* How long it will be fresh; not positive: how long it has been stale. */
int64_t cache_meta_ttl(const struct cache_meta *meta, int64_t now);

/* Its entity tag with quotes and W/, lent from the head; or empty. */
static inline struct str
cache_meta_etag(const struct cache_meta *meta, struct str head)
{
	if (meta->etag_len == 0)
		return (struct str){ "", 0 };
	return (struct str){ head.at + meta->etag_at, meta->etag_len };
}

#endif
