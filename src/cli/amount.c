/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/amount.h"

#include <inttypes.h>

static void
add_in_units(struct text *out, int64_t amount, int64_t unit)
{
	static const char letters[] = "kMGTPE";
	int64_t whole = amount, rest = 0;
	const char *letter = letters;

	if (amount < unit) {
		text_addf(out, "%" PRId64, amount);
		return;
	}
	for (; whole >= unit; letter++) {
		rest = whole % unit;
		whole /= unit;
	}
	int64_t tenths = ((whole * unit + rest) * 10 + unit / 2) / unit;
	if (tenths < 100)
		text_addf(out, "%" PRId64 ".%" PRId64 "%c", tenths / 10,
		    tenths % 10, letter[-1]);
	else
		text_addf(out, "%" PRId64 "%c", (tenths + 5) / 10, letter[-1]);
}

void
amount_add_size(struct text *out, int64_t bytes)
{
	add_in_units(out, bytes, 1024);
}

void
amount_add_count(struct text *out, int64_t count)
{
	add_in_units(out, count, 1000);
}

#define HOUR_MS   ((int64_t)3600 * 1000)
#define MINUTE_MS ((int64_t)60 * 1000)

void
amount_add_duration(struct text *out, double ms)
{
	int64_t whole = (int64_t)ms, tenths = (int64_t)(ms * 10) % 10;

	if (whole < 10)
		text_addf(out, "%" PRId64 ".%" PRId64 "ms", whole, tenths);
	else if (whole < 1000)
		text_addf(out, "%" PRId64 "ms", whole);
	else if (whole < MINUTE_MS)
		text_addf(out, "%" PRId64 ".%" PRId64 "s", whole / 1000,
		    whole / 100 % 10);
	else if (whole < HOUR_MS)
		text_addf(out, "%" PRId64 "m%02" PRId64 "s", whole / MINUTE_MS,
		    whole % MINUTE_MS / 1000);
	else
		text_addf(out, "%" PRId64 "h%02" PRId64 "m", whole / HOUR_MS,
		    whole % HOUR_MS / MINUTE_MS);
}
