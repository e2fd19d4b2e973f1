/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/top_state: what `gatehouse top` knows and shows.
 *
 * A value that keys (cli/top_keys) and answers (cli/top_link) change, and that
 * cli/top_view makes a screen of: none of it knows a terminal.
 */
#ifndef GATEHOUSE_CLI_TOP_STATE_H
#define GATEHOUSE_CLI_TOP_STATE_H

#include "cli/top_counts.h"
#include "cli/top_flows.h"

enum top_view {
	TOP_VIEW_FLOWS,
	TOP_VIEW_RATES,
	TOP_VIEW_RULES,
	TOP_VIEW_NAMES,
	TOP_VIEW_CLIENTS,
	TOP_VIEW_COUNT,
};

/* What is typed now, and what Enter does with it. */
enum top_prompt {
	TOP_PROMPT_NONE,
	TOP_PROMPT_FILTER,
	TOP_PROMPT_BAN, /* for how long */
	TOP_PROMPT_END, /* y or n */
};

/* How each view is looked at; it stays while another one is shown. */
struct top_place {
	size_t selected, first; /* among the rows in their order */
	size_t sorted_by;
	bool reverse;
	struct text filter;
	struct text missing; /* why there is nothing to show; or empty */
};

struct top_state {
	enum top_view view;
	struct top_place places[TOP_VIEW_COUNT];

	struct top_flows flows;
	struct top_counts counts; /* of the view that is no flows */

	/* The rows of the view, sorted and chosen. */
	struct {
		const void **items;
		size_t count, room;
	} rows;
	size_t page; /* rows that there was room for at last */

	struct text policy; /* the file's name, without its folder */
	int64_t generation; /* -1: not known */
	int64_t bans;

	size_t step; /* of the rates: its number in top_steps */
	bool paused;
	bool has_help;
	struct text pages; /* what is laid over the rows; or empty */
	size_t pages_first;

	enum top_prompt prompt;
	struct text typed;
	struct text subject; /* of the prompt: a flow or an address */
	struct text message; /* the answer to the last key; or empty */
};

/* Seconds that a point of the rates may stand for. */
#define TOP_STEPS 3
extern const unsigned top_steps[TOP_STEPS];

/* What is asked for: twice what a wide terminal has room for. */
#define TOP_POINTS_WANTED 240

extern const struct top_view_row {
	const char *name;            /* also the word on the command line */
	const struct top_kind *kind; /* NULL: no table */
} top_views[TOP_VIEW_COUNT];

void top_state_init(struct top_state *state);
void top_state_fini(struct top_state *state);

/* The view of this name; false: there is none. */
bool top_view_find(struct str name, enum top_view *ret);

/* Another view; what is known of the one before is forgotten. */
void top_state_show(struct top_state *state, enum top_view view);

/* Chooses the rows and puts them in order anew. */
void top_state_arrange(struct top_state *state);

/* The selected row, or NULL. */
const void *top_state_selected(const struct top_state *state);
const struct top_flow *top_state_flow(const struct top_state *state);

/* Answers of the gateway: that of `status`, that of the view, and where this
 * is the view of flows, that all have been given to top_flows_add. */
void top_state_take_status(struct top_state *state, struct str answer);
void top_state_take_view(
    struct top_state *state, struct str answer, int64_t wall);

void top_state_take_flows(struct top_state *state);

/* Why there is nothing to show: what the gateway answered instead. */
void top_state_miss(struct top_state *state, struct str why);

/* A line at the foot, until the next key. */
void top_state_say(struct top_state *state, struct str words);

/* Nothing is typed any more. */
void top_state_stop_asking(struct top_state *state);

#endif
