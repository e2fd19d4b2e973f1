/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns/store: the answers that are kept, for all workers.
 *
 * Shards with a lock each, and of each the one that was used longest ago goes
 * when there is no room.  What is stale stays until then, or until it is too
 * old for anything (DNS_STALE_MAX).  Whoever finds an answer holds a reference.
 * The seed is the process's own, so that nobody can choose names for a chain.
 */
#ifndef GATEHOUSE_DNS_STORE_H
#define GATEHOUSE_DNS_STORE_H

#include "dns/answer.h"

/* By what an answer is known: the name is in lower case. */
struct dns_key {
	struct dns_name name;
	uint16_t type;
	uint8_t flags; /* DNS_KEY_* */
};

#define DNS_KEY_SECURE    1 /* DO: with signatures */
#define DNS_KEY_UNCHECKED 2 /* CD: also what the server did not believe */

struct dns_key dns_key_of(const struct dns_query *query);
bool dns_key_eq(const struct dns_key *a, const struct dns_key *b);

struct dns_store;

/* NULL: no memory. */
struct dns_store *dns_store_create(uint64_t bytes_max);
void dns_store_destroy(struct dns_store *store); /* NULL is fine */

/* Any thread; so for all others. */
void dns_store_resize(struct dns_store *store, uint64_t bytes_max);

uint64_t dns_store_hash(
    const struct dns_store *store, const struct dns_key *key);

/* Fresh or stale, with a reference; NULL: none. */
struct dns_answer *dns_store_find(
    struct dns_store *store, const struct dns_key *key, int64_t now);

/* In the place of what there was; without memory it is not kept. */
void dns_store_put(struct dns_store *store, const struct dns_key *key,
    struct dns_answer *answer);

/* All of it. */
void dns_store_clear(struct dns_store *store);

struct dns_store_figures {
	uint64_t answers, bytes;
};
void dns_store_look(struct dns_store *store, struct dns_store_figures *ret);

#endif
