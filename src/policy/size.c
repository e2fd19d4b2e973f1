/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/size.h"

#include <errno.h>
#include <inttypes.h>

static const struct {
	char letter;
	unsigned bits;
} units[] = {
	{ 'T', 40 },
	{ 'G', 30 },
	{ 'M', 20 },
	{ 'K', 10 },
};

#define UNITS (sizeof(units) / sizeof(units[0]))

static unsigned
bits_of(char letter)
{
	for (size_t i = 0; i < UNITS; i++)
		if (units[i].letter == letter)
			return units[i].bits;
	return 0;
}

int
size_parse(struct str text, uint64_t *ret, const char **reterr_why)
{
	const uint64_t most = (uint64_t)SIZE_TERABYTES_MAX << 40;
	struct str digits = text;
	uint64_t count;

	digits.len -= digits.len > 0;
	unsigned bits = text.len > 0 ? bits_of(text.at[digits.len]) : 0;
	if (bits == 0 || str_number(digits, UINT64_MAX, &count) < 0) {
		*reterr_why = "a size is a whole number and one unit, like "
			      "64K, 512M, 20G or 2T";
		return -EINVAL;
	}
	if (count > most >> bits) {
		*reterr_why = "a size is at most 1024T";
		return -EINVAL;
	}
	*ret = count << bits;
	return 0;
}

void
size_add(uint64_t bytes, struct text *out)
{
	size_t i = 0;

	while (
	    i + 1 < UNITS &&
	    (bytes == 0 || (bytes >> units[i].bits << units[i].bits) != bytes))
		i++;
	text_addf(
	    out, "%" PRIu64 "%c", bytes >> units[i].bits, units[i].letter);
}

_Static_assert(SIZE_TERABYTES_MAX == 1024, "the words say so");
