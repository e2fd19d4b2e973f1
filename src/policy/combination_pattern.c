/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/combination_pattern: the automaton of all patterns.
 */
#include "policy/combination_impl.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

void
combination_fail(struct automaton *all, int rc)
{
	if (all->rc == 0)
		all->rc = rc;
}

static uint32_t
add_var(struct automaton *all, uint32_t condition)
{
	COMBINATION_ADD(all, vars, condition);
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
	COMBINATION_ADD(all, stars, star);
	return add_var(all, COMBINATION_NEVER);
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
		COMBINATION_ADD(all, places, place);
	}
}

static uint32_t
add_end(struct automaton *all, uint32_t condition)
{
	struct place_in place = { .at_end = true, .condition = condition };

	COMBINATION_ADD(all, places, place);
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
		COMBINATION_ADD(all, initial, place);
	else if (!is_first && len > 0)
		COMBINATION_ADD(
		    all, pieces, (struct piece){ *star, place, len });
	while (len < rest->len && rest->at[len] == '*')
		len++;
	*rest = str_skip(*rest, len);
	if (more)
		*star = is_first && letters.len == 0
			    ? COMBINATION_ALWAYS
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
	uint32_t star = COMBINATION_NEVER;
	bool more;

	do {
		more = add_piece(all, pattern, &rest, &star, condition);
	} while (more && rest.len > 0 && all->rc == 0);
	if (more)
		COMBINATION_ADD(
		    all, endings, (struct ending){ star, condition });
}

static void
find_other(struct automaton *all)
{
	unsigned other = 1;

	while (other < 255 && all->letters[other] != 0)
		other++;
	all->other = (char)other;
}

void
combination_read(struct automaton *all,
    const struct combination_condition *conditions, size_t count)
{
	all->condition_count = count;
	all->condition_vars = calloc(count + 1, sizeof(uint32_t));
	if (all->condition_vars == NULL)
		combination_fail(all, -ENOMEM);
	for (size_t h = 0; h < count && all->rc == 0; h++) {
		for (size_t i = 0; i < conditions[h].count; i++)
			add_pattern(
			    all, conditions[h].patterns[i], (uint32_t)h);
		all->condition_vars[h] = add_var(all, (uint32_t)h);
	}
	find_other(all);
}
