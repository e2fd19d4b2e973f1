/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/top_view.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "cli/amount.h"
#include "cli/columns.h"
#include "cli/top_rates.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

struct drawing {
	struct top_state *state;
	struct top_screen *screen;
	size_t height, width;
	int64_t wall;
};

/* ---- lines ---- */

static size_t
lines_left(const struct drawing *drawing)
{
	return drawing->height - drawing->screen->lines.count;
}

/*
 * What it takes of the width, and no more of the height than there is.  All
 * that is shown comes by here: what is typed, and what the gateway says.
 */
static void
add_line(struct drawing *drawing, enum top_look look, struct str words)
{
	struct top_screen *screen = drawing->screen;
	struct top_line line = { screen->text.len, 0, look };
	struct text shown = TEXT_EMPTY;

	if (lines_left(drawing) == 0)
		return;
	utf8_show(&shown, words);
	columns_add_head(&screen->text, text_str(&shown), drawing->width);
	text_fini(&shown);
	line.len = screen->text.len - line.start;
	if (VEC_ADD(&screen->lines, line) < 0)
		drawing->height = screen->lines.count;
}

static void
add_text(struct drawing *drawing, enum top_look look, struct text *text)
{
	add_line(drawing, look, text_str(text));
	text_clear(text);
}

/* Words at both ends; those on the right give way. */
static void
add_ends(struct drawing *drawing, enum top_look look, struct text *left,
    struct text *right)
{
	size_t has = columns_of(text_str(left)) + columns_of(text_str(right));

	if (has + 1 <= drawing->width) {
		text_pad(left, ' ', drawing->width - has);
		text_add(left, text_str(right));
	}
	text_clear(right);
	add_text(drawing, look, left);
}

/* ---- title and tabs ---- */

