/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/method: what a request asks for (RFC 9110, 9; RFC 5789).
 *
 * A method is any token, case-sensitive; those whose meaning Gatehouse acts on
 * have a row.  Of the rest nothing is known, so they are neither safe nor
 * idempotent.
 */
#ifndef GATEHOUSE_HTTP_METHOD_H
#define GATEHOUSE_HTTP_METHOD_H

#include "base/str.h"

/* name, safe (9.2.1), idempotent (9.2.2) */
#define HTTP_METHODS(ROW)                                                      \
	ROW(GET, true, true)                                                   \
	ROW(HEAD, true, true)                                                  \
	ROW(POST, false, false)                                                \
	ROW(PUT, false, true)                                                  \
	ROW(DELETE, false, true)                                               \
	ROW(CONNECT, false, false)                                             \
	ROW(OPTIONS, true, true)                                               \
	ROW(TRACE, true, true)                                                 \
	ROW(PATCH, false, false)

enum http_method {
	HTTP_METHOD_OTHER = 0,
#define ROW(name, safe, idempotent) HTTP_METHOD_##name,
	HTTP_METHODS(ROW)
#undef ROW
	HTTP_METHOD_COUNT
};

enum http_method http_method_find(struct str text);

/* Empty for HTTP_METHOD_OTHER. */
struct str http_method_text(enum http_method method);

/* May be sent without a change being asked for. */
bool http_method_is_safe(enum http_method method);

/* May be sent again when the first answer was lost. */
bool http_method_is_idempotent(enum http_method method);

#endif
