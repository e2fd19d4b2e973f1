/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/squid_hours: minutes of the week as hours of a policy.
 */
#include "import/squid_impl.h"

#define DAY_MINUTES 1440U

static void
print_minute(unsigned minute, struct text *out)
{
	text_addf(out, "%02u:%02u", minute / 60, minute % 60);
}

static struct span_set
minutes_of_day(struct squid *squid, struct span_set minutes, unsigned day)
{
	uint64_t base = (uint64_t)day * DAY_MINUTES;
	struct span span = { { 0, base }, { 0, base + DAY_MINUTES - 1 } };

	return span_set_and(
	    squid->rules->arena, minutes, (struct span_set){ &span, 1 });
}

/* The same minutes of two days. */
static bool
is_alike(struct span_set a, unsigned day_a, struct span_set b, unsigned day_b)
{
	uint64_t apart = (uint64_t)(day_b - day_a) * DAY_MINUTES;

	if (a.count != b.count)
		return false;
	for (size_t i = 0; i < a.count; i++)
		if (a.at[i].first.low + apart != b.at[i].first.low ||
		    a.at[i].last.low + apart != b.at[i].last.low)
			return false;
	return true;
}

static void
print_day_spans(
    struct span_set set, unsigned day, unsigned last, struct text *out)
{
	static const char days[][4] = { "mon", "tue", "wed", "thu", "fri",
		"sat", "sun" };
	unsigned base = day * DAY_MINUTES;

	for (size_t i = 0; i < set.count; i++) {
		text_addz(out, out->len > 0 ? ", " : "");
		if (last - day < 6)
			text_addz(out, days[day]);
		if (last > day && last - day < 6)
			text_addf(out, "-%s", days[last]);
		text_addz(out, last - day < 6 ? " " : "");
		print_minute((unsigned)set.at[i].first.low - base, out);
		text_addc(out, '-');
		print_minute((unsigned)set.at[i].last.low - base + 1, out);
	}
}

/* Days that are alike and follow each other are said together. */
static void
print_week(struct squid *squid, struct span_set minutes, struct text *out)
{
	for (unsigned day = 0; day < 7; day++) {
		struct span_set set = minutes_of_day(squid, minutes, day);
		unsigned last = day;
		while (last < 6 &&
		       is_alike(set, day,
			   minutes_of_day(squid, minutes, last + 1), last + 1))
			last++;
		print_day_spans(set, day, last, out);
		day = last;
	}
}

struct span_set
squid_week(void)
{
	static const struct span week = { { 0, 0 },
		{ 0, 7 * DAY_MINUTES - 1 } };

	return (struct span_set){ &week, 1 };
}

struct str
squid_hours(struct squid *squid, struct span_set minutes)
{
	struct text spans = TEXT_EMPTY;

	if (span_set_covers(minutes, squid_week()))
		return STR("");
	print_week(squid, minutes, &spans);
	struct str name = import_hours_get(squid->rules, text_str(&spans));
	text_fini(&spans);
	return name.len > 0 ? name : (struct str){ 0 };
}
