/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/iptables_amount: rates, connections and hours, which several options
 * say together.
 */
#include "import/iptables_impl.h"

#include <stdio.h>

/* "5/sec", "10/minute", "3/hour" */
static bool
read_rate(struct str text, uint64_t *ret, char *ret_unit)
{
	struct str unit = text, number = str_cut(&unit, '/');

	if (str_number(number, 1000000, ret) < 0 || *ret == 0 || unit.len == 0)
		return false;
	*ret_unit = unit.at[0];
	return *ret_unit == 's' || *ret_unit == 'm' || *ret_unit == 'h' ||
	       *ret_unit == 'd';
}

static void
settle_rate(struct iptables_draft *draft, struct text *out)
{
	uint64_t rate, burst = 5;
	char unit;

	if (!read_rate(draft->rate, &rate, &unit) ||
	    (draft->burst.len > 0 &&
		(str_number(draft->burst, 1000000, &burst) < 0 ||
		    burst == 0))) {
		iptables_inexact(
		    draft, "no word for the rate '%.*s'", STR_ARG(draft->rate));
		return;
	}
	text_addf(out, " limit %llu/%c burst %llu%s", (unsigned long long)rate,
	    unit, (unsigned long long)burst,
	    draft->per_source ? " per source" : "");
}

static void
settle_connections(struct iptables_draft *draft, struct text *out)
{
	uint64_t number;

	if (str_number(draft->connections, 1000000, &number) < 0 ||
	    number == 0) {
		iptables_inexact(draft, "no word for so many connections");
		return;
	}
	text_addf(out, " connections %llu%s", (unsigned long long)number,
	    draft->connections_all ? "" : " per source");
}

/* "08:00:00" as "08:00"; false if it has seconds. */
static bool
print_time(struct str time, const char *none, struct text *out)
{
	if (time.len == 0)
		time = str_of(none);
	if (time.len == 8 && str_eq(str_skip(time, 5), STR(":00")))
		time.len = 5;
	else if (time.len == 8 && str_is(time, "23:59:59"))
		time = STR("24:00");
	text_add(out, time);
	return time.len == 5 && time.at[2] == ':' &&
	       ascii_is_digit(time.at[0]) && ascii_is_digit(time.at[1]) &&
	       time.at[3] >= '0' && time.at[3] < '6' &&
	       ascii_is_digit(time.at[4]);
}

static const char day_names[][4] = { "mon", "tue", "wed", "thu", "fri", "sat",
	"sun" };

/* "Mon,Tue" or "1,2", as bits. */
static bool
read_days(struct str days, unsigned *ret)
{
	unsigned found = 0;

	while (days.len > 0) {
		struct str one = str_cut(&days, ',');
		size_t day = 0;
		while (day < 7 && !str_eq_nocase(one, str_of(day_names[day])) &&
		       !(one.len == 1 && one.at[0] == (char)('1' + day)))
			day++;
		if (day == 7)
			return false;
		found |= 1U << day;
	}
	*ret = found;
	return true;
}

/* "mon-fri 08:00-18:00, sun 08:00-18:00" */
static bool
print_days(struct str days, const char *times, struct text *out)
{
	unsigned set;

	if (!read_days(days, &set))
		return false;
	for (size_t day = 0; day < 7; day++) {
		size_t last = day;
		if ((set & 1U << day) == 0)
			continue;
		while (last < 6 && (set & 1U << (last + 1)) != 0)
			last++;
		text_addf(
		    out, "%s%s", out->len > 0 ? ", " : "", day_names[day]);
		if (last > day)
			text_addf(out, "-%s", day_names[last]);
		text_addf(out, " %s", times);
		day = last;
	}
	return true;
}

static void
settle_hours(struct iptables_draft *draft)
{
	struct text times = TEXT_EMPTY, spans = TEXT_EMPTY;
	bool good = print_time(draft->time_start, "00:00", &times);

	text_addc(&times, '-');
	good &= print_time(draft->time_stop, "24:00", &times);
	text_addc(&times, '\0');
	/* There, the hours of a day that lie behind midnight are the day's own
	 * first ones. */
	if (good && times.len == sizeof("08:00-18:00")) {
		int order = memcmp(times.at, times.at + 6, 5);
		good = order < 0 || (order > 0 && draft->weekdays.len == 0);
	}
	if (!draft->local_time) {
		iptables_inexact(draft, "its hours are of UTC, and those of a "
					"policy local (--kerneltz)");
	} else if (good && !times.full) {
		good = !str_is(draft->time_start, "23:59:59");
		if (draft->weekdays.len > 0)
			good &= print_days(draft->weekdays, times.at, &spans);
		else
			text_addz(&spans, times.at);
	}
	if (good && draft->local_time)
		draft->rule.hours =
		    import_hours_get(draft->rules, text_str(&spans));
	if (draft->local_time && draft->rule.hours.len == 0)
		iptables_inexact(draft, "no word for these hours");
	text_fini(&times);
	text_fini(&spans);
}

void
iptables_amounts_settle(struct iptables_draft *draft)
{
	struct text out = TEXT_EMPTY;

	if (draft->limited)
		settle_rate(draft, &out);
	if (draft->connections.len > 0) {
		settle_connections(draft, &out);
		if (draft->limited && draft->above != draft->connections_above)
			iptables_inexact(draft, "one limit above, one below");
		draft->above |= draft->connections_above;
	}
	draft->rule.limit = arena_str(draft->rules->arena, text_str(&out));
	draft->rule.above = draft->above;
	if (draft->timed)
		settle_hours(draft);
	text_fini(&out);
}
