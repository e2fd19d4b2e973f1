/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/top_state.h"

#include "base/utf8.h"
#include "base/vec.h"
#include "cli/member.h"

#include <errno.h>
#include <stdlib.h>

const unsigned top_steps[TOP_STEPS] = { 10, 60, 3600 };

const struct top_view_row top_views[TOP_VIEW_COUNT] = {
	[TOP_VIEW_FLOWS] = { "flows", &top_flows_kind },
	[TOP_VIEW_RATES] = { "rates", NULL },
	[TOP_VIEW_RULES] = { "rules", &top_rules_kind },
	[TOP_VIEW_NAMES] = { "names", &top_entries_kind },
	[TOP_VIEW_CLIENTS] = { "clients", &top_entries_kind },
};

void
top_state_init(struct top_state *state)
{
	*state = (struct top_state){ .generation = -1, .page = 1 };
	top_flows_init(&state->flows);
	top_counts_init(&state->counts);
	for (size_t i = 0; i < TOP_VIEW_COUNT; i++)
		if (top_views[i].kind != NULL)
			state->places[i].sorted_by =
			    top_views[i].kind->sorted_by;
}

void
top_state_fini(struct top_state *state)
{
	top_flows_fini(&state->flows);
	top_counts_fini(&state->counts);
	free(state->rows.items);
	for (size_t i = 0; i < TOP_VIEW_COUNT; i++) {
		text_fini(&state->places[i].filter);
		text_fini(&state->places[i].missing);
	}
	text_fini(&state->policy);
	text_fini(&state->pages);
	text_fini(&state->typed);
	text_fini(&state->subject);
	text_fini(&state->message);
}

bool
top_view_find(struct str name, enum top_view *ret)
{
	for (unsigned i = 0; i < TOP_VIEW_COUNT; i++)
		if (str_is(name, top_views[i].name)) {
			*ret = (enum top_view)i;
			return true;
		}
	return false;
}

void
top_state_show(struct top_state *state, enum top_view view)
{
	state->rows.count = 0;
	top_counts_fini(&state->counts);
	top_counts_init(&state->counts);
	state->view = view;
	text_clear(&state->places[view].missing);
	top_state_arrange(state);
}

/* ---- rows ---- */

static void
add_row(struct top_state *state, const void *row)
{
	(void)VEC_ADD(&state->rows, row);
}

static bool
has_part(struct str whole, struct str part)
{
	for (size_t i = 0; i + part.len <= whole.len; i++)
		if (str_eq_nocase((struct str){ whole.at + i, part.len }, part))
			return true;
	return false;
}

static void
gather_entries(struct top_state *state, struct str filter)
{
	for (size_t i = 0; i < state->counts.entry_count; i++)
		if (has_part(state->counts.entries[i].what, filter))
			add_row(state, &state->counts.entries[i]);
}

static void
gather_rules(struct top_state *state, struct str filter)
{
	for (size_t i = 0; i < state->counts.rule_count; i++)
		if (has_part(state->counts.rules[i].text, filter))
			add_row(state, &state->counts.rules[i]);
}

/* The gateway has chosen them. */
static void
gather_flows(struct top_state *state)
{
	const struct top_flow_list *list = &state->flows.now;

	for (size_t i = 0; i < list->flows.count; i++)
		add_row(state, &list->flows.items[i]);
}

/* What one is called, also in the next answer; in the row's memory. */
static struct str
name_of(enum top_view view, const void *row)
{
	switch (view) {
	case TOP_VIEW_FLOWS:
		return ((const struct top_flow *)row)->name;
	case TOP_VIEW_RULES:
		return ((const struct top_rule *)row)->place;
	case TOP_VIEW_NAMES:
	case TOP_VIEW_CLIENTS:
		return ((const struct top_entry *)row)->what;
	case TOP_VIEW_RATES:
	case TOP_VIEW_COUNT:
		break;
	}
	return (struct str){ NULL, 0 };
}

static void
gather(struct top_state *state)
{
	struct str filter = text_str(&state->places[state->view].filter);

	state->rows.count = 0;
	switch (state->view) {
	case TOP_VIEW_FLOWS:
		gather_flows(state);
		break;
	case TOP_VIEW_RULES:
		gather_rules(state, filter);
		break;
	case TOP_VIEW_NAMES:
	case TOP_VIEW_CLIENTS:
		gather_entries(state, filter);
		break;
	case TOP_VIEW_RATES:
	case TOP_VIEW_COUNT:
		break;
	}
}

