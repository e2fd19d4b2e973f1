/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/etag: entity tags (RFC 9110, 8.8.3): "x" is strong, W/"x" is weak.
 *
 * A tag is compared as text, quotes included; what is not written to the
 * letter is no tag and equals nothing, not even itself.
 */
#ifndef GATEHOUSE_HTTP_ETAG_H
#define GATEHOUSE_HTTP_ETAG_H

#include "http/fields.h"

bool http_etag_is_valid(struct str tag);
bool http_etag_is_weak(struct str tag); /* of a valid one */

/* 8.8.3.2: the same and both strong; the same but for W/. */
bool http_etag_strong_eq(struct str a, struct str b);
bool http_etag_weak_eq(struct str a, struct str b);

/* Of a message: its one valid ETag, lent; empty if it has none, or several. */
struct str http_etag_of(const struct http_fields *fields);

/* Whether a list of tags has one that is weakly equal, or is "*" (13.1.2). */
bool http_etag_is_listed(
    const struct http_fields *fields, enum http_name name, struct str tag);

#endif
