/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include "cli/log_follow.h"
#include "cli/log_render.h"
#include "daemon/runtime.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What somebody who begins to follow wants to see of before. */
#define LINES_BEFORE 10

struct printer {
	bool json;
	bool colour;
	struct text out;
};

/* A reader that went away ends it; each line is out before the next comes. */
static int
print_line(struct str line, void *context)
{
	struct printer *printer = context;

	text_clear(&printer->out);
	if (printer->json)
		text_add(&printer->out, line);
	else
		log_render(line, printer->colour, &printer->out);
	text_addc(&printer->out, '\n');
	print_text(&printer->out);
	return fflush(stdout) == 0 ? 0 : -EPIPE;
}

static enum status
log_events(const struct options *options)
{
	char path[RUNTIME_PATH_BYTES];
	struct printer printer = { .json = options->json,
		.colour = colour_wanted(STDOUT_FILENO) };
	struct log_follow order = {
		.path = path,
		.last = options->follow ? LINES_BEFORE : SIZE_MAX,
		.follow = options->follow,
		.output = options->follow ? STDOUT_FILENO : -1,
		.line = print_line,
		.context = &printer,
	};

	runtime_path(options->runtime, RUNTIME_EVENTS, path);
	int rc = log_follow(&order);
	text_fini(&printer.out);
	if (rc == 0 || rc == -EPIPE)
		return STATUS_GOOD;
	complain("cannot read %s: %s", path, strerror(-rc));
	if (rc == -ENOENT)
		complain("a running gateway writes it; --runtime names its "
			 "folder");
	return STATUS_WORLD;
}

const struct command command_log = {
	.name = "log",
	.usage = "[-f] [--json] [--runtime DIR]",
	.summary = "show what was decided",
	.help =
	    "Shows the events of the journal, one a line: packets that the\n"
	    "firewall decided and requests that the proxy decided, where the\n"
	    "rule says `log`.\n"
	    "\n"
	    "  gatehouse log\n"
	    "  gatehouse log -f\n"
	    "  gatehouse log --json | jq 'select(.verdict == \"reject\")'\n"
	    "\n"
	    "Times are local ones, with --json UTC. Status 3: no journal is "
	    "there.\n",
	.takes = OPTION_RUNTIME | OPTION_JSON | OPTION_FOLLOW,
	.words_min = 0,
	.words_max = 0,
	.run = log_events,
};
