/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/head: the field lines of a stored response.
 *
 * "name: value\r\n" each, in the order in which they came: what a cache may
 * keep (RFC 9111, 3.1) and a client will be sent.  Left out are fields of one
 * hop, framing, Via, Age, those that cache_control_names, and the Content-Range
 * of a part, whose place is in the meta.  Nothing is in it that http/fields
 * would not take.  Where a response had no Date, it gets the time at which it
 * came (RFC 9110, 6.6.1).
 */
#ifndef GATEHOUSE_CACHE_HEAD_H
#define GATEHOUSE_CACHE_HEAD_H

#include "base/text.h"
#include "cache/meta.h"

/* Appends the head and finds the entity tag in it.  0 or -ENOMEM. */
int cache_head_write(const struct http_response *response, struct text *out,
    struct cache_meta *meta);

/* Whether the field of a response may be stored (3.1). */
bool cache_head_keeps(const struct http_field *field);

/* Cuts the first field off *rest, lent; false at the end. */
bool cache_head_next(struct str *rest, struct http_field *ret);

/* All of them, lent from the head; the room is of the arena.  0; -E2BIG;
 * -ENOMEM. */
int cache_head_read(
    struct str head, struct arena *arena, struct http_fields *ret);

/* Whether cache_head_write could have written it: one that comes from elsewhere
 * is to be asked before it is read. */
bool cache_head_is_sound(struct str head);

#endif
