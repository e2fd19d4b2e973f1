/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/recoding: whether a response is compressed, or unpacked, on its way to
 * the client, and what becomes of its head then.
 *
 * Pure functions of the two heads.  What is never touched: content with
 * `no-transform` (RFC 9111, 5.2.2.6), a part of it (206, Content-Range), that
 * of HEAD and CONNECT and of statuses without content, a media type that is not
 * in the table of recoding.c, and what has several codings.
 *
 * Unpacked is only what the client says that it does not take: without
 * Accept-Encoding any coding may be sent (RFC 9110, 12.5.3).
 */
#ifndef GATEHOUSE_HTTP_RECODING_H
#define GATEHOUSE_HTTP_RECODING_H

#include "http/accept.h"
#include "http/coding.h"
#include "http/message.h"

enum http_recoding_kind {
	HTTP_RECODING_NONE,
	HTTP_RECODING_ENCODE,
	HTTP_RECODING_DECODE,
};

/* Why not, or why: for the log and the metric. */
#define HTTP_RECODING_REASONS(ROW)                                             \
	ROW(DONE, done, "it is worth it")                                      \
	ROW(METHOD, method, "an answer to HEAD or CONNECT")                    \
	ROW(STATUS, status, "a status without content, or of a part")          \
	ROW(VERSION, version, "an HTTP/1.0 client")                            \
	ROW(FORBIDDEN, forbidden, "the server says no-transform")              \
	ROW(TYPE, type, "its media type does not shrink")                      \
	ROW(SMALL, small, "it is too small")                                   \
	ROW(CODED, coded, "it is in a coding that the client takes")           \
	ROW(CODING, coding, "it is in a coding that we do not know")           \
	ROW(SECRET, secret, "an answer to somebody known, inside of TLS")      \
	ROW(UNWANTED, unwanted, "the client takes no coding of ours")

enum http_recoding_reason {
#define ROW(id, word, meaning) HTTP_RECODING_REASON_##id,
	HTTP_RECODING_REASONS(ROW)
#undef ROW
	HTTP_RECODING_REASON_COUNT
};

struct http_recoding {
	enum http_recoding_kind kind;
	enum http_coding coding; /* that is put on, or taken off */
	enum http_recoding_reason reason;
	/* Another client would get another coding of it: Vary says so. */
	bool varies;
};

const char *http_recoding_reason_word(enum http_recoding_reason reason);

/*
 * What a client with this Accept-Encoding is to get.  `ours`: what may be put
 * on, in order of preference; none: nothing is compressed.
 */
struct http_recoding http_recoding_choose(const struct http_request *request,
    const struct http_response *response, const struct http_accept *accept,
    const enum http_coding *ours, size_t count);

/*
 * The coding that the content is in: IDENTITY without the field, OTHER for
 * several or an unknown one.
 */
enum http_coding http_recoding_coding_of(const struct http_fields *fields);

/*
 * Changes the head so that it tells of the content as it will be sent:
 * Content-Encoding, Vary, a weak ETag (RFC 9110, 8.8.3.3), no length, no
 * ranges, no digest.  Of kind NONE only Vary, if it varies.  The framing
 * becomes CHUNKED if anything is recoded: http_response_fit comes after.  0;
 * -ENOMEM; -E2BIG.
 */
int http_recoding_apply(const struct http_recoding *recoding,
    struct http_response *response, struct arena *arena);

#endif
