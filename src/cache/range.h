/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/range: parts of a content (RFC 9110, 14; RFC 9111, 3.3 and 3.4).
 *
 * What a Range asks for is answered from what is stored; where a stored part
 * begins and ends, and how two become one, is here too.
 */
#ifndef GATEHOUSE_CACHE_RANGE_H
#define GATEHOUSE_CACHE_RANGE_H

#include "base/text.h"
#include "cache/meta.h"

/*
 * More ranges than that, or two that overlap, are asked for by nobody but to
 * make work (RFC 9110, 17.15): the whole is sent.
 */
#define CACHE_RANGES_MAX 8

struct cache_range {
	uint64_t first, last; /* inclusive */
};

struct cache_ranges {
	struct cache_range items[CACHE_RANGES_MAX]; /* in the order asked */
	size_t count;
};

enum cache_range_answer {
	CACHE_RANGE_WHOLE, /* no Range, or one that is to be ignored: 200 */
	CACHE_RANGE_PARTS, /* 206 */
	CACHE_RANGE_NONE,  /* 416 */
};

/*
 * What a request is answered with from a stored 200 of `length` bytes that may
 * be used; If-Range is looked at (13.1.5).
 */
enum cache_range_answer cache_range_of(const struct http_request *request,
    const struct cache_meta *meta, struct str head, uint64_t length,
    struct cache_ranges *ret);

/* The value of Range, for a whole of `length` bytes. */
enum cache_range_answer cache_range_parse(
    struct str value, uint64_t length, struct cache_ranges *ret);

/*
 * A Range that can be understood before the length of the whole is known: one
 * range, not of the last bytes; "500-" ends at UINT64_MAX.  0 or -EINVAL.
 */
int cache_range_parse_open(struct str value, struct cache_range *ret);

/* Whether the request has one Range, of a GET, that If-Range lets count. */
bool cache_range_is_wanted(const struct http_request *request,
    const struct cache_meta *meta, struct str head);

/* The value of the one Range field; empty if there is none. */
struct str cache_range_value(const struct http_request *request);

/* ---- Content-Range ---- */

/* "bytes 0-99/1234"; complete HTTP_UNSAID: a star for the length. */
void cache_range_add_content_range(
    const struct cache_range *range, int64_t complete, struct text *out);
/* Of a 416: a star for the range. */
void cache_range_add_unsatisfied(uint64_t complete, struct text *out);

/* *ret_complete may be HTTP_UNSAID.  0 or -EINVAL. */
int cache_range_parse_content_range(
    struct str value, struct cache_range *ret, int64_t *ret_complete);

/*
 * Of a 206 of one part: false if it does not say in one field which part it
 * is, or if its Content-Length is not that of the part.
 */
bool cache_range_of_response(const struct http_response *response,
    struct cache_range *ret, int64_t *ret_complete);

/*
 * multipart/byteranges (RFC 9110, 14.6): for each range a head, then its bytes;
 * behind the last the tail.  The boundary may not be in the content, which
 * nobody has searched: it is 128 bits that nobody can guess, in hex.
 */
#define CACHE_BOUNDARY_BYTES 32
void cache_range_set_boundary(
    const uint8_t random[static 16], char ret[static CACHE_BOUNDARY_BYTES]);

/* `content_type`: of the whole, empty if not said; `complete`: its length. */
void cache_range_add_part_head(struct str boundary, struct str content_type,
    const struct cache_range *range, uint64_t complete, bool first,
    struct text *out);
void cache_range_add_part_tail(struct str boundary, struct text *out);

/* Of heads, bytes and tail together: the Content-Length. */
uint64_t cache_range_parts_length(const struct cache_ranges *ranges,
    struct str content_type, uint64_t complete);

/* ---- stored parts; `have` is how many bytes are stored ---- */

/*
 * Whether a stored part, or a 200 that broke off, holds all of the one range
 * that the request asks for; then *ret is it, and its first byte lies
 * ret->first - meta->range_first bytes behind the first that is stored.
 */
bool cache_range_of_part(const struct http_request *request,
    const struct cache_meta *meta, struct str head, uint64_t have,
    struct cache_range *ret);

/*
 * The validator under which two parts may become one (3.4): a strong entity
 * tag, or Last-Modified as it came if that is strong (RFC 9110, 8.8.2.2); it
 * is the value of If-Range.  Empty: they may not.
 */
struct str cache_range_validator(
    const struct cache_meta *meta, struct str head);

/*
 * What is missing behind a stored beginning: false if it is no beginning, is
 * the whole, or has no cache_range_validator.
 */
bool cache_range_missing(const struct cache_meta *meta, struct str head,
    uint64_t have, struct cache_range *ret);

/*
 * Whether a 206 that came goes on where a stored beginning ends, of the same
 * representation.  *ret_skip: so many bytes of it are there already.
 */
bool cache_range_continues(const struct cache_meta *meta, struct str head,
    uint64_t have, const struct http_response *response, uint64_t *ret_skip);

#endif
