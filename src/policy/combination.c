/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/combination.h"

#include "policy/combination_impl.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The set once the `*` is reached. */
static uint32_t
with_star(struct diagram *d, uint32_t set, uint32_t star)
{
	if (star == COMBINATION_ALWAYS)
		return set;
	return diagram_and(d, diagram_forget(d, set, star, star + 1),
	    diagram_node(d, star, DIAGRAM_EMPTY, DIAGRAM_ALL));
}

/* Where a step leads: places, and stars. */
struct step {
	struct automaton *all;
	char letter;
	uint32_t *places;
	size_t place_count;
	uint32_t *stars;
	size_t star_count;
	void (*arrive)(void *context, const struct step *step, uint32_t set);
	void *context;
};

static void
go(struct step *step, const struct goal *goal)
{
	if (goal->kind == GOAL_STAR) {
		step->stars[step->star_count++] = goal->number;
		return;
	}
	for (size_t i = 0; i < step->place_count; i++)
		if (step->places[i] == goal->number)
			return;
	step->places[step->place_count++] = goal->number;
}

static void
arrive(struct step *step, uint32_t set)
{
	struct diagram *d = &step->all->diagram;

	if (++step->all->steps > COMBINATION_STEPS_MAX)
		combination_fail(step->all, -E2BIG);
	for (size_t i = 0; i < step->star_count; i++)
		set = with_star(d, set, step->stars[i]);
	step->arrive(step->context, step, set);
}

/* Pieces from `from` on begin, where the `*` before them is reached. */
static void
begin_pieces(struct step *step, uint32_t set, size_t from)
{
	struct automaton *all = step->all;
	struct diagram *d = &all->diagram;

	for (size_t i = from; i < all->pieces.count; i++) {
		const struct piece *piece = &all->pieces.items[i];
		const struct place_in *place = &all->places.items[piece->place];
		if (place->letter != step->letter)
			continue;
		if (piece->star != COMBINATION_ALWAYS) {
			all->steps += COMBINATION_STAR_STEPS;
			uint32_t star = diagram_node(
			    d, piece->star, DIAGRAM_EMPTY, DIAGRAM_ALL);
			uint32_t without = diagram_minus(d, set, star);
			size_t places = step->place_count;
			size_t stars = step->star_count;
			if (without != DIAGRAM_EMPTY && all->rc == 0)
				begin_pieces(step, without, i + 1);
			step->place_count = places;
			step->star_count = stars;
			set = diagram_and(d, set, star);
			if (set == DIAGRAM_EMPTY)
				return;
		}
		go(step, &place->goal);
	}
	arrive(step, set);
}

/* From a state with this set by a letter. */
static void
take_step(struct step *step, const uint32_t *places, size_t count, uint32_t set)
{
	struct automaton *all = step->all;

	step->place_count = step->star_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct place_in *place = &all->places.items[places[i]];
		if (!place->at_end && place->letter == step->letter)
			go(step, &place->goal);
	}
	begin_pieces(step, set, 0);
}

/* States side by side, with what may have been met on the way. */
struct front {
	struct {
		size_t state;
		uint32_t set;
	} * items;
	size_t count, room;
};

struct walk {
	struct automaton *all;
	struct step step;
	uint32_t *from, *to; /* room for the places of a state */
	bool starts[256];    /* letters with which a piece begins */
	struct front front;  /* where the last step arrived */
};

static void
queue(struct automaton *all, size_t state)
{
	if (all->reached.items[state].queued)
		return;
	all->reached.items[state].queued = true;
	COMBINATION_ADD(all, queue, (uint32_t)state);
}

static void
note_front(struct walk *walk, size_t state, uint32_t set)
{
	struct front *front = &walk->front;
	size_t i = 0;

	while (i < front->count && front->items[i].state != state)
		i++;
	if (i == front->count) {
		if (vec_room(&front->items, i, &front->room,
			sizeof(*front->items)) < 0) {
			combination_fail(walk->all, -ENOMEM);
			return;
		}
		front->items[i].state = state;
		front->items[i].set = DIAGRAM_EMPTY;
		front->count++;
	}
	front->items[i].set =
	    diagram_or(&walk->all->diagram, front->items[i].set, set);
}

