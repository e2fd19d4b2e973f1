/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/authentication: whom a proof of who asks is good for.
 *
 * RFC 9110, 11.1 has each request prove by itself who sends it.  NTLM and
 * Negotiate (RFC 4559, 6) prove it once for all that comes on a connection: so
 * that one must carry nobody else's requests.
 */
#ifndef GATEHOUSE_HTTP_AUTHENTICATION_H
#define GATEHOUSE_HTTP_AUTHENTICATION_H

#include "http/fields.h"

/* Of a request that proves it, or of an answer that asks for that. */
bool http_authentication_is_of_connection(const struct http_fields *fields);

#endif
