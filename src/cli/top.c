/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/control_client.h"

#include "base/clock.h"
#include "cli/ssh_origin.h"
#include "cli/top_keys.h"
#include "cli/top_link.h"
#include "cli/top_screen.h"
#include "cli/top_view.h"
#include "policy/duration.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define EVERY_DEFAULT (2 * CLOCK_SECOND)

/* Of --once. */
#define ROWS_DEFAULT 20
#define ROWS_MAX     1000000
#define ONCE_COLUMNS 80

#define WORDS_MAX 64

/* What the gateway is asked for, one after the other. */
enum question {
	QUESTION_NONE,
	QUESTION_STATUS,
	QUESTION_VIEW,
	QUESTION_RULES, /* of `status`, where `rules` is not known */
	QUESTION_ORDER, /* what a key wished */
};

struct top {
	const struct options *options;
	struct top_state state;
	struct top_link link;
	enum question asked;
	enum top_wish wish;  /* that waits, or is being carried out */
	bool ask_again;      /* as soon as nothing is asked */
	enum top_view of;    /* the view that was asked for */
	int64_t every, next; /* clock_now */
	int signals;         /* a signalfd */
	bool is_new;         /* what is to be drawn */
	bool ended;
};

/* ---- asking ---- */

static void
say_unreachable(struct top *top, int rc)
{
	struct text words = TEXT_EMPTY;

	text_addf(&words, "the gateway does not answer: %s", strerror(-rc));
	top_state_miss(&top->state, text_str(&words));
	top->is_new = true;
	text_fini(&words);
}

static void
ask(struct top *top, enum question question, const char *line)
{
	bool by_lines =
	    question == QUESTION_VIEW && top->state.view == TOP_VIEW_FLOWS;
	int rc =
	    top_link_ask(&top->link, top->options->runtime, line, by_lines);

	top->asked = rc == 0 ? question : QUESTION_NONE;
	if (rc < 0)
		say_unreachable(top, rc);
}

static void
ask_for_view(struct top *top)
{
	struct text line = TEXT_EMPTY;

	top->of = top->state.view;
	if (top->of == TOP_VIEW_FLOWS)
		top_flows_begin(&top->state.flows, clock_now());
	top_keys_question(&top->state, &line);
	ask(top, QUESTION_VIEW, line.at);
	text_fini(&line);
}

/* Whoever bans himself is not asked twice. */
static bool
would_lock_out(struct top *top)
{
	struct address origin, subject;

	if (top->wish != TOP_WISH_BAN || !ssh_origin_find(&origin) ||
	    address_parse(text_str(&top->state.subject), &subject) < 0 ||
	    !address_eq(origin, subject))
		return false;
	top_state_say(&top->state,
	    STR("you are connected from there; 'gatehouse ban --force' would "
		"do it"));
	top->state.prompt = TOP_PROMPT_NONE;
	return true;
}

static void
carry_out(struct top *top)
{
	struct text line = TEXT_EMPTY;

	if (!would_lock_out(top) &&
	    top_keys_order(&top->state, top->wish, &line))
		ask(top, QUESTION_ORDER, line.at);
	if (top->asked == QUESTION_NONE)
		top->wish = TOP_WISH_NONE;
	text_fini(&line);
}

/* What is to be asked next, if nothing is. */
static void
go_on(struct top *top)
{
	if (top->asked != QUESTION_NONE)
		return;
	if (top->wish != TOP_WISH_NONE) {
		carry_out(top);
	} else if (top->ask_again ||
		   (!top->state.paused && clock_now() >= top->next)) {
		top->ask_again = false;
		top->next = clock_now() + top->every;
		ask(top, QUESTION_STATUS, "status");
	}
}

/* ---- answers ---- */

static void
take_order(struct top *top)
{
	struct str answer = text_str(&top->link.answer);
	struct top_state *state = &top->state;

	if (top->wish == TOP_WISH_EXPLAIN && top->link.status == STATUS_GOOD) {
		text_clear(&state->pages);
		text_add(&state->pages, answer);
		state->pages_first = 0;
	} else {
		top_state_say(state, answer);
	}
	top->ask_again = top->wish != TOP_WISH_EXPLAIN;
	top->wish = TOP_WISH_NONE;
}

/* One that is older than this command does not know all questions. */
static void
miss(struct top *top)
{
	bool unknown = top->link.status == STATUS_USAGE &&
		       top->state.view != TOP_VIEW_FLOWS;

	top_state_miss(&top->state,
	    unknown ? STR("the gateway that runs is older than this command, "
			  "and does not tell it")
		    : text_str(&top->link.answer));
}

