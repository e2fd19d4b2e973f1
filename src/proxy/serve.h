/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/serve: a stored response, to a client.
 *
 * The head is made of the stored one; content goes from where it is stored to
 * the socket, and is not copied in between.  What is still arriving is served
 * as it comes.  The client's own conditions and ranges (RFC 9110, 13 and 14)
 * are answered here; of a part (proxy/part), with what of it was asked for.
 *
 * One thread, that of the stream's loop.
 */
#ifndef GATEHOUSE_PROXY_SERVE_H
#define GATEHOUSE_PROXY_SERVE_H

#include "cache/object.h"
#include "cache/range.h"
#include "net/throttle.h"

/* All of it lent for the call of serve_begin, but for the stream. */
struct serve_order {
	struct cache_object *object;
	const struct http_request *request;
	struct stream *to;
	struct text *scratch; /* for the head */
	struct arena *arena;  /* for fields of it; no longer than the call */
	struct str via;
	struct str cache_status; /* empty: there is no cache */
	int64_t age;             /* or HTTP_UNSAID */
	bool varies;  /* another client is given another coding of it */
	bool cookies; /* that it sets are this client's, not another's */
	bool judged;  /* by the server: conditions and ranges are not asked */
	bool keep_alive;           /* the client's connection may be kept */
	struct throttle *throttle; /* NULL: as fast as the client takes it */
	cache_waiter_fn wake;      /* calls serve_run, some time */
	void *context;
};

/* Zero at first; the fields are serve's.  All places are in what is stored. */
struct serve {
	struct cache_object *object; /* a reference; NULL: nothing is served */
	struct stream *to;
	struct cache_reader *reader; /* while the body arrives */
	struct throttle *throttle;   /* lent; or NULL */
	struct cache_ranges parts;   /* of the stored content */
	size_t part;
	uint64_t at;     /* in the stored content */
	uint64_t base;   /* of a part: where it lies in the whole */
	int64_t whole;   /* the length of that, or HTTP_UNSAID */
	bool several;    /* multipart/byteranges */
	bool part_begun; /* its head is written */
	bool ended;      /* so is what follows the last */
	bool chunked;    /* on the way out */
	bool lends;      /* content is not copied */
	unsigned status; /* of the answer */
	uint64_t passed; /* bytes into `to` */
	bool keep_alive; /* the connection may be kept */
	char boundary[CACHE_BOUNDARY_BYTES];
};

enum serve_result {
	SERVE_WAITS, /* for room, or for content: wake or `drained` tells */
	SERVE_DONE,
	SERVE_BROKEN, /* the rest will never come */
	SERVE_STUCK,  /* the stream has failed, or there is no memory */
};

/* Writes the head and what content it can. */
enum serve_result serve_begin(
    struct serve *serve, const struct serve_order *order);

/* Goes on. */
enum serve_result serve_run(struct serve *serve);

/* May be called at any time, and twice. */
void serve_fini(struct serve *serve);

#endif
