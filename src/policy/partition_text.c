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

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

/* How a state was first reached. */
struct origin {
	uint32_t from;
	char by;
};

struct walk {
	struct partition *partition; /* of texts, by pattern */
	struct partition *states;    /* "sets" are positions in patterns */
	struct {
		struct origin *items;
		size_t count, room;
	} origins;
	const struct str *patterns;
	size_t count;
	char letters[257]; /* those of the patterns, and one more */
	size_t letter_count;
	uint64_t *next, *members;
};

static void
set_bit(uint64_t *bits, size_t at)
{
	bits[at / 64] |= UINT64_C(1) << at % 64;
}

static bool
has_bit(const uint64_t *bits, size_t at)
{
	return (bits[at / 64] >> at % 64 & 1) != 0;
}

/* A position is reached; a `*` may stand for nothing, so the next one too. */
static void
reach(struct walk *walk, struct str pattern, size_t base, size_t at)
{
	set_bit(walk->next, base + at);
	while (at < pattern.len && pattern.at[at] == '*')
		set_bit(walk->next, base + ++at);
}

static void
step_pattern(struct walk *walk, const uint64_t *from, struct str pattern,
    size_t base, char letter)
{
	for (size_t at = 0; at < pattern.len; at++) {
		if (!has_bit(from, base + at))
			continue;
		if (pattern.at[at] == '*')
			reach(walk, pattern, base, at);
		else if (pattern.at[at] == letter)
			reach(walk, pattern, base, at + 1);
	}
}

static int
add_state(struct walk *walk, uint32_t from, char letter)
{
	struct origin origin = { from, letter };
	bool is_new;

	long state = partition_add(walk->states, walk->next, 0, &is_new);
	if (state < 0)
		return -ENOMEM;
	if (!is_new)
		return 0;
	if (walk->states->count > PARTITION_TEXT_STATES_MAX)
		return -E2BIG;
	return VEC_ADD(&walk->origins, origin);
}

static const uint64_t *
state_bits(const struct walk *walk, size_t state)
{
	return walk->states->bits.items + state * walk->states->words;
}

/* Into walk->next. */
static void
step(struct walk *walk, size_t state, char letter)
{
	size_t base = 0;

	memset(walk->next, 0, walk->states->words * sizeof(*walk->next));
	for (size_t i = 0; i < walk->count; i++) {
		step_pattern(walk, state_bits(walk, state), walk->patterns[i],
		    base, letter);
		base += walk->patterns[i].len + 1;
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

/* A text may end in such a state: which patterns match it then. */
static long
keep_end(struct walk *walk, const uint64_t *bits, bool *ret_new)
{
	struct partition *partition = walk->partition;
	size_t base = 0;

	memset(walk->members, 0, partition->words * sizeof(*walk->members));
	for (size_t i = 0; i < walk->count; i++) {
		base += walk->patterns[i].len;
		if (has_bit(bits, base))
			set_bit(walk->members, i);
		base++;
	}
	return partition_add(
	    partition, walk->members, sizeof(struct text_atom), ret_new);
}

static int
keep_state(struct walk *walk, size_t state)
{
	bool is_new;
	long atom = keep_end(walk, state_bits(walk, state), &is_new);

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
	size_t base = 0;

	for (size_t i = 0; i < walk->count; i++) {
		reach(walk, walk->patterns[i], base, 0);
		base += walk->patterns[i].len + 1;
	}
	set_bit(walk->next, base);
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
	long atom = keep_end(walk, walk->next, &is_new);
	if (atom < 0)
		return -ENOMEM;
	if (is_new)
		walk->partition->of.texts[atom].example = STR("*");
	return 0;
}

/* From the states from `first` on, wherever letters lead. */
static int
walk_on(struct walk *walk, size_t first)
{
	int rc = 0;

	for (size_t state = first; rc == 0 && state < walk->states->count;
	     state++) {
		rc = keep_state(walk, state);
		for (size_t i = 0; rc == 0 && i < walk->letter_count; i++)
			rc = take_step(walk, state, walk->letters[i]);
	}
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

static int
run(struct partition *partition, const struct str *patterns, size_t count,
    int (*walk_all)(struct walk *))
{
	struct partition states;
	struct walk walk = { .partition = partition,
		.states = &states,
		.patterns = patterns,
		.count = count };
	size_t positions = 0;

	for (size_t i = 0; i < count; i++)
		positions += patterns[i].len + 1;
	int rc = partition_init(partition, count);
	if (partition_init(&states, positions + 1) < 0)
		rc = -ENOMEM;
	walk.next = calloc(states.words, sizeof(*walk.next));
	walk.members = calloc(partition->words, sizeof(*walk.members));
	if (walk.next == NULL || walk.members == NULL)
		rc = -ENOMEM;
	find_letters(&walk);
	if (rc == 0)
		rc = keep_nothing(&walk);
	if (rc == 0)
		rc = walk_all(&walk);
	partition_fini(&states);
	free(walk.origins.items);
	free(walk.next);
	free(walk.members);
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
