/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/nearest.h"

#define WORD_MAX 40 /* longer words are names of things, not misspellings */

/*
 * The least distance that is too far.  In a short word two letters are half of
 * it: `host` is no misspelt `list`.
 */
static unsigned
far(struct str word)
{
	unsigned distance = word.len < 5 ? 2 : (unsigned)word.len / 4 + 2;

	/* A letter of several bytes is one letter. */
	for (size_t i = 0; i < word.len; i++)
		distance += ((uint8_t)word.at[i] & 0xc0) == 0x80;
	return distance;
}

void
nearest_begin(struct nearest *nearest, struct str wanted)
{
	*nearest = (struct nearest){
		.wanted = wanted,
		.distance = far(wanted),
	};
}

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment over three rolling rows. */
static unsigned
distance(struct str a, struct str b)
{
	unsigned rows[3][WORD_MAX + 1];

	for (unsigned j = 0; j <= b.len; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3];
		const unsigned *two_above = rows[(i + 1) % 3];
		row[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			char x = ascii_lower(a.at[i - 1]);
			char y = ascii_lower(b.at[j - 1]);
			row[j] = least(above[j - 1] + (x != y),
			    least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && x == ascii_lower(b.at[j - 2]) &&
			    y == ascii_lower(a.at[i - 2]))
				row[j] = least(row[j], two_above[j - 2] + 1);
		}
	}
	return rows[a.len % 3][b.len];
}

/* Each letter that one has more than the other is an insertion. */
static bool
is_too_far(const struct nearest *nearest, struct str candidate)
{
	size_t longer = nearest->wanted.len, shorter = candidate.len;

	if (longer < shorter) {
		longer = candidate.len;
		shorter = nearest->wanted.len;
	}
	return longer > WORD_MAX || longer - shorter >= nearest->distance;
}

void
nearest_offer(struct nearest *nearest, struct str candidate)
{
	if (candidate.len == 0 || is_too_far(nearest, candidate))
		return;
	unsigned d = distance(nearest->wanted, candidate);
	if (d < nearest->distance && d < candidate.len) {
		nearest->distance = d;
		nearest->best = candidate;
	}
}
