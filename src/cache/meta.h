/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/meta: what a cache must know of a stored response (RFC 9111, 3 and 4),
 * worked out once when it is stored.
 *
 * Plain data, without pointers: validators are lent from the stored head by
 * place and length.  Times of the wall are in seconds since 1970.
 */
#ifndef GATEHOUSE_CACHE_META_H
#define GATEHOUSE_CACHE_META_H

#include "http/message.h"

struct cache_meta {
	int64_t response_time; /* when it was received (4.2.3) */
	int64_t date;          /* of the Date field, or response_time */
	int64_t last_modified; /* or HTTP_UNSAID */
	uint32_t corrected_age; /* corrected_initial_age (4.2.3), s */
	uint32_t lifetime;     /* freshness_lifetime (4.2.1), s */
	uint32_t stale_while_revalidate, stale_if_error; /* RFC 5861, s */
	uint32_t etag_at;      /* in the head, with its quotes and W/ */
	uint16_t etag_len;     /* 0: none */
	uint16_t status;
	uint16_t flags; /* CACHE_META_ */
};

#endif
