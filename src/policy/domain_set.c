/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/domain_set.h"

#include <errno.h>

/* The byte of a name: a cover, and the cover of an exception. */
#define EXCEPT_SHIFT 2
#define EXCEPT_BITS  (DOMAIN_BOTH << EXCEPT_SHIFT)

void
domain_set_fini(struct domain_set *set)
{
	name_table_fini(&set->open);
	name_index_fini(&set->frozen);
	*set = (struct domain_set){ 0 };
}

static void
count_bits(struct domain_set *set, uint8_t bits, bool more)
{
	size_t step = more ? 1 : SIZE_MAX;

	if ((bits & DOMAIN_BOTH) != 0)
		set->count += step;
	if ((bits & EXCEPT_BITS) != 0)
		set->exceptions += step;
}

static void
note_depth(struct domain_set *set, struct str name, uint8_t bits)
{
	uint64_t depth = name_depth_bit(name_labels(name));

	bits = (uint8_t)(bits | bits >> EXCEPT_SHIFT);
	if ((bits & DOMAIN_ITSELF) != 0)
		set->itself_depths |= depth;
	if ((bits & DOMAIN_UNDER) != 0)
		set->under_depths |= depth;
}

/* At equal length the exception decides. */
static uint8_t
exceptions_win(uint8_t bits)
{
	return (uint8_t)(bits & ~(bits >> EXCEPT_SHIFT & DOMAIN_BOTH));
}

static bool
is_frozen(const struct domain_set *set)
{
	return set->frozen.groups > 0;
}

static void
note_room(struct domain_set *set)
{
	set->room =
	    is_frozen(set) ? name_index_room(&set->frozen) : set->open.room;
}

static int
thaw(struct domain_set *set)
{
	struct name_table open = { 0 };
	int rc = name_index_reopen(&set->frozen, &open);

	if (rc < 0) {
		name_table_fini(&open);
		return rc;
	}
	name_index_fini(&set->frozen);
	set->open = open;
	note_room(set);
	return 0;
}

static int
reserve(struct domain_set *set, size_t count)
{
	int rc = is_frozen(set) ? thaw(set) : 0;

	if (rc == 0)
		rc = name_table_reserve(&set->open, count);
	note_room(set);
	return rc;
}

static int
put(struct domain_set *set, struct str name, uint8_t bits)
{
	uint8_t *held = NULL;
	int rc = is_frozen(set) ? thaw(set) : 0;

	if (rc < 0)
		return rc;
	rc = name_table_put(&set->open, name, 1, &held);
	note_room(set);
	if (rc < 0)
		return rc;
	count_bits(set, *held, false);
	*held = exceptions_win((uint8_t)(*held | bits));
	count_bits(set, *held, true);
	note_depth(set, name, bits);
	return 0;
}

/* The byte of a name, 0 if it is not here. */
static uint8_t
bits_of(const struct domain_set *set, struct str name, uint32_t hash)
{
	const uint8_t *bits = is_frozen(set)
				  ? name_index_find(&set->frozen, name, hash)
				  : name_table_find(&set->open, name, hash);

	return bits != NULL ? *bits : 0;
}

static uint8_t
bits_at(const struct domain_set *set, size_t slot, struct str *ret_name)
{
	const uint8_t *bits =
	    is_frozen(set) ? name_index_slot(&set->frozen, slot, ret_name)
			   : name_table_slot(&set->open, slot, ret_name);

	return bits != NULL ? *bits : 0;
}

/* What the set says of the name itself, by those depths; or of its parents. */
struct domain_question {
	uint64_t itself;
	uint64_t parents;
	uint8_t of_itself; /* which cover speaks of the name */
};

int
domain_set_add(struct domain_set *set, struct str name, enum domain_cover cover)
{
	return put(set, name, (uint8_t)cover);
}

int
domain_set_except(
    struct domain_set *set, struct str name, enum domain_cover cover)
{
	return put(set, name, (uint8_t)(cover << EXCEPT_SHIFT));
}

/* The longest that speaks of the name decides. */
static bool
answer(const struct domain_set *set, struct str name,
    const struct domain_question *question)
{
	struct name_suffix suffixes[DOMAIN_LABELS_MAX];
	uint64_t seed = is_frozen(set) ? set->frozen.seed : set->open.seed;
	size_t count = name_suffixes(
	    seed, name, question->itself, question->parents, suffixes);

	while (count-- > 0) {
		uint8_t bits =
		    bits_of(set, name_suffix_text(name, suffixes[count]),
			suffixes[count].hash);
		uint8_t asked = suffixes[count].from > 0 ? DOMAIN_UNDER
							 : question->of_itself;
		if ((bits & asked << EXCEPT_SHIFT) != 0)
			return false;
		if ((bits & asked) != 0)
			return true;
	}
	return false;
}