static void
take_view(struct top *top)
{
	struct str answer = text_str(&top->link.answer);

	if (top->of != top->state.view)
		top->ask_again = true;
	else if (top->link.status != STATUS_GOOD)
		miss(top);
	else if (top->of == TOP_VIEW_FLOWS)
		top_state_take_flows(&top->state);
	else
		top_state_take_view(&top->state, answer, clock_wall());
}

static void
take_answer(struct top *top)
{
	enum question asked = top->asked;

	top->asked = QUESTION_NONE;
	if (asked == QUESTION_STATUS) {
		top_state_take_status(&top->state, text_str(&top->link.answer));
		ask_for_view(top);
	} else if (asked == QUESTION_VIEW && top->link.status == STATUS_USAGE &&
		   top->of == TOP_VIEW_RULES) {
		ask(top, QUESTION_RULES, "status");
	} else if (asked == QUESTION_ORDER) {
		take_order(top);
	} else {
		take_view(top);
	}
}

static void
take_line(void *context, struct str line)
{
	struct top *top = context;

	if (top->of == TOP_VIEW_FLOWS)
		top_flows_add(&top->state.flows, line);
}

static void
read_some(struct top *top)
{
	int rc = top_link_read(&top->link, take_line, top);

	if (rc > 0)
		return;
	top->is_new = true;
	if (rc < 0) {
		say_unreachable(top, rc);
		top->asked = QUESTION_NONE;
		top->wish = TOP_WISH_NONE;
	} else {
		take_answer(top);
	}
	if (top->asked == QUESTION_NONE)
		top_link_close(&top->link);
}

/* ---- the loop ---- */

static void
draw(struct top *top)
{
	struct top_screen screen = TOP_SCREEN_EMPTY;
	size_t height, width;

	top_terminal_size(&height, &width);
	top_view_draw(&top->state, height, width, clock_wall(), &screen);
	top_terminal_draw(&screen);
	top_screen_fini(&screen);
	top->is_new = false;
}

/* All that have been pressed. */
static void
take_keys(struct top *top)
{
	for (int key; (key = top_terminal_key()) >= 0; top->is_new = true) {
		enum top_wish wish = top_keys_take(&top->state, key);
		if (wish == TOP_WISH_QUIT)
			top->ended = true;
		else if (wish == TOP_WISH_ASK)
			top->ask_again = true;
		else if (wish != TOP_WISH_NONE)
			top->wish = wish;
	}
}

static int
wait_ms(const struct top *top)
{
	int64_t left = top->next - clock_now();

	if (top->state.paused && !top->ask_again)
		return -1;
	return left > 0 ? (int)(left / CLOCK_MS) + 1 : 0;
}

/* A terminal that was closed gives no more keys. */
static void
run(struct top *top)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = top->signals, .events = POLLIN },
		{ .events = POLLIN },
	};

	while (!top->ended) {
		go_on(top);
		if (top->is_new)
			draw(top);
		fds[2].fd = top->link.fd;
		fds[2].revents = 0;
		int n = poll(fds, sizeof(fds) / sizeof(fds[0]),
		    top->asked != QUESTION_NONE ? -1 : wait_ms(top));
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0 && (fds[1].revents != 0 ||
				 (fds[0].revents & (POLLHUP | POLLERR)) != 0))
			return;
		if (n > 0 && fds[2].revents != 0)
			read_some(top);
		take_keys(top);
	}
}

/* So that whatever ends us puts the terminal back. */
static int
take_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static enum status
run_screen(struct top *top)
{
	const char *why = "";

	if (top_terminal_open(&why) < 0) {
		complain("%s", why);
		return STATUS_USAGE;
	}
	top->signals = take_signals();
	top->next = clock_now();
	top->is_new = true;
	run(top);
	top_terminal_close();
	if (top->signals >= 0)
		(void)close(top->signals);
	return STATUS_GOOD;
}

/* ---- once ---- */

static bool
read_rows(const struct options *options, size_t *ret)
{
	uint64_t rows = ROWS_DEFAULT;

	if (options->lines != NULL &&
	    str_number(str_of(options->lines), ROWS_MAX, &rows) < 0) {
		complain("-n takes a number, not '%s'", options->lines);
		return false;
	}
	*ret = (size_t)rows;
	return true;
}

/* Until all that the view needs has come. */
static void
ask_once(struct top *top)
{
	struct pollfd fd = { .events = POLLIN };

	ask(top, QUESTION_STATUS, "status");
	while (top->asked != QUESTION_NONE) {
		fd.fd = top->link.fd;
		(void)poll(&fd, 1, -1);
		read_some(top);
	}
}

