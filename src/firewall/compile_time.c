/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_time: the hours of a rule as nftables expressions.
 *
 * The kernel knows days and times by UTC alone, so hours are moved from local
 * time before they are written; the daemon compiles anew when the distance to
 * UTC changes.  A span may go over midnight then: each day is written by
 * itself, and days with the same spans share a line.
 */
#include "firewall/compile_impl.h"

#include <errno.h>
#include <stdio.h>

#define DAYS 7

static const char *const day_words[DAYS] = { "Monday", "Tuesday", "Wednesday",
	"Thursday", "Friday", "Saturday", "Sunday" };

/* The same minutes by UTC. */
static void
move_to_utc(const struct hours *local, int offset_minutes, struct hours *ret)
{
	*ret = (struct hours){ { 0 } };
	for (unsigned minute = 0; minute < HOURS_WEEK_MINUTES; minute++) {
		int utc = (int)minute - offset_minutes;
		unsigned moved =
		    (unsigned)(utc + HOURS_WEEK_MINUTES) % HOURS_WEEK_MINUTES;
		if (hours_has(local, minute))
			ret->minutes[moved / 64] |= (uint64_t)1 << moved % 64;
	}
}

/* The days that are like this one, if it is the first of them; else 0. */
static unsigned
days_like(const struct hours *hours, unsigned day)
{
	unsigned mask = 0;

	for (unsigned other = 0; other < DAYS; other++) {
		if (!hours_days_are_alike(hours, day, other))
			continue;
		if (other < day)
			return 0;
		mask |= 1u << other;
	}
	return mask;
}

static void
add_days(struct text *out, unsigned mask)
{
	const char *before = "meta day { ";

	if (mask == (1u << DAYS) - 1)
		return;
	for (unsigned day = 0; day < DAYS; day++) {
		if ((mask >> day & 1) == 0)
			continue;
		text_addf(out, "%s\"%s\"", before, day_words[day]);
		before = ", ";
	}
	text_addz(out, " }");
}

/* Both ends are included. */
static void
add_span(struct text *out, unsigned first, unsigned last)
{
	if (first == 0 && last == HOURS_DAY_MINUTES - 1)
		return;
	text_addf(out, "%smeta hour \"%02u:%02u:00\"-\"%02u:%02u:59\"",
	    out->len > 0 ? " " : "", first / 60, first % 60, last / 60,
	    last % 60);
}

/* The first minute of the day from `at` on that is in, or out. */
static unsigned
find_minute(const struct hours *hours, unsigned day, unsigned at, bool in)
{
	while (at < HOURS_DAY_MINUTES &&
	       hours_has(hours, day * HOURS_DAY_MINUTES + at) != in)
		at++;
	return at;
}

static void
add_day_spans(struct compiler *compiler, struct matches *matches,
    const struct hours *hours, unsigned day, unsigned mask)
{
	struct text text = TEXT_EMPTY;
	unsigned at = find_minute(hours, day, 0, true);

	while (at < HOURS_DAY_MINUTES) {
		unsigned end = find_minute(hours, day, at, false);
		add_days(&text, mask);
		add_span(&text, at, end - 1);
		compile_add_match(compiler, matches, 0, &text);
		at = find_minute(hours, day, end, true);
	}
	compile_text_fini(compiler, &text);
}

/* In a day there are at most so many spans apart. */
#define SPANS_MAX ((size_t)DAYS * (HOURS_DAY_MINUTES / 2))

struct matches
match_time(struct compiler *compiler, const struct policy_rule *rule)
{
	struct hours utc;

	if (rule->during == NULL)
		return match_always(compiler);
	struct matches matches = match_room(compiler, SPANS_MAX);
	move_to_utc(rule->during, compiler->host->utc_offset_minutes, &utc);
	for (unsigned day = 0; day < DAYS; day++) {
		unsigned mask = days_like(&utc, day);
		if (mask != 0)
			add_day_spans(compiler, &matches, &utc, day, mask);
	}
	return matches;
}
