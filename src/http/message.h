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

/* Which HTTP brought a message. */
enum http_version {
	HTTP_VERSION_1_0,
	HTTP_VERSION_1_1,
	HTTP_VERSION_2,
	HTTP_VERSION_COUNT
};

/* "1.0", "1.1", "2": as Via and the journal name it. */
const char *http_version_word(enum http_version version);

/* How the end of the content is known (RFC 9112, 6.3). */
enum http_framing {
	HTTP_FRAMING_NONE, /* there is no content */
	HTTP_FRAMING_LENGTH,
	HTTP_FRAMING_CHUNKED,
	/* Of responses; and of what comes in frames, where the end of the
	 * stream is said as such. */
	HTTP_FRAMING_UNTIL_CLOSE,
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
	/* In frames (HTTP/2), where it counts as 1.1, and nothing that is said
	 * of a connection, or of chunks, holds. */
	bool framed;
	struct http_fields fields;
	enum http_framing framing;
	int64_t content_length; /* of framing LENGTH */
	/* The client may send another request on the connection. */
	bool keep_alive;
	/* The client waits for a 100 before it sends the content. */
	bool expect_continue;
	/* Who sends it has proved by his connection who he is, in this request
	 * or in an earlier one (http/authentication). */
	bool authenticated;
	struct str upgrade; /* protocols asked for; at == NULL: none */
	/* Of OPTIONS and TRACE only (RFC 9110, 7.6.2); 0: answer it here. */
	int64_t max_forwards;
};

struct http_response {
	unsigned status; /* 100 to 999 */
	struct str reason;
	unsigned minor;
	bool framed;
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

static inline enum http_version
http_request_version(const struct http_request *request)
{
	if (request->framed)
		return HTTP_VERSION_2;
	return request->minor == 0 ? HTTP_VERSION_1_0 : HTTP_VERSION_1_1;
}

static inline enum http_version
http_response_version(const struct http_response *response)
{
	if (response->framed)
		return HTTP_VERSION_2;
	return response->minor == 0 ? HTTP_VERSION_1_0 : HTTP_VERSION_1_1;
}

static inline bool
http_request_has_content(const struct http_request *request)
{
	return request->framing != HTTP_FRAMING_NONE;
}

/* Whether it is somebody's, by a field of its own or by its connection. */
bool http_request_is_somebody_s(const struct http_request *request);

/* Whether who asks understands chunks; else the end of his content is that of
 * his connection, or stream. */
static inline bool
http_request_takes_chunks(const struct http_request *request)
{
	return request->minor > 0 && !request->framed;
}

/*
 * Chooses the framing that a client understands, for content that comes as
 * `response->framing` says.  CHUNKED becomes UNTIL_CLOSE for who takes no
 * chunks (RFC 9112, 6.1), UNTIL_CLOSE becomes CHUNKED for any other, who then
 * keeps the connection and sees a truncated content.  The body must be written
 * in the framing that results.
 */
void http_response_fit(struct http_response *response, bool takes_chunks);

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
