/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/uri: what a request is for, in one spelling (RFC 9110, 4; RFC 3986).
 *
 * Policy, log, cache key and upstream all take this one type; see http/host
 * for why.  Readers refuse what they do not understand: a user before the
 * host, a fragment, controls, blanks and bytes over 127.  Writers are the only
 * way back to text.
 *
 * The path is kept as it came, percent-encodings and dot segments included: a
 * proxy may not change it (RFC 9110, 7.7).  To compare it with a rule, ask
 * http/path for its normal form.
 *
 * All text is lent, from what was parsed or from the arena.
 */
#ifndef GATEHOUSE_HTTP_URI_H
#define GATEHOUSE_HTTP_URI_H

#include "base/text.h"
#include "http/host.h"

enum http_scheme {
	HTTP_SCHEME_NONE, /* CONNECT: what goes through the tunnel is unknown */
	HTTP_SCHEME_HTTP,
	HTTP_SCHEME_HTTPS,
	HTTP_SCHEME_COUNT
};

struct http_uri {
	enum http_scheme scheme;
	struct http_host host;
	uint16_t port; /* never 0 */
	bool port_explicit;
	/*
	 * Path and query, beginning with "/".  Empty where there is none: of
	 * CONNECT, and of OPTIONS for the server as a whole.
	 */
	struct str path;
};

/* "http", "https", or "" for NONE. */
struct str http_scheme_text(enum http_scheme scheme);

/* 80, 443, or 0 for NONE. */
uint16_t http_scheme_port(enum http_scheme scheme);

/*
 * absolute-form: "http://host[:port][/path][?query]".  An absent path stays
 * empty only if there is no query either.  0; -EBADMSG with the fault;
 * -ENOMEM.  So for the two below.
 */
int http_uri_parse(struct str text, struct arena *arena, struct http_uri *ret,
    enum http_fault *reterr_fault);

/*
 * "host[:port]", as in the Host field; with scheme NONE the port is required,
 * which is authority-form (CONNECT).  The path is left empty.
 */
int http_uri_parse_authority(struct str text, enum http_scheme scheme,
    struct arena *arena, struct http_uri *ret, enum http_fault *reterr_fault);

/* origin-form: sets path and query, which must begin with "/". */
int http_uri_parse_path(
    struct http_uri *uri, struct str path, enum http_fault *reterr_fault);

/* The parts before and behind the first '?'; a query without its '?'. */
struct str http_uri_path(const struct http_uri *uri);
struct str http_uri_query(const struct http_uri *uri);

/* The same scheme, host and port (RFC 9110, 4.3.1). */
bool http_uri_same_origin(const struct http_uri *a, const struct http_uri *b);

/* "host", with a port if it is not the scheme's: the value of Host. */
void http_uri_add_host(const struct http_uri *uri, struct text *out);

/* "host:port", always with the port: for CONNECT. */
void http_uri_add_authority(const struct http_uri *uri, struct text *out);

/* The whole URI; of scheme NONE "host:port".  For logs and for parents. */
void http_uri_add(const struct http_uri *uri, struct text *out);

#endif
