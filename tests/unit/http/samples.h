/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Heads that are HTTP, and what they say: for the tests of the parser and of
 * the writer.
 */
#ifndef GATEHOUSE_TESTS_HTTP_SAMPLES_H
#define GATEHOUSE_TESTS_HTTP_SAMPLES_H

#include "http/parse.h"

#define H "Host: a.example\r\n"
#define E "\r\n"

struct request_sample {
	const char *bytes;
	const char *want; /* see describe.h */
};

static const struct request_sample request_samples[] = {
	/* The four forms of a target. */
	{ "GET / HTTP/1.1\r\n" H E,
	    "GET origin http://a.example/ 1.1 none keep" },
	{ "GET /a/b?c=d&e HTTP/1.1\r\n" H E,
	    "GET origin http://a.example/a/b?c=d&e 1.1 none keep" },
	{ "GET //b.example/ HTTP/1.1\r\n" H E,
	    "GET origin http://a.example//b.example/ 1.1 none keep" },
	{ "GET /http://b.example/ HTTP/1.1\r\n" H E,
	    "GET origin http://a.example/http://b.example/ 1.1 none keep" },
	{ "GET http://b.example/x HTTP/1.1\r\nHost: b.example\r\n" E,
	    "GET absolute http://b.example/x 1.1 none keep" },
	{ "GET HTTP://B.Example:80/x HTTP/1.1\r\nHost: b.example\r\n" E,
	    "GET absolute http://b.example/x 1.1 none keep" },
	{ "GET https://b.example HTTP/1.1\r\nHost: b.example\r\n" E,
	    "GET absolute https://b.example/ 1.1 none keep" },
	{ "GET http://b.example?q HTTP/1.1\r\nHost: b.example\r\n" E,
	    "GET absolute http://b.example/?q 1.1 none keep" },
	{ "CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n" E,
	    "CONNECT authority b.example:443 1.1 none keep" },
	{ "CONNECT [2001:DB8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n" E,
	    "CONNECT authority [2001:db8::1]:443 1.1 none keep" },
	{ "CONNECT 192.0.2.1:22 HTTP/1.0\r\n" E,
	    "CONNECT authority 192.0.2.1:22 1.0 none" },
	{ "CONNECT b.example:443 HTTP/1.1\r\n" H "Content-Length: 0\r\n" E,
	    "CONNECT authority b.example:443 1.1 none keep" },
	{ "OPTIONS * HTTP/1.1\r\n" H E,
	    "OPTIONS asterisk http://a.example 1.1 none keep" },
	{ "OPTIONS http://b.example:81 HTTP/1.1\r\n" H E,
	    "OPTIONS absolute http://b.example:81 1.1 none keep" },
	{ "OPTIONS http://b.example/ HTTP/1.1\r\n" H E,
	    "OPTIONS absolute http://b.example/ 1.1 none keep" },
	{ "OPTIONS /x HTTP/1.1\r\n" H "Max-Forwards: 3\r\n" E,
	    "OPTIONS origin http://a.example/x 1.1 none keep forwards=3" },
	{ "TRACE / HTTP/1.1\r\n" H "Max-Forwards: 00\r\n" E,
	    "TRACE origin http://a.example/ 1.1 none keep forwards=0" },
	{ "GET / HTTP/1.1\r\n" H "Max-Forwards: x\r\n" E,
	    "GET origin http://a.example/ 1.1 none keep" },
	{ "TRACE / HTTP/1.1\r\n" H "Max-Forwards:\r\n" E,
	    "TRACE origin http://a.example/ 1.1 none keep" },
	{ "GET / HTTP/1.1\r\n" H "Max-Forwards: 1\r\nMax-Forwards: 2\r\n" E,
	    "GET origin http://a.example/ 1.1 none keep" },
	/* The target's host is the host (RFC 9112, 3.2.2). */
	{ "GET http://b.example/ HTTP/1.1\r\nHost: evil.example\r\n" E,
	    "GET absolute http://b.example/ 1.1 none keep" },
	{ "CONNECT b.example:443 HTTP/1.1\r\nHost: evil.example\r\n" E,
	    "CONNECT authority b.example:443 1.1 none keep" },
	/* Host says the port. */
	{ "GET / HTTP/1.1\r\nHost: A.EXAMPLE.:8080\r\n" E,
	    "GET origin http://a.example:8080/ 1.1 none keep" },
	{ "GET / HTTP/1.1\r\nHost: [::FFFF:192.0.2.1]\r\n" E,
	    "GET origin http://192.0.2.1/ 1.1 none keep" },
	{ "GET / HTTP/1.1\r\nhOST:\t a.example \t\r\n" E,
	    "GET origin http://a.example/ 1.1 none keep" },
	/* Methods. */
	{ "PROPFIND / HTTP/1.1\r\n" H E,
	    "PROPFIND origin http://a.example/ 1.1 none keep" },
	{ "get / HTTP/1.1\r\n" H E,
	    "get origin http://a.example/ 1.1 none keep" },
	{ "!#$%&'*+-.^_`|~09 / HTTP/1.1\r\n" H E,
	    "!#$%&'*+-.^_`|~09 origin http://a.example/ 1.1 none keep" },
	{ "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345 / HTTP/1.1\r\n" H E,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345 origin http://a.example/ 1.1 "
	    "none keep" },
	/* Versions. */
	{ "GET / HTTP/1.0\r\n" H E, "GET origin http://a.example/ 1.0 none" },
	{ "GET http://b.example/ HTTP/1.0\r\n" E,
	    "GET absolute http://b.example/ 1.0 none" },
	{ "GET / HTTP/1.0\r\n" H "Connection: keep-alive\r\n" E,
	    "GET origin http://a.example/ 1.0 none" },
	{ "GET / HTTP/1.9\r\n" H E,
	    "GET origin http://a.example/ 1.1 none keep" },
	/* Stray empty lines. */
	{ "\r\nGET / HTTP/1.1\r\n" H E,
	    "GET origin http://a.example/ 1.1 none keep" },
	{ "\r\n\r\nGET / HTTP/1.1\r\n" H E,
	    "GET origin http://a.example/ 1.1 none keep" },
	/* Framing. */
	{ "POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n" E,
	    "POST origin http://a.example/ 1.1 length=0 keep" },
	{ "POST / HTTP/1.1\r\n" H "Content-Length:5\r\n" E,
	    "POST origin http://a.example/ 1.1 length=5 keep" },
	{ "POST / HTTP/1.1\r\n" H "content-length: \t 5 \t \r\n" E,
	    "POST origin http://a.example/ 1.1 length=5 keep" },
	{ "POST / HTTP/1.1\r\n" H "Content-Length: 0005\r\n" E,
	    "POST origin http://a.example/ 1.1 length=5 keep" },
	{ "POST / HTTP/1.1\r\n" H "Content-Length: 4294967301\r\n" E,
	    "POST origin http://a.example/ 1.1 length=4294967301 keep" },
	{ "POST / HTTP/1.1\r\n" H "Content-Length: 9223372036854775807\r\n" E,
	    "POST origin http://a.example/ 1.1 length=9223372036854775807 "
	    "keep" },
	{ "POST / HTTP/1.0\r\n" H "Content-Length: 5\r\n" E,
	    "POST origin http://a.example/ 1.0 length=5" },
	{ "GET / HTTP/1.1\r\n" H "Content-Length: 5\r\n" E,
	    "GET origin http://a.example/ 1.1 length=5 keep" },
	{ "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n" E,
	    "POST origin http://a.example/ 1.1 chunked keep" },
	{ "POST / HTTP/1.1\r\n" H "transfer-encoding:\tChUnKeD\t\r\n" E,
	    "POST origin http://a.example/ 1.1 chunked keep" },
	{ "POST / HTTP/1.1\r\n" H E,
	    "POST origin http://a.example/ 1.1 none keep" },
	/* Names that only look like framing do not frame. */
	{ "POST / HTTP/1.1\r\n" H "Content-Lengt: 5\r\n" E,
	    "POST origin http://a.example/ 1.1 none keep" },
	{ "POST / HTTP/1.1\r\n" H "X-Transfer-Encoding: chunked\r\n" E,
	    "POST origin http://a.example/ 1.1 none keep" },
	{ "POST / HTTP/1.1\r\n" H "X: Transfer-Encoding: chunked\r\n" E,
	    "POST origin http://a.example/ 1.1 none keep" },
	{ "POST / HTTP/1.1\r\n" H "Content_Type: x\r\n" E,
	    "POST origin http://a.example/ 1.1 none keep" },
	/* Connection. */
	{ "GET / HTTP/1.1\r\n" H "Connection: close\r\n" E,
	    "GET origin http://a.example/ 1.1 none" },
	{ "GET / HTTP/1.1\r\n" H "Connection: Keep-Alive, CLOSE\r\n" E,
	    "GET origin http://a.example/ 1.1 none" },
	{ "GET / HTTP/1.1\r\n" H "Connection: a\r\nConnection: ,b,close\r\n" E,
	    "GET origin http://a.example/ 1.1 none" },
	{ "GET / HTTP/1.1\r\n" H "Connection: keep-alive\r\n" E,
	    "GET origin http://a.example/ 1.1 none keep" },
	{ "GET / HTTP/1.1\r\n" H "Connection:\r\n" E,
	    "GET origin http://a.example/ 1.1 none keep" },
	{ "GET / HTTP/1.1\r\n" H "Connection: closed\r\n" E,
	    "GET origin http://a.example/ 1.1 none keep" },
	{ "GET / HTTP/1.1\r\n" H "Connection: \"keep-alive\"\r\n" E,
	    "GET origin http://a.example/ 1.1 none" },
	{ "GET / HTTP/1.1\r\n" H "Proxy-Connection: close\r\n" E,
	    "GET origin http://a.example/ 1.1 none keep" },
	/* Upgrade. */
	{ "GET / HTTP/1.1\r\n" H
	  "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" E,
	    "GET origin http://a.example/ 1.1 none keep upgrade=websocket" },
	{ "GET / HTTP/1.1\r\n" H "Upgrade: websocket\r\n" E,
	    "GET origin http://a.example/ 1.1 none keep" },
	{ "GET / HTTP/1.1\r\n" H "Connection: upgrade\r\n" E,
	    "GET origin http://a.example/ 1.1 none keep" },
	{ "GET / HTTP/1.1\r\n" H "Connection: upgrade\r\nUpgrade:\r\n" E,
	    "GET origin http://a.example/ 1.1 none keep" },
	{ "GET / HTTP/1.0\r\n" H
	  "Connection: upgrade\r\nUpgrade: websocket\r\n" E,
	    "GET origin http://a.example/ 1.0 none" },
	{ "GET / HTTP/1.1\r\n" H "Connection: upgrade\r\n"
	  "Upgrade: websocket\r\nUpgrade: h2c\r\n" E,
	    "GET origin http://a.example/ 1.1 none" },
	/* Expect. */
	{ "PUT / HTTP/1.1\r\n" H
	  "Content-Length: 5\r\nExpect: 100-continue\r\n" E,
	    "PUT origin http://a.example/ 1.1 length=5 keep expect" },
	{ "PUT / HTTP/1.1\r\n" H
	  "Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n" E,
	    "PUT origin http://a.example/ 1.1 chunked keep expect" },
	{ "PUT / HTTP/1.0\r\n" H
	  "Content-Length: 5\r\nExpect: 100-continue\r\n" E,
	    "PUT origin http://a.example/ 1.0 length=5" },
	{ "GET / HTTP/1.1\r\n" H "Expect: 100-continue\r\n" E,
	    "GET origin http://a.example/ 1.1 none keep" },
	{ "PUT / HTTP/1.1\r\n" H
	  "Content-Length: 0\r\nExpect: 100-continue\r\n" E,
	    "PUT origin http://a.example/ 1.1 length=0 keep" },
	{ "PUT / HTTP/1.1\r\n" H "Content-Length: 5\r\nExpect:\r\n" E,
	    "PUT origin http://a.example/ 1.1 length=5 keep" },
	/* Fields. */
	{ "GET / HTTP/1.1\r\n" H "X:\r\nY: \t \r\nZ:a\r\n" E,
	    "GET origin http://a.example/ 1.1 none keep" },
	{ "GET / HTTP/1.1\r\n" H "X: \xc3\xbc\xff\t\"q, r\" (c)\r\n" E,
	    "GET origin http://a.example/ 1.1 none keep" },
	{ "GET / HTTP/1.1\r\n" H "Connection: X-Hop, Cookie, close\r\n"
	  "X-Hop: 1\r\nx-hop: 2\r\nCookie: c\r\nX-Keep: 3\r\n" E,
	    "GET origin http://a.example/ 1.1 none" },
	{ "GET / HTTP/1.1\r\n" H "Via: 1.0 fred, 1.1 p.example\r\n"
	  "TE: trailers\r\nTrailer: X\r\nKeep-Alive: 5\r\n"
	  "Proxy-Authorization: Basic eDp5\r\nHTTP2-Settings: x\r\n" E,
	    "GET origin http://a.example/ 1.1 none keep" },
};

