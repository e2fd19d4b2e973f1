/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/partition_text: which paths and other texts a policy can tell apart.
 *
 * All patterns are walked at once, as one automaton: a state says how far each
 * of them may be matched, a step takes one character.  Each state that a text
 * can end in gives a combination of patterns and, by the way that led there,
 * the shortest path that shows it.  So what overlaps is known, not guessed.
 */
#include "policy/partition.h"
#include "policy/position_table.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

/* How a state was first reached. */
struct origin {
	uint32_t from;
	char by;
};

/* A place in a pattern: before a letter, before a `*`, or at its end. */
struct position {
	uint32_t pattern;
	bool at_end;
	char letter;
};

struct walk {
	struct partition *partition; /* of texts, by pattern */
	struct position_table states;
	struct {
		struct origin *items;
		size_t count, room;
	} origins;
	const struct str *patterns;
	size_t count;
	struct position *positions; /* of all patterns, and one more */
	size_t position_count, states_max;
	char letters[257]; /* those of the patterns, and one more */
	size_t letter_count;
	uint32_t *next; /* positions that a step reaches */
	size_t next_count;
	uint32_t *reached, step; /* by which step each position was reached */
	uint64_t *members;
};

static void
set_bit(uint64_t *bits, size_t at)
{
	bits[at / 64] |= UINT64_C(1) << at % 64;
}

/* A position is reached; a `*` may stand for nothing, so the next one too. */
static void
reach(struct walk *walk, uint32_t at)
{
	while (walk->reached[at] != walk->step) {
		walk->reached[at] = walk->step;
		walk->next[walk->next_count++] = at;
		if (walk->positions[at].at_end ||
		    walk->positions[at].letter != '*')
			return;
		at++;
	}
}

static int
add_state(struct walk *walk, uint32_t from, char letter)
{
	struct origin origin = { from, letter };
	bool is_new;

	long state = position_table_add(
	    &walk->states, walk->next, walk->next_count, &is_new);
	if (state < 0)
		return -ENOMEM;
	if (!is_new)
		return 0;
	if (position_table_count(&walk->states) > walk->states_max)
		return -E2BIG;
	return VEC_ADD(&walk->origins, origin);
}

static void
begin_step(struct walk *walk)
{
	walk->step++;
	walk->next_count = 0;
}

/* Into walk->next. */
static void
step(struct walk *walk, size_t state, char letter)
{
	size_t count;
	const uint32_t *at = position_table_at(&walk->states, state, &count);

	begin_step(walk);
	for (size_t i = 0; i < count; i++) {
		const struct position *position = &walk->positions[at[i]];
		if (position->at_end)
			continue;
		if (position->letter == '*')
			reach(walk, at[i]);
		else if (position->letter == letter)
			reach(walk, at[i] + 1);
	}
}

static int
take_step(struct walk *walk, size_t state, char letter)
{
	step(walk, state, letter);
	return add_state(walk, (uint32_t)state, letter);
}

static struct str
example_of(struct walk *walk, size_t state)
{
	size_t len = 0;

	for (size_t s = state; s != 0; s = walk->origins.items[s].from)
		len++;
	char *text = arena_alloc(&walk->partition->arena, len + 1);
	if (text == NULL)
		return (struct str){ NULL, 0 };
	struct str example = { text, len };
	for (size_t s = state; s != 0; s = walk->origins.items[s].from)
		text[--len] = walk->origins.items[s].by;
	return example;
}

/* A text may end where these are: which patterns match it then. */
static long
keep_end(struct walk *walk, const uint32_t *at, size_t count, bool *ret_new)
{
	struct partition *partition = walk->partition;

	memset(walk->members, 0, partition->words * sizeof(*walk->members));
	for (size_t i = 0; i < count; i++)
		if (walk->positions[at[i]].at_end &&
		    walk->positions[at[i]].pattern < walk->count)
			set_bit(walk->members, walk->positions[at[i]].pattern);
	return partition_add(
	    partition, walk->members, sizeof(struct text_atom), ret_new);
}

static int
keep_state(struct walk *walk, size_t state)
{
	bool is_new;
	size_t count;
	const uint32_t *at = position_table_at(&walk->states, state, &count);
	long atom = keep_end(walk, at, count, &is_new);

	if (atom < 0)
		return -ENOMEM;
	if (is_new)
		walk->partition->of.texts[atom].example =
		    example_of(walk, state);
	return walk->partition->arena.full ? -ENOMEM : 0;
}

static bool
is_known(const struct walk *walk, char letter)
{
	return memchr(walk->letters, letter, walk->letter_count) != NULL;
}

