/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/space, for its own files: space_gather.c finds what the policies tell
 * apart, space_cells.c cuts it into cells, space_sets.c says which of them each
 * set and zone covers, space_ask.c what a rule covers, space_universe.c which
 * flows can be, space_condition.c which conditions of requests can be met
 * together.
 */
#ifndef GATEHOUSE_POLICY_SPACE_IMPL_H
#define GATEHOUSE_POLICY_SPACE_IMPL_H

#include "policy/space.h"

/* What a cell is asked with; each question uses its own part. */
struct question {
	const struct space *space;
	const struct policy_rule *rule;
	const struct space_words *patterns;
	const struct str *words;
	size_t word_count;
	size_t set;
};

/* The first failure stays. */
static inline void
space_fail(struct space *space, int rc)
{
	if (space->rc == 0)
		space->rc = rc;
}

/* A group's set + 1; 0: it has none on this side. */
size_t space_index_of(const struct map *map, struct policy_group *const *group);

/* Which condition on header fields it is; headers.count: none yet. */
size_t space_header_index(
    const struct space *space, const struct policy_header *header);

/* What a request can meet together of conditions that are variables. */
uint32_t space_possible_conditions(struct space *space);

/* Failures are kept in the space. */
void space_gather(struct space *space);
void space_make_cells(struct space *space);
void space_make_sets(struct space *space);
void space_make_universe(struct space *space);

#endif