static enum status
print_once(struct top *top)
{
	struct top_place *place = &top->state.places[top->state.view];
	struct text out = TEXT_EMPTY;
	size_t rows;

	if (!read_rows(top->options, &rows))
		return STATUS_USAGE;
	ask_once(top);
	bool good = place->missing.len == 0;
	if (good) {
		top_view_print(
		    &top->state, rows, ONCE_COLUMNS, clock_wall(), &out);
		print_text(&out);
	} else {
		complain("%s", place->missing.at);
	}
	text_fini(&out);
	return good ? STATUS_GOOD : STATUS_WORLD;
}

/* ---- the call ---- */

static bool
read_every(struct top *top)
{
	const char *why = "";

	top->every = EVERY_DEFAULT;
	if (top->options->every == NULL ||
	    (duration_parse(str_of(top->options->every), &top->every, &why) ==
		    0 &&
		top->every >= CLOCK_SECOND))
		return true;
	complain(
	    "--every takes a time from 1s on, not '%s'", top->options->every);
	return false;
}

/* [VIEW] [WORD ...] */
static bool
read_words(struct top *top)
{
	const struct options *options = top->options;
	struct top_state *state = &top->state;
	int at = 0;

	if (options->count > 0 &&
	    top_view_find(str_of(options->words[0]), &state->view))
		at++;
	if (at < options->count && state->view == TOP_VIEW_RATES) {
		complain("rates take no words");
		return false;
	}
	for (bool any = false; at < options->count; at++, any = true) {
		const char *word = options->words[at];
		bool quoted = strchr(word, ' ') != NULL;
		text_addf(&state->places[state->view].filter, "%s%s%s%s",
		    any ? " " : "", quoted ? "\"" : "", word,
		    quoted ? "\"" : "");
	}
	return true;
}

/* Whom nobody can reach is not waited for: complained. */
static enum status
reach(struct top *top)
{
	struct text answer = TEXT_EMPTY;
	enum status status =
	    control_ask(top->options->runtime, "status", &answer);

	if (status == STATUS_GOOD)
		top_state_take_status(&top->state, text_str(&answer));
	text_fini(&answer);
	return status;
}

static enum status
top_command(const struct options *options)
{
	struct top top = { .options = options, .link = TOP_LINK_CLOSED };
	enum status status = STATUS_USAGE;

	top_state_init(&top.state);
	if (read_every(&top) && read_words(&top))
		status = reach(&top);
	if (status == STATUS_GOOD)
		status = options->once ? print_once(&top) : run_screen(&top);
	top_link_close(&top.link);
	top_state_fini(&top.state);
	return status;
}

const struct command command_top = {
	.name = "top",
	.usage = "[--once [-n N]] [--every TIME] [--runtime DIR]\n"
		 "                     [VIEW] [WORD ...]",
	.summary = "watch flows, rates, rules, names and clients",
	.help =
	    "Shows on the whole terminal what goes through the gateway. VIEW "
	    "is\n"
	    "\n"
	    "  flows     each with its rate, its age and its rule (if none is "
	    "said)\n"
	    "  rates     what was allowed, refused, asked, moved and saved, "
	    "over time\n"
	    "  rules     those of the policy, what met each, and when it was "
	    "the last\n"
	    "  names     that were asked for most in the last hour\n"
	    "  clients   that had most flows in the last hour\n"
	    "\n"
	    "Words choose flows as those of 'flows' do; of the others, rows "
	    "that have\n"
	    "them. Keys: 1 to 5 views, s sorts, r turns round, / chooses, e "
	    "explains the\n"
	    "selected flow or shows those of a rule or a client, x ends a "
	    "flow, b bans\n"
	    "its source, space pauses, h helps, q ends.\n"
	    "\n"
	    "  gatehouse top\n"
	    "  gatehouse top flows from lan tcp port 443\n"
	    "  gatehouse top --once rules -n 100\n"
	    "\n"
	    "With --once nothing is read from the keyboard; -n says how many "
	    "rows there\n"
	    "are at most (20). Needs root. Status 2: this is no terminal. 3: "
	    "no gateway\n"
	    "runs, or it is older and does not tell it.\n",
	.takes = OPTION_RUNTIME | OPTION_ONCE | OPTION_LINES | OPTION_EVERY,
	.words_min = 0,
	.words_max = WORDS_MAX,
	.run = top_command,
};
