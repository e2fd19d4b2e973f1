/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/control: what Cache-Control says (RFC 9111, 5.2; RFC 5861; RFC 8246;
 * RFC 9213).
 *
 * One struct for both directions.  Names are compared without case; unknown
 * directives mean nothing.  A number is digits only, bare or quoted; one that
 * is too large is CACHE_SECONDS_MAX.  What should be a number and is none
 * permits nothing (4.2.1: be stale), and of two that differ the less
 * permissive one counts.
 */
#ifndef GATEHOUSE_CACHE_CONTROL_H
#define GATEHOUSE_CACHE_CONTROL_H

#include "http/message.h"

/* What delta-seconds saturate at (RFC 9111, 1.2.2). */
#define CACHE_SECONDS_MAX UINT32_C(2147483648)

static inline uint32_t
cache_seconds_of(int64_t seconds)
{
	if (seconds < 0)
		return 0;
	return seconds > CACHE_SECONDS_MAX ? CACHE_SECONDS_MAX
					   : (uint32_t)seconds;
}

/* id, text, whether it has a number */
#define CACHE_DIRECTIVES(ROW)                                                  \
	ROW(MAX_AGE, "max-age", true)                                          \
	ROW(S_MAXAGE, "s-maxage", true)                                        \
	ROW(MIN_FRESH, "min-fresh", true)                                      \
	ROW(MAX_STALE, "max-stale", true)                                      \
	ROW(STALE_WHILE_REVALIDATE, "stale-while-revalidate", true)            \
	ROW(STALE_IF_ERROR, "stale-if-error", true)                            \
	ROW(NO_CACHE, "no-cache", false)                                       \
	ROW(NO_STORE, "no-store", false)                                       \
	ROW(NO_TRANSFORM, "no-transform", false)                               \
	ROW(ONLY_IF_CACHED, "only-if-cached", false)                           \
	ROW(PUBLIC, "public", false)                                           \
	ROW(PRIVATE, "private", false)                                         \
	ROW(MUST_REVALIDATE, "must-revalidate", false)                         \
	ROW(PROXY_REVALIDATE, "proxy-revalidate", false)                       \
	ROW(MUST_UNDERSTAND, "must-understand", false)                         \
	ROW(IMMUTABLE, "immutable", false)

enum cache_directive {
#define ROW(id, text, number) CACHE_DIRECTIVE_##id,
	CACHE_DIRECTIVES(ROW)
#undef ROW
	CACHE_DIRECTIVE_COUNT
};

/* Directives before this one have a number. */
#define CACHE_DIRECTIVE_NUMBERS CACHE_DIRECTIVE_NO_CACHE

struct cache_control {
	uint32_t said; /* a bit a directive */
	/*
	 * There is a no-cache or private that names fields: it is not `said`,
	 * for it concerns those fields only, see cache_control_names.
	 */
	bool names_fields;
	/* The answer was for us: CDN-Cache-Control took its place. */
	bool targeted;
	uint32_t seconds[CACHE_DIRECTIVE_NUMBERS]; /* of those that were said */
};

static inline bool
cache_control_says(const struct cache_control *control, enum cache_directive id)
{
	return (control->said >> id & 1) != 0;
}

/* Pragma: no-cache counts where there is no Cache-Control (5.4). */
void cache_control_of_request(
    const struct http_request *request, struct cache_control *ret);

/*
 * A valid CDN-Cache-Control takes the place of Cache-Control, and of Expires
 * (RFC 9213, 2.2).  An invalid or empty one is as if it were not there.
 */
void cache_control_of_response(
    const struct http_response *response, struct cache_control *ret);

/*
 * Whether a field is named by no-cache="..." or private="...": it may not be
 * stored by us, who would have to ask for it again each time.
 */
bool cache_control_names(const struct cache_control *control,
    const struct http_fields *fields, struct str name);

/* Digits and nothing else, at most CACHE_SECONDS_MAX.  0 or -EINVAL. */
int cache_seconds_parse(struct str text, uint32_t *ret);

#endif
