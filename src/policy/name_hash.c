/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/name_hash.h"

#include <endian.h>

#define HASH_START  0x9e3779b97f4a7c15u
#define HASH_FACTOR 0xd6e8feb86659fd93u
#define HASH_DOT    0x2545f4914f6cdd1du

#define EACH_BYTE(b) (UINT64_MAX / 0xff * (b))

/* On the way from a name's end to its start, label by label. */
struct walk {
	struct str name;
	size_t
	    at; /* where the labels that were passed begin, 0: at its start */
	uint64_t hash;
};

static struct walk
begin_walk(uint64_t seed, struct str name)
{
	/* Behind a dot that would end the name. */
	return (struct walk){ name, name.len + 1, HASH_START ^ seed };
}

/* The 8 bytes before `end`, the last one highest; zero before the start. */
static uint64_t
bytes_before(struct str name, size_t end)
{
	uint64_t word = 0;

	if (end >= sizeof(word)) {
		memcpy(&word, name.at + end - sizeof(word), sizeof(word));
		return le64toh(word);
	}
	if (name.len >= sizeof(word)) {
		memcpy(&word, name.at, sizeof(word));
		return le64toh(word) << 8 * (sizeof(word) - end);
	}
	for (size_t i = 0; i < end; i++)
		word = word >> 8 | (uint64_t)(uint8_t)name.at[i] << 56;
	return word;
}

/* The high bit of each byte that is a dot, and no other. */
static uint64_t
dots_of(uint64_t word)
{
	uint64_t zero = word ^ EACH_BYTE('.'), low = EACH_BYTE(0x7f);

	return ~(((zero & low) + low) | zero | low);
}

/*
 * Passes one more label, 8 bytes at a step: a loop by bytes costs a product
 * and a guess for each.
 */
static bool
next_label(struct walk *walk)
{
	uint64_t dots = 0;

	if (walk->at == 0)
		return false;
	walk->at--;
	walk->hash += HASH_DOT;
	while (walk->at > 0 && dots == 0) {
		uint64_t word = bytes_before(walk->name, walk->at);
		dots = dots_of(word);
		size_t step = dots != 0 ? (size_t)__builtin_clzll(dots) / 8 : 8;
		step = step < walk->at ? step : walk->at;
		/* A label of 8 bytes is the same with and without a dot. */
		if (step == 0)
			break;
		word >>= 8 * (8 - step);
		walk->hash = (walk->hash ^ word) * HASH_FACTOR;
		walk->hash ^= walk->hash >> 32;
		walk->at -= step;
	}
	return true;
}

/* The high bits give the place, so all must have come there. */
static uint32_t
finish(uint64_t hash)
{
	hash *= HASH_FACTOR;
	return (uint32_t)(hash >> 32);
}

uint32_t
name_hash(uint64_t seed, struct str name)
{
	struct walk walk = begin_walk(seed, name);

	while (next_label(&walk))
		;
	return finish(walk.hash);
}

unsigned
name_labels(struct str name)
{
	unsigned labels = name.len > 0;

	for (size_t i = 0; i < name.len; i++)
		labels += name.at[i] == '.';
	return labels;
}

size_t
name_suffixes(uint64_t seed, struct str name, uint64_t itself, uint64_t parents,
    struct name_suffix ret[static DOMAIN_LABELS_MAX])
{
	struct walk walk = begin_walk(seed, name);
	unsigned labels = 0;
	size_t count = 0;

	if (name.len == 0 || name.len > DOMAIN_NAME_MAX)
		return 0;
	while (next_label(&walk) && count < DOMAIN_LABELS_MAX) {
		uint64_t wanted = walk.at > 0 ? parents : itself;
		if ((wanted & name_depth_bit(++labels)) != 0)
			ret[count++] = (struct name_suffix){ finish(walk.hash),
				(uint8_t)walk.at };
	}
	return count;
}
