/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/part: objects that are not the whole of their content (RFC 9111, 3.3
 * and 3.4).
 *
 * A part is what a 206 brought, or what has come of a response that broke off.
 * It answers for what lies within it.  What begins at the first byte can be
 * completed: the server is asked for what is missing, on condition that it is
 * still the same, and what is there and what comes become one object.
 *
 * One thread, that of the worker.
 */
#ifndef GATEHOUSE_PROXY_PART_H
#define GATEHOUSE_PROXY_PART_H

#include "cache/store.h"

/* Parts are joined by copying; of longer ones the whole is asked for. */
#define PART_COPY_MAX ((uint64_t)32 << 20)

/* Whether it is all that the request needs: the one range that it asks for, or
 * the condition that holds. */
bool part_answers(
    const struct cache_object *part, const struct http_request *request);

/* Whether the whole, which the request asks for, is worth being made of it. */
bool part_is_beginning(
    const struct cache_object *part, const struct http_request *request);

/* Makes a request for the whole one for what is missing; lent from the part and
 * the arena.  0 or a negative errno. */
int part_ask_rest(struct http_request *request, const struct cache_object *part,
    struct arena *arena);

/* Whether the 206 goes on where the part ends; *ret_skip bytes of it are there
 * already. */
bool part_goes_on(const struct cache_object *part,
    const struct http_response *response, uint64_t *ret_skip);

/* The part is the beginning of `longer`, which is empty.  0 or a negative
 * errno. */
int part_copy(const struct cache_object *part, struct cache_object *longer);

/*
 * The object is filling and will not become whole: takes it out of the store
 * and breaks its body; what can be completed later stays, as a part.
 */
void part_save(struct cache_user *user, struct cache_object *broken);

#endif
