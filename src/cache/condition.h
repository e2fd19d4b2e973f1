/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/condition: conditional requests (RFC 9110, 13; RFC 9111, 4.3).
 *
 * Both ways: what a client's conditions mean for a stored response, and which
 * conditions we send to have a stored response validated.
 */
#ifndef GATEHOUSE_CACHE_CONDITION_H
#define GATEHOUSE_CACHE_CONDITION_H

#include "cache/meta.h"

enum cache_condition {
	CACHE_CONDITION_NONE,         /* answer with the whole response */
	CACHE_CONDITION_NOT_MODIFIED, /* answer 304 */
	CACHE_CONDITION_FAILED,       /* answer 412 */
};

/*
 * The conditions in their order of precedence (RFC 9110, 13.2.2) against a
 * stored response that may be used.  If-Range is cache/range's.
 */
enum cache_condition cache_condition_of(const struct http_request *request,
    const struct cache_meta *meta, struct str head);

/* Whether the request has any of If-Match, If-None-Match, If-Modified-Since,
 * If-Unmodified-Since, If-Range. */
bool cache_condition_is_there(const struct http_request *request);

/* Whether a 304 made of a stored response carries the field (15.4.5). */
bool cache_condition_304_carries(const struct http_field *field);

/* The response has a validator, so that validating can save something. */
bool cache_condition_can_validate(const struct cache_meta *meta);

/*
 * Makes a request that is to go to the origin ask for the validation of a
 * stored response: the client's own conditions and Range go, ours come.
 * Values are lent from head and arena.  0; -E2BIG; -ENOMEM.
 */
int cache_condition_validate(struct http_request *request,
    const struct cache_meta *meta, struct str head, struct arena *arena);

/* Takes If-*, and Range, away: what is asked for is to be stored. */
void cache_condition_remove(struct http_request *request);

/* ---- entity tags (RFC 9110, 8.8.3) ---- */

bool cache_etag_is_valid(struct str tag);
bool cache_etag_is_weak(struct str tag);
bool cache_etag_strong_eq(struct str a, struct str b);
bool cache_etag_weak_eq(struct str a, struct str b);

#endif
