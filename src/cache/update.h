/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/update: freshening a stored response (RFC 9111, 3.2, 4.3.3 to 4.3.5).
 *
 * What is stored does not change: a new head and a new meta are made, for a
 * new object with the same body.
 */
#ifndef GATEHOUSE_CACHE_UPDATE_H
#define GATEHOUSE_CACHE_UPDATE_H

#include "cache/head.h"

/*
 * Whether a 304 (4.3.4) or the answer to a HEAD (4.3.5) speaks of the stored
 * response.  Of HEAD: if not, the stored one is to be thought stale.
 */
bool cache_update_concerns(const struct http_response *response,
    const struct cache_meta *meta, struct str head);

/*
 * Appends the stored head with the fields of `response` (a 304, or the answer
 * to a HEAD) in the place of those that it had, and makes the meta anew of it.
 * `request` is the client's.  CACHE_STORABLE; why it may not be kept any more
 * (the client may still be answered with head and body); out->full: no memory.
 */
enum cache_refusal cache_update(const struct http_request *request,
    const struct http_response *response, const struct cache_times *times,
    const struct cache_rules *rules, const struct cache_meta *meta,
    struct str head, struct arena *arena, struct text *out,
    struct cache_meta *ret);

#endif
