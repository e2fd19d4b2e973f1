/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/write: the head of the next hop, made anew from the model.
 *
 * No byte of the head that came is copied through as a line.  Fields that are
 * for one hop are left out (RFC 9110, 7.6.1): those with a row in http/name
 * that says so, and those that Connection named.  Host, Content-Length,
 * Transfer-Encoding, Connection, Upgrade, Expect, Max-Forwards and Via are
 * written from the model and from the options, each at most once; of
 * Content-Length and Transfer-Encoding never both.
 *
 * The version is always HTTP/1.1, which is ours (RFC 9110, 2.5).
 */
#ifndef GATEHOUSE_HTTP_WRITE_H
#define GATEHOUSE_HTTP_WRITE_H

#include "http/message.h"

struct http_request_options {
	/* To a parent proxy: absolute-form.  CONNECT has one form only. */
	bool to_parent;
	bool keep_alive;
	/* Trailers of the answer are passed on (RFC 9110, 10.1.4). */
	bool trailers;
	/* Ask the server for a 100 before content is sent. */
	bool expect_continue;
	/*
	 * Ours in Via; empty: do not tell.  Lent, as all that follows; these
	 * are written as they are, so they must be valid as field values.
	 */
	struct str via;
	/* The client's address, for X-Forwarded-For; empty: do not tell. */
	struct str forwarded_for;
	/*
	 * Protocols to ask for; empty: none.  Never pass on what a client
	 * asked for unseen: inside h2c no policy sees the requests.
	 */
	struct str upgrade;
	/* Our credentials for the parent; empty: none. */
	struct str proxy_authorization;
};

struct http_response_options {
	/* Field lines of a stored response (cache/head), written as they are
	 * before the fields of the response; empty: none. */
	struct str head;
	unsigned client_minor;         /* of the request's version */
	bool keep_alive;               /* ignored where the end is the close */
	struct str via;                /* as above */
	struct str upgrade;            /* of 101: what is spoken now */
	struct str proxy_authenticate; /* our challenge, of 407 */
};

/* Appends the head to out.  0, or -ENOMEM (out->full). */
int http_request_write(const struct http_request *request,
    const struct http_request_options *options, struct text *out);

/*
 * The same for a response.  The framing must be one that the client knows, see
 * http_response_fit.  Framing NONE of a message that may have content is
 * written as length 0, so that the client does not wait for the close.
 */
int http_response_write(const struct http_response *response,
    const struct http_response_options *options, struct text *out);

#endif
