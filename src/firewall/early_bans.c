/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/early_bans.h"

#include "firewall/early_program.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static_assert(EARLY_BANS_MAX == BANS_MAX, "every ban has a place in the tries");

/* ---- the sieve ---- */

static uint32_t
top_of(struct address address)
{
	const uint8_t *bytes = address.bytes;

	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	       (uint32_t)bytes[2] << 8 | bytes[3];
}

static void
set_bit(__u64 *words, uint32_t at)
{
	words[at / 64] |= 1ULL << at % 64;
}

static void
add4(struct early_sieve *sieve, const struct address_range *range)
{
	uint32_t last = top_of(range->last) >> EARLY_WORD_SHIFT;

	for (uint32_t at = top_of(range->first) >> EARLY_WORD_SHIFT; at <= last;
	     at++)
		set_bit(sieve->nets, at);
}

void
early_sieve_add(struct early_sieve *sieve, const struct address_range *range)
{
	uint32_t top = top_of(range->first);

	if (range->first.family == ADDRESS_IPV4)
		add4(sieve, range);
	else if (top == top_of(range->last))
		set_bit(sieve->stems, early_stem(top));
	else /* many /32s: the trie is asked for all */
		memset(sieve->stems, 0xff, sizeof(sieve->stems));
}

/*
 * In whichever order the bytes are written, a bit that is set before and after
 * is set all the time.
 */
static int
sift_anew(struct early_program *program, const struct bans *bans)
{
	struct early_sieve *fresh = calloc(1, sizeof(*fresh));

	if (fresh == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < bans->count; i++)
		early_sieve_add(fresh, &bans->items[i].range);
	memcpy(early_program_sieve(program), fresh, sizeof(*fresh));
	free(fresh);
	return 0;
}

/* ---- into the program ---- */

int
early_bans_fill(struct early_program *program, const struct bans *bans)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < bans->count; i++)
		rc = early_program_ban(
		    program, &bans->items[i].range, bans->items[i].ends);
	return rc < 0 ? rc : sift_anew(program, bans);
}

int
early_bans_follow(struct early_program *program, const struct bans *bans,
    const struct address_range *range)
{
	const struct ban *ban = bans_find(bans, range);

	if (ban == NULL) {
		int rc = early_program_unban(program, range);
		return rc < 0 ? rc : sift_anew(program, bans);
	}
	int rc = early_program_ban(program, range, ban->ends);
	if (rc == 0)
		early_sieve_add(early_program_sieve(program), range);
	return rc;
}