void
top_state_arrange(struct top_state *state)
{
	struct top_place *place = &state->places[state->view];
	const struct top_kind *kind = top_views[state->view].kind;

	gather(state);
	if (kind != NULL)
		top_table_sort(kind, place->sorted_by, place->reverse,
		    state->rows.items, state->rows.count);
	if (place->selected >= state->rows.count)
		place->selected =
		    state->rows.count > 0 ? state->rows.count - 1 : 0;
}

const void *
top_state_selected(const struct top_state *state)
{
	size_t at = state->places[state->view].selected;

	return at < state->rows.count ? state->rows.items[at] : NULL;
}

const struct top_flow *
top_state_flow(const struct top_state *state)
{
	return state->view == TOP_VIEW_FLOWS ? top_state_selected(state) : NULL;
}

/* The selection goes with its row, unless the first one is what is watched. */
static void
remember(const struct top_state *state, struct text *ret)
{
	const void *row = top_state_selected(state);

	text_clear(ret);
	if (row != NULL && state->places[state->view].selected > 0)
		text_add(ret, name_of(state->view, row));
}

static void
find_again(struct top_state *state, struct str name)
{
	struct top_place *place = &state->places[state->view];

	for (size_t i = 0; name.len > 0 && i < state->rows.count; i++)
		if (str_eq(name_of(state->view, state->rows.items[i]), name)) {
			place->selected = i;
			return;
		}
}

/* ---- answers ---- */

static json_t *
load(struct str answer)
{
	return json_loadb(
	    answer.at != NULL ? answer.at : "", answer.len, 0, NULL);
}

void
top_state_take_status(struct top_state *state, struct str answer)
{
	json_t *status = load(answer);
	struct str rest = member_string(status, "policy"), name = rest;

	while (rest.at != NULL) {
		name = rest;
		(void)str_cut(&rest, '/');
	}
	text_clear(&state->policy);
	utf8_show(&state->policy, name);
	state->generation = member_number(status, "generation");
	state->bans = member_number(status, "bans");
	json_decref(status);
}

static bool
take(struct top_state *state, const json_t *answer, int64_t wall)
{
	switch (state->view) {
	case TOP_VIEW_RATES:
		return top_counts_take_points(&state->counts, answer);
	case TOP_VIEW_RULES:
		return top_counts_take_rules(&state->counts, answer, wall);
	case TOP_VIEW_NAMES:
	case TOP_VIEW_CLIENTS:
		return top_counts_take_entries(&state->counts, answer);
	case TOP_VIEW_FLOWS:
	case TOP_VIEW_COUNT:
		break;
	}
	return false;
}

void
top_state_take_view(struct top_state *state, struct str answer, int64_t wall)
{
	struct text name = TEXT_EMPTY;
	json_t *json = load(answer);

	remember(state, &name);
	state->rows.count = 0;
	if (take(state, json, wall))
		text_clear(&state->places[state->view].missing);
	else
		top_state_miss(
		    state, STR("what the gateway answers is not understood"));
	top_state_arrange(state);
	find_again(state, text_str(&name));
	text_fini(&name);
	json_decref(json);
}

void
top_state_take_flows(struct top_state *state)
{
	struct text name = TEXT_EMPTY;

	remember(state, &name);
	state->rows.count = 0;
	top_flows_commit(&state->flows);
	text_clear(&state->places[TOP_VIEW_FLOWS].missing);
	top_state_arrange(state);
	find_again(state, text_str(&name));
	text_fini(&name);
}

/* One line, as it may be shown. */
static void
set_line(struct text *text, struct str words)
{
	text_clear(text);
	utf8_show(text, str_cut(&words, '\n'));
}

void
top_state_miss(struct top_state *state, struct str why)
{
	set_line(&state->places[state->view].missing, why);
}

void
top_state_say(struct top_state *state, struct str words)
{
	set_line(&state->message, words);
}

void
top_state_stop_asking(struct top_state *state)
{
	state->prompt = TOP_PROMPT_NONE;
	text_clear(&state->typed);
}
