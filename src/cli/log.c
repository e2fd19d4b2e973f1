/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include "base/clock.h"
#include "cli/columns.h"
#include "cli/event_doubt.h"
#include "cli/event_filter.h"
#include "cli/log_files.h"
#include "cli/log_follow.h"
#include "cli/log_logfmt.h"
#include "cli/log_render.h"
#include "cli/member.h"
#include "daemon/runtime.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* What somebody who begins to follow wants to see of before. */
#define LINES_BEFORE 10

/* So long a look back takes minutes. */
#define LINES_MAX 100000000

#define WORDS_MAX 256

struct printer {
	const struct options *options;
	struct event_filter filter;
	const char *path;
	size_t last; /* of those that fit; SIZE_MAX: all */
	bool found;  /* one that fits was shown */
	struct log_look look;
	int day; /* of the year, that was told last */
	struct text out;
};

/* The event, if this is one that is wanted; the caller's. */
static json_t *
read_wanted(const struct printer *printer, struct str line)
{
	/* A name may hold a NUL, which the journal writes as \u0000. */
	json_t *event = json_loadb(
	    line.at != NULL ? line.at : "", line.len, JSON_ALLOW_NUL, NULL);

	if (json_is_object(event) && event_filter_fits(&printer->filter, event))
		return event;
	json_decref(event);
	return NULL;
}

static bool
is_wanted(struct str line, void *context)
{
	json_t *event = read_wanted(context, line);

	json_decref(event);
	return event != NULL;
}

/* A line has the time only: where a day begins that is not today, it is told
 * by a line of its own. */
static void
add_day(struct printer *printer, const json_t *event)
{
	char day[sizeof("2026-11-27")];
	time_t seconds;
	struct tm tm;
	int64_t wall;

	if (clock_parse(member_string(event, "time"), &wall) < 0)
		return;
	seconds = (time_t)(wall / CLOCK_SECOND);
	(void)localtime_r(&seconds, &tm);
	int number = tm.tm_year * 366 + tm.tm_yday;
	if (number == printer->day)
		return;
	printer->day = number;
	(void)strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	text_addf(&printer->out, "%s\n", day);
}

static int
today(void)
{
	time_t now = time(NULL);
	struct tm tm;

	(void)localtime_r(&now, &tm);
	return tm.tm_year * 366 + tm.tm_yday;
}

static void
add_text(struct printer *printer, const json_t *event)
{
	add_day(printer, event);
	size_t before = printer->out.len;
	if (!log_render(event, &printer->look, &printer->out))
		text_cut(&printer->out, before);
	else
		text_addc(&printer->out, '\n');
}

/* A reader that went away ends it; each line is out before the next comes. */
static int
print_line(struct str line, void *context)
{
	struct printer *printer = context;
	json_t *event = read_wanted(printer, line);

	if (event == NULL)
		return 0;
	printer->found = true;
	text_clear(&printer->out);
	if (printer->options->json) {
		text_add(&printer->out, line);
		text_addc(&printer->out, '\n');
	} else if (printer->options->logfmt) {
		log_logfmt(event, &printer->out);
		text_addc(&printer->out, '\n');
	} else {
		add_text(printer, event);
	}
	json_decref(event);
	print_text(&printer->out);
	return !printer->options->follow || fflush(stdout) == 0 ? 0 : -EPIPE;
}

/*
 * What older files have; `current` is put where it is to be read from.  If it
 * is none of the files that were found, it was renamed in between, and has
 * been given.
 */
static int
print_past(struct log_tail *current, void *context)
{
	struct printer *printer = context;
	struct log_wish wish = {
		.since = printer->filter.since,
		.until = printer->filter.until,
		.last = printer->last,
		.wanted = is_wanted,
		.context = printer,
	};
	struct log_files files;
	struct stat st;
	size_t newest = 0;

	int rc = log_files_open(printer->path, &wish, &files);
	if (rc == 0 && fstat(current->fd, &st) < 0)
		rc = -errno;
	if (rc == 0) {
		while (newest < files.count &&
		       !log_tail_is_on(&files.items[newest].tail, &st))
			newest++;
		if (newest < files.count)
			current->at = files.items[newest].tail.at;
		else
			newest = 0;
		rc = log_files_give(&files, newest + (files.count > newest),
		    print_line, printer);
	}
	log_files_close(&files);
	return rc;
}

static int
print_events(struct printer *printer)
{
	struct log_follow order = {
		.path = printer->path,
		.past = print_past,
		.follow = printer->options->follow,
		.output = printer->options->follow ? STDOUT_FILENO : -1,
		.line = print_line,
		.context = printer,
	};

	int rc = log_follow(&order);
	if (fflush(stdout) != 0)
		rc = -EPIPE;
	return rc;
}

/* A file may be another gateway's. */
static void
doubt(const struct printer *printer)
{
	if (printer->options->file == NULL && printer->last > 0)
		event_doubt_complain(
		    printer->options->runtime, &printer->filter);
}

