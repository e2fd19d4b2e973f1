/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/duration.h"

#include <errno.h>
#include <inttypes.h>

static const struct {
	char letter;
	int64_t seconds;
} units[] = {
	{ 'd', 86400 },
	{ 'h', 3600 },
	{ 'm', 60 },
	{ 's', 1 },
};

#define UNITS (sizeof(units) / sizeof(units[0]))

static int64_t
seconds_of(char letter)
{
	for (size_t i = 0; i < UNITS; i++)
		if (units[i].letter == letter)
			return units[i].seconds;
	return 0;
}

int
duration_parse(struct str text, int64_t *ret, const char **reterr_why)
{
	const int64_t most = (int64_t)DURATION_DAYS_MAX * 86400;
	struct str digits = text;
	uint64_t count;

	digits.len -= digits.len > 0;
	int64_t unit = text.len > 0 ? seconds_of(text.at[digits.len]) : 0;
	if (unit == 0 || str_number(digits, UINT32_MAX, &count) < 0) {
		*reterr_why = "a time is a whole number and one unit, like "
			      "30s, 5m, 12h or 7d";
		return -EINVAL;
	}
	if ((int64_t)count > most / unit) {
		*reterr_why = "a time is at most 365d";
		return -EINVAL;
	}
	*ret = (int64_t)count * unit * CLOCK_SECOND;
	return 0;
}

void
duration_add(int64_t duration, struct text *out)
{
	int64_t seconds = duration / CLOCK_SECOND;
	size_t i = 0;

	while (
	    i + 1 < UNITS && (seconds == 0 || seconds % units[i].seconds != 0))
		i++;
	text_addf(
	    out, "%" PRId64 "%c", seconds / units[i].seconds, units[i].letter);
}

_Static_assert(DURATION_DAYS_MAX == 365, "the words say so");