/* The number of the state, made if it is new. */
static size_t
state_of(struct walk *walk, const uint32_t *places, size_t count)
{
	struct automaton *all = walk->all;
	bool is_new;

	if (count > 0)
		memcpy(walk->to, places, count * sizeof(*places));
	long state = position_table_add(&all->states, walk->to, count, &is_new);
	if (state >= 0 && is_new)
		COMBINATION_ADD(all, reached,
		    (struct reaching){ DIAGRAM_EMPTY, DIAGRAM_EMPTY, false });
	if (state < 0 || all->reached.count > COMBINATION_STATES_MAX)
		combination_fail(all, state < 0 ? -ENOMEM : -E2BIG);
	return (size_t)state;
}

static void
keep(struct walk *walk, const uint32_t *places, size_t count, uint32_t set)
{
	struct automaton *all = walk->all;
	size_t state = state_of(walk, places, count);

	if (all->rc < 0)
		return;
	struct reaching *reached = &all->reached.items[state];
	uint32_t grown = diagram_or(&all->diagram, reached->set, set);
	note_front(walk, state, set);
	if (grown == reached->set)
		return;
	reached->set = grown;
	queue(all, state);
}

static void
arrive_at_state(void *context, const struct step *step, uint32_t set)
{
	keep(context, step->places, step->place_count, set);
}

static void
lead(struct walk *walk, size_t state, char letter, uint32_t set)
{
	size_t count;
	const uint32_t *places =
	    position_table_at(&walk->all->states, state, &count);

	if (count > 0)
		memcpy(walk->from, places, count * sizeof(*places));
	walk->step.letter = letter;
	take_step(&walk->step, walk->from, count, set);
}

static void
lead_front(struct walk *walk, char letter)
{
	struct front front = walk->front;

	walk->front = (struct front){ 0 };
	for (size_t i = 0; i < front.count && walk->all->rc == 0; i++)
		lead(walk, front.items[i].state, letter, front.items[i].set);
	free(front.items);
}

/*
 * Text after text that holds a piece each, one behind the other, so that all
 * that can be met together is met in one round and not one more in each.
 */
static void
lead_through_pieces(struct walk *walk, size_t state)
{
	struct automaton *all = walk->all;

	for (size_t i = 0; i < all->pieces.count && all->rc == 0; i++) {
		const struct piece *piece = &all->pieces.items[i];
		walk->front.count = 0;
		note_front(walk, state, all->reached.items[state].set);
		for (size_t j = 0; j < piece->len; j++)
			lead_front(
			    walk, all->places.items[piece->place + j].letter);
		lead_front(walk, all->other);
	}
}

static void
lead_on(struct walk *walk, size_t state)
{
	struct automaton *all = walk->all;
	bool live[256];
	size_t count;
	const uint32_t *places = position_table_at(&all->states, state, &count);

	memcpy(live, walk->starts, sizeof(live));
	for (size_t i = 0; i < count; i++)
		live[(uint8_t)all->places.items[places[i]].letter] = true;
	live[0] = false; /* of ends, which have no letter */
	live[(uint8_t)all->other] = true;
	if (count == 0)
		lead_through_pieces(walk, state);
	struct reaching *reached = &all->reached.items[state];
	uint32_t grown =
	    diagram_minus(&all->diagram, reached->set, reached->done);
	reached->done = reached->set;
	reached->queued = false;
	for (unsigned letter = 0; letter < 256 && all->rc == 0; letter++)
		if (live[letter]) {
			walk->front.count = 0;
			lead(walk, state, (char)letter, grown);
		}
}

