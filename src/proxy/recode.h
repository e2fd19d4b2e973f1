/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/recode: a response in another coding, made of one that is stored or
 * still arriving.
 *
 * What is made is an object of its own, with the head that is true of it.  Of a
 * stored response it is stored as well, under a key that only this content has,
 * so that it is made once; those who ask meanwhile read what there is of it.
 * What many ask for is made again with care (proxy/thorough).
 * A recode reads as a client does and fills as a server does, a piece in each
 * round of the loop; where its reader is slow it waits, and so does its source.
 *
 * One thread, that of the worker.
 */
#ifndef GATEHOUSE_PROXY_RECODE_H
#define GATEHOUSE_PROXY_RECODE_H

#include "cache/object.h"
#include "http/recoding.h"

struct worker;
struct recode;

struct recode_order {
	struct worker *worker;
	struct cache_object *source;
	const struct http_request *request;
	struct http_recoding how; /* not NONE */
	int level;                /* 0: the swift one */
	bool store;               /* the source is in the store */
	bool improves;            /* the level is ours to choose */
	/* The source's head; changed. */
	struct http_response *response;
	struct arena *arena;
};

/* The caller's reference; NULL: no memory. */
struct cache_object *recode_get(const struct recode_order *order);

/* Gives up all of the worker's. */
void recode_end_all(struct worker *worker);

#endif
