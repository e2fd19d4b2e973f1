/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/box: the flows that one line of a ruleset matches.
 *
 * A box is a product: so many zones on each side, times addresses, times
 * services.  What a rule returns from a chain is cut out of a box as boxes.
 */
#ifndef GATEHOUSE_IMPORT_BOX_H
#define GATEHOUSE_IMPORT_BOX_H

#include "import/span_set.h"

struct box {
	uint64_t in, out; /* zones, a bit each; BOX_LOOPBACK is another */
	struct span_set src, dst, service;
};

#define BOX_LOOPBACK (UINT64_C(1) << 63)

/* At most so many boxes are left of one that something is cut out of. */
#define BOX_CUTS 5

struct box box_all(void);
bool box_is_empty(const struct box *box);
struct box box_and(
    struct arena *arena, const struct box *a, const struct box *b);
bool box_meet(const struct box *a, const struct box *b);

/* Whether all of b is in a. */
bool box_covers(const struct box *a, const struct box *b);

/* What is left of a; none of them is empty, and they do not meet. */
size_t box_minus(struct arena *arena, const struct box *a, const struct box *b,
    struct box ret[static BOX_CUTS]);

#endif
