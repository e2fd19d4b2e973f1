/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/body: where content begins and ends (RFC 9112, 6 and 7).
 *
 * A decoder for the four framings.  It is fed bytes in whatever pieces they
 * arrive, lends back the spans of them that are content, and ends exactly at
 * the end of the message: it never takes a byte of the next one.
 *
 *	while (!http_body_is_done(&body) && input.len > 0) {
 *		ssize_t used = http_body_decode(&body, input, &content, &fault);
 *		if (used < 0)
 *			...	not HTTP: close
 *		...		do something with content, which may be empty
 *		input = str_skip(input, (size_t)used);
 *	}
 *
 * Each call takes at least one byte.  Where nobody needs to look at the
 * content, http_body_due says how much of it comes next without a byte of
 * framing in between; so much may be spliced, and http_body_moved is told.
 *
 * Chunked: lines end in CRLF and nothing else.  A size is 1 to 16 hex digits.
 * Extensions are checked, bounded over the whole body, and dropped.  Trailer
 * fields are checked by the rules for fields, bounded, and dropped: none of
 * them is needed by a cache or a proxy, and merging them into a head is how a
 * trailer comes to frame or to authorise (RFC 9110, 6.5.1 allows to drop).
 *
 * Holds no memory and no pointers.  After a fault each further call gives the
 * same fault.
 */
#ifndef GATEHOUSE_HTTP_BODY_H
#define GATEHOUSE_HTTP_BODY_H

#include <sys/types.h>

#include "http/message.h"

struct http_body {
	uint8_t state;   /* see body.c */
	uint8_t framing; /* enum http_framing */
	uint8_t digits;  /* of the chunk size so far */
	uint8_t fault;   /* enum http_fault, in the state of a fault */
	uint32_t extension_bytes;
	uint32_t trailer_bytes;
	uint64_t left;    /* content until the next framing or the end */
	uint64_t content; /* decoded so far */
};

/* length: of framing LENGTH, not negative; else ignored. */
void http_body_init(
    struct http_body *body, enum http_framing framing, int64_t length);

/*
 * Takes bytes from the front of input; returns how many.  *ret_content is one
 * span of them, lent, perhaps empty.  0 if the body was done or input is
 * empty; -EBADMSG with the fault.
 */
ssize_t http_body_decode(struct http_body *body, struct str input,
    struct str *ret_content, enum http_fault *reterr_fault);

/* The peer sends no more.  0 if the message may end here, else -EBADMSG. */
int http_body_end(struct http_body *body, enum http_fault *reterr_fault);

bool http_body_is_done(const struct http_body *body);

/* Content bytes that come next; UINT64_MAX until close; 0 if framing does. */
uint64_t http_body_due(const struct http_body *body);

/* count bytes of it, at most http_body_due, went another way. */
void http_body_moved(struct http_body *body, uint64_t count);

#endif
