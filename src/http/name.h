/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/name: the field names that Gatehouse knows.
 *
 * One row a name, sorted by length (a test sees to it).  A field gets the id
 * of its name once, when it is parsed; everybody after that compares numbers.
 * The row also says what becomes of the field at our hop.
 */
#ifndef GATEHOUSE_HTTP_NAME_H
#define GATEHOUSE_HTTP_NAME_H

#include "base/str.h"

enum http_name_use {
	HTTP_NAME_USE_END,   /* end to end: written on as it came */
	HTTP_NAME_USE_HOP,   /* for one hop: dropped (RFC 9110, 7.6.1) */
	HTTP_NAME_USE_MODEL, /* dropped, and written anew from the model */
};

#define HTTP_NAMES(ROW)                                                        \
	ROW(TE, "te", HOP)                                                     \
	ROW(AGE, "age", END)                                                   \
	ROW(VIA, "via", MODEL)                                                 \
	ROW(DATE, "date", END)                                                 \
	ROW(ETAG, "etag", END)                                                 \
	ROW(HOST, "host", MODEL)                                               \
	ROW(VARY, "vary", END)                                                 \
	ROW(ALLOW, "allow", END)                                               \
	ROW(RANGE, "range", END)                                               \
	ROW(ACCEPT, "accept", END)                                             \
	ROW(COOKIE, "cookie", END)                                             \
	ROW(EXPECT, "expect", MODEL)                                           \
	ROW(ORIGIN, "origin", END)                                             \
	ROW(PRAGMA, "pragma", END)                                             \
	ROW(SERVER, "server", END)                                             \
	ROW(ALT_SVC, "alt-svc", END)                                           \
	ROW(EXPIRES, "expires", END)                                           \
	ROW(REFERER, "referer", END)                                           \
	ROW(TRAILER, "trailer", HOP)                                           \
	ROW(UPGRADE, "upgrade", MODEL)                                         \
	ROW(WARNING, "warning", END)                                           \
	ROW(IF_MATCH, "if-match", END)                                         \
	ROW(IF_RANGE, "if-range", END)                                         \
	ROW(LOCATION, "location", END)                                         \
	ROW(FORWARDED, "forwarded", END)                                       \
	ROW(CONNECTION, "connection", MODEL)                                   \
	ROW(KEEP_ALIVE, "keep-alive", HOP)                                     \
	ROW(SET_COOKIE, "set-cookie", END)                                     \
	ROW(USER_AGENT, "user-agent", END)                                     \
	ROW(RETRY_AFTER, "retry-after", END)                                   \
	ROW(CACHE_STATUS, "cache-status", END)                                 \
	ROW(CONTENT_TYPE, "content-type", END)                                 \
	ROW(MAX_FORWARDS, "max-forwards", MODEL)                               \
	ROW(PROXY_STATUS, "proxy-status", END)                                 \
	ROW(ACCEPT_RANGES, "accept-ranges", END)                               \
	ROW(AUTHORIZATION, "authorization", END)                               \
	ROW(CACHE_CONTROL, "cache-control", END)                               \
	ROW(CONTENT_RANGE, "content-range", END)                               \
	ROW(IF_NONE_MATCH, "if-none-match", END)                               \
	ROW(LAST_MODIFIED, "last-modified", END)                               \
	ROW(CONTENT_LENGTH, "content-length", MODEL)                           \
	ROW(HTTP2_SETTINGS, "http2-settings", HOP)                             \
	ROW(ACCEPT_ENCODING, "accept-encoding", END)                           \
	ROW(ACCEPT_LANGUAGE, "accept-language", END)                           \
	ROW(X_FORWARDED_FOR, "x-forwarded-for", END)                           \
	ROW(CONTENT_ENCODING, "content-encoding", END)                         \
	ROW(CONTENT_LOCATION, "content-location", END)                         \
	ROW(PROXY_CONNECTION, "proxy-connection", HOP)                         \
	ROW(WWW_AUTHENTICATE, "www-authenticate", END)                         \
	ROW(CDN_CACHE_CONTROL, "cdn-cache-control", END)                       \
	ROW(IF_MODIFIED_SINCE, "if-modified-since", END)                       \
	ROW(TRANSFER_ENCODING, "transfer-encoding", MODEL)                     \
	ROW(PROXY_AUTHENTICATE, "proxy-authenticate", HOP)                     \
	ROW(CONTENT_DISPOSITION, "content-disposition", END)                   \
	ROW(IF_UNMODIFIED_SINCE, "if-unmodified-since", END)                   \
	ROW(PROXY_AUTHORIZATION, "proxy-authorization", HOP)                   \
	ROW(PROXY_AUTHENTICATION_INFO, "proxy-authentication-info", HOP)

enum http_name {
	HTTP_NAME_OTHER = 0,
#define ROW(id, text, use) HTTP_NAME_##id,
	HTTP_NAMES(ROW)
#undef ROW
	HTTP_NAME_COUNT
};

/* By token, case-insensitively; HTTP_NAME_OTHER if it has no row. */
enum http_name http_name_find(struct str token);

/* In lower case; empty for HTTP_NAME_OTHER. */
struct str http_name_text(enum http_name name);

enum http_name_use http_name_use(enum http_name name);

/* Whether it speaks of a connection of HTTP/1, and has no place in HTTP/2
 * (RFC 9113, 8.2.2).  TE has one, if it says no more than "trailers". */
bool http_name_is_of_connection(enum http_name name);

#endif
