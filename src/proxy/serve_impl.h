/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/serve_impl: what the files of proxy/serve share, and nobody else.
 *
 *	serve        all of it, and the content
 *	serve_choice which answer it is
 *	serve_head   its head
 */
#ifndef GATEHOUSE_PROXY_SERVE_IMPL_H
#define GATEHOUSE_PROXY_SERVE_IMPL_H

#include "proxy/serve.h"

/* Of what is stored; UINT64_MAX while nobody knows. */
uint64_t serve_length(const struct cache_object *object);

/* Its status and its parts, by what the client has asked. */
void serve_choose(struct serve *serve, const struct serve_order *order);

/*
 * Into the order's scratch, of what was chosen; says how the content is framed
 * and whether the connection is kept.  0 or a negative errno.
 */
int serve_write_head(struct serve *serve, const struct serve_order *order);

/* Of a stored field, lent from the object; at == NULL: there is none. */
struct str serve_stored_value(const struct serve *serve, enum http_name name);

#endif
