/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/top_talk.h"

#include "base/clock.h"
#include "cli/ssh_origin.h"
#include "cli/top_order.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

void
top_talk_init(struct top_talk *talk, const char *runtime,
    struct top_state *state, int64_t every)
{
	*talk = (struct top_talk){
		.runtime = runtime,
		.state = state,
		.every = every,
		.link = TOP_LINK_CLOSED,
		.is_new = true,
		.next = clock_now(),
	};
}

void
top_talk_fini(struct top_talk *talk)
{
	top_link_close(&talk->link);
}

void
top_talk_wish(struct top_talk *talk, enum top_wish wish)
{
	if (wish == TOP_WISH_ASK)
		talk->ask_again = true;
	else if (wish != TOP_WISH_NONE)
		talk->wish = wish;
}

/* ---- asking ---- */

static void
say_unreachable(struct top_talk *talk, int rc)
{
	struct text words = TEXT_EMPTY;

	if (rc == -ENOENT || rc == -ECONNREFUSED)
		text_addz(&words, "the gateway has ended; it is tried again");
	else
		text_addf(
		    &words, "the gateway does not answer: %s", strerror(-rc));
	top_state_miss(talk->state, text_str(&words));
	talk->is_new = true;
	text_fini(&words);
}

static void
ask(struct top_talk *talk, enum top_question question, const char *line)
{
	bool by_lines = question == TOP_QUESTION_VIEW &&
			talk->state->view == TOP_VIEW_FLOWS;
	int rc = top_link_ask(&talk->link, talk->runtime, line, by_lines);

	talk->asked = rc == 0 ? question : TOP_QUESTION_NONE;
	if (rc < 0)
		say_unreachable(talk, rc);
}

static void
ask_for_view(struct top_talk *talk)
{
	struct text line = TEXT_EMPTY;

	talk->of = talk->state->view;
	if (talk->of == TOP_VIEW_FLOWS)
		top_flows_begin(&talk->state->flows, clock_now());
	top_order_ask(talk->state, &line);
	ask(talk, TOP_QUESTION_VIEW, line.at);
	text_fini(&line);
}

/* Whoever bans himself is not asked twice. */
static bool
would_lock_out(struct top_talk *talk)
{
	struct address origin, subject;

	if (talk->wish != TOP_WISH_BAN || !ssh_origin_find(&origin) ||
	    address_parse(text_str(&talk->state->subject), &subject) < 0 ||
	    !address_eq(origin, subject))
		return false;
	top_state_say(talk->state,
	    STR("you are connected from there; 'gatehouse ban --force' would "
		"do it"));
	top_state_stop_asking(talk->state);
	return true;
}

static void
carry_out(struct top_talk *talk)
{
	struct text line = TEXT_EMPTY;

	if (!would_lock_out(talk) &&
	    top_order_carry_out(talk->state, talk->wish, &line))
		ask(talk, TOP_QUESTION_ORDER, line.at);
	if (talk->asked == TOP_QUESTION_NONE)
		talk->wish = TOP_WISH_NONE;
	text_fini(&line);
}

void
top_talk_go_on(struct top_talk *talk)
{
	if (talk->asked != TOP_QUESTION_NONE)
		return;
	if (talk->wish != TOP_WISH_NONE) {
		carry_out(talk);
	} else if (talk->ask_again ||
		   (!talk->state->paused && clock_now() >= talk->next)) {
		talk->ask_again = false;
		talk->next = clock_now() + talk->every;
		ask(talk, TOP_QUESTION_STATUS, "status");
	}
}

/* ---- answers ---- */

static void
take_order(struct top_talk *talk)
{
	struct str answer = text_str(&talk->link.answer);
	struct top_state *state = talk->state;

	if (talk->wish == TOP_WISH_EXPLAIN &&
	    talk->link.status == STATUS_GOOD) {
		text_clear(&state->pages);
		text_add(&state->pages, answer);
		state->pages_first = 0;
	} else {
		top_state_say(state, answer);
	}
	talk->ask_again = talk->wish != TOP_WISH_EXPLAIN;
	talk->wish = TOP_WISH_NONE;
}

/* One that is older than this command does not know all questions. */
static void
miss(struct top_talk *talk)
{
	bool unknown = talk->link.status == STATUS_USAGE &&
		       talk->state->view != TOP_VIEW_FLOWS;

	top_state_miss(talk->state,
	    unknown ? STR("the gateway that runs is older than this command, "
			  "and does not tell it")
		    : text_str(&talk->link.answer));
}

static void
take_view(struct top_talk *talk)
{
	struct str answer = text_str(&talk->link.answer);

	if (talk->of != talk->state->view)
		talk->ask_again = true;
	else if (talk->link.status != STATUS_GOOD)
		miss(talk);
	else if (talk->of == TOP_VIEW_FLOWS)
		top_state_take_flows(talk->state);
	else
		top_state_take_view(talk->state, answer, clock_wall());
}

static void
take_answer(struct top_talk *talk)
{
	enum top_question asked = talk->asked;

	talk->asked = TOP_QUESTION_NONE;
	if (asked == TOP_QUESTION_STATUS) {
		top_state_take_status(
		    talk->state, text_str(&talk->link.answer));
		ask_for_view(talk);
	} else if (asked == TOP_QUESTION_VIEW &&
		   talk->link.status == STATUS_USAGE &&
		   talk->of == TOP_VIEW_RULES) {
		ask(talk, TOP_QUESTION_RULES, "status");
	} else if (asked == TOP_QUESTION_ORDER) {
		take_order(talk);
	} else {
		take_view(talk);
	}
}

static void
take_line(void *context, struct str line)
{
	struct top_talk *talk = context;

	if (talk->of == TOP_VIEW_FLOWS)
		top_flows_add(&talk->state->flows, line);
}

void
top_talk_read(struct top_talk *talk)
{
	int rc = top_link_read(&talk->link, take_line, talk);

	if (rc > 0)
		return;
	talk->is_new = true;
	if (rc < 0) {
		say_unreachable(talk, rc);
		talk->asked = TOP_QUESTION_NONE;
		talk->wish = TOP_WISH_NONE;
	} else {
		take_answer(talk);
	}
	if (talk->asked == TOP_QUESTION_NONE)
		top_link_close(&talk->link);
}

int
top_talk_wait_ms(const struct top_talk *talk)
{
	int64_t left = talk->next - clock_now();

	if (talk->asked != TOP_QUESTION_NONE ||
	    (talk->state->paused && !talk->ask_again))
		return -1;
	return left > 0 ? (int)(left / CLOCK_MS) + 1 : 0;
}

void
top_talk_once(struct top_talk *talk)
{
	struct pollfd fd = { .events = POLLIN };

	ask(talk, TOP_QUESTION_STATUS, "status");
	while (talk->asked != TOP_QUESTION_NONE) {
		fd.fd = talk->link.fd;
		(void)poll(&fd, 1, -1);
		top_talk_read(talk);
	}
}
