/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/region: a set of flows that can be said in one line.
 *
 * A region is a product: a set of cells along each dimension of a space.  Any
 * set of flows is a union of regions; region_cut takes them off one by one,
 * each as large as it can be without leaving the set.
 *
 * Flows that cannot be are of no account, so along each dimension there is room
 * between what must be said (`least`) and what may be said (`most`), and the
 * words are chosen in between: "lan" rather than all its parts.
 */
#ifndef GATEHOUSE_POLICY_REGION_H
#define GATEHOUSE_POLICY_REGION_H

#include "policy/space.h"

#include "base/text.h"

/*
 * Of more parts than this a line says how many more there are, for one who
 * reads it; machines are told all.
 */
#define REGION_PARTS 12
#define REGION_ALL   SIZE_MAX

struct region {
	uint32_t least[SPACE_DIMENSION_COUNT];
	uint32_t most[SPACE_DIMENSION_COUNT];
};

/*
 * A region that lies in `set`, as far as flows are `possible`, and touches
 * *rest, which is not empty and lies in `set`; it is taken off *rest.  `line`
 * is what region_describe says of it, in REGION_PARTS.  0, -ENOMEM or -E2BIG.
 */
int region_cut(struct space *space, uint32_t set, uint32_t possible,
    uint32_t *rest, struct region *ret, struct text *line);

/* The flows of the region, and others that cannot be. */
uint32_t region_flows(struct space *space, const struct region *region);

/*
 * What stands in the line for a dimension: "lan, 192.0.2.7", "tcp 80-88",
 * "not GET".  Nothing is written where all is meant, but source and destination
 * then say "any".  0, -ENOMEM or -E2BIG.
 */
int region_say(struct space *space, const struct region *region,
    enum space_dimension dimension, size_t parts_max, struct text *out);

/* The whole line: "lan -> any tcp 80 name ads method GET". */
int region_describe(struct space *space, const struct region *region,
    size_t parts_max, struct text *out);

#endif
