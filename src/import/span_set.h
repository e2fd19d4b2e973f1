/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/span_set: sets of addresses, and of services, as spans of one line.
 *
 * A foreign ruleset negates, returns and jumps; what a rule of it matches is
 * found by cutting sets out of each other, and so all of them are of one kind:
 * spans of 128-bit keys, ascending, that do not touch.  Addresses of both
 * families lie on one line (IPv4 in ::ffff:0:0/96, which no packet has), and
 * services on another (import/service).
 *
 * Sets live in the arena that they were made in and never change.  An arena
 * that is full gives empty sets: whoever builds looks at `full` at the end.
 */
#ifndef GATEHOUSE_IMPORT_SPAN_SET_H
#define GATEHOUSE_IMPORT_SPAN_SET_H

#include "base/address.h"
#include "base/arena.h"

struct key {
	uint64_t high, low;
};

/* Both ends belong to it. */
struct span {
	struct key first, last;
};

struct span_set {
	const struct span *at;
	size_t count;
};

/* Everything there is. */
struct span_set span_set_all(void);

/* All addresses of a family. */
struct span_set span_set_family(enum address_family family);

struct span_set span_set_one(struct arena *arena, struct span span);

/* Of spans in any order, which are sorted in place. */
struct span_set span_set_make(
    struct arena *arena, struct span *spans, size_t count);

struct span_set span_set_and(
    struct arena *arena, struct span_set a, struct span_set b);
struct span_set span_set_or(
    struct arena *arena, struct span_set a, struct span_set b);
struct span_set span_set_not(struct arena *arena, struct span_set set);
struct span_set span_set_minus(
    struct arena *arena, struct span_set a, struct span_set b);

bool span_set_meet(struct span_set a, struct span_set b);
bool span_set_eq(struct span_set a, struct span_set b);

/* Whether all of b is in a. */
bool span_set_covers(struct span_set a, struct span_set b);

/* An address and a range as keys, and a span as a range again. */
struct span span_of_range(const struct address_range *range);
struct address_range span_to_range(struct span span);

#endif
