/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/top_order.h"

#include "base/clock.h"
#include "daemon/flow_filter.h"
#include "policy/duration.h"

#include <inttypes.h>

/* Of names and clients. */
#define TOP_SECONDS 3600
#define TOP_COUNT   100

/* Blanks part the words, but not within quotes. */
static void
add_words(struct str words, struct text *out)
{
	bool quoted = false, parted = false;

	for (size_t i = 0; i < words.len; i++) {
		char c = words.at[i];
		if (c == ' ' && !quoted) {
			parted = true;
			continue;
		}
		if (parted)
			text_addc(out, FLOW_FILTER_MARK);
		parted = false;
		quoted = quoted != (c == '"');
		if (c != '"')
			text_addc(out, c);
	}
}

void
top_order_ask(const struct top_state *state, struct text *out)
{
	switch (state->view) {
	case TOP_VIEW_FLOWS:
		text_addz(out, "flows ");
		add_words(text_str(&state->places[TOP_VIEW_FLOWS].filter), out);
		break;
	case TOP_VIEW_RATES:
		text_addf(out, "series %u %d", top_steps[state->step],
		    TOP_POINTS_WANTED);
		break;
	case TOP_VIEW_RULES:
		text_addz(out, "rules");
		break;
	case TOP_VIEW_NAMES:
	case TOP_VIEW_CLIENTS:
		text_addf(out, "top %s %d %d", top_views[state->view].name,
		    TOP_SECONDS, TOP_COUNT);
		break;
	case TOP_VIEW_COUNT:
		break;
	}
}

static bool
order_ban(struct top_state *state, struct text *out)
{
	const char *why = "";
	int64_t time;

	if (duration_parse(text_str(&state->typed), &time, &why) < 0 ||
	    time <= 0) {
		top_state_say(state, STR("a ban takes a time: 10m, 12h, 7d"));
		top_state_stop_asking(state);
		return false;
	}
	text_addf(out, "ban %s %" PRId64 " in top", state->subject.at,
	    time / CLOCK_SECOND);
	top_state_stop_asking(state);
	return true;
}

static bool
order_explain(struct top_state *state, struct text *out)
{
	const struct top_flow *flow = top_state_flow(state);

	if (flow == NULL || flow->asked.len == 0) {
		top_state_say(state,
		    STR("of this flow nothing can be asked: its protocol is "
			"no word of a policy"));
		return false;
	}
	text_addf(out, "explain text %.*s", STR_ARG(flow->asked));
	return true;
}

bool
top_order_carry_out(
    struct top_state *state, enum top_wish wish, struct text *out)
{
	switch (wish) {
	case TOP_WISH_EXPLAIN:
		return order_explain(state, out);
	case TOP_WISH_END:
		text_addf(out, "end %s", state->subject.at);
		top_state_stop_asking(state);
		return true;
	case TOP_WISH_BAN:
		return order_ban(state, out);
	case TOP_WISH_NONE:
	case TOP_WISH_QUIT:
	case TOP_WISH_ASK:
		break;
	}
	return false;
}
