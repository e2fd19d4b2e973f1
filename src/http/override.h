/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/override: fields that tell an application another URL, host or method
 * than those of the request.
 *
 * What stands in front of a server says them, of which name it was asked under,
 * and frameworks believe whoever says so.  A client that says them itself gets
 * an answer of its own making, with links to where it likes; which is no
 * answer to the URL that was asked for.
 */
#ifndef GATEHOUSE_HTTP_OVERRIDE_H
#define GATEHOUSE_HTTP_OVERRIDE_H

#include "http/fields.h"

/* Of what is sent on.  X-Forwarded-For is none: it tells who asks. */
bool http_override_is_said(const struct http_fields *fields);

#endif
