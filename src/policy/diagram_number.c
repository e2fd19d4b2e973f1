/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/diagram_number: numbers that are spelled over variables.  A set of
 * numbers is made from a question, a list or a range, and searched and counted
 * along its runs, so that what is asked of a few numbers costs a few steps.
 */
#include "policy/diagram.h"

static uint32_t
half_at(const struct diagram *diagram, uint32_t f, uint32_t var, bool high)
{
	if (diagram_is_terminal(f) || diagram->nodes.items[f].var != var)
		return f;
	return high ? diagram->nodes.items[f].high
		    : diagram->nodes.items[f].low;
}

struct numbers {
	struct diagram *diagram;
	diagram_has_fn has;
	const void *context;
	size_t count;
	uint32_t first;
	unsigned bits;
};

static uint32_t
spell(const struct numbers *numbers, unsigned depth, size_t number)
{
	if (number << (numbers->bits - depth) >= numbers->count)
		return DIAGRAM_EMPTY;
	if (depth == numbers->bits)
		return numbers->has(numbers->context, number) ? DIAGRAM_ALL
							      : DIAGRAM_EMPTY;
	uint32_t low = spell(numbers, depth + 1, number * 2);
	uint32_t high = spell(numbers, depth + 1, number * 2 + 1);
	return diagram_node(
	    numbers->diagram, numbers->first + depth, low, high);
}

uint32_t
diagram_numbers(struct diagram *diagram, uint32_t first, unsigned bits,
    size_t count, diagram_has_fn has, const void *context)
{
	struct numbers numbers = { diagram, has, context, count, first, bits };

	return spell(&numbers, 0, 0);
}

uint32_t
diagram_at(const struct diagram *diagram, uint32_t f, uint32_t first,
    unsigned bits, size_t number)
{
	for (unsigned i = 0; i < bits; i++)
		f = half_at(
		    diagram, f, first + i, (number >> (bits - 1 - i) & 1) != 0);
	return f;
}

/* Some of the listed numbers: those below a node, in ascending order. */
struct listed {
	struct diagram *diagram;
	const size_t *at;
	uint32_t first;
	unsigned bits;
};

static uint32_t
spell_listed(
    const struct listed *listed, unsigned depth, size_t from, size_t end)
{
	size_t middle = from;

	if (from == end)
		return DIAGRAM_EMPTY;
	if (depth == listed->bits)
		return DIAGRAM_ALL;
	unsigned shift = listed->bits - 1 - depth;
	if ((size_t)end - from == (size_t)2 << shift)
		return DIAGRAM_ALL;
	for (size_t behind = end; middle < behind;) {
		size_t at = middle + (behind - middle) / 2;
		if ((listed->at[at] >> shift & 1) == 0)
			middle = at + 1;
		else
			behind = at;
	}
	uint32_t low = spell_listed(listed, depth + 1, from, middle);
	uint32_t high = spell_listed(listed, depth + 1, middle, end);
	return diagram_node(listed->diagram, listed->first + depth, low, high);
}

uint32_t
diagram_list(struct diagram *diagram, uint32_t first, unsigned bits,
    const size_t *numbers, size_t count)
{
	struct listed listed = { diagram, numbers, first, bits };

	return spell_listed(&listed, 0, 0, count);
}

/* Numbers from `low` on, and at most `high`, among those below a node. */
static uint32_t
spell_range(const struct numbers *numbers, unsigned depth, size_t number,
    size_t low, size_t high)
{
	unsigned left = numbers->bits - depth;
	size_t from = number << left, last = from + ((size_t)1 << left) - 1;

	if (last < low || from > high)
		return DIAGRAM_EMPTY;
	if (low <= from && last <= high)
		return DIAGRAM_ALL;
	uint32_t below = spell_range(numbers, depth + 1, number * 2, low, high);
	uint32_t above =
	    spell_range(numbers, depth + 1, number * 2 + 1, low, high);
	return diagram_node(
	    numbers->diagram, numbers->first + depth, below, above);
}

uint32_t
diagram_interval(struct diagram *diagram, uint32_t first, unsigned bits,
    size_t low, size_t high)
{
	struct numbers numbers = {
		.diagram = diagram, .first = first, .bits = bits
	};

	return spell_range(&numbers, 0, 0, low, high);
}

static size_t
seek(const struct diagram *diagram, uint32_t f, uint32_t var, unsigned bits,
    size_t from, bool wanted)
{
	if (diagram_is_terminal(f) || bits == 0)
		return (f == DIAGRAM_ALL) == wanted ? from : (size_t)1 << bits;
	size_t half = (size_t)1 << (bits - 1);
	if (from < half) {
		size_t found = seek(diagram, half_at(diagram, f, var, false),
		    var + 1, bits - 1, from, wanted);
		if (found < half)
			return found;
		from = half;
	}
	return half + seek(diagram, half_at(diagram, f, var, true), var + 1,
			  bits - 1, from - half, wanted);
}

size_t
diagram_seek(const struct diagram *diagram, uint32_t set, uint32_t first,
    unsigned bits, size_t from, bool wanted)
{
	size_t end = (size_t)1 << bits;

	return from < end ? seek(diagram, set, first, bits, from, wanted) : end;
}

size_t
diagram_count(
    const struct diagram *diagram, uint32_t set, uint32_t first, unsigned bits)
{
	if (diagram_is_terminal(set))
		return set == DIAGRAM_ALL ? (size_t)1 << bits : 0;
	const struct diagram_node *node = &diagram->nodes.items[set];
	unsigned skipped = node->var - first, below = bits - skipped - 1;
	return (diagram_count(diagram, node->low, node->var + 1, below) +
		   diagram_count(diagram, node->high, node->var + 1, below))
	       << skipped;
}
