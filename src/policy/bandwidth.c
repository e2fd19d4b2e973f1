/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/bandwidth.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* In bits per second, the largest of each kind first. */
static const struct {
	const char *word;
	uint64_t bits;
} units[] = {
	{ "Gbit/s", UINT64_C(1000000000) },
	{ "Mbit/s", UINT64_C(1000000) },
	{ "kbit/s", UINT64_C(1000) },
	{ "bit/s", UINT64_C(1) },
	{ "GB/s", UINT64_C(8000000000) },
	{ "MB/s", UINT64_C(8000000) },
	{ "kB/s", UINT64_C(8000) },
	{ "B/s", UINT64_C(8) },
};

#define UNITS     (sizeof(units) / sizeof(units[0]))
#define BIT_UNITS 4

static const char *const directions[] = {
	[POLICY_DIRECTION_UP] = "up",
	[POLICY_DIRECTION_DOWN] = "down",
};

const char *
policy_direction_word(enum policy_direction direction)
{
	return directions[direction];
}

bool
policy_direction_find(struct str word, enum policy_direction *ret)
{
	for (unsigned i = 0; i < POLICY_DIRECTION_COUNT; i++) {
		if (!str_is(word, directions[i]))
			continue;
		*ret = (enum policy_direction)i;
		return true;
	}
	return false;
}

static size_t
digits_of(struct str text)
{
	size_t len = 0;

	while (len < text.len && text.at[len] >= '0' && text.at[len] <= '9')
		len++;
	return len;
}

/* 0: there is no such unit. */
static uint64_t
bits_of(struct str unit)
{
	for (size_t i = 0; i < UNITS; i++)
		if (str_is(unit, units[i].word))
			return units[i].bits;
	return 0;
}

bool
policy_bandwidth_is_unit(struct str word)
{
	return bits_of(word) > 0;
}

int
policy_bandwidth_parse(struct str text, uint64_t *ret, const char **reterr_why)
{
	size_t len = digits_of(text);
	uint64_t bits = bits_of(str_skip(text, len)), count;

	if (bits == 0 ||
	    str_number((struct str){ text.at, len }, UINT64_MAX, &count) < 0) {
		*reterr_why = "a bandwidth is a whole number and a unit, like "
			      "500kbit/s, 10Mbit/s or 2MB/s";
		return -EINVAL;
	}
	if (count > POLICY_BANDWIDTH_MAX * 8 / bits ||
	    count * bits < POLICY_BANDWIDTH_MIN * 8) {
		*reterr_why = "a bandwidth is 8kbit/s to 100Gbit/s";
		return -EINVAL;
	}
	*ret = count * bits / 8;
	return 0;
}

_Static_assert(POLICY_BANDWIDTH_MIN * 8 == 8000 &&
		   POLICY_BANDWIDTH_MAX * 8 == UINT64_C(100000000000),
    "the words say so");

void
policy_bandwidth_add(uint64_t bytes_per_second, struct text *out)
{
	uint64_t bits = bytes_per_second * 8;
	size_t i = 0;

	while (i + 1 < BIT_UNITS && bits % units[i].bits != 0)
		i++;
	text_addf(out, "%" PRIu64 "%s", bits / units[i].bits, units[i].word);
}

bool
policy_bandwidth_is_limited(const struct policy_bandwidth *bandwidth)
{
	static const struct policy_bandwidth none;

	return !policy_bandwidth_same(bandwidth, &none);
}

bool
policy_bandwidth_same(
    const struct policy_bandwidth *a, const struct policy_bandwidth *b)
{
	return memcmp(a->rates, b->rates, sizeof(a->rates)) == 0;
}
