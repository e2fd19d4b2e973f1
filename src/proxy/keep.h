/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/keep: what is given to the cache: one request to a server on its
 * behalf, and what comes of it.
 *
 *	keep_ask -> 304 for what is stale: a fresher object (keep_fresher)
 *		 -> what may be kept: a new object, and a fill that brings
 *		    its content (keep_new); a part and the 206 that goes on
 *		    where it ends become one
 *
 * Texts are lent from the owner's arena.  One thread, that of the worker.
 */
#ifndef GATEHOUSE_PROXY_KEEP_H
#define GATEHOUSE_PROXY_KEEP_H

#include "cache/meta.h"
#include "cache/store.h"
#include "proxy/errand.h"

/* The proxy's choice of what RFC 9111 leaves open. */
extern const struct cache_rules keep_rules;

struct keep {
	struct worker *worker;
	struct arena *arena;
	const struct http_request *request; /* of the client */
	struct str key;             /* empty: the cache has no part in it */
	struct cache_object *stale; /* a reference: it is being validated */
	struct cache_object *part;  /* the same: it is being completed */
	struct cache_lead *lead;    /* others wait for what comes of it */
	int64_t sent_at;            /* seconds since 1970 */
	uint32_t stamp;             /* of the cache, then */
};

int64_t keep_now(void); /* seconds since 1970 */

/* Each takes a reference; a part is one that part_is_beginning. */
void keep_validate(struct keep *keep, struct cache_object *stale);
void keep_complete(struct keep *keep, struct cache_object *part);

/*
 * It is sent now.  *ret is what the server is to be asked: the client's
 * request, or *copy, which asks for a validation or for a rest.  0 or a
 * negative errno.
 */
int keep_ask(struct keep *keep, struct http_request *copy,
    const struct http_request **ret);

/*
 * A response that is worth keeping, whose head took `used` bytes of the
 * server's input: it is in the store, and a fill has taken the server of the
 * errand.  The caller's reference; NULL: it cannot be kept, *ret_refusal says
 * why, and nothing has happened.
 */
struct cache_object *keep_new(struct keep *keep, struct errand *errand,
    const struct http_response *response, size_t used,
    enum cache_refusal *ret_refusal);

/*
 * The same for what is passed on and not kept, because it is needed as an
 * object: without the store, and the fill goes as fast as its reader.  NULL:
 * no memory.
 */
struct cache_object *keep_passing(struct keep *keep, struct errand *errand,
    const struct http_response *response, size_t used);

/* Whether the 304 speaks of what is stale. */
bool keep_concerns(
    const struct keep *keep, const struct http_response *response);

/* What is stale, freshened by a 304; the caller's reference.  It is in the
 * store if it still may be.  NULL: no memory. */
struct cache_object *keep_fresher(
    struct keep *keep, const struct http_response *response);

/* What is stale, or a part, is of no use any more. */
void keep_drop_stale(struct keep *keep);
void keep_drop_part(struct keep *keep);

/* Those who wait are told. */
void keep_end_lead(struct keep *keep, enum cache_lead_result result);

/* RFC 9111, 4.4: the answer to an unsafe request drops what it concerns. */
void keep_invalidate(struct keep *keep, const struct http_response *response);

/* May be called twice. */
void keep_fini(struct keep *keep);

#endif
