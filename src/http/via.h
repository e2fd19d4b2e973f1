/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/via: who passed the message on (RFC 9110, 7.6.3).
 *
 * Each proxy appends "1.1 name", or "2 name".  A proxy that finds its own name in a request
 * is in a loop and must not send it on.
 */
#ifndef GATEHOUSE_HTTP_VIA_H
#define GATEHOUSE_HTTP_VIA_H

#include "base/text.h"
#include "http/message.h"

/* Whether `name` stands as a recipient in a Via field; case-insensitive. */
bool http_via_has(const struct http_fields *fields, struct str name);

/*
 * The Via line: what the message brought, then "version name".  An empty name
 * adds nothing of ours; no line is written then if the message brought none.
 */
void http_via_add(const struct http_fields *fields, enum http_version version,
    struct str name, struct text *out);

#endif
