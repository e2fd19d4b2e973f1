/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/diagram: decision diagrams, shared and reduced.
 *
 * A function of boolean variables is a node: a variable and two functions of
 * later variables, or a terminal, which is a value.  Equal functions are one
 * node, so that two functions are compared by comparing two numbers.  A set is
 * a function whose terminals are DIAGRAM_EMPTY and DIAGRAM_ALL.
 *
 * Nodes are given back when the diagram ends, or all at once that were made
 * since a mark.  Want of memory, more than `nodes_max` nodes, or a deadline
 * that is over sticks in `rc`: what is returned from then on means nothing, and
 * the user looks once at its end.  One thread at a time.
 */
#ifndef GATEHOUSE_POLICY_DIAGRAM_H
#define GATEHOUSE_POLICY_DIAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 12 bytes each and as much again for finding them: at most 400 MB. */
#define DIAGRAM_NODES_MAX ((size_t)16 << 20)

#define DIAGRAM_TERMINAL UINT32_C(0x80000000)
#define DIAGRAM_EMPTY    (DIAGRAM_TERMINAL | 0)
#define DIAGRAM_ALL      (DIAGRAM_TERMINAL | 1)
#define DIAGRAM_NOWHERE  UINT32_MAX /* a terminal: not defined here */

struct diagram_node {
	uint32_t var, low, high;
};

/* What an operation gave; lost when another one needs the place. */
struct diagram_memo {
	uint32_t serial, a, b, ret;
};

/* Variables that were forgotten together keep a serial, the first of them. */
#define DIAGRAM_FORGETTINGS_MAX 32

struct diagram_forgetting {
	uint32_t first, end, serial;
};

struct diagram {
	struct {
		struct diagram_node *items;
		size_t count, room;
	} nodes;
	uint32_t *table; /* open addressing; 0: free, else node + 1 */
	size_t table_room;
	size_t
	    nodes_max; /* DIAGRAM_NODES_MAX, or what the user sets below it */
	struct diagram_memo *memo;
	uint32_t serial;
	struct diagram_forgetting forgettings[DIAGRAM_FORGETTINGS_MAX];
	size_t forgetting_count;
	int64_t deadline; /* clock_now(), set by the user; 0: none */
	int rc;           /* 0, -ENOMEM, -E2BIG or -ETIME */
};

/* Want of memory is told by `rc`. */
void diagram_init(struct diagram *diagram);
void diagram_fini(struct diagram *diagram);

/*
 * Forgets the nodes made since there were `count` of them, and that there were
 * too many.  Whoever kept one of them must not use it any more.
 */
void diagram_rewind(struct diagram *diagram, size_t count);

static inline bool
diagram_is_terminal(uint32_t f)
{
	return (f & DIAGRAM_TERMINAL) != 0;
}

static inline uint32_t
diagram_value(uint32_t terminal)
{
	return terminal & ~DIAGRAM_TERMINAL;
}

uint32_t diagram_node(
    struct diagram *diagram, uint32_t var, uint32_t low, uint32_t high);

/*
 * f combined with g.  `settle` returns true with *ret where the two at hand
 * need no further look, and must do so for two terminals.
 */
typedef bool (*diagram_settle_fn)(
    void *context, uint32_t f, uint32_t g, uint32_t *ret);
uint32_t diagram_apply(struct diagram *diagram, diagram_settle_fn settle,
    void *context, uint32_t f, uint32_t g);

/* Of sets. */
uint32_t diagram_and(struct diagram *diagram, uint32_t a, uint32_t b);
uint32_t diagram_or(struct diagram *diagram, uint32_t a, uint32_t b);
uint32_t diagram_minus(struct diagram *diagram, uint32_t a, uint32_t b);

/* The set lies in the other one; no new node is made to find out. */
bool diagram_implies(struct diagram *diagram, uint32_t a, uint32_t b);

/* f inside the set, NOWHERE outside. */
uint32_t diagram_where(struct diagram *diagram, uint32_t set, uint32_t f);

/* f where it is defined, elsewhere g. */
uint32_t diagram_over(struct diagram *diagram, uint32_t f, uint32_t g);

/* The set on which f is this terminal. */
uint32_t diagram_is(struct diagram *diagram, uint32_t f, uint32_t terminal);

/* The set without regard to the variables from `first` to before `end`. */
uint32_t diagram_forget(
    struct diagram *diagram, uint32_t set, uint32_t first, uint32_t end);

/*
 * A number below 1 << bits, spread over variables from `first` on with its
 * highest bit on top: the set of numbers below `count` that `has` says.
 */
typedef bool (*diagram_has_fn)(const void *context, size_t number);
uint32_t diagram_numbers(struct diagram *diagram, uint32_t first, unsigned bits,
    size_t count, diagram_has_fn has, const void *context);

/* The set of these numbers, which rise. */
uint32_t diagram_list(struct diagram *diagram, uint32_t first, unsigned bits,
    const size_t *numbers, size_t count);

/* The set of the numbers from `low` to `high`. */
uint32_t diagram_interval(struct diagram *diagram, uint32_t first,
    unsigned bits, size_t low, size_t high);

/*
 * Of a set of such numbers: the first one from `from` on that lies in it, or
 * outside it where that is wanted, or 1 << bits; and how many they are.
 */
size_t diagram_seek(const struct diagram *diagram, uint32_t set, uint32_t first,
    unsigned bits, size_t from, bool wanted);
size_t diagram_count(
    const struct diagram *diagram, uint32_t set, uint32_t first, unsigned bits);

/* What is left of f when the variables from `first` on spell the number. */
uint32_t diagram_at(const struct diagram *diagram, uint32_t f, uint32_t first,
    unsigned bits, size_t number);

/* Whether the set holds the point with these values, one for each variable. */
bool diagram_has(
    const struct diagram *diagram, uint32_t set, const uint8_t *values);

/*
 * Changes the values until the set, which is not empty, holds them: from the
 * first variable down, only where there is no other way.
 */
void diagram_bend(const struct diagram *diagram, uint32_t set, uint8_t *values);

/* Calls for each terminal of f once, in no order; NOWHERE is left out. */
typedef void (*diagram_visit_fn)(void *context, uint32_t terminal);
void diagram_terminals(
    struct diagram *diagram, uint32_t f, diagram_visit_fn visit, void *context);

#endif
