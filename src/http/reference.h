/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/reference: what a URI reference means (RFC 3986, 4.1 and 5), as in
 * Location and Content-Location.
 */
#ifndef GATEHOUSE_HTTP_REFERENCE_H
#define GATEHOUSE_HTTP_REFERENCE_H

#include "http/uri.h"

/*
 * Resolves text against the URI of the request that brought it; a fragment is
 * left out.  Text is lent from both or made in the arena.  0; -EBADMSG with the
 * fault, also for schemes that are not HTTP's; -ENOMEM.
 */
int http_reference_resolve(const struct http_uri *base, struct str text,
    struct arena *arena, struct http_uri *ret, enum http_fault *reterr_fault);

#endif