static void
find_letters(struct walk *walk)
{
	static const char others[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	const char *other = others;

	for (size_t i = 0; i < walk->count; i++)
		for (size_t j = 0; j < walk->patterns[i].len; j++)
			if (walk->patterns[i].at[j] != '*' &&
			    !is_known(walk, walk->patterns[i].at[j]))
				walk->letters[walk->letter_count++] =
				    walk->patterns[i].at[j];
	while (*other != '\0' && is_known(walk, *other))
		other++;
	if (*other != '\0')
		walk->letters[walk->letter_count++] = *other;
	else if (!is_known(walk, '\x01'))
		walk->letters[walk->letter_count++] = '\x01';
}

/* No step leads back to the start: it holds a position of its own. */
static int
begin_walk(struct walk *walk)
{
	uint32_t at = 0;

	begin_step(walk);
	for (size_t i = 0; i < walk->count; i++) {
		reach(walk, at);
		at += (uint32_t)walk->patterns[i].len + 1;
	}
	reach(walk, at);
	return add_state(walk, 0, '\0');
}

/*
 * "OPTIONS *" has a path of its own; it is the only one that does not begin
 * with '/', and no letter of a pattern can stand for it.
 */
static int
keep_asterisk(struct walk *walk)
{
	bool is_new;

	step(walk, 0, '*');
	long atom = keep_end(walk, walk->next, walk->next_count, &is_new);
	if (atom < 0)
		return -ENOMEM;
	if (is_new)
		walk->partition->of.texts[atom].example = STR("*");
	return 0;
}

/* The letters that take some pattern of the state a step on. */
static void
find_live(const struct walk *walk, size_t state, bool live[static 256])
{
	size_t count;
	const uint32_t *at = position_table_at(&walk->states, state, &count);

	memset(live, 0, 256 * sizeof(*live));
	for (size_t i = 0; i < count; i++)
		if (!walk->positions[at[i]].at_end)
			live[(uint8_t)walk->positions[at[i]].letter] = true;
}

/* All other letters lead to one state: the first of them stands for all. */
static int
leave_state(struct walk *walk, size_t state)
{
	bool live[256], other = false;
	int rc = keep_state(walk, state);

	find_live(walk, state, live);
	for (size_t i = 0; rc == 0 && i < walk->letter_count; i++) {
		char letter = walk->letters[i];
		if (!live[(uint8_t)letter] && other)
			continue;
		other |= !live[(uint8_t)letter];
		rc = take_step(walk, state, letter);
	}
	return rc;
}

/* From the states from `first` on, wherever letters lead. */
static int
walk_on(struct walk *walk, size_t first)
{
	int rc = 0;

	for (size_t state = first;
	     rc == 0 && state < position_table_count(&walk->states); state++)
		rc = leave_state(walk, state);
	return rc;
}

static int
walk_paths(struct walk *walk)
{
	int rc = begin_walk(walk);

	if (rc == 0)
		rc = take_step(walk, 0, '/');
	if (rc == 0)
		rc = walk_on(walk, 1);
	return rc == 0 ? keep_asterisk(walk) : rc;
}

/* A '*' in a text is as good as any letter that no pattern has. */
static int
walk_texts(struct walk *walk)
{
	int rc = begin_walk(walk);

	return rc == 0 ? walk_on(walk, 0) : rc;
}

/* The atom of what no pattern matches comes first. */
static int
keep_nothing(struct walk *walk)
{
	bool is_new;

	if (partition_add(walk->partition, walk->members,
		sizeof(struct text_atom), &is_new) < 0)
		return -ENOMEM;
	walk->partition->of.texts[0].example = (struct str){ NULL, 0 };
	return 0;
}

static void
lay_out(struct walk *walk)
{
	size_t at = 0;

	for (size_t i = 0; i < walk->count; i++) {
		struct str pattern = walk->patterns[i];
		for (size_t j = 0; j <= pattern.len; j++)
			walk->positions[at++] =
			    (struct position){ .pattern = (uint32_t)i,
				    .at_end = j == pattern.len,
				    .letter = j < pattern.len ? pattern.at[j]
							      : '\0' };
	}
	walk->positions[at] =
	    (struct position){ .pattern = (uint32_t)walk->count,
		    .at_end = true };
}

static int
init_walk(struct walk *walk)
{
	int rc = position_table_init(&walk->states);

	walk->position_count = 1;
	for (size_t i = 0; i < walk->count; i++)
		walk->position_count += walk->patterns[i].len + 1;
	walk->states_max = walk->position_count * 2 > PARTITION_TEXT_STATES_MAX
			       ? walk->position_count * 2
			       : PARTITION_TEXT_STATES_MAX;
	walk->positions =
	    calloc(walk->position_count, sizeof(*walk->positions));
	walk->next = calloc(walk->position_count, sizeof(*walk->next));
	walk->reached = calloc(walk->position_count, sizeof(*walk->reached));
	walk->members = calloc(walk->partition->words, sizeof(*walk->members));
	if (walk->positions == NULL || walk->next == NULL ||
	    walk->reached == NULL || walk->members == NULL)
		rc = -ENOMEM;
	if (rc == 0)
		lay_out(walk);
	return rc;
}

static void
fini_walk(struct walk *walk)
{
	position_table_fini(&walk->states);
	free(walk->origins.items);
	free(walk->positions);
	free(walk->next);
	free(walk->reached);
	free(walk->members);
}

static int
run(struct partition *partition, const struct str *patterns, size_t count,
    int (*walk_all)(struct walk *))
{
	struct walk walk = {
		.partition = partition, .patterns = patterns, .count = count
	};
	int rc = partition_init(partition, count);

	if (rc == 0)
		rc = init_walk(&walk);
	find_letters(&walk);
	if (rc == 0)
		rc = keep_nothing(&walk);
	if (rc == 0)
		rc = walk_all(&walk);
	fini_walk(&walk);
	return rc;
}

int
partition_paths(
    struct partition *partition, const struct str *patterns, size_t count)
{
	return run(partition, patterns, count, walk_paths);
}

int
partition_texts(
    struct partition *partition, const struct str *patterns, size_t count)
{
	return run(partition, patterns, count, walk_texts);
}