bool
domain_set_covers(const struct domain_set *set, struct str name)
{
	struct domain_question question = { set->itself_depths,
		set->under_depths, DOMAIN_ITSELF };

	return answer(set, name, &question);
}

bool
domain_set_covers_under(const struct domain_set *set, struct str name)
{
	struct domain_question question = { set->under_depths,
		set->under_depths, DOMAIN_UNDER };

	return answer(set, name, &question);
}

/* What the parents alone would say of a name and of those under it. */
static bool
parents_cover(const struct domain_set *set, struct str name)
{
	struct domain_question question = { 0, set->under_depths, 0 };

	return answer(set, name, &question);
}

static bool
slot_bits(const struct domain_set *set, size_t slot, unsigned shift,
    struct str *ret_name, enum domain_cover *ret_cover)
{
	struct str name;
	unsigned cover = bits_at(set, slot, &name) >> shift & DOMAIN_BOTH;

	if (cover == 0)
		return false;
	*ret_name = name;
	*ret_cover = (enum domain_cover)cover;
	return true;
}

bool
domain_set_entry(const struct domain_set *set, size_t slot,
    struct str *ret_name, enum domain_cover *ret_cover)
{
	return slot_bits(set, slot, 0, ret_name, ret_cover);
}

bool
domain_set_exception(const struct domain_set *set, size_t slot,
    struct str *ret_name, enum domain_cover *ret_cover)
{
	return slot_bits(set, slot, EXCEPT_SHIFT, ret_name, ret_cover);
}

static int
add_entries(struct domain_set *set, const struct domain_set *from)
{
	int rc = reserve(set, from->count);

	for (size_t i = 0; rc == 0 && i < from->room; i++) {
		struct str name;
		enum domain_cover cover;
		if (domain_set_entry(from, i, &name, &cover))
			rc = domain_set_add(set, name, cover);
	}
	return rc;
}

/* Says outright of the name what a or b say of it by any of its parents. */
static int
add_answers(struct domain_set *joined, struct str name,
    const struct domain_set *a, const struct domain_set *b)
{
	bool itself = domain_set_covers(a, name) || domain_set_covers(b, name);
	bool under = domain_set_covers_under(a, name) ||
		     domain_set_covers_under(b, name);
	unsigned bits =
	    (itself ? DOMAIN_ITSELF : DOMAIN_ITSELF << EXCEPT_SHIFT) |
	    (under ? DOMAIN_UNDER : DOMAIN_UNDER << EXCEPT_SHIFT);

	return put(joined, name, (uint8_t)bits);
}

static int
add_all_answers(struct domain_set *joined, const struct domain_set *names_of,
    const struct domain_set *a, const struct domain_set *b)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < names_of->room; i++) {
		struct str name;
		if (bits_at(names_of, i, &name) != 0)
			rc = add_answers(joined, name, a, b);
	}
	return rc;
}

/* Both sets' answers, at every name that one of them holds. */
static int
join(struct domain_set *set, const struct domain_set *from)
{
	struct domain_set joined = { 0 };
	int rc = reserve(&joined,
	    set->count + set->exceptions + from->count + from->exceptions);

	if (rc == 0)
		rc = add_all_answers(&joined, set, set, from);
	if (rc == 0)
		rc = add_all_answers(&joined, from, set, from);
	if (rc == 0)
		rc = domain_set_freeze(&joined);
	if (rc < 0) {
		domain_set_fini(&joined);
		return rc;
	}
	domain_set_fini(set);
	*set = joined;
	return 0;
}

int
domain_set_add_all(struct domain_set *set, const struct domain_set *from)
{
	return set->exceptions > 0 || from->exceptions > 0
		   ? join(set, from)
		   : add_entries(set, from);
}

/*
 * A name's bits that its parents say already are taken out.  That changes no
 * answer, so it is nothing in which order the names come.
 */
static void
fold(struct domain_set *set)
{
	for (size_t i = 0; i < set->open.room; i++) {
		struct str name;
		uint8_t *bits = name_table_slot(&set->open, i, &name);
		if (bits == NULL)
			continue;
		uint8_t said =
		    parents_cover(set, name) ? DOMAIN_BOTH : EXCEPT_BITS;
		count_bits(set, *bits, false);
		*bits = (uint8_t)(*bits & ~said);
		count_bits(set, *bits, true);
	}
}

int
domain_set_freeze(struct domain_set *set)
{
	if (is_frozen(set) || set->open.count == 0)
		return 0;
	fold(set);
	int rc = name_index_build(&set->frozen, &set->open);
	if (rc < 0)
		return rc;
	name_table_fini(&set->open);
	note_room(set);
	return 0;
}
