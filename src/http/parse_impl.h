/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/parse_impl: what the two parsers share; for src/http alone.
 */
#ifndef GATEHOUSE_HTTP_PARSE_IMPL_H
#define GATEHOUSE_HTTP_PARSE_IMPL_H

#include "http/parse.h"

/* Whether the bytes may begin a start line: 0, -EAGAIN or -EBADMSG. */
typedef int (*http_starts_fn)(struct str bytes, enum http_fault *reterr_fault);

/*
 * Finds the empty line that ends a head.  By `starts` a peer who speaks
 * something else is told at once and not after a time-out.  The head with its
 * last CRLF is lent in *ret_head.  The bytes used; -EAGAIN; -EBADMSG.
 */
int http_head_find(struct str bytes, struct http_head_scan *scan,
    unsigned blank_lines_max, http_starts_fn starts, struct str *ret_head,
    enum http_fault *reterr_fault);

/* For the next message of the connection. */
void http_head_scan_again(struct http_head_scan *scan);

/*
 * "HTTP/1.x" at the head of *rest, cut off; of what came in frames "HTTP/2.0".
 * *ret_minor is 0 or 1; `otherwise` is the fault of what is no version at all.
 */
int http_version_cut(struct str *rest, bool framed, unsigned *ret_minor,
    enum http_fault otherwise, enum http_fault *reterr_fault);

/*
 * The field lines in `rest` and the empty line behind them.  count_max: how
 * many there can be, known from the scan.
 */
int http_fields_parse(struct str rest, size_t count_max, struct arena *arena,
    struct http_fields *ret, enum http_fault *reterr_fault);

/* What the fields say that each kind of message acts upon. */
struct http_facts {
	const struct http_field *host;
	const struct http_field *length;
	const struct http_field *coding;
	const struct http_field *upgrade;
	bool expects;     /* there is an Expect field */
	bool close;       /* Connection: close */
	bool keep_alive;  /* Connection: keep-alive */
	bool may_upgrade; /* Connection: upgrade */
	bool odd;         /* Connection holds what is no option */
};

/* Also marks the fields that Connection names (field->hop). */
int http_facts_read(struct http_fields *fields, struct http_facts *ret,
    enum http_fault *reterr_fault);

/* What Content-Length and Transfer-Encoding say together. */
struct http_length {
	bool chunked;
	int64_t length; /* HTTP_UNSAID: no Content-Length */
};

/* 0; or -EBADMSG for two that say different things, or one that is wrong. */
int http_length_read(const struct http_facts *facts, unsigned minor,
    struct http_length *ret, enum http_fault *reterr_fault);

/* 1*DIGIT; leading zeros are digits too.  False above HTTP_CONTENT_BYTES_MAX */
bool http_digits_read(struct str text, int64_t *ret);

/* Whether the connection lives on after this message (RFC 9112, 9.3). */
bool http_facts_persist(const struct http_facts *facts, unsigned minor);

#endif
