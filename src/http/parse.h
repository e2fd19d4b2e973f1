/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/parse: reading the head of an HTTP/1 message (RFC 9112).
 *
 * There is one parser for both sides and it has no lenient mode: what RFC 9112
 * allows a recipient to repair is refused, because two programs in one chain
 * seldom repair alike, and that difference is what request smuggling lives on.
 * Of its allowances these are used, and none touches framing: stray CRLFs
 * before a request, a status line without the blank before an absent reason,
 * a minor version above 1 (RFC 9110, 2.5), and empty members of a list.
 *
 * The caller keeps one contiguous buffer, appends what it reads, and calls
 * again with the whole of it until a head is there:
 *
 *	struct http_head_scan scan = { 0 };
 *	int used = http_request_parse(bytes, &scan, ...);
 *	-EAGAIN   more bytes are needed
 *	> 0       a head of so many bytes; content begins behind it
 *	-EBADMSG  not HTTP; *reterr_fault says how, close after the answer
 *	-ENOMEM   the arena is full
 *
 * The scan remembers how far the search for the end got, so that a head that
 * comes byte by byte is searched once in all.  It holds no pointers: the
 * buffer may move between calls.  It is ready for the next message after any
 * result but -EAGAIN.
 *
 * What came in frames is a head of text by then, made of fields that were
 * looked at one by one (http2/head): so there is one reading of them.
 */
#ifndef GATEHOUSE_HTTP_PARSE_H
#define GATEHOUSE_HTTP_PARSE_H

#include "http/message.h"

struct http_head_scan {
	size_t begin;         /* where the start line begins */
	size_t line;          /* where the line being searched begins */
	size_t at;            /* bytes before this were searched */
	unsigned lines;       /* whole lines, the start line included */
	unsigned blank_lines; /* before the start line */
	/*
	 * Of what came in frames, set by the caller for all that come (http2):
	 * the start line says HTTP/2.0.  `alone`, set for one: no content
	 * follows the head.
	 */
	bool framed, alone;
};

/* What the connection knows that a head in origin-form does not say. */
struct http_arrival {
	enum http_scheme scheme; /* HTTP, or HTTPS where TLS was opened */
	/*
	 * Where an intercepted client dialled: the target of an HTTP/1.0
	 * request that has no Host.  Family NONE: the client asked a proxy.
	 */
	struct address_port destination;
};

int http_request_parse(struct str bytes, struct http_head_scan *scan,
    const struct http_arrival *arrival, struct arena *arena,
    struct http_request *ret, enum http_fault *reterr_fault);

/*
 * `method` is that of the request that this answers: answers to HEAD and
 * CONNECT have no content.  An interim answer (1xx) is a message of its own;
 * call again for the next.  A 101 that was not asked for, or whose `upgrade` is
 * not what was asked for, is for the caller to refuse.
 */
int http_response_parse(struct str bytes, struct http_head_scan *scan,
    enum http_method method, struct arena *arena, struct http_response *ret,
    enum http_fault *reterr_fault);

#endif
