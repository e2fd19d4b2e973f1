/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/top_view: the screen that a state is shown by.
 *
 * Pure: from a state and a size to lines, each with what it is.  No line is
 * wider than the screen, and none holds what a terminal would obey.
 *
 *	title		policy, flows, time
 *	tabs		the views, and what is chosen
 *	head		the columns
 *	rows
 *	foot		keys, or what is asked, or the answer to a key
 *
 * A low screen does without tabs, then without the title, then without a head.
 */
#ifndef GATEHOUSE_CLI_TOP_VIEW_H
#define GATEHOUSE_CLI_TOP_VIEW_H

#include "cli/top_state.h"

/* What a line is; how that looks is the terminal's affair. */
enum top_look {
	TOP_LOOK_PLAIN,
	TOP_LOOK_TITLE,
	TOP_LOOK_TABS,
	TOP_LOOK_HEAD,
	TOP_LOOK_SELECTED,
	TOP_LOOK_DIM,
	TOP_LOOK_PROMPT,
	TOP_LOOK_WARNING,
	TOP_LOOK_COUNT,
};

struct top_line {
	size_t start, len; /* in the screen's text */
	enum top_look look;
};

struct top_screen {
	struct text text;
	struct {
		struct top_line *items;
		size_t count, room;
	} lines;
	size_t cursor; /* its column in the last line; SIZE_MAX: hidden */
};

#define TOP_SCREEN_EMPTY ((struct top_screen){ .cursor = SIZE_MAX })

/* `state` learns how many rows there is room for, and scrolls to the selected
 * one.  `wall` is the time that the title shows. */
void top_view_draw(struct top_state *state, size_t height, size_t width,
    int64_t wall, struct top_screen *ret);
void top_screen_fini(struct top_screen *screen);

/* The same of the view alone, all rows up to `rows`, for no terminal. */
void top_view_print(struct top_state *state, size_t rows, size_t width,
    int64_t wall, struct text *out);

#endif
