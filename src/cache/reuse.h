/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/reuse: what may be done with a stored response for a request (RFC
 * 9111, 4, 4.2.4 and 5.2.1; RFC 5861; RFC 8246).
 *
 * The request has been found to select the response (key and cache/vary).
 */
#ifndef GATEHOUSE_CACHE_REUSE_H
#define GATEHOUSE_CACHE_REUSE_H

#include "cache/meta.h"

enum cache_use {
	CACHE_USE_FRESH,      /* answer with it */
	CACHE_USE_STALE,      /* answer with it: the request allows its age */
	CACHE_USE_REVALIDATE, /* answer with it and validate it meanwhile */
	CACHE_USE_VALIDATE,   /* ask the origin first */
	CACHE_USE_NOT,        /* only-if-cached: answer 504 */
};

struct cache_reuse {
	enum cache_use use;
	/*
	 * Of VALIDATE: answer with it all the same if the origin cannot be
	 * reached (4.2.4); if its answer is_error (RFC 5861, 4).
	 */
	bool if_unreachable, if_error;
	bool asked;   /* it is the request that does not want it as it is */
	uint32_t age; /* of the Age field */
	int64_t ttl;  /* of Cache-Status; may be negative */
};

void cache_reuse(const struct cache_meta *meta,
    const struct http_request *request, int64_t now,
    const struct cache_rules *rules, struct cache_reuse *ret);

/* Nothing is stored: whether that is answered with a 504 (5.2.1.7). */
bool cache_reuse_is_only(
    const struct http_request *request, const struct cache_rules *rules);

/* 500, 502, 503, 504: what `if_error` speaks of (RFC 5861, 4). */
bool cache_reuse_is_error(unsigned status);

#endif
