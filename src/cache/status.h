/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/status: the Cache-Status field (RFC 9211): what the cache did.
 */
#ifndef GATEHOUSE_CACHE_STATUS_H
#define GATEHOUSE_CACHE_STATUS_H

#include "base/text.h"

/* id, word of "fwd" */
#define CACHE_FORWARDS(ROW)                                                    \
	ROW(BYPASS, "bypass")       /* the cache was not to be used */         \
	ROW(METHOD, "method")       /* of a method that is not cached */       \
	ROW(URI_MISS, "uri-miss")   /* nothing for this URI */                 \
	ROW(VARY_MISS, "vary-miss") /* nothing that the request selects */     \
	ROW(REQUEST, "request")     /* the request wanted it fresher */        \
	ROW(STALE, "stale")                                                    \
	ROW(PARTIAL, "partial") /* not all that was asked for */

enum cache_forward {
	CACHE_FORWARD_NOT = 0, /* a hit */
#define ROW(id, text) CACHE_FORWARD_##id,
	CACHE_FORWARDS(ROW)
#undef ROW
	CACHE_FORWARD_COUNT
};

struct str cache_forward_text(enum cache_forward forward);

struct cache_status {
	struct str name; /* of this cache: a token, or it becomes a string */
	enum cache_forward forward;
	unsigned forward_status; /* of the answer that came; 0: not said */
	bool stored, collapsed;
	bool ttl_said;
	int64_t ttl;
	struct str key;    /* empty: not said */
	struct str detail; /* a word; empty: not said */
};

/* Appends one member of the list. */
void cache_status_add(const struct cache_status *status, struct text *out);

#endif
