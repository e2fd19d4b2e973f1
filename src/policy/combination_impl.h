/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/combination, for its own files: combination_pattern.c makes the
 * automaton of all patterns, combination.c walks it.
 */
#ifndef GATEHOUSE_POLICY_COMBINATION_IMPL_H
#define GATEHOUSE_POLICY_COMBINATION_IMPL_H

#include "policy/combination.h"
#include "policy/position_table.h"

#define COMBINATION_NEVER  (UINT32_MAX - 1)
#define COMBINATION_ALWAYS UINT32_MAX

/*
 * What a pattern comes to by a letter: the next letter of its piece, the `*`
 * behind the piece, or its end.
 */
enum goal_kind {
	GOAL_LETTER, /* number of a place */
	GOAL_STAR,   /* number of a variable */
	GOAL_END     /* number of a place */
};

struct goal {
	enum goal_kind kind;
	uint32_t number;
};

/* Before a letter, or at the end of a pattern. */
struct place_in {
	char letter;
	bool at_end;
	uint32_t condition;
	struct goal goal;
};

/* A piece behind a `*`: it may begin anywhere once that is reached. */
struct piece {
	uint32_t star; /* variable, or COMBINATION_ALWAYS */
	uint32_t place;
	size_t len;
};

/* A `*` and all that is in front of it. */
struct star {
	struct str prefix;
	uint32_t var;
};

/* What makes a condition true at the end of a text. */
struct ending {
	uint32_t star; /* the pattern's last `*`, if nothing is behind it */
	uint32_t condition;
};

struct reaching {
	uint32_t set, done; /* of stars; what of it was led on */
	bool queued;
};

struct automaton {
	struct diagram diagram; /* of stars and conditions, side by side */
	struct {
		struct place_in *items;
		size_t count, room;
	} places;
	struct {
		struct piece *items;
		size_t count, room;
	} pieces;
	struct {
		struct ending *items;
		size_t count, room;
	} endings;
	struct {
		struct star *items;
		size_t count, room;
	} stars;
	struct {
		uint32_t *items;
		size_t count, room;
	} initial; /* places */
	struct {
		uint32_t *items; /* the condition of each, or NEVER: a `*` */
		size_t count, room;
	} vars;
	uint32_t *condition_vars;
	size_t condition_count;
	struct position_table states;
	struct {
		struct reaching *items;
		size_t count, room;
	} reached;
	struct {
		uint32_t *items;
		size_t count, room;
	} queue;
	uint8_t letters[256]; /* 1: some pattern has it */
	char other;
	size_t steps;
	int rc;
};

/* The first failure stays. */
void combination_fail(struct automaton *all, int rc);

#define COMBINATION_ADD(all, list, ...)                                        \
	do {                                                                   \
		if (VEC_ADD(&(all)->list, __VA_ARGS__) < 0)                    \
			combination_fail(all, -ENOMEM);                        \
	} while (0)

/* Fills all that does not change while it is walked. */
void combination_read(struct automaton *all,
    const struct combination_condition *conditions, size_t count);

#endif
