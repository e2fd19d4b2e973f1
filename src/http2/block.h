/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http2/block: a head of text, as http/write makes it, as the fields of HTTP/2.
 *
 * The other way round of http2/head.  What it reads was written by us from the
 * model, so that it is cut at line ends and nothing is judged again.  Names go
 * in lower case; what is for connections of HTTP/1 is left out (RFC 9113,
 * 8.2.2).  A 101, which HTTP/2 does not have, is the 200 that an extended
 * CONNECT was waiting for (RFC 8441, 5).
 *
 * The fields are lent from the text, whose names it has changed.
 */
#ifndef GATEHOUSE_HTTP2_BLOCK_H
#define GATEHOUSE_HTTP2_BLOCK_H

#include "base/text.h"
#include "http/limits.h"

#include <nghttp2/nghttp2.h>

#define HTTP2_BLOCK_FIELDS_MAX (HTTP_FIELDS_MAX + HTTP_FIELDS_ADDED_MAX + 12)

struct http2_block {
	nghttp2_nv fields[HTTP2_BLOCK_FIELDS_MAX];
	size_t count;
	unsigned status; /* of a response */
};

/* 0, or -EINVAL: it is no head of ours. */
int http2_block_of_response(struct text *head, struct http2_block *ret);

/* `scheme` is that of the connection. */
int http2_block_of_request(
    struct text *head, struct str scheme, struct http2_block *ret);

/* Lines of http2_head_write_trailers. */
int http2_block_of_trailers(struct text *lines, struct http2_block *ret);

#endif
