/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event/heavy: who is met most often, of more than can be remembered.
 *
 * Keys and what was counted of each, at most `room` of them.  When it is full
 * the lesser half is forgotten, and `floor` is the most that one of those may
 * have had; whoever comes then, anew or again, begins with the floor, and with
 * an `over` that says so.  So for every key that is here
 *
 *	flows - over <= the truth <= flows
 *
 * and for every other the truth is at most the floor, which stays below 2 N /
 * room for N flows (Misra and Gries; with the median as Anderson and others
 * have it, "A High-Performance Algorithm for Identifying Frequent Items",
 * 2017).  As long as `room` keys are all there are everything is exact.  The
 * other counts of a key are of the flows since it was let in.
 *
 * Memory is taken as keys come, and kept for the next use: most of those that
 * there are meet a dozen keys, and a day has 200 (daemon/tally_keeper).  Two
 * may be added up, and the promise holds for the sum.  One thread.
 */
#ifndef GATEHOUSE_EVENT_HEAVY_H
#define GATEHOUSE_EVENT_HEAVY_H

#include "base/text.h"

/* An index of an entry takes 16 bits; a name has 253 bytes (RFC 1035). */
#define HEAVY_ROOM_MAX      8192
#define HEAVY_KEY_BYTES_MAX 320

struct heavy_count {
	uint64_t flows;
	uint64_t refused; /* of them */
	uint64_t bytes_in, bytes_out;
};

struct heavy_entry {
	uint64_t hash;
	struct heavy_count count;
	uint64_t over;
	uint32_t key_at; /* in `keys` */
	uint32_t key_len;
};

struct heavy {
	struct heavy_entry *entries; /* `capacity` of them */
	uint16_t *slots;             /* by hash: 1 + index of an entry, or 0 */
	uint64_t *scratch;           /* `room` of them; NULL: not full yet */
	size_t count, capacity, room, slot_count;
	uint64_t floor;
	struct text keys;
	uint64_t seed;
};

/* `room` is a power of two, at least 2.  0 or -ENOMEM. */
int heavy_init(struct heavy *heavy, size_t room);

/* One that is all zero is fine. */
void heavy_fini(struct heavy *heavy);

/* As after init, keeping the memory. */
void heavy_clear(struct heavy *heavy);

/*
 * Counts.  With no flows, which a flow that has ended long after it began has
 * here, nobody is forgotten for it.  A
 * key that is too long, and one for which no memory is to be had, is left out.
 */
void heavy_add(
    struct heavy *heavy, struct str key, const struct heavy_count *count);

/* Adds up all that `from` has counted. */
void heavy_merge(struct heavy *heavy, const struct heavy *from);

/*
 * Takes an entry of one that is read from elsewhere, whose floor is set before;
 * false for what no such one has.
 */
bool heavy_put(struct heavy *heavy, struct str key,
    const struct heavy_count *count, uint64_t over);

/*
 * The `max` with the most flows, the most first, and of equals by their keys.
 * Returns how many; lent until the next change.
 */
size_t heavy_top(
    const struct heavy *heavy, const struct heavy_entry **ret, size_t max);

struct str heavy_key(
    const struct heavy *heavy, const struct heavy_entry *entry);

#endif