/* The conditions that a text meets which ends in this state, by its stars. */
static uint32_t
met_at(struct automaton *all, const uint32_t *places, size_t count)
{
	struct diagram *d = &all->diagram;
	size_t ending = all->endings.count;
	uint32_t ret = DIAGRAM_ALL;

	for (size_t h = all->condition_count; h-- > 0;) {
		uint32_t met = DIAGRAM_EMPTY;
		uint32_t is = diagram_node(
		    d, all->condition_vars[h], DIAGRAM_EMPTY, DIAGRAM_ALL);
		for (; ending > 0 &&
		       all->endings.items[ending - 1].condition == h;
		     ending--) {
			uint32_t star = all->endings.items[ending - 1].star;
			met = star == COMBINATION_ALWAYS
				  ? DIAGRAM_ALL
				  : diagram_or(d, met,
					diagram_node(d, star, DIAGRAM_EMPTY,
					    DIAGRAM_ALL));
		}
		for (size_t i = 0; i < count; i++)
			if (all->places.items[places[i]].at_end &&
			    all->places.items[places[i]].condition == h)
				met = DIAGRAM_ALL;
		uint32_t both = diagram_and(d, is, met);
		uint32_t none =
		    diagram_minus(d, DIAGRAM_ALL, diagram_or(d, is, met));
		ret = diagram_and(d, ret, diagram_or(d, both, none));
	}
	return ret;
}

static bool
has_end(const struct automaton *all, const uint32_t *places, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (all->places.items[places[i]].at_end)
			return true;
	return false;
}

/* Of all states in which a text may end; those without an end at once. */
static uint32_t
met_at_all(struct automaton *all)
{
	struct diagram *d = &all->diagram;
	uint32_t plain = DIAGRAM_EMPTY, ret = DIAGRAM_EMPTY;

	for (size_t i = 0; i < all->reached.count && all->rc == 0; i++) {
		size_t count;
		const uint32_t *places =
		    position_table_at(&all->states, i, &count);
		uint32_t set = all->reached.items[i].set;
		if (has_end(all, places, count))
			ret = diagram_or(d, ret,
			    diagram_and(d, set, met_at(all, places, count)));
		else
			plain = diagram_or(d, plain, set);
	}
	return diagram_or(d, ret, diagram_and(d, plain, met_at(all, NULL, 0)));
}

/* Without the stars, by the variables of the asker. */
struct transfer {
	const struct automaton *all;
	const struct combination_condition *conditions;
	struct diagram *to;
	uint32_t *known; /* of each node; NOWHERE: not yet */
};

static uint32_t
transfer(const struct transfer *how, uint32_t set)
{
	if (diagram_is_terminal(set) || how->to->rc < 0)
		return set;
	if (how->known[set] != DIAGRAM_NOWHERE)
		return how->known[set];
	const struct diagram_node *node = &how->all->diagram.nodes.items[set];
	uint32_t condition = how->all->vars.items[node->var];
	uint32_t low = transfer(how, node->low);
	uint32_t high = transfer(how, node->high);
	how->known[set] = condition == COMBINATION_NEVER
			      ? diagram_or(how->to, low, high)
			      : diagram_node(how->to,
				    how->conditions[condition].var, low, high);
	return how->known[set];
}

static int
give(const struct automaton *all, struct diagram *diagram,
    const struct combination_condition *conditions, uint32_t set, uint32_t *ret)
{
	struct transfer how = { all, conditions, diagram,
		malloc((all->diagram.nodes.count + 1) * sizeof(uint32_t)) };

	if (how.known == NULL)
		return -ENOMEM;
	memset(
	    how.known, 0xff, (all->diagram.nodes.count + 1) * sizeof(uint32_t));
	*ret = transfer(&how, set);
	free(how.known);
	return diagram->rc;
}

