/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/meaning_whole: the whole list at once, by halves.
 *
 * Put before the rest one by one, each rule of ten thousand changes what all
 * rules below it have made, and where rules have sources of their own that is
 * much: the square of their number.  Halves are made by themselves and then put
 * together, so that each rule is looked at as often as the list can be halved.
 */
#include "policy/meaning_impl.h"

/*
 * What rules in a row make of a packet: nothing; sure not to be sure; a class,
 * if what is below says the same; or a class.
 */
enum {
	HALF_NOTHING,
	HALF_MIXED,
	HALF_SO_FAR,
	HALF_DECIDED
};

static uint32_t
state(unsigned kind, uint32_t class)
{
	return meaning_terminal((size_t)diagram_value(class) * 4 + kind);
}

static unsigned
kind_of(uint32_t state)
{
	return diagram_value(state) % 4;
}

static uint32_t
class_of(uint32_t state)
{
	return meaning_terminal(diagram_value(state) / 4);
}

static bool
settle_rule(void *context, uint32_t match, uint32_t unused, uint32_t *ret)
{
	const uint32_t *class = context;

	(void)unused;
	if (!diagram_is_terminal(match))
		return false;
	if (match == MEANING_NO)
		*ret = state(HALF_NOTHING, DIAGRAM_TERMINAL);
	else
		*ret = state(
		    match == MEANING_YES ? HALF_DECIDED : HALF_SO_FAR, *class);
	return true;
}

static bool
settle_halves(void *context, uint32_t upper, uint32_t lower, uint32_t *ret)
{
	(void)context;
	if (lower == state(HALF_NOTHING, DIAGRAM_TERMINAL)) {
		*ret = upper;
		return true;
	}
	if (!diagram_is_terminal(upper))
		return false;
	if (kind_of(upper) == HALF_NOTHING)
		*ret = lower;
	else if (kind_of(upper) != HALF_SO_FAR)
		*ret = upper;
	else if (!diagram_is_terminal(lower))
		return false;
	else
		*ret = kind_of(lower) != HALF_MIXED &&
			       class_of(lower) == class_of(upper)
			   ? lower
			   : state(HALF_MIXED, DIAGRAM_TERMINAL);
	return true;
}

/* Below the last rule nothing is sure. */
static bool
settle_end(void *context, uint32_t whole, uint32_t unused, uint32_t *ret)
{
	(void)context;
	(void)unused;
	if (!diagram_is_terminal(whole))
		return false;
	*ret = kind_of(whole) == HALF_DECIDED ? class_of(whole) : MEANING_MIXED;
	return true;
}

/* Rules from `first` to before `end`, of which there is one at least. */
static uint32_t
packets_of(struct meaning *meaning, size_t first, size_t end)
{
	struct diagram *d = &meaning->space->diagram;

	if (end - first == 1)
		return diagram_apply(d, settle_rule,
		    &meaning->rules[first].class,
		    meaning_packet_match(meaning, first), DIAGRAM_EMPTY);
	size_t middle = first + (end - first) / 2;
	uint32_t upper = packets_of(meaning, first, middle);
	uint32_t lower = packets_of(meaning, middle, end);
	return diagram_apply(d, settle_halves, NULL, upper, lower);
}

static uint32_t
list_of(struct meaning *meaning, size_t first, size_t end)
{
	struct diagram *d = &meaning->space->diagram;

	if (end - first == 1)
		return diagram_where(
		    d, meaning->rules[first].match, meaning_terminal(first));
	size_t middle = first + (end - first) / 2;
	uint32_t upper = list_of(meaning, first, middle);
	uint32_t lower = list_of(meaning, middle, end);
	return diagram_over(d, upper, lower);
}

void
meaning_build_whole(struct meaning *meaning)
{
	size_t count = meaning->policy->rule_count;

	meaning->lists[0] = DIAGRAM_NOWHERE;
	meaning->packets[0] = MEANING_MIXED;
	if (count == 0)
		return;
	meaning->lists[0] = list_of(meaning, 0, count);
	meaning->packets[0] = diagram_apply(&meaning->space->diagram,
	    settle_end, NULL, packets_of(meaning, 0, count), DIAGRAM_EMPTY);
}
