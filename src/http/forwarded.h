/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/forwarded: for whom a request is passed on (X-Forwarded-For).
 *
 * No standard, but what servers read: addresses, the client's own claim first
 * and each proxy's client behind it.  RFC 7239 would be Forwarded; who sends
 * both gives servers two truths to choose from.
 */
#ifndef GATEHOUSE_HTTP_FORWARDED_H
#define GATEHOUSE_HTTP_FORWARDED_H

#include "base/text.h"
#include "http/fields.h"

/* The line: what the message brought, then the client; not empty. */
void http_forwarded_add(
    const struct http_fields *fields, struct str client, struct text *out);

#endif