#define REQUEST_SAMPLES (sizeof(request_samples) / sizeof(request_samples[0]))

struct response_sample {
	enum http_method method;
	const char *bytes;
	const char *want;
};

static const struct response_sample response_samples[] = {
	{ HTTP_METHOD_GET, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" E,
	    "200 'OK' 1.1 length=5 keep" },
	{ HTTP_METHOD_GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" E,
	    "200 'OK' 1.1 length=0 keep" },
	{ HTTP_METHOD_GET,
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n" E,
	    "200 'OK' 1.1 chunked keep" },
	{ HTTP_METHOD_GET, "HTTP/1.1 200 OK\r\n" E,
	    "200 'OK' 1.1 until-close" },
	{ HTTP_METHOD_GET, "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n" E,
	    "200 'OK' 1.1 until-close" },
	/* Status lines. */
	{ HTTP_METHOD_GET, "HTTP/1.1 200 \r\nContent-Length: 5\r\n" E,
	    "200 '' 1.1 length=5 keep" },
	{ HTTP_METHOD_GET, "HTTP/1.1 200\r\nContent-Length: 5\r\n" E,
	    "200 '' 1.1 length=5 keep" },
	{ HTTP_METHOD_GET,
	    "HTTP/1.1 404 Not \t f\xfcnd: x \r\nContent-Length: 5\r\n" E,
	    "404 'Not \t f\xfcnd: x' 1.1 length=5 keep" },
	{ HTTP_METHOD_GET, "HTTP/1.1 999 Odd\r\nContent-Length: 5\r\n" E,
	    "999 'Odd' 1.1 length=5 keep" },
	{ HTTP_METHOD_GET, "HTTP/1.7 200 OK\r\nContent-Length: 5\r\n" E,
	    "200 'OK' 1.1 length=5 keep" },
	/* HTTP/1.0 */
	{ HTTP_METHOD_GET, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n" E,
	    "200 'OK' 1.0 length=5" },
	{ HTTP_METHOD_GET,
	    "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n"
	    "Connection: Keep-Alive\r\n" E,
	    "200 'OK' 1.0 length=5 keep" },
	{ HTTP_METHOD_GET,
	    "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n"
	    "Connection: keep-alive, close\r\n" E,
	    "200 'OK' 1.0 length=5" },
	{ HTTP_METHOD_GET,
	    "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n"
	    "Proxy-Connection: keep-alive\r\n" E,
	    "200 'OK' 1.0 length=5" },
	{ HTTP_METHOD_GET, "HTTP/1.0 200 OK\r\n" E,
	    "200 'OK' 1.0 until-close" },
	/* No content, whatever the fields say. */
	{ HTTP_METHOD_HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" E,
	    "200 'OK' 1.1 none=5 keep" },
	{ HTTP_METHOD_HEAD,
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" E,
	    "200 'OK' 1.1 none keep" },
	{ HTTP_METHOD_HEAD, "HTTP/1.1 200 OK\r\n" E, "200 'OK' 1.1 none keep" },
	{ HTTP_METHOD_GET,
	    "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n" E,
	    "304 'Not Modified' 1.1 none=5 keep" },
	{ HTTP_METHOD_GET, "HTTP/1.1 304 Not Modified\r\n" E,
	    "304 'Not Modified' 1.1 none keep" },
	{ HTTP_METHOD_GET, "HTTP/1.1 204 No Content\r\n" E,
	    "204 'No Content' 1.1 none keep" },
	{ HTTP_METHOD_GET, "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n" E,
	    "204 'No Content' 1.1 none keep" },
	{ HTTP_METHOD_GET, "HTTP/1.1 100 Continue\r\n" E,
	    "100 'Continue' 1.1 none keep" },
	{ HTTP_METHOD_GET, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n" E,
	    "103 'Early Hints' 1.1 none keep" },
	/* Content where none can be: the connection is not trusted after. */
	{ HTTP_METHOD_GET, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n" E,
	    "204 'No Content' 1.1 none" },
	{ HTTP_METHOD_GET,
	    "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n" E,
	    "204 'No Content' 1.1 none" },
	{ HTTP_METHOD_GET, "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n" E,
	    "100 'Continue' 1.1 none" },
	{ HTTP_METHOD_HEAD,
	    "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n" E,
	    "204 'No Content' 1.1 none" },
	{ HTTP_METHOD_GET,
	    "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n" E,
	    "304 'Not Modified' 1.1 none" },
	{ HTTP_METHOD_HEAD,
	    "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n" E,
	    "304 'Not Modified' 1.1 none keep" },
	/* CONNECT: 2xx opens the tunnel, the rest has content. */
	{ HTTP_METHOD_CONNECT, "HTTP/1.1 200 OK\r\n" E,
	    "200 'OK' 1.1 none keep" },
	{ HTTP_METHOD_CONNECT, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" E,
	    "200 'OK' 1.1 none keep" },
	{ HTTP_METHOD_CONNECT,
	    "HTTP/1.1 200 OK\r\nContent-Length: x\r\n"
	    "Transfer-Encoding: y\r\n" E,
	    "200 'OK' 1.1 none keep" },
	{ HTTP_METHOD_CONNECT, "HTTP/1.0 200 OK\r\n" E, "200 'OK' 1.0 none" },
	{ HTTP_METHOD_CONNECT,
	    "HTTP/1.1 407 Proxy Authentication Required\r\n"
	    "Proxy-Authenticate: Basic realm=\"a, b\"\r\n"
	    "Content-Length: 5\r\n" E,
	    "407 'Proxy Authentication Required' 1.1 length=5 keep" },
	{ HTTP_METHOD_CONNECT, "HTTP/1.1 403 Forbidden\r\n" E,
	    "403 'Forbidden' 1.1 until-close" },
	/* Upgrade. */
	{ HTTP_METHOD_GET,
	    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
	    "Upgrade: websocket\r\n" E,
	    "101 'Switching Protocols' 1.1 none keep upgrade=websocket" },
	{ HTTP_METHOD_GET, "HTTP/1.1 101 X\r\nUpgrade: websocket\r\n" E,
	    "101 'X' 1.1 none keep" },
	{ HTTP_METHOD_GET,
	    "HTTP/1.1 426 X\r\nConnection: upgrade\r\nUpgrade: h2c\r\n"
	    "Content-Length: 0\r\n" E,
	    "426 'X' 1.1 length=0 keep" },
	/* Fields. */
	{ HTTP_METHOD_GET,
	    "HTTP/1.1 200 OK\r\nSet-Cookie: a=b; c\r\nSet-Cookie: d\r\n"
	    "Connection: close, X-Hop\r\nX-Hop: 1\r\nVia: 1.1 far\r\n"
	    "Transfer-Encoding: chunked\r\nTrailer: X\r\n" E,
	    "200 'OK' 1.1 chunked" },
};

#define RESPONSE_SAMPLES                                                       \
	(sizeof(response_samples) / sizeof(response_samples[0]))

#endif