static void
add_title(struct drawing *drawing)
{
	const struct top_state *state = drawing->state;
	struct text left = TEXT_EMPTY, right = TEXT_EMPTY;
	time_t seconds = (time_t)(drawing->wall / CLOCK_SECOND);
	char clock[sizeof("12:00:00")];
	struct tm tm;

	text_addz(&left, "gatehouse");
	if (state->generation >= 0)
		text_addf(&left, "  %.*s, generation %" PRId64,
		    STR_ARG(text_str(&state->policy)), state->generation);
	if (state->bans > 0)
		text_addf(&left, ", %" PRId64 " ban%s", state->bans,
		    state->bans == 1 ? "" : "s");
	(void)localtime_r(&seconds, &tm);
	(void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	text_addf(&right, "%s%s", state->paused ? "PAUSED  " : "", clock);
	add_ends(drawing, TOP_LOOK_TITLE, &left, &right);
	text_fini(&left);
	text_fini(&right);
}

static void
add_count(const struct top_state *state, struct text *out)
{
	const struct top_flow_list *list = &state->flows.now;

	if (top_views[state->view].kind == NULL)
		return;
	text_addf(out, "%zu", state->rows.count);
	if (state->view == TOP_VIEW_FLOWS && list->left_out > 0)
		text_addf(out, " of %zu", state->rows.count + list->left_out);
}

static void
add_tabs(struct drawing *drawing)
{
	const struct top_state *state = drawing->state;
	const struct top_place *place = &state->places[state->view];
	struct text left = TEXT_EMPTY, right = TEXT_EMPTY;

	for (unsigned i = 0; i < TOP_VIEW_COUNT; i++)
		text_addf(&left, i == state->view ? "[%u %s]" : " %u %s ",
		    i + 1, top_views[i].name);
	add_count(state, &right);
	if (place->filter.len > 0)
		text_addf(&right, "  / %s", place->filter.at);
	if (columns_of(text_str(&left)) + columns_of(text_str(&right)) + 1 >
		drawing->width &&
	    place->filter.len > 0) {
		/* What is chosen is worth more than what else there is. */
		text_clear(&left);
		text_addf(&left, "[%s]", top_views[state->view].name);
	}
	add_ends(drawing, TOP_LOOK_TABS, &left, &right);
	text_fini(&left);
	text_fini(&right);
}

/* ---- rows ---- */

/* A rule that never matched is what one looks for. */
static enum top_look
look_of(const struct top_state *state, size_t at)
{
	const struct top_rule *rule = state->rows.items[at];

	if (at == state->places[state->view].selected)
		return TOP_LOOK_SELECTED;
	return state->view == TOP_VIEW_RULES && rule->ago_ms == -2
		   ? TOP_LOOK_DIM
		   : TOP_LOOK_PLAIN;
}

static void
scroll(struct top_place *place, size_t page, size_t count)
{
	if (place->selected < place->first)
		place->first = place->selected;
	if (place->selected >= place->first + page)
		place->first = place->selected - page + 1;
	if (place->first + page > count)
		place->first = count > page ? count - page : 0;
}

static void
add_rows(struct drawing *drawing, size_t page)
{
	struct top_state *state = drawing->state;
	struct top_place *place = &state->places[state->view];
	const struct top_kind *kind = top_views[state->view].kind;
	struct text line = TEXT_EMPTY;
	size_t widths[TOP_COLUMNS_MAX];

	top_table_widths(kind, drawing->width, widths);
	if (page > 1) {
		top_table_head(
		    kind, widths, place->sorted_by, place->reverse, &line);
		add_text(drawing, TOP_LOOK_HEAD, &line);
		page--;
	}
	state->page = page > 0 ? page : 1;
	scroll(place, state->page, state->rows.count);
	for (size_t i = 0; i < page && place->first + i < state->rows.count;
	     i++) {
		size_t at = place->first + i;
		top_table_line(kind, widths, state->rows.items[at], &line);
		add_text(drawing, look_of(state, at), &line);
	}
	text_fini(&line);
}

static void
add_rates(struct drawing *drawing, size_t page)
{
	struct text line = TEXT_EMPTY;

	for (size_t i = 0; i < page && i < TOP_RATES_LINES; i++) {
		top_rates_line(
		    &drawing->state->counts, i, drawing->width, &line);
		add_text(
		    drawing, i == 0 ? TOP_LOOK_HEAD : TOP_LOOK_PLAIN, &line);
	}
	text_fini(&line);
}

/* ---- what is laid over them ---- */

static const char help[] =
    "1 to 5, Tab   flows, rates, rules, names, clients\n"
    "arrows, j k   the row above or below; PgUp, PgDn, Home and End too\n"
    "s             sort by the next column; in rates: another time of a bar\n"
    "r             the other way round\n"
    "/             choose: of flows with the words of 'gatehouse flows'\n"
    "              (from lan tcp port 443), else with a part of the words\n"
    "e, Enter      of a flow: what 'explain' says of it; of a rule or a\n"
    "              client: its flows\n"
    "x             end the flow\n"
    "b             ban the flow's source, or the client\n"
    "space         stand still, and go on\n"
    "q             the end of it\n"
    "\n"
    "IN is from the client, OUT to it. What goes through the proxy is there\n"
    "twice: the client's connection and the proxy's own.\n";

static size_t
count_lines(struct str text)
{
	size_t count = 0;

	while (text.len > 0) {
		(void)str_cut(&text, '\n');
		count++;
	}
	return count;
}

/* A line that is too long goes on in the next: explanations are to be read. */
static void
wrap(struct str lines, size_t width, struct text *out)
{
	struct text shown = TEXT_EMPTY;

	while (lines.len > 0) {
		text_clear(&shown);
		utf8_show(&shown, str_cut(&lines, '\n'));
		struct str rest = text_str(&shown);
		size_t bytes = columns_head_bytes(rest, width);
		while (bytes > 0 && bytes < rest.len) {
			text_add(out, (struct str){ rest.at, bytes });
			text_addc(out, '\n');
			rest = str_skip(rest, bytes);
			bytes = columns_head_bytes(rest, width);
		}
		text_add(out, rest);
		text_addc(out, '\n');
	}
	text_fini(&shown);
}

static void
add_pages(struct drawing *drawing, struct str text, size_t page)
{
	struct top_state *state = drawing->state;
	struct text wrapped = TEXT_EMPTY;

	wrap(text, drawing->width, &wrapped);
	struct str pages = text_str(&wrapped);
	size_t count = count_lines(pages);
	state->page = page > 0 ? page : 1;
	if (state->pages_first + page > count)
		state->pages_first = count > page ? count - page : 0;
	for (size_t i = 0; i < state->pages_first; i++)
		(void)str_cut(&pages, '\n');
	for (size_t i = 0; i < page && pages.len > 0; i++)
		add_line(drawing, TOP_LOOK_PLAIN, str_cut(&pages, '\n'));
	text_fini(&wrapped);
}

static void
add_body(struct drawing *drawing, size_t page)
{
	struct top_state *state = drawing->state;
	const struct top_place *place = &state->places[state->view];

	if (state->has_help)
		add_pages(drawing, str_of(help), page);
	else if (state->pages.len > 0)
		add_pages(drawing, text_str(&state->pages), page);
	else if (place->missing.len > 0)
		add_line(drawing, TOP_LOOK_WARNING, text_str(&place->missing));
	else if (top_views[state->view].kind != NULL)
		add_rows(drawing, page);
	else
		add_rates(drawing, page);
}

/* ---- foot ---- */

static void
add_prompt(const struct top_state *state, struct text *out)
{
	switch (state->prompt) {
	case TOP_PROMPT_FILTER:
		text_addz(out, "/ ");
		break;
	case TOP_PROMPT_BAN:
		text_addf(out, "ban %s for (Enter bans, Esc does not): ",
		    state->subject.at);
		break;
	case TOP_PROMPT_END:
		text_addf(out, "end %s? y or n", state->subject.at);
		break;
	case TOP_PROMPT_NONE:
		break;
	}
}

/* What is typed is seen, even where there is little room. */
static void
add_typed(struct drawing *drawing)
{
	struct text line = TEXT_EMPTY, cut = TEXT_EMPTY;

	add_prompt(drawing->state, &line);
	text_add(&line, text_str(&drawing->state->typed));
	columns_add_tail(
	    &cut, text_str(&line), drawing->width > 0 ? drawing->width - 1 : 0);
	if (drawing->state->prompt != TOP_PROMPT_END)
		drawing->screen->cursor = columns_of(text_str(&cut));
	add_text(drawing, TOP_LOOK_PROMPT, &cut);
	text_fini(&line);
	text_fini(&cut);
}

static void
add_foot(struct drawing *drawing)
{
	const struct top_state *state = drawing->state;

	if (state->prompt != TOP_PROMPT_NONE)
		add_typed(drawing);
	else if (state->message.len > 0)
		add_line(drawing, TOP_LOOK_PROMPT, text_str(&state->message));
	else if (state->has_help || state->pages.len > 0)
		add_line(
		    drawing, TOP_LOOK_DIM, STR("arrows scroll, q goes back"));
	else
		add_line(drawing, TOP_LOOK_DIM,
		    STR("h help  1-5 views  s sort  / choose  e explain  x end "
			" "
			"b ban  space pause  q end"));
}

/* ---- screen ---- */

void
top_view_draw(struct top_state *state, size_t height, size_t width,
    int64_t wall, struct top_screen *ret)
{
	struct drawing drawing = { state, ret, height, width, wall };

	text_clear(&ret->text);
	ret->lines.count = 0;
	ret->cursor = SIZE_MAX;
	if (height == 0 || width == 0)
		return;
	if (height > 3)
		add_title(&drawing);
	if (height > 4)
		add_tabs(&drawing);
	size_t foot = height > 1 || state->prompt != TOP_PROMPT_NONE;
	if (lines_left(&drawing) > foot)
		add_body(&drawing, lines_left(&drawing) - foot);
	while (lines_left(&drawing) > foot)
		add_line(&drawing, TOP_LOOK_PLAIN, STR(""));
	if (foot > 0)
		add_foot(&drawing);
}

void
top_screen_fini(struct top_screen *screen)
{
	text_fini(&screen->text);
	free(screen->lines.items);
	*screen = TOP_SCREEN_EMPTY;
}

void
top_view_print(struct top_state *state, size_t rows, size_t width, int64_t wall,
    struct text *out)
{
	struct top_screen screen = TOP_SCREEN_EMPTY;
	struct drawing drawing = { state, &screen, SIZE_MAX, width, wall };

	add_title(&drawing);
	add_tabs(&drawing);
	add_body(&drawing, rows + 1);
	for (size_t i = 0; i < screen.lines.count; i++) {
		const struct top_line *line = &screen.lines.items[i];
		struct str words =
		    str_skip(text_str(&screen.text), line->start);
		words.len = line->len;
		while (words.len > 0 && words.at[words.len - 1] == ' ')
			words.len--;
		text_add(out, words);
		text_addc(out, '\n');
	}
	top_screen_fini(&screen);
}
