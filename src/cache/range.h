/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/range: parts of a content (RFC 9110, 14; RFC 9111, 3.3 and 3.4).
 */
#ifndef GATEHOUSE_CACHE_RANGE_H
#define GATEHOUSE_CACHE_RANGE_H

#include "base/text.h"
#include "cache/meta.h"

/* More than that many, or two that overlap: the whole is sent (14.2). */
#define CACHE_RANGES_MAX 8

struct cache_range {
	uint64_t first, last; /* inclusive */
};

struct cache_ranges {
	struct cache_range items[CACHE_RANGES_MAX]; /* as they were asked for */
	size_t count;
};

enum cache_range_answer {
	CACHE_RANGE_WHOLE, /* no Range, or one that is to be ignored: 200 */
	CACHE_RANGE_PARTS, /* 206 */
	CACHE_RANGE_NONE,  /* 416 */
};

/*
 * What a GET is answered with from a stored 200 of `length` bytes, with
 * If-Range looked at (RFC 9110, 13.1.5).
 */
enum cache_range_answer cache_range_of(const struct http_request *request,
    const struct cache_meta *meta, struct str head, uint64_t length,
    struct cache_ranges *ret);

/* The value of Range.  `length`: of the whole. */
enum cache_range_answer cache_range_parse(
    struct str value, uint64_t length, struct cache_ranges *ret);

/*
 * Whether the one range that a request asks for begins before `length` is
 * known, as first- or first-last: for a body that is still filling.  -EINVAL
 * if it is not of that form; *ret_last UINT64_MAX: to the end.
 */
int cache_range_parse_open(
    struct str value, uint64_t *ret_first, uint64_t *ret_last);

/* Whether If-Range lets the Range count; true if there is none. */
bool cache_range_is_wanted(const struct http_request *request,
    const struct cache_meta *meta, struct str head);

/* ---- of the answer ---- */

/* "bytes 0-99/1234"; complete HTTP_UNSAID: a star for the length. */
void cache_range_add_content_range(
    const struct cache_range *range, int64_t complete, struct text *out);
/* Of a 416: a star for the range. */
void cache_range_add_unsatisfied(uint64_t complete, struct text *out);

/* "bytes 0-99/1234", or a star for the length.  0 or -EINVAL. */
int cache_range_parse_content_range(
    struct str value, struct cache_range *ret, int64_t *ret_complete);

/*
 * multipart/byteranges (14.6).  The boundary must not be in the content: it is
 * 128 random bits in hex.  Each part is head, content; behind the last one
 * comes the tail.
 */
#define CACHE_BOUNDARY_BYTES 32
void cache_range_add_part_head(struct str boundary, struct str content_type,
    const struct cache_range *range, uint64_t complete, bool first,
    struct text *out);
void cache_range_add_part_tail(struct str boundary, struct text *out);
/* Of all together: the Content-Length. */
uint64_t cache_range_parts_length(const struct cache_ranges *ranges,
    struct str content_type, uint64_t complete);

/* ---- partial responses that are stored ---- */

/*
 * Whether a stored 206 covers the one range that is asked for.  *ret is where
 * in the stored bytes it lies.
 */
bool cache_range_covers(const struct cache_meta *meta,
    const struct cache_range *range, struct cache_range *ret);

/*
 * What is missing of the whole behind a stored prefix: false if it is no
 * prefix, or nothing is.  A request for it must carry cache_range_if_range.
 */
bool cache_range_missing(
    const struct cache_meta *meta, uint64_t have, struct cache_range *ret);

/*
 * The validator for If-Range of a request that completes a stored response: a
 * strong entity tag, or empty if there is none (RFC 9111, 3.4).
 */
struct str cache_range_if_range(const struct cache_meta *meta, struct str head);

/*
 * Whether a 206 that just came goes on exactly where `have` stored bytes end
 * (or within them), and shares the strong validator (3.4).  *ret_skip: bytes
 * of it that are already there.
 */
bool cache_range_continues(const struct cache_meta *meta, struct str head,
    uint64_t have, const struct http_response *response, uint64_t *ret_skip);

#endif
