/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event/tally: what has been decided since somebody last asked.
 *
 * Totals, and of names, clients, zone pairs and rules those that are met most
 * often (event/heavy): every flow counts, whether its rule logs or not.  Each
 * thread that decides has a slot with a tally of its own:
 *
 *	the thread	takes it out, counts, puts it back
 *	who asks	puts an empty one in its place (tally_slot_take)
 *
 * The thread never waits.  Who asks may have to, for the time of one count.
 *
 * A tally is also written down, for another process to read, which believes
 * nothing of it.
 */
#ifndef GATEHOUSE_EVENT_TALLY_H
#define GATEHOUSE_EVENT_TALLY_H

#include "base/address.h"
#include "event/heavy.h"
#include "event/series.h"

#include <stdatomic.h>

/*	id, word, keys to remember
 *
 * Rules are to be counted exactly: so many of them are hardly met in the ten
 * seconds that a tally lasts.
 *
 * Of refused flows the clients are counted again, by themselves: who is refused
 * a hundred times a day would not be found among those who ask a million times.
 */
#define TALLY_KINDS(ROW)                                                       \
	ROW(NAMES, names, 512)                                                 \
	ROW(CLIENTS, clients, 512)                                             \
	ROW(REFUSED, refused, 512)                                             \
	ROW(RULES, rules, 4096)                                                \
	ROW(PAIRS, pairs, 512)

enum tally_kind {
#define ROW(id, word, room) TALLY_##id,
	TALLY_KINDS(ROW)
#undef ROW
	TALLY_KIND_COUNT
};

const char *tally_kind_word(enum tally_kind kind);

struct tally {
	struct series_point point;
	struct heavy kinds[TALLY_KIND_COUNT];
};

/* A rule, by its place in the policy of a generation. */
struct tally_rule {
	uint32_t generation;
	uint32_t at;
};

struct tally_flow {
	struct str name;               /* len 0: none was asked for */
	struct address client;         /* NONE: not told */
	struct str zone_from, zone_to; /* len 0: none */
	bool has_rule;
	struct tally_rule rule;
	bool refused;
	bool request; /* of HTTP */
	bool hit;     /* answered from the cache */
	uint64_t bytes_in, bytes_out;
	uint64_t saved; /* bytes that were not fetched or not sent */
};

/* 0 or -ENOMEM. */
int tally_init(struct tally *tally);

/* One that is all zero is fine. */
void tally_fini(struct tally *tally);
void tally_clear(struct tally *tally);

void tally_add(struct tally *tally, const struct tally_flow *flow);
/* What was met of a rule by itself: by packets, or by one that only reports. */
void tally_add_rule(struct tally *tally, const struct tally_rule *rule,
    const struct heavy_count *count);

void tally_merge(struct tally *tally, const struct tally *from);

/* The keys of each kind: an address as it is in memory, a pair as its words, a
 * rule as its struct. */
struct str tally_client_key(const struct address *client);
bool tally_client_of(struct str key, struct address *ret);
bool tally_rule_of(struct str key, struct tally_rule *ret);

/* "lan -> wan"; "-" stands for no zone. */
#define TALLY_PAIR_BYTES 160
struct str tally_pair_key(
    struct str from, struct str to, char room[static TALLY_PAIR_BYTES]);

/* ---- written down ---- */

/* A tally of which all kinds are full, with names of the longest. */
#define TALLY_BYTES_MAX ((size_t)1 << 20)

void tally_write(const struct tally *tally, struct text *out);

/* Into one that is empty.  0 or -EBADMSG, and then it holds anything. */
int tally_read(struct tally *ret, struct str bytes);

/* ---- of a thread ---- */

struct tally_slot {
	struct tally *_Atomic tally; /* NULL: it is in the thread's hands */
	struct tally *spare;         /* of who asks */
};

/* 0 or -ENOMEM. */
int tally_slot_init(struct tally_slot *slot);
void tally_slot_fini(struct tally_slot *slot);

/* For the thread alone; what is between is a few instructions. */
static inline struct tally *
tally_slot_begin(struct tally_slot *slot)
{
	return atomic_exchange_explicit(
	    &slot->tally, NULL, memory_order_acquire);
}

static inline void
tally_slot_end(struct tally_slot *slot, struct tally *tally)
{
	atomic_store_explicit(&slot->tally, tally, memory_order_release);
}

/*
 * Adds what was counted since the last time.  One at a time.  False if the
 * thread was kept from its work in the midst of counting: then it is all there
 * the next time.
 */
bool tally_slot_take(struct tally_slot *slot, struct tally *sum);

#endif
