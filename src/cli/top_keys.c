/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/top_keys.h"

/* What a client is banned for, if nothing else is typed. */
#define BAN_TIME "1h"

/* More is nothing that one types. */
#define TYPED_BYTES_MAX 500

/* ---- moving ---- */

static struct top_place *
place_of(struct top_state *state)
{
	return &state->places[state->view];
}

static size_t
moved(size_t at, long by, size_t count)
{
	if (by < 0 && (size_t)-by > at)
		return 0;
	at = by < 0 ? at - (size_t)-by : at + (size_t)by;
	return count == 0 ? 0 : at < count ? at : count - 1;
}

/* How far a key moves; 0: it is none of those. */
static long
way_of(const struct top_state *state, int key)
{
	static const long far = 1L << 30;

	switch (key) {
	case TOP_KEY_UP:
	case 'k':
		return -1;
	case TOP_KEY_DOWN:
	case 'j':
		return 1;
	case TOP_KEY_PAGE_UP:
		return -(long)state->page;
	case TOP_KEY_PAGE_DOWN:
		return (long)state->page;
	case TOP_KEY_HOME:
	case 'g':
		return -far;
	case TOP_KEY_END:
	case 'G':
		return far;
	default:
		return 0;
	}
}

/* ---- prompts ---- */

static void
ask_for(struct top_state *state, enum top_prompt prompt, struct str subject,
    struct str typed)
{
	state->prompt = prompt;
	text_clear(&state->subject);
	text_add(&state->subject, subject);
	text_addz(&state->subject, "");
	text_clear(&state->typed);
	text_add(&state->typed, typed);
}

/* A character, not a byte. */
static void
rub_out(struct text *typed)
{
	size_t len = typed->len;

	while (len > 0 && ((uint8_t)typed->at[len - 1] & 0xc0) == 0x80)
		len--;
	text_cut(typed, len > 0 ? len - 1 : 0);
}

static enum top_wish
enter(struct top_state *state)
{
	struct top_place *place = place_of(state);
	enum top_prompt prompt = state->prompt;

	if (prompt == TOP_PROMPT_BAN)
		return TOP_WISH_BAN;
	if (prompt != TOP_PROMPT_FILTER)
		return TOP_WISH_NONE;
	text_clear(&place->filter);
	text_add(&place->filter, str_trim(text_str(&state->typed)));
	place->selected = 0;
	top_state_stop_asking(state);
	top_state_arrange(state);
	return TOP_WISH_ASK;
}

static enum top_wish
answer_yes_or_no(struct top_state *state, int key)
{
	if (key == 'y' || key == 'Y')
		return TOP_WISH_END;
	top_state_stop_asking(state);
	return TOP_WISH_NONE;
}

static enum top_wish
type(struct top_state *state, int key)
{
	if (state->prompt == TOP_PROMPT_END)
		return answer_yes_or_no(state, key);
	if (key == TOP_KEY_ENTER)
		return enter(state);
	if (key == TOP_KEY_ESCAPE)
		top_state_stop_asking(state);
	else if (key == TOP_KEY_BACKSPACE)
		rub_out(&state->typed);
	else if (key == 'U' - '@')
		text_clear(&state->typed);
	else if (key >= ' ' && key < 256 && key != 0x7f &&
		 state->typed.len < TYPED_BYTES_MAX)
		text_addc(&state->typed, (char)key);
	return TOP_WISH_NONE;
}

/* ---- what is selected ---- */

static struct str
client_of(const struct top_state *state)
{
	const void *row = top_state_selected(state);

	if (row == NULL)
		return (struct str){ NULL, 0 };
	if (state->view == TOP_VIEW_FLOWS)
		return ((const struct top_flow *)row)->source;
	if (state->view == TOP_VIEW_CLIENTS)
		return ((const struct top_entry *)row)->what;
	return (struct str){ NULL, 0 };
}

static enum top_wish
ban(struct top_state *state)
{
	struct str client = client_of(state);

	if (client.at == NULL)
		top_state_say(
		    state, STR("a flow or a client is to be selected"));
	else
		ask_for(state, TOP_PROMPT_BAN, client, STR(BAN_TIME));
	return TOP_WISH_NONE;
}

static enum top_wish
end_flow(struct top_state *state)
{
	const struct top_flow *flow = top_state_flow(state);

	if (flow == NULL)
		top_state_say(state, STR("a flow is to be selected"));
	else
		ask_for(
		    state, TOP_PROMPT_END, flow->name, (struct str){ NULL, 0 });
	return TOP_WISH_NONE;
}

static enum top_wish
show(struct top_state *state, enum top_view view)
{
	if (view == state->view)
		return TOP_WISH_ASK;
	top_state_show(state, view);
	return TOP_WISH_ASK;
}

