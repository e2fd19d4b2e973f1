/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/who_memory: who was right before, and who is wrong too often.
 *
 * Two tables of fixed size, in which the oldest makes room.  Not a thread's
 * own: proxy/who has a lock around it.
 */
#ifndef GATEHOUSE_PROXY_WHO_MEMORY_H
#define GATEHOUSE_PROXY_WHO_MEMORY_H

#include "base/address.h"
#include "policy/users.h"
#include "proxy/credentials.h"

#define WHO_DIGEST_BYTES 32
#define WHO_KEY_BYTES    32

/* Clients at once that are known: a thousand have nine in one set as good as
 * never, five they have one time in forty.  And addresses that are watched. */
#define WHO_RIGHT_SETS 2048
#define WHO_WRONG_SETS 512
#define WHO_WAYS       8

struct who_digest {
	uint8_t bytes[WHO_DIGEST_BYTES];
};

struct who_right {
	struct who_digest digest;
	int64_t until; /* 0: free */
};

struct who_wrong {
	struct address from;
	unsigned count;
	int64_t until; /* of the time that is counted; 0: free */
};

struct who_memory {
	uint8_t key[WHO_KEY_BYTES]; /* random */
	struct who_right right[WHO_RIGHT_SETS][WHO_WAYS];
	struct who_wrong wrong[WHO_WRONG_SETS][WHO_WAYS];
};

/* 0 or a negative errno: there is no randomness. */
int who_memory_init(struct who_memory *memory);
void who_memory_fini(struct who_memory *memory);

/* Of name, password and the hash that they are checked by. */
void who_memory_digest(const struct who_memory *memory,
    const struct credentials *credentials, struct str hash,
    struct who_digest *ret);

bool who_memory_knows(const struct who_memory *memory,
    const struct who_digest *digest, int64_t now);
void who_memory_keep(
    struct who_memory *memory, const struct who_digest *digest, int64_t now);
void who_memory_forget(struct who_memory *memory);

/* Whether nothing more from there is hashed now. */
bool who_memory_is_throttled(
    const struct who_memory *memory, struct address from, int64_t now);
void who_memory_count_wrong(
    struct who_memory *memory, struct address from, int64_t now);

#endif
