/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http2/head: the fields of a head, as they come, made a head of text.
 *
 * RFC 9113, 8.  A head of HTTP/2 is pseudo-fields and fields.  Here it becomes
 * what the one parser reads (http/parse, with its scan `framed`):
 *
 *	:method GET                     GET http://example.com/a?b HTTP/2.0
 *	:scheme http                    host: example.com
 *	:authority example.com    ->    accept: text/html
 *	:path /a?b                      cookie: a=1; b=2
 *	accept text/html                (empty line)
 *	cookie a=1, cookie b=2
 *
 * So there is one place that says what a host, a length or a field is, and what
 * HTTP/1 refuses is refused here.  That no field can be read as two lines, and
 * no pseudo-field as another part of the first line, is looked at here: each
 * byte by the same classes as there (http/octet).  What only HTTP/2 forbids is
 * refused here as well, whoever has looked at it before: names in upper case,
 * fields for connections, a Host that is not :authority.
 *
 * One at a time, over and over.  Holds no more than HTTP_HEAD_BYTES_MAX and the
 * first line.
 */
#ifndef GATEHOUSE_HTTP2_HEAD_H
#define GATEHOUSE_HTTP2_HEAD_H

#include "base/text.h"
#include "http/fault.h"

enum http2_pseudo {
	HTTP2_PSEUDO_METHOD,
	HTTP2_PSEUDO_SCHEME,
	HTTP2_PSEUDO_AUTHORITY,
	HTTP2_PSEUDO_PATH,
	HTTP2_PSEUDO_PROTOCOL, /* RFC 8441 */
	HTTP2_PSEUDO_STATUS,
	HTTP2_PSEUDO_COUNT
};

struct http2_head {
	struct text bytes; /* the values of the pseudo-fields, one by one */
	struct {
		size_t at, len;
		bool known;
	} pseudo[HTTP2_PSEUDO_COUNT];
	struct text lines, cookie, host;
	unsigned count;   /* of fields */
	size_t list;      /* their size, by RFC 9113, 6.5.2 */
	bool has_regular; /* no pseudo-field may follow */
	bool has_host;
	bool faulty;
	enum http_fault fault; /* the first */
};

/* For the next one; the memory is kept. */
void http2_head_clear(struct http2_head *head);
void http2_head_fini(struct http2_head *head);

/* As the field comes.  What is wrong with it is remembered. */
void http2_head_add(struct http2_head *head, struct str name, struct str value);

/*
 * Appends the text of what has come.  0; -EBADMSG with the fault; -ENOMEM.  Of
 * an extended CONNECT it is the request that opens a WebSocket in HTTP/1, with
 * a key of ours (RFC 8441, 5).
 */
int http2_head_write_request(
    struct http2_head *head, struct text *out, enum http_fault *reterr_fault);

/* *ret_status is 100 to 599, as it came. */
int http2_head_write_response(struct http2_head *head, struct text *out,
    unsigned *ret_status, enum http_fault *reterr_fault);

/*
 * Appends the lines of those trailers whose names mean nothing to us: what the
 * others say is decided when the head has come (RFC 9110, 6.5.1).
 */
int http2_head_write_trailers(
    struct http2_head *head, struct text *out, enum http_fault *reterr_fault);

/* Whether it is an extended CONNECT, behind which bytes come that are no
 * content. */
bool http2_head_opens_tunnel(const struct http2_head *head);

#endif