/* The flows of a rule or a client. */
static enum top_wish
show_flows_of(struct top_state *state, const char *word, struct str what)
{
	struct text *filter = &state->places[TOP_VIEW_FLOWS].filter;

	text_clear(filter);
	text_addf(filter, "%s %.*s", word, STR_ARG(what));
	state->places[TOP_VIEW_FLOWS].selected = 0;
	return show(state, TOP_VIEW_FLOWS);
}

static enum top_wish
explain(struct top_state *state)
{
	const void *row = top_state_selected(state);

	if (row == NULL)
		return TOP_WISH_NONE;
	if (state->view == TOP_VIEW_FLOWS)
		return TOP_WISH_EXPLAIN;
	if (state->view == TOP_VIEW_CLIENTS)
		return show_flows_of(state, "from", client_of(state));
	const struct top_rule *rule = row;
	if (state->view == TOP_VIEW_RULES && rule->line > 0) {
		struct text line = TEXT_EMPTY;
		text_add_number(&line, (uint64_t)rule->line);
		enum top_wish wish =
		    show_flows_of(state, "rule", text_str(&line));
		text_fini(&line);
		return wish;
	}
	top_state_say(state, STR("there are no flows of it to be shown"));
	return TOP_WISH_NONE;
}

/* ---- order ---- */

static enum top_wish
sort(struct top_state *state)
{
	const struct top_kind *kind = top_views[state->view].kind;
	struct top_place *place = place_of(state);

	if (kind == NULL) {
		state->step = (state->step + 1) % TOP_STEPS;
		return TOP_WISH_ASK;
	}
	place->sorted_by = (place->sorted_by + 1) % kind->count;
	place->reverse = false;
	place->selected = 0;
	top_state_arrange(state);
	return TOP_WISH_NONE;
}

static enum top_wish
turn(struct top_state *state)
{
	place_of(state)->reverse = !place_of(state)->reverse;
	place_of(state)->selected = 0;
	top_state_arrange(state);
	return TOP_WISH_NONE;
}

/* ---- keys ---- */

static enum top_wish
filter(struct top_state *state)
{
	ask_for(state, TOP_PROMPT_FILTER, (struct str){ NULL, 0 },
	    text_str(&place_of(state)->filter));
	return TOP_WISH_NONE;
}

static enum top_wish
pause(struct top_state *state)
{
	state->paused = !state->paused;
	return state->paused ? TOP_WISH_NONE : TOP_WISH_ASK;
}

static enum top_wish
show_help(struct top_state *state)
{
	state->has_help = true;
	state->pages_first = 0;
	return TOP_WISH_NONE;
}

static enum top_wish
quit(struct top_state *state)
{
	(void)state;
	return TOP_WISH_QUIT;
}

static enum top_wish
show_next(struct top_state *state)
{
	return show(state, (state->view + 1) % TOP_VIEW_COUNT);
}

static enum top_wish
show_before(struct top_state *state)
{
	return show(state, (state->view + TOP_VIEW_COUNT - 1) % TOP_VIEW_COUNT);
}

static const struct {
	int key;
	enum top_wish (*take)(struct top_state *);
} rows[] = {
	{ 'q', quit },
	{ 'h', show_help },
	{ '?', show_help },
	{ '/', filter },
	{ 's', sort },
	{ 'r', turn },
	{ 'e', explain },
	{ TOP_KEY_ENTER, explain },
	{ 'x', end_flow },
	{ 'b', ban },
	{ ' ', pause },
	{ TOP_KEY_TAB, show_next },
	{ TOP_KEY_BACK_TAB, show_before },
};

/* Over the rows lies something: keys are for that. */
static enum top_wish
leaf(struct top_state *state, int key)
{
	long way = way_of(state, key);

	if (way != 0) {
		/* The view knows the end, and does not go behind it. */
		state->pages_first =
		    moved(state->pages_first, way, SIZE_MAX / 2);
		return TOP_WISH_NONE;
	}
	state->has_help = false;
	text_clear(&state->pages);
	state->pages_first = 0;
	return TOP_WISH_NONE;
}

enum top_wish
top_keys_take(struct top_state *state, int key)
{
	long way = way_of(state, key);

	if (key == TOP_KEY_OTHER)
		return TOP_WISH_NONE;
	text_clear(&state->message);
	if (state->prompt != TOP_PROMPT_NONE)
		return type(state, key);
	if (state->has_help || state->pages.len > 0)
		return leaf(state, key);
	if (way != 0)
		place_of(state)->selected =
		    moved(place_of(state)->selected, way, state->rows.count);
	if (key >= '1' && key < '1' + TOP_VIEW_COUNT)
		return show(state, (enum top_view)(key - '1'));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].key == key)
			return rows[i].take(state);
	return TOP_WISH_NONE;
}
