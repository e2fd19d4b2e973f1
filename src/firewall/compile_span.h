/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_span: ranges of which the first rule wins, made disjoint.
 *
 * The kernel's interval maps take no overlaps, and where nft would fold some
 * by itself it knows nothing of the order of rules.  So they are cut here.
 * Addresses and ports are both numbers of up to 128 bits.
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_SPAN_H
#define GATEHOUSE_FIREWALL_COMPILE_SPAN_H

#include "base/address.h"

struct bound {
	uint64_t high, low;
};

/* Inclusive at both ends. */
struct span {
	struct bound first, last;
	uint32_t rule; /* the lower one wins */
};

struct spans {
	struct span *items;
	size_t count, room;
};

void spans_fini(struct spans *spans);
int spans_add(struct spans *spans, struct span span);

/*
 * Appends to `ret`, ascending and disjoint, what each rule is left with;
 * neighbours of one rule become one.  Sorts `spans`.  0 or -ENOMEM.
 */
int spans_cut(struct spans *spans, struct spans *ret);

int bound_cmp(struct bound a, struct bound b);
struct bound bound_next(struct bound a);
struct bound bound_or(struct bound a, struct bound b);

/* The lowest so many bits set, 0 to 128. */
struct bound bound_low_bits(unsigned bits);

struct bound bound_of_address(struct address address);
struct address bound_address(struct bound bound, uint8_t family);

#endif
