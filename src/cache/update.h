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
 * Whether a 304 (4.3.4) or the 200 to a HEAD (4.3.5) speaks of the stored
 * response.  If a 304 does not, nothing is known of what the client may have:
 * ask again without conditions.  If a HEAD does not, drop what is stored.
 */
bool cache_update_concerns(const struct http_response *response,
    const struct cache_meta *meta, struct str head);

/* All of it lent for the call. */
struct cache_update {
	const struct http_request *request;
	const struct http_response *response;
	const struct cache_times *times;
	const struct cache_rules *rules;
	/* What is stored. */
	const struct cache_meta *meta;
	struct str head;
};

/*
 * Appends the stored head with the fields of `response` in the place of those
 * it had, and makes the meta anew.  `response` is a 304, the answer to a HEAD,
 * or a 206 that cache_range_continues, with which the stored part becomes
 * longer or whole.  `request` is the client's.  The secondary key is to be made
 * anew too, of what cache_head_read finds: Vary may have changed.
 *
 * CACHE_STORABLE; or why it may not be kept any longer: this one client may
 * still be answered with it.  If it could not be made, out->full is set.
 */
enum cache_refusal cache_update(const struct cache_update *update,
    struct arena *arena, struct text *out, struct cache_meta *ret);

#endif
