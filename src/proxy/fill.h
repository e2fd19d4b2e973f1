/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/fill: the content of a response, from a server to the store.
 *
 * It belongs to no client: whoever asked first may leave or be slow, and those
 * who wait for the same still get it.  It goes on without any reader, for it
 * has an end: what is larger than an object may be is given up.
 *
 * One thread, that of the worker.
 */
#ifndef GATEHOUSE_PROXY_FILL_H
#define GATEHOUSE_PROXY_FILL_H

#include "cache/store.h"
#include "proxy/errand.h"

struct fill;

/*
 * Takes the errand's connection, whose input begins with the content of
 * `response`, and a reference of the object; `skip` bytes of the content are
 * there already.  What can be had at once is taken
 * within the call.  The connection is kept afterwards, if the server and the
 * framing let it.
 */
void fill_start(struct errand *errand, struct cache_object *object,
    const struct http_response *response, uint64_t skip);

/* Gives up all that the worker fills. */
void fill_end_all(struct worker *worker);

#endif
