/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/log_render.h"

#include <time.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cli/columns.h"
#include "cli/log_part.h"
#include "cli/member.h"

/* What a line leaves out to fit, from the least to the most. */
enum brevity {
	BREVITY_NONE,
	BREVITY_NO_DECIDER,
	BREVITY_NO_MILLISECONDS,
	BREVITY_COUNT,
};

struct fit {
	bool colour;
	enum brevity brevity;
	size_t target_most; /* columns of what is asked for */
	size_t reason_most;
};

#define FIT_WHOLE                                                              \
	((struct fit){ .target_most = SIZE_MAX, .reason_most = SIZE_MAX })

/* Less of a name or a reason tells nothing. */
#define PART_COLUMNS_MIN 16

static void
add_time(struct text *out, int64_t wall, const struct fit *fit)
{
	time_t seconds = (time_t)(wall / CLOCK_SECOND);
	char clock[sizeof("12:00:00")];
	struct tm tm;

	(void)localtime_r(&seconds, &tm);
	(void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	text_addz(out, clock);
	if (fit->brevity < BREVITY_NO_MILLISECONDS)
		text_addf(
		    out, ".%03u", (unsigned)(wall % CLOCK_SECOND / CLOCK_MS));
}

/* As wide as the widest of them, so that what follows stands in a column. */
static void
add_verdict(struct text *out, struct str verdict, bool colour)
{
	static const struct {
		const char *word, *colour;
	} rows[] = {
		{ "allow", "\033[32m" },
		{ "reject", "\033[33m" },
		{ "drop", "\033[31m" },
	};
	const char *begin = "";

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (colour && str_is(verdict, rows[i].word))
			begin = rows[i].colour;
	text_addf(out, " %s", begin);
	utf8_show_word(out, verdict);
	text_addz(out, begin[0] != '\0' ? "\033[0m" : "");
	text_pad(out, ' ',
	    verdict.len < strlen("reject") ? strlen("reject") - verdict.len
					   : 0);
}

/* A few tell of the gateway, and name no ends. */
static bool
is_of_a_flow(const json_t *event)
{
	return member_string(event, "source").at != NULL ||
	       member_string(event, "destination").at != NULL ||
	       member_string(event, "name").at != NULL ||
	       member_string(event, "reason").at == NULL;
}

/* The server that a name is asked of is the gateway, or stands for it. */
static bool
is_question(const json_t *event)
{
	return str_is(member_string(event, "kind"), "dns");
}

static void
add_target(struct text *out, const json_t *event, size_t most)
{
	if (is_question(event))
		log_part_question(out, event, most);
	else
		log_part_destination(out, event, most);
}

static void
add_reason(struct text *out, struct str reason, size_t most)
{
	struct text whole = TEXT_EMPTY;

	if (reason.at == NULL)
		return;
	utf8_show(&whole, reason);
	text_addc(out, ' ');
	columns_add_head(out, text_str(&whole), most);
	text_fini(&whole);
}

/* A few have no verdict: what a process may not do, what went wrong. */
static struct str
verdict_of(const json_t *event)
{
	struct str verdict = member_string(event, "verdict");
	struct str kind = member_string(event, "kind");

	if (verdict.at != NULL)
		return verdict;
	return kind.at != NULL ? kind : STR("-");
}

static void
add_event(
    struct text *out, const json_t *event, int64_t wall, const struct fit *fit)
{
	add_time(out, wall, fit);
	add_verdict(out, verdict_of(event), fit->colour);
	if (is_of_a_flow(event)) {
		log_part_source(out, event);
		add_target(out, event, fit->target_most);
	} else {
		log_part_zones(out, event);
	}
	if (fit->brevity < BREVITY_NO_DECIDER)
		log_part_decider(out, event);
	log_part_rule(out, event);
	log_part_parent(out, event);
	log_part_measures(out, event);
	add_reason(out, member_string(event, "reason"), fit->reason_most);
}

/* ---- fitting ---- */

typedef void (*line_fn)(
    struct text *out, const void *what, const struct fit *fit);

/* How many columns too many it is; the text is written anew. */
static size_t
excess(struct text *out, line_fn line, const void *what, const struct fit *fit,
    size_t columns)
{
	text_clear(out);
	line(out, what, fit);
	size_t has = columns_of(text_str(out));
	return has > columns ? has - columns : 0;
}

static size_t
shortened(size_t whole, size_t by)
{
	return whole > by + PART_COLUMNS_MIN ? whole - by : PART_COLUMNS_MIN;
}

/* What the parts take that may be cut. */
struct parts {
	size_t target, reason;
};

static void
add_fitting(struct text *out, line_fn line, const void *what,
    const struct parts *parts, const struct log_look *look)
{
	struct text plain = TEXT_EMPTY;
	struct fit fit = FIT_WHOLE;
	size_t over = 1;

	for (; over > 0 && fit.brevity < BREVITY_COUNT; fit.brevity++)
		over = excess(&plain, line, what, &fit, look->columns);
	fit.brevity -= 1;
	if (over > 0) {
		fit.target_most = shortened(parts->target, over);
		over = excess(&plain, line, what, &fit, look->columns);
	}
	if (over > 0) {
		fit.reason_most = shortened(parts->reason, over);
		over = excess(&plain, line, what, &fit, look->columns);
	}
	fit.colour = look->colour;
	if (over > 0)
		columns_add_head(out, text_str(&plain), look->columns);
	else
		line(out, what, &fit);
	text_fini(&plain);
}

static struct parts
parts_of(const json_t *event)
{
	struct text target = TEXT_EMPTY;
	struct str url = member_string(event, "url");

	if (url.at != NULL)
		utf8_show_word(&target, url);
	else if (is_question(event))
		utf8_show_word(&target, member_string(event, "name"));
	else
		log_part_host_port(&target, event);
	struct parts parts = { target.len,
		columns_of(member_string(event, "reason")) };
	text_fini(&target);
	return parts;
}

/* ---- events ---- */

struct dated {
	const json_t *event;
	int64_t wall;
};

static void
event_line(struct text *out, const void *what, const struct fit *fit)
{
	const struct dated *dated = what;

	add_event(out, dated->event, dated->wall, fit);
}

bool
log_render(const json_t *event, const struct log_look *look, struct text *out)
{
	struct dated dated = { .event = event };
	struct fit fit = FIT_WHOLE;

	if (clock_parse(member_string(event, "time"), &dated.wall) < 0)
		return false;
	fit.colour = look->colour;
	if (look->columns == 0) {
		event_line(out, &dated, &fit);
	} else {
		struct parts parts = parts_of(event);
		add_fitting(out, event_line, &dated, &parts, look);
	}
	return true;
}

/* ---- flows ---- */

static void
flow_line(struct text *out, const void *what, const struct fit *fit)
{
	const json_t *flow = what;
	struct str enforcer = member_string(flow, "enforcer");

	utf8_show_word(out, member_string(flow, "flow"));
	log_part_client(out, flow);
	log_part_destination(out, flow, fit->target_most);
	if (fit->brevity < BREVITY_NO_DECIDER) {
		text_addc(out, ' ');
		utf8_show_word(out, enforcer.at != NULL ? enforcer : STR("?"));
	}
	log_part_rule(out, flow);
	log_part_measures(out, flow);
}

bool
log_render_flow(
    const json_t *flow, const struct log_look *look, struct text *out)
{
	struct fit fit = FIT_WHOLE;

	if (member_string(flow, "flow").at == NULL)
		return false;
	if (look->columns == 0) {
		flow_line(out, flow, &fit);
	} else {
		struct parts parts = parts_of(flow);
		add_fitting(out, flow_line, flow, &parts, look);
	}
	return true;
}
