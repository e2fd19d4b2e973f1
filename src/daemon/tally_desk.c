/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/tally_desk.h"

#include "base/json.h"
#include "daemon/exit_status.h"
#include "daemon/tally_keeper.h"
#include "daemon/tally_report.h"
#include "daemon/tally_words.h"

#include <errno.h>

/* Keys of all periods together, so that little is lost by adding them up. */
#define TOP_ROOM 4096

static void
put_number(struct json *json, const char *name, uint64_t number)
{
	json_name(json, name);
	json_put_integer(json, (int64_t)number);
}

static void
put_time(struct json *json, const char *name, int64_t time)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(time, text);
	json_name(json, name);
	json_put_stringz(json, time != 0 ? text : NULL);
}

static int
begin(struct tally_keeper *keeper, struct text *out)
{
	if (!keeper->is_open || keeper->hits.policy == NULL) {
		text_addz(out, "there is no memory to count over time");
		return -ENOMEM;
	}
	tally_keeper_refresh(keeper);
	return 0;
}

static int
end(struct text *out)
{
	text_addc(out, '\n');
	return out->full ? -ENOMEM : 0;
}

/* ---- series ---- */

static void
put_point(struct json *json, const struct series *series, int64_t number)
{
	static const struct series_point nothing;
	const struct series_point *point =
	    series_at(series, number * series->step);

	if (point == NULL)
		point = &nothing;
	json_object_begin(json);
	put_time(json, "time", number * series->step);
	for (size_t i = 0; i < SERIES_FIGURE_COUNT; i++)
		put_number(json, series_figure_word((enum series_figure)i),
		    point->figures[i]);
	json_object_end(json);
}

static const struct series *
find_series(const struct tally_keeper *keeper, struct str step)
{
	uint64_t seconds;

	if (str_number(step, UINT32_MAX, &seconds) < 0)
		return NULL;
	for (size_t i = 0; i < TALLY_SERIES; i++)
		if (keeper->series[i].step == (int64_t)seconds * CLOCK_SECOND)
			return &keeper->series[i];
	return NULL;
}

static int
answer_series(struct tally_keeper *keeper, struct str words, struct text *out)
{
	struct json json = JSON_ON(out);
	uint64_t count;
	int rc = begin(keeper, out);

	if (rc < 0)
		return rc;
	const struct series *series = find_series(keeper, str_cut(&words, ' '));
	if (series == NULL || str_number(words, series->count, &count) < 0 ||
	    count == 0) {
		text_addz(out, "series STEP COUNT: 10 s and up to 360 points, "
			       "60 s and 1440, 3600 s and 840");
		return -EINVAL;
	}
	int64_t now = clock_wall(), last = now / series->step;
	json_object_begin(&json);
	put_number(&json, "step", (uint64_t)(series->step / CLOCK_SECOND));
	put_time(&json, "to", now);
	json_name(&json, "points");
	json_array_begin(&json);
	for (int64_t n = last - (int64_t)count + 1; n <= last; n++)
		put_point(&json, series, n);
	json_array_end(&json);
	json_object_end(&json);
	return end(out);
}

/* ---- top ---- */

static int
sum_up(const struct tally_keeper *keeper, enum tally_kind kind,
    uint64_t seconds, struct heavy *ret)
{
	int64_t now = clock_wall();
	int64_t from = now - (int64_t)seconds * CLOCK_SECOND;
	int rc = heavy_init(ret, TOP_ROOM);

	if (rc == 0)
		periods_sum(seconds <= 3600 ? &keeper->minutes : &keeper->hours,
		    from, now, kind, ret);
	return rc;
}

static bool
parse_top(struct str words, enum tally_kind *ret_kind, uint64_t *ret_seconds,
    uint64_t *ret_count)
{
	struct str kind = str_cut(&words, ' ');
	size_t i = 0;

	while (i < TALLY_KIND_COUNT &&
	       !str_is(kind, tally_kind_word((enum tally_kind)i)))
		i++;
	*ret_kind = (enum tally_kind)i;
	return i < TALLY_KIND_COUNT &&
	       str_number(str_cut(&words, ' '), 86400, ret_seconds) == 0 &&
	       str_number(words, TALLY_WORDS_MAX, ret_count) == 0 &&
	       *ret_seconds > 0 && *ret_count > 0;
}