static enum status
print_journal(struct printer *printer)
{
	char path[RUNTIME_PATH_BYTES];

	runtime_path(printer->options->runtime, RUNTIME_EVENTS, path);
	printer->path =
	    printer->options->file != NULL ? printer->options->file : path;
	/* Who waits for more would wait for ever. */
	if (printer->options->follow)
		doubt(printer);
	int rc = print_events(printer);
	text_fini(&printer->out);
	if (rc == 0 && !printer->found && !printer->options->follow)
		doubt(printer);
	if (rc == 0 || rc == -EPIPE)
		return STATUS_GOOD;
	complain("cannot read %s: %s", printer->path, strerror(-rc));
	if (rc == -ENOENT && printer->options->file == NULL)
		complain("a running gateway writes it; --runtime names its "
			 "folder");
	return STATUS_WORLD;
}

/* False: complained. */
static bool
read_lines(const struct options *options, size_t *ret)
{
	uint64_t lines;

	*ret = options->follow ? LINES_BEFORE : SIZE_MAX;
	if (options->lines == NULL)
		return true;
	if (str_number(str_of(options->lines), LINES_MAX, &lines) < 0) {
		complain("-n takes a number, not '%s'", options->lines);
		return false;
	}
	*ret = (size_t)lines;
	return true;
}

static enum status
log_events(const struct options *options)
{
	struct printer printer = { .options = options };
	struct text why = TEXT_EMPTY;
	enum status status = STATUS_USAGE;

	if (options->json && options->logfmt) {
		complain("--json and --logfmt are two forms");
		return STATUS_USAGE;
	}
	if (options->utc) {
		(void)setenv("TZ", "UTC0", 1);
		tzset();
	}
	printer.look.colour = colour_wanted(STDOUT_FILENO);
	printer.look.columns = columns_of_terminal(STDOUT_FILENO);
	printer.day = today();
	int rc = event_filter_parse(options->words, options->count,
	    clock_wall(), &printer.filter, &why);
	/* Whoever says since when wants to see all of it. */
	if (rc < 0)
		complain("%s", why.len > 0 ? why.at : strerror(-rc));
	else if (read_lines(options, &printer.last)) {
		if (options->lines == NULL && printer.filter.since != INT64_MIN)
			printer.last = SIZE_MAX;
		status = print_journal(&printer);
	}
	event_filter_fini(&printer.filter);
	text_fini(&why);
	return status;
}

const struct command command_log = {
	.name = "log",
	.usage =
	    "[-f] [-n N] [--json | --logfmt] [--utc]\n"
	    "                     [--file FILE | --runtime DIR] [WORD ...]",
	.summary = "show what was decided",
	.help =
	    "Shows the events of the journal, one a line and the oldest first: "
	    "what the\n"
	    "firewall and the proxy decided where the rule says `log`, and "
	    "what happened\n"
	    "to the gateway itself.\n"
	    "\n"
	    "Words choose, and an event must fit all: from WHO, to WHO, port "
	    "NUMBER,\n"
	    "rule LINE or NAME, by firewall, by proxy, a protocol, a verdict, "
	    "refused\n"
	    "(reject or drop), a flow's 16 digits, since TIME, until TIME. "
	    "WHO is a\n"
	    "zone, an address, a prefix or a range; to takes domains too. Any "
	    "key of\n"
	    "events stands before its value, or with = != < <= > >= in "
	    "between. Values\n"
	    "with a comma between them are alternatives; * stands for any "
	    "characters,\n"
	    "and .example.org for it and all under it. except turns the words "
	    "behind it\n"
	    "round. TIME is 10m (ago), 14:30, today, yesterday, mon, "
	    "2026-11-27 or\n"
	    "2026-11-27T10:00.\n"
	    "\n"
	    "  gatehouse log -f refused\n"
	    "  gatehouse log from lan drop port 443 since 10m\n"
	    "  gatehouse log from 10.0.0.0/8 to .example.org except user "
	    "anna\n"
	    "  gatehouse log 'bytes.out>100M' since yesterday 14:30 until "
	    "today\n"
	    "  gatehouse log status=403,407 'url=*/login*' -n 20\n"
	    "  gatehouse log --json | jq 'select(.verdict == \"reject\")'\n"
	    "\n"
	    "Times are local ones, with --json and --logfmt UTC. At a terminal "
	    "a line\n"
	    "is cut to its width. Status 2: a word is not understood. 3: no "
	    "journal is\n"
	    "there.\n",
	.takes = OPTION_RUNTIME | OPTION_JSON | OPTION_FOLLOW | OPTION_LINES |
		 OPTION_LOGFMT | OPTION_UTC | OPTION_FILE,
	.words_min = 0,
	.words_max = WORDS_MAX,
	.run = log_events,
};
