/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/thorough: what is compressed and asked for often, compressed again
 * with care.
 *
 * A client waits for what is made at a swift level; what many will be sent is
 * worth more time.  One thread for all workers makes it, one content at a time
 * and only when nobody else wants the processor, and puts it in the place of
 * the swift one if it has become smaller.  What was purged or replaced
 * meanwhile is not brought back: the store does not take what is older than a
 * purge, and a fresher head takes its content along.
 *
 * Any thread, but for create and destroy.
 */
#ifndef GATEHOUSE_PROXY_THOROUGH_H
#define GATEHOUSE_PROXY_THOROUGH_H

#include "cache/store.h"
#include "http/coding.h"

/* So often it is sent before it is worth it. */
#define THOROUGH_HITS 8

/* Of the content as it came; more would take minutes. */
#define THOROUGH_BYTES_MAX ((uint64_t)8 << 20)

struct thorough;

/* The thread begins with the first job.  NULL: no memory. */
struct thorough *thorough_create(void);
/* Before the cache; NULL is fine. */
void thorough_destroy(struct thorough **thorough);

/* One more has been sent what is stored under the key: true if it is popular
 * now, and nothing else is being made; once, as long as it is remembered. */
bool thorough_is_worth(struct thorough *thorough, struct str key);

struct thorough_job {
	struct cache *cache;
	struct cache_object *source; /* whole, and not coded */
	struct cache_object *swift;  /* which is in the store */
	struct cache_object *object; /* to be filled; not in the store */
	enum http_coding coding;
};

/* Takes references of its own.  It may come to nothing. */
void thorough_begin(struct thorough *thorough, const struct thorough_job *job);

#endif
