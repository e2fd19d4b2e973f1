/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/message: a request and a response as Gatehouse understands them.
 *
 * The parser fills them, the proxy looks at and changes them, the writer makes
 * the bytes of the next hop from them and from nothing else.  Framing is part
 * of the model: the fields Content-Length, Transfer-Encoding, Connection and
 * Host stay in `fields` to be looked at, but what is sent is what the model
 * says.
 *
 * All text is lent from the input buffer, which must stay as it is until the
 * exchange is done, or from the exchange's arena.
 */
#ifndef GATEHOUSE_HTTP_MESSAGE_H
#define GATEHOUSE_HTTP_MESSAGE_H

#include "http/fields.h"
#include "http/method.h"
#include "http/uri.h"

/* How the end of the content is known (RFC 9112, 6.3). */
enum http_framing {
	HTTP_FRAMING_NONE, /* there is no content */
	HTTP_FRAMING_LENGTH,
	HTTP_FRAMING_CHUNKED,
	HTTP_FRAMING_UNTIL_CLOSE, /* responses only */
};

/* RFC 9112, 3.2 */
enum http_target {
	HTTP_TARGET_ORIGIN,    /* "/path?query" */
	HTTP_TARGET_ABSOLUTE,  /* "http://host/path?query" */
	HTTP_TARGET_AUTHORITY, /* "host:port", of CONNECT */
	HTTP_TARGET_ASTERISK,  /* "*", of OPTIONS */
};

/* What content_length and max_forwards are when nothing was said. */
#define HTTP_UNSAID (-1)

struct http_request {
	struct str method_text;
	enum http_method method;
	enum http_target target; /* the form in which the target came */
	struct http_uri uri;     /* what it means */
	unsigned minor;          /* HTTP/1.0 or 1.1; 1.2 and up count as 1.1 */
	struct http_fields fields;
	enum http_framing framing;
	int64_t content_length; /* of framing LENGTH */
	/* The client may send another request on the connection. */
	bool keep_alive;
	/* The client waits for a 100 before it sends the content. */
	bool expect_continue;
	struct str upgrade; /* protocols asked for; at == NULL: none */
	/* Of OPTIONS and TRACE only (RFC 9110, 7.6.2); 0: answer it here. */
	int64_t max_forwards;
};

struct http_response {
	unsigned status; /* 100 to 999 */
	struct str reason;
	unsigned minor;
	enum http_method method; /* of the request that it answers */
	struct http_fields fields;
	enum http_framing framing;
	/*
	 * Of framing LENGTH; and of framing NONE where HEAD or 304 told what
	 * length the content would have.
	 */
	int64_t content_length;
	/* The server takes another request on the connection. */
	bool keep_alive;
	struct str upgrade; /* of 101: what is spoken now */
};

/*
 * Chooses the framing that a client of this minor version understands, for
 * content that comes as `response->framing` says.  CHUNKED becomes UNTIL_CLOSE
 * for an HTTP/1.0 client (RFC 9112, 6.1), UNTIL_CLOSE becomes CHUNKED for
 * any other, who then keeps the connection and sees a truncated content.
 * The body must be written in the framing that results.
 */
void http_response_fit(struct http_response *response, unsigned client_minor);

/*
 * Copies the head that the request was parsed from to the arena: from now on
 * its texts lie there and not in the input.  0 or -ENOMEM.
 */
int http_request_keep(
    struct http_request *request, struct str head, struct arena *arena);

/* The same with an array of fields of its own.  0; -E2BIG; -ENOMEM. */
int http_request_copy(const struct http_request *request, struct arena *arena,
    struct http_request *ret);

/* An answer of the proxy's own, without fields, to be filled further. */
struct http_response http_response_own(
    unsigned status, enum http_method method, int64_t content_length);

#endif
