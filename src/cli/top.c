/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/control_client.h"

#include "base/clock.h"
#include "cli/top_screen.h"
#include "cli/top_talk.h"
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

struct top {
	const struct options *options;
	struct top_state state;
	struct top_talk talk;
	int64_t every;
	int signals; /* a signalfd */
	bool ended;
};

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
	top->talk.is_new = false;
}

/* All that have been pressed. */
static void
take_keys(struct top *top)
{
	for (int key; (key = top_terminal_key()) >= 0;
	     top->talk.is_new = true) {
		enum top_wish wish = top_keys_take(&top->state, key);
		if (wish == TOP_WISH_QUIT)
			top->ended = true;
		else
			top_talk_wish(&top->talk, wish);
	}
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
		top_talk_go_on(&top->talk);
		if (top->talk.is_new)
			draw(top);
		fds[2].fd = top->talk.link.fd;
		fds[2].revents = 0;
		int n = poll(fds, sizeof(fds) / sizeof(fds[0]),
		    top_talk_wait_ms(&top->talk));
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0 && (fds[1].revents != 0 ||
				 (fds[0].revents & (POLLHUP | POLLERR)) != 0))
			return;
		if (n > 0 && fds[2].revents != 0)
			top_talk_read(&top->talk);
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
	/* A gateway that ends while it is spoken to ends nobody else. */
	(void)signal(SIGPIPE, SIG_IGN);
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

static enum status
print_once(struct top *top)
{
	struct top_place *place = &top->state.places[top->state.view];
	struct text out = TEXT_EMPTY;
	size_t rows;

	if (!read_rows(top->options, &rows))
		return STATUS_USAGE;
	top_talk_once(&top->talk);
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
	struct top top = { .options = options };
	enum status status = STATUS_USAGE;

	top_state_init(&top.state);
	if (read_every(&top) && read_words(&top))
		status = reach(&top);
	top_talk_init(&top.talk, options->runtime, &top.state, top.every);
	if (status == STATUS_GOOD)
		status = options->once ? print_once(&top) : run_screen(&top);
	top_talk_fini(&top.talk);
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
