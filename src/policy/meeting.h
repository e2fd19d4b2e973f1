/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/meeting: which sets of flows can meet.
 *
 * Of some thousand sets, one for each rule, nearly all have nothing in common.
 * For each cell of the source, the destination and the service stands a row of
 * bits, one for each set that reaches the cell; the rows of a flow's three
 * cells together leave the few sets that may hold it.  Whether they do is for
 * the diagrams to say: a row is never short of a set, but may have one too
 * many.  So what reaches half of all cells stands once, for all of them.
 *
 * Rows that would take more than MEETING_BYTES_MAX for one dimension stand for
 * several neighbouring cells each.
 */
#ifndef GATEHOUSE_POLICY_MEETING_H
#define GATEHOUSE_POLICY_MEETING_H

#include "policy/space.h"

#define MEETING_BYTES_MAX ((size_t)32 << 20)

#define MEETING_AXES 3

struct meeting_axis {
	enum space_dimension dimension;
	unsigned bits;      /* of the number of a row */
	uint64_t *rows;     /* `words` each */
	uint64_t *wide;     /* one more, which is a part of all others */
	uint32_t *reaching; /* of each set, what it reaches of the dimension */
};

struct meeting {
	struct space *space;
	size_t count, words;
	struct meeting_axis axes[MEETING_AXES];
};

/* The sets are read and not kept.  0 or a negative errno; fini in any case. */
int meeting_init(struct meeting *meeting, struct space *space,
    const uint32_t *sets, size_t count);
void meeting_fini(struct meeting *meeting);

/* The rows of a flow, which is a value for each variable of the space. */
struct meeting_flow {
	const uint64_t *rows[MEETING_AXES];
	const uint64_t *wide[MEETING_AXES];
};
struct meeting_flow meeting_flow(
    const struct meeting *meeting, const uint8_t *values);

/* The next set from `from` on that may hold the flow; count: none does. */
size_t meeting_next(const struct meeting *meeting,
    const struct meeting_flow *flow, size_t from);

/*
 * Sets that may have a flow in common with set i: a bit each in the first
 * `words` of *ret, which has room for as many again.
 */
void meeting_of(const struct meeting *meeting, size_t i, uint64_t *ret);

/* The next bit from `from` on; count: there is none. */
size_t meeting_next_bit(
    const struct meeting *meeting, const uint64_t *bits, size_t from);

#endif
