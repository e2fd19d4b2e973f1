/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/head: the field lines of a stored response.
 *
 * "name: value\r\n" each, in the order in which they came: what a cache may
 * keep (RFC 9111, 3.1) and a client will be sent.  Left out are fields of one
 * hop, framing, Via, Age, what cache_control_names, CDN-Cache-Control's own
 * is kept.  Nothing is in it that http/fields would not take.
 */
#ifndef GATEHOUSE_CACHE_HEAD_H
#define GATEHOUSE_CACHE_HEAD_H

#include "base/text.h"
#include "cache/meta.h"

/* Appends the head and places the entity tag in meta.  0 or -ENOMEM. */
int cache_head_write(const struct http_response *response, struct text *out,
    struct cache_meta *meta);

/* Cuts the first field off *rest, lent; false at the end. */
bool cache_head_next(struct str *rest, struct http_field *ret);

/* All of them, lent from the head; room comes from the arena.  0; -E2BIG;
 * -ENOMEM. */
int cache_head_read(
    struct str head, struct arena *arena, struct http_fields *ret);

/* Finds the entity tag again in a head that was changed. */
void cache_head_place(struct str head, struct cache_meta *meta);

#endif
