/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/combination.h"

#include "policy/position_table.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NEVER  (UINT32_MAX - 1)
#define ALWAYS UINT32_MAX

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
	uint32_t star; /* variable, or ALWAYS */
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
		uint32_t *items; /* of each variable: its condition, or NEVER */
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

static void
fail(struct automaton *all, int rc)
{
	if (all->rc == 0)
		all->rc = rc;
}

#define ADD(all, list, ...)                                                    \
	do {                                                                   \
		if (VEC_ADD(&(all)->list, __VA_ARGS__) < 0)                    \
			fail(all, -ENOMEM);                                    \
	} while (0)

static uint32_t
add_var(struct automaton *all, uint32_t condition)
{
	ADD(all, vars, condition);
	return (uint32_t)all->vars.count - 1;
}

/* Patterns that begin alike come to the same `*`. */
static uint32_t
star_behind(struct automaton *all, struct str prefix)
{
	struct star star = { prefix, (uint32_t)all->vars.count };

	for (size_t i = 0; i < all->stars.count; i++)
		if (str_eq(all->stars.items[i].prefix, prefix))
			return all->stars.items[i].var;
	ADD(all, stars, star);
	return add_var(all, NEVER);
}

/* The letters up to the next `*`; the last one leads behind it or ends. */
static void
add_letters(struct automaton *all, struct str letters, uint32_t condition)
{
	for (size_t i = 0; i < letters.len; i++) {
		struct place_in place = { .letter = letters.at[i],
			.condition = condition,
			.goal = {
			    GOAL_LETTER, (uint32_t)all->places.count + 1 } };
		all->letters[(uint8_t)letters.at[i]] = 1;
		ADD(all, places, place);
	}
}

static uint32_t
add_end(struct automaton *all, uint32_t condition)
{
	struct place_in place = { .at_end = true, .condition = condition };

	ADD(all, places, place);
	return (uint32_t)all->places.count - 1;
}

/* One piece and what is behind it; true if a `*` is. */
static bool
add_piece(struct automaton *all, struct str pattern, struct str *rest,
    uint32_t *star, uint32_t condition)
{
	bool is_first = rest->len == pattern.len;
	size_t len = 0;

	while (len < rest->len && rest->at[len] != '*')
		len++;
	struct str letters = { rest->at, len };
	uint32_t place = (uint32_t)all->places.count;
	bool more = len < rest->len;
	add_letters(all, letters, condition);
	if (is_first && (len > 0 || !more))
		ADD(all, initial, place);
	else if (!is_first && len > 0)
		ADD(all, pieces, (struct piece){ *star, place, len });
	while (len < rest->len && rest->at[len] == '*')
		len++;
	*rest = str_skip(*rest, len);
	if (more)
		*star = is_first && letters.len == 0
			    ? ALWAYS
			    : star_behind(all, (struct str){ pattern.at,
						   pattern.len - rest->len });
	if (more && letters.len > 0)
		all->places.items[all->places.count - 1].goal =
		    (struct goal){ GOAL_STAR, *star };
	if (!more && (letters.len > 0 || is_first)) {
		uint32_t end = add_end(all, condition);
		if (letters.len > 0)
			all->places.items[end - 1].goal =
			    (struct goal){ GOAL_END, end };
	}
	return more;
}

static void
add_pattern(struct automaton *all, struct str pattern, uint32_t condition)
{
	struct str rest = pattern;
	uint32_t star = NEVER;
	bool more;

	do {
		more = add_piece(all, pattern, &rest, &star, condition);
	} while (more && rest.len > 0 && all->rc == 0);
	if (more)
		ADD(all, endings, (struct ending){ star, condition });
}

static void
find_other(struct automaton *all)
{
	unsigned other = 1;

	while (other < 255 && all->letters[other] != 0)
		other++;
	all->other = (char)other;
}

/* The set once the `*` is reached. */
static uint32_t
with_star(struct diagram *d, uint32_t set, uint32_t star)
{
	if (star == ALWAYS)
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
		fail(step->all, -E2BIG);
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
		if (piece->star != ALWAYS) {
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
	ADD(all, queue, (uint32_t)state);
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
			fail(walk->all, -ENOMEM);
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
		ADD(all, reached,
		    (struct reaching){ DIAGRAM_EMPTY, DIAGRAM_EMPTY, false });
	if (state < 0 || all->reached.count > COMBINATION_STATES_MAX)
		fail(all, state < 0 ? -ENOMEM : -E2BIG);
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
			met = star == ALWAYS
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
	how->known[set] = condition == NEVER
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

static void
read_conditions(struct automaton *all,
    const struct combination_condition *conditions, size_t count)
{
	all->condition_count = count;
	all->condition_vars = calloc(count + 1, sizeof(uint32_t));
	if (all->condition_vars == NULL)
		fail(all, -ENOMEM);
	for (size_t h = 0; h < count && all->rc == 0; h++) {
		for (size_t i = 0; i < conditions[h].count; i++)
			add_pattern(
			    all, conditions[h].patterns[i], (uint32_t)h);
		all->condition_vars[h] = add_var(all, (uint32_t)h);
	}
	find_other(all);
}

/* No `*` is reached yet; conditions are not looked at before the end. */
static uint32_t
nothing_reached(struct automaton *all)
{
	uint32_t set = DIAGRAM_ALL;

	for (size_t var = all->vars.count; var-- > 0;)
		if (all->vars.items[var] == NEVER)
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
		fail(all, -ENOMEM);
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
	read_conditions(&all, conditions, count);
	if (all.rc == 0)
		met = walk_all(&walk, is_path);
	int rc = all.rc < 0 ? all.rc : all.diagram.rc;
	if (rc == 0)
		rc = give(&all, diagram, conditions, met, ret);
	fini_walk(&walk);
	fini_automaton(&all);
	return rc;
}