static int
answer_top(struct tally_keeper *keeper, struct str words, struct text *out)
{
	struct json json = JSON_ON(out);
	enum tally_kind kind;
	uint64_t seconds, count;
	struct heavy sum;
	int rc = begin(keeper, out);

	if (rc < 0)
		return rc;
	if (!parse_top(words, &kind, &seconds, &count)) {
		text_addz(out, "top names, clients, refused, rules or pairs, "
			       "SECONDS up to 86400, COUNT up to 200");
		return -EINVAL;
	}
	rc = sum_up(keeper, kind, seconds, &sum);
	if (rc < 0)
		return rc;
	json_object_begin(&json);
	json_name(&json, "of");
	json_put_stringz(&json, tally_kind_word(kind));
	put_number(&json, "seconds", seconds);
	json_name(&json, "entries");
	tally_words_put(&json, &keeper->hits, kind, &sum, count);
	json_object_end(&json);
	heavy_fini(&sum);
	return end(out);
}

/* ---- rules ---- */

static void
put_rule(struct json *json, const struct policy_rule *rule,
    const struct rule_hit *hit)
{
	json_object_begin(json);
	put_number(json, "line", rule->line);
	put_number(json, "nth", rule->nth > 1 ? rule->nth : 0);
	json_name(json, "text");
	json_put_string(json, rule->text);
	json_name(json, "name");
	json_put_string(json, rule->label);
	json_name(json, "verdict");
	json_put_stringz(
	    json, rule->report ? "report" : policy_verdict_word(rule->verdict));
	put_number(json, "packets", hit->packets);
	put_number(json, "bytes", hit->bytes);
	put_number(json, "flows", hit->flows);
	put_time(json, "last", hit->last);
	json_object_end(json);
}

static int
answer_rules(struct tally_keeper *keeper, struct str words, struct text *out)
{
	const struct rule_hits *hits = &keeper->hits;
	struct json json = JSON_ON(out);
	int rc = begin(keeper, out);

	(void)words;
	if (rc < 0)
		return rc;
	json_object_begin(&json);
	json_name(&json, "rules");
	json_array_begin(&json);
	for (size_t i = 0; i < hits->count; i++)
		put_rule(&json, &hits->policy->rules[i], &hits->items[i]);
	json_array_end(&json);
	json_object_end(&json);
	return end(out);
}

/* ---- commands ---- */

static int
status_of(int rc)
{
	return rc == 0         ? STATUS_GOOD
	       : rc == -EINVAL ? STATUS_USAGE
			       : STATUS_WORLD;
}

static const struct {
	struct str word; /* with a blank: something follows */
	int (*answer)(
	    struct tally_keeper *keeper, struct str words, struct text *out);
} commands[] = {
	{ STR_INIT("rules"), answer_rules },
	{ STR_INIT("series "), answer_series },
	{ STR_INIT("top "), answer_top },
};

bool
tally_desk_answer(struct tally_keeper *keeper, struct str line,
    struct text *out, struct control_more *ret_more, int *ret_status)
{
	struct str report = STR("report ");
	size_t i = 0, count = sizeof(commands) / sizeof(commands[0]);

	if (str_starts(line, report)) {
		*ret_status = status_of(tally_report_begin(
		    keeper, str_skip(line, report.len), out, ret_more));
		return true;
	}

	while (i < count && !str_eq(line, commands[i].word) &&
	       !(str_ends(commands[i].word, STR(" ")) &&
		   str_starts(line, commands[i].word)))
		i++;
	if (i == count)
		return false;
	*ret_status = status_of(commands[i].answer(
	    keeper, str_skip(line, commands[i].word.len), out));
	return true;
}
