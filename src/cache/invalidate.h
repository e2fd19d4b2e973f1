/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/invalidate: what an unsafe request makes stale (RFC 9111, 4.4).
 */
#ifndef GATEHOUSE_CACHE_INVALIDATE_H
#define GATEHOUSE_CACHE_INVALIDATE_H

#include "http/message.h"

/* The target, Location, Content-Location. */
#define CACHE_INVALIDATE_MAX 3

/*
 * The URIs of which all stored responses are to be dropped, after the response
 * to the request has come: none if the method is safe or the response is an
 * error.  Location and Content-Location count if they are of the same origin.
 * Text is lent from the messages or made in the arena; what there is no memory
 * for is left out.  How many were set.
 */
size_t cache_invalidate(const struct http_request *request,
    const struct http_response *response, struct arena *arena,
    struct http_uri ret[static CACHE_INVALIDATE_MAX]);

#endif
