/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/greeting.h"

#include "http/octet.h"
#include "net/hello.h"

/* The first octet of a method, or of the empty lines that may stand before
 * it (RFC 9112, 2.2). */
static bool
may_begin_request(char c)
{
	return http_octet_is(c, HTTP_OCTET_TOKEN) || c == '\r' || c == '\n' ||
	       c == ' ' || c == '\t';
}

enum greeting
greeting_of(struct str first_bytes)
{
	if (first_bytes.len == 0)
		return GREETING_UNKNOWN;
	if (hello_looks_like_tls(first_bytes))
		return GREETING_TLS;
	return may_begin_request(first_bytes.at[0]) ? GREETING_HTTP
						    : GREETING_OTHER;
}