/* No `*` is reached yet; conditions are not looked at before the end. */
static uint32_t
nothing_reached(struct automaton *all)
{
	uint32_t set = DIAGRAM_ALL;

	for (size_t var = all->vars.count; var-- > 0;)
		if (all->vars.items[var] == COMBINATION_NEVER)
			set = diagram_node(
			    &all->diagram, (uint32_t)var, set, DIAGRAM_EMPTY);
	return set;
}

/* The one path that does not begin with '/' ends at once. */
struct lone {
	struct automaton *all;
	uint32_t met;
};

static void
arrive_at_end(void *context, const struct step *step, uint32_t set)
{
	struct lone *lone = context;
	struct diagram *d = &lone->all->diagram;

	lone->met = diagram_or(d, lone->met,
	    diagram_and(
		d, set, met_at(lone->all, step->places, step->place_count)));
}

static uint32_t
begin(struct walk *walk, bool is_path)
{
	struct automaton *all = walk->all;
	uint32_t set = nothing_reached(all);
	struct lone lone = { all, DIAGRAM_EMPTY };
	struct step step = walk->step;

	if (!is_path) {
		keep(walk, all->initial.items, all->initial.count, set);
		return lone.met;
	}
	walk->step.letter = '/';
	take_step(&walk->step, all->initial.items, all->initial.count, set);
	step.letter = '*'; /* no pattern has it as a letter */
	step.arrive = arrive_at_end;
	step.context = &lone;
	take_step(&step, all->initial.items, all->initial.count, set);
	return lone.met;
}

/* All that can be met, over the automaton's own variables. */
static uint32_t
walk_all(struct walk *walk, bool is_path)
{
	struct automaton *all = walk->all;
	size_t room = all->places.count + all->pieces.count + 1;

	walk->from = calloc(room, sizeof(uint32_t));
	walk->to = calloc(room, sizeof(uint32_t));
	walk->step = (struct step){ .all = all,
		.places = calloc(room, sizeof(uint32_t)),
		.stars = calloc(room, sizeof(uint32_t)),
		.arrive = arrive_at_state,
		.context = walk };
	for (size_t i = 0; i < all->pieces.count; i++)
		walk->starts[(
		    uint8_t)all->places.items[all->pieces.items[i].place]
				 .letter] = true;
	if (walk->from == NULL || walk->to == NULL ||
	    walk->step.places == NULL || walk->step.stars == NULL) {
		combination_fail(all, -ENOMEM);
		return DIAGRAM_EMPTY;
	}
	uint32_t lone = begin(walk, is_path);
	for (size_t i = 0;
	     i < all->queue.count && all->rc == 0 && all->diagram.rc == 0; i++)
		lead_on(walk, all->queue.items[i]);
	return diagram_or(&all->diagram, lone, met_at_all(all));
}

static void
fini_walk(struct walk *walk)
{
	free(walk->front.items);
	free(walk->from);
	free(walk->to);
	free(walk->step.places);
	free(walk->step.stars);
}

static void
fini_automaton(struct automaton *all)
{
	diagram_fini(&all->diagram);
	position_table_fini(&all->states);
	free(all->places.items);
	free(all->pieces.items);
	free(all->endings.items);
	free(all->stars.items);
	free(all->initial.items);
	free(all->vars.items);
	free(all->condition_vars);
	free(all->reached.items);
	free(all->queue.items);
}

int
combination_find(struct diagram *diagram,
    const struct combination_condition *conditions, size_t count, bool is_path,
    uint32_t *ret)
{
	struct automaton all = { .rc = 0 };
	struct walk walk = { .all = &all };
	uint32_t met = DIAGRAM_EMPTY;

	diagram_init(&all.diagram);
	all.rc = position_table_init(&all.states);
	combination_read(&all, conditions, count);
	if (all.rc == 0)
		met = walk_all(&walk, is_path);
	int rc = all.rc < 0 ? all.rc : all.diagram.rc;
	if (rc == 0)
		rc = give(&all, diagram, conditions, met, ret);
	fini_walk(&walk);
	fini_automaton(&all);
	return rc;
}
