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
	CACHE_CONDITION_NONE,         /* answer with the response */
	CACHE_CONDITION_NOT_MODIFIED, /* answer 304 */
	/* If-Match, If-Unmodified-Since: for the origin only (RFC 9111,
	 * 4.3.2); let the request through as it is. */
	CACHE_CONDITION_NOT_OURS,
};

/*
 * The conditions in their order of precedence (RFC 9110, 13.2.2) against a
 * stored response that may be used.  If-Range is cache/range's.
 */
enum cache_condition cache_condition_of(const struct http_request *request,
    const struct cache_meta *meta, struct str head);

/* Nothing need be stored to know that: If-Match or If-Unmodified-Since. */
bool cache_condition_is_for_origin(const struct http_request *request);

/* Whether a 304 made of a stored response carries the field (15.4.5): it does
 * not describe the content that the client has. */
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

/* Takes Range and all conditions away: the whole is to be stored. */
void cache_condition_remove(struct http_request *request);

#endif
