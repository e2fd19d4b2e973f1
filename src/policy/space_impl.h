/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/space, for its own files: space.c makes the cells, space_sets.c turns
 * the policies' sets into sets of them, space_ask.c gives what rules ask for,
 * space_universe.c says which flows can be.
 */
#ifndef GATEHOUSE_POLICY_SPACE_IMPL_H
#define GATEHOUSE_POLICY_SPACE_IMPL_H

#include "policy/space.h"

/* What a cell is asked with; each question uses its own part. */
struct question {
	const struct space *space;
	unsigned which;
	const struct policy_rule *rule;
	const struct partition *texts; /* and patterns[] that made it */
	const struct space_words *patterns;
	const struct str *words;
	size_t word_count;
	uint64_t zones;
	size_t set;
};

/* The first failure stays. */
void space_fail(struct space *space, int rc);

/* A group's set + 1; 0: it has none on this side. */
size_t space_index_of(const struct map *map, struct policy_group *const *group);

bool space_has_word(const struct str *words, size_t count, struct str word);

/* Which condition on header fields it is; headers.count: none yet. */
size_t space_header_index(
    const struct space *space, const struct policy_header *header);

/* After the axes: the cells of every set, and the names of sets. */
void space_make_sets(struct space *space);

void space_make_universe(struct space *space);

#endif
