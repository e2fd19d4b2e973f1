/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/freshness: how old a response came, and how long it is fresh (RFC
 * 9111, 4.2).
 */
#ifndef GATEHOUSE_CACHE_FRESHNESS_H
#define GATEHOUSE_CACHE_FRESHNESS_H

#include "cache/meta.h"

enum cache_freshness {
	CACHE_FRESHNESS_NONE,      /* it may not even be stored for it (3) */
	CACHE_FRESHNESS_HEURISTIC, /* 4.2.2, perhaps of no seconds */
	CACHE_FRESHNESS_EXPLICIT,
};

/* Sets times, age, lifetime, stale_* and flags in meta. */
enum cache_freshness cache_freshness_of(const struct http_response *response,
    const struct cache_control *control, const struct cache_times *times,
    const struct cache_rules *rules, struct cache_meta *meta);

/*
 * The date in the one field of the name.  0; -EINVAL if there is none, if it
 * is no date, or if there are two that differ.
 */
int cache_freshness_date(const struct http_fields *fields, enum http_name name,
    int64_t now, int64_t *ret);

#endif
