/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/space_condition: which conditions that are variables a request can
 * meet together.
 *
 * A request has one path and one type, but any number of fields, of one name
 * too: each condition on a field that it meets must be met by some value, and
 * that value meets no condition that the request does not.
 */
#include "policy/combination.h"
#include "policy/space_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A diagram with what was made of each of its nodes. */
struct raising {
	struct diagram *diagram;
	uint32_t *known; /* NOWHERE: not yet */
};

/* All that has a member of the set as a part, by the variables that are true.
 */
static uint32_t
raise(const struct raising *raising, uint32_t set)
{
	if (diagram_is_terminal(set) || raising->diagram->rc < 0)
		return set;
	if (raising->known[set] != DIAGRAM_NOWHERE)
		return raising->known[set];
	struct diagram_node node = raising->diagram->nodes.items[set];
	uint32_t low = raise(raising, node.low);
	uint32_t high =
	    diagram_or(raising->diagram, low, raise(raising, node.high));
	raising->known[set] =
	    diagram_node(raising->diagram, node.var, low, high);
	return raising->known[set];
}

static uint32_t
raised(struct space *space, uint32_t set)
{
	size_t count = space->diagram.nodes.count + 1;
	struct raising raising = { &space->diagram,
		malloc(count * sizeof(uint32_t)) };

	if (raising.known == NULL) {
		space_fail(space, -ENOMEM);
		return DIAGRAM_EMPTY;
	}
	memset(raising.known, 0xff, count * sizeof(uint32_t));
	set = raise(&raising, set);
	free(raising.known);
	return set;
}

/* The conditions on one field, in their order. */
struct field {
	struct combination_condition *conditions;
	size_t count;
	size_t *numbers; /* of the headers */
};

static void
read_field(struct space *space, struct str name, struct field *ret)
{
	for (size_t i = 0; i < space->headers.count; i++) {
		const struct policy_header *header = space->headers.items[i];
		if (!str_eq_nocase(header->name, name))
			continue;
		ret->numbers[ret->count] = i;
		ret->conditions[ret->count++] =
		    (struct combination_condition){ header->values,
			    header->value_count,
			    space->axes[SPACE_HEADER].first + (uint32_t)i };
	}
}

/* By `one`, what one value can meet. */
static uint32_t
met_by_values(struct space *space, const struct field *field, uint32_t one)
{
	struct diagram *d = &space->diagram;
	uint32_t set = DIAGRAM_ALL;

	for (size_t i = 0; i < field->count && space_rc(space) == 0; i++) {
		uint32_t met =
		    space->axes[SPACE_HEADER].sets[field->numbers[i]];
		uint32_t why = raised(space, diagram_and(d, one, met));
		set = diagram_and(d, set,
		    diagram_or(d, why, diagram_minus(d, DIAGRAM_ALL, met)));
	}
	return set;
}

static uint32_t
possible_of_field(struct space *space, struct str name)
{
	size_t room = space->headers.count;
	struct field field = { calloc(room, sizeof(*field.conditions)), 0,
		calloc(room, sizeof(*field.numbers)) };
	uint32_t set = DIAGRAM_ALL, one = DIAGRAM_EMPTY;
	int rc = -ENOMEM;

	if (field.conditions != NULL && field.numbers != NULL) {
		read_field(space, name, &field);
		rc = combination_find(&space->diagram, field.conditions,
		    field.count, false, &one);
	}
	if (rc == 0)
		set = met_by_values(space, &field, one);
	else
		space_fail(space, rc);
	free(field.conditions);
	free(field.numbers);
	return set;
}

static size_t
conditions_on(const struct space *space, struct str name, size_t before)
{
	size_t count = 0;

	for (size_t i = 0; i < before; i++)
		count += str_eq_nocase(space->headers.items[i]->name, name);
	return count;
}

/* A condition that is alone on its field is met or not. */
static uint32_t
possible_headers(struct space *space)
{
	uint32_t set = DIAGRAM_ALL;

	for (size_t i = 0; i < space->headers.count && space->rc == 0; i++) {
		struct str name = space->headers.items[i]->name;
		if (conditions_on(space, name, i) == 0 &&
		    conditions_on(space, name, space->headers.count) > 1)
			set = diagram_and(&space->diagram, set,
			    possible_of_field(space, name));
	}
	return set;
}

/* There may be no text, which no pattern matches. */
static uint32_t
possible_texts(struct space *space, enum space_dimension dimension,
    const struct space_words *patterns, bool is_path)
{
	uint32_t set = DIAGRAM_EMPTY;
	struct combination_condition *conditions =
	    calloc(patterns->count + 1, sizeof(*conditions));
	int rc = conditions != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; i < patterns->count && rc == 0; i++)
		conditions[i] =
		    (struct combination_condition){ &patterns->items[i], 1,
			    space->axes[dimension].first + (uint32_t)i };
	if (rc == 0)
		rc = combination_find(&space->diagram, conditions,
		    patterns->count, is_path, &set);
	free(conditions);
	if (rc < 0)
		space_fail(space, rc);
	return diagram_or(
	    &space->diagram, set, space_one_cell(space, dimension, 0));
}

uint32_t
space_possible_conditions(struct space *space)
{
	uint32_t set = possible_headers(space);

	if (space->paths_are_free)
		set = diagram_and(&space->diagram, set,
		    possible_texts(
			space, SPACE_PATH, &space->path_patterns, true));
	if (space->types_are_free)
		set = diagram_and(&space->diagram, set,
		    possible_texts(
			space, SPACE_TYPE, &space->type_patterns, false));
	return set;
}
