/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gatehouse: the command line.
 *
 * A table of commands, each in a file of its own.  This file reads options,
 * which mean the same in every command, and prints help.
 */
#include "cli/command.h"

#include "base/nearest.h"
#include "daemon/runtime.h"
#include "version.h"

#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct command *const commands[] = {
	&command_check,
	&command_explain,
	&command_diff,
	&command_fmt,
	&command_import,
	&command_setup,
	&command_show,
	&command_run,
	&command_apply,
	&command_confirm,
	&command_rollback,
	&command_history,
	&command_status,
	&command_log,
	&command_why,
	&command_flows,
	&command_top,
	&command_ban,
	&command_unban,
	&command_bans,
	&command_cache,
	&command_ca,
	&command_quota,
	&command_names,
	&command_report,
	&command_exec,
	&command_stop,
	&command_upgrade,
};

bool
colour_wanted(int fd)
{
	return isatty(fd) == 1 && getenv("NO_COLOR") == NULL;
}

void
complain(const char *format, ...)
{
	va_list args;

	(void)fputs("gatehouse: ", stderr);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
}

void
print_report(const struct report *report)
{
	struct text out = TEXT_EMPTY;

	report_render(report, colour_wanted(STDERR_FILENO), &out);
	if (out.len > 0) /* else `at` may be NULL */
		(void)fwrite(out.at, 1, out.len, stderr);
	text_fini(&out);
}

void
print_text(const struct text *text)
{
	if (text->len > 0)
		(void)fwrite(text->at, 1, text->len, stdout);
}

static void
print_help(FILE *out)
{
	(void)fputs(
	    "usage: gatehouse COMMAND [OPTION ...] [ARGUMENT ...]\n"
	    "\n"
	    "Gatehouse is a firewall and a proxy server under one policy.\n"
	    "\n",
	    out);
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		(void)fprintf(out, "  %-9s %s\n", commands[i]->name,
		    commands[i]->summary);
	(void)fputs(
	    "\n"
	    "Start with a policy in a file and\n"
	    "\n"
	    "  gatehouse check office.policy\n"
	    "  gatehouse explain office.policy "
	    "'lan 10.0.0.4 -> https://example.com/'\n"
	    "  gatehouse run office.policy\n"
	    "\n"
	    "gatehouse COMMAND --help tells more of one command, gatehouse "
	    "--version which\n"
	    "one this is.  The policy language: man gatehouse.policy\n"
	    "\n"
	    "Exit status: 0 good; 1 the answer is no (policy refused, test "
	    "failed,\n"
	    "differences found); 2 the call was wrong; 3 the world is wrong "
	    "(privilege,\n"
	    "kernel, file, port).\n",
	    out);
}

/* What the options mean, in the order in which help shows them. */
static const struct {
	unsigned bit;
	const char *words;
} option_words[] = {
	{ OPTION_DRY_RUN,
	    "  --dry-run      only say what would change, all of it\n" },
	{ OPTION_FOLLOW,
	    "  -f, --follow   the last lines, and then each as it happens\n" },
	{ OPTION_LINES, "  -n, --lines N  only the last N\n" },
	{ OPTION_ONCE,
	    "  --once         one screen as text, 80 columns wide\n" },
	{ OPTION_FILE, "  --file FILE    another file of the journal\n" },
	{ OPTION_EVERY, "  --every TIME   how often to ask (default 2s)\n" },
	{ OPTION_QUIET, "  --quiet        do not say what changes\n" },
	{ OPTION_CONFIRM,
	    "  --confirm TIME take it back unless 'gatehouse confirm' comes "
	    "in time\n" },
	{ OPTION_AS, "  --as NAME      what the history calls it\n" },
	{ OPTION_FORCE, "  --force        even if you cut yourself off\n" },
	{ OPTION_JSON, "  --json         machine-readable output\n" },
	{ OPTION_LOGFMT, "  --logfmt       KEY=VALUE pairs\n" },
	{ OPTION_LISTS, "  --lists        show lists whole, however long\n" },
	{ OPTION_OUTPUT,
	    "  -o, --output FILE\n"
	    "                 write it there; a file that is there stays\n" },
	{ OPTION_YES, "  --yes          ask nothing: take what is proposed\n" },
	{ OPTION_METRICS, "  --metrics      as text for Prometheus\n" },
	{ OPTION_RUNNING, "  --running      ask the running gateway\n" },
	{ OPTION_EARLY_DROP,
	    "  --early-drop auto|on|off\n"
	    "                 refuse listed sources at the driver (default "
	    "auto)\n" },
	{ OPTION_NETNS,
	    "  --netns NAME   in that network namespace, or in that of the "
	    "process\n"
	    "                 with this number\n" },
	{ OPTION_STATE,
	    "  --state DIR    keep the last good policy there, for a start "
	    "with one\n"
	    "                 that is refused\n" },
	{ OPTION_HTML, "  --html FILE    as a page, written there\n" },
	{ OPTION_SINCE,
	    "  --since TIME   from so long ago on: 24h, 7d (default), 30d\n" },
	{ OPTION_UTC, "  --utc          all times are UTC\n" },
	{ OPTION_EXEC,
	    "  --allow NAMES  what it may reach, by commas, in place of a "
	    "policy;\n"
	    "                 several add up\n"
	    "  --learn FILE   write the policy that it would have needed; a "
	    "file that\n"
	    "                 is there stays\n"
	    "  --summary      at the end, what was reached and what refused\n"
	    "  --quiet        do not say what is refused\n"
	    "  --log FILE     append each event to it, as JSON\n"
	    "  --keep-fd N    leave this descriptor open; else 0 to 2 are\n"
	    "  --unix         let it use sockets of files, the host's too\n" },
	{ OPTION_RUNTIME,
	    "  --runtime DIR  where the running gateway keeps its state\n"
	    "                 (default " RUNTIME_DEFAULT ")\n" },
};

static void
print_command_help(const struct command *command)
{
	(void)printf("usage: gatehouse %s %s\n\n%s", command->name,
	    command->usage, command->help);
	if (command->takes != 0)
		(void)putchar('\n');
	for (size_t i = 0; i < COUNT_OF(option_words); i++)
		if ((command->takes & option_words[i].bit) != 0)
			(void)fputs(option_words[i].words, stdout);
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static enum status
unknown_command(const char *name)
{
	struct nearest nearest;

	complain("there is no command '%s'", name);
	nearest_begin(&nearest, str_of(name));
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		nearest_offer(&nearest, str_of(commands[i]->name));
	if (nearest.best.at != NULL)
		complain("did you mean '%.*s'?", STR_ARG(nearest.best));
	else
		complain("'gatehouse --help' lists the commands");
	return STATUS_USAGE;
}

static enum status
wrong_call(const struct command *command)
{
	(void)fprintf(stderr,
	    "usage: gatehouse %s %s\n"
	    "'gatehouse %s --help' tells more\n",
	    command->name, command->usage, command->name);
	return STATUS_USAGE;
}

static const struct option known[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "json", no_argument, NULL, 'j' },
	{ "follow", no_argument, NULL, 'f' },
	{ "dry-run", no_argument, NULL, 'd' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "check", no_argument, NULL, 'c' },
	{ "force", no_argument, NULL, 'F' },
	{ "lists", no_argument, NULL, 'l' },
	{ "metrics", no_argument, NULL, 'm' },
	{ "runtime", required_argument, NULL, 'r' },
	{ "running", no_argument, NULL, 'R' },
	{ "lines", required_argument, NULL, 'n' },
	{ "logfmt", no_argument, NULL, 'L' },
	{ "utc", no_argument, NULL, 'U' },
	{ "once", no_argument, NULL, 'O' },
	{ "every", required_argument, NULL, 'E' },
	{ "file", required_argument, NULL, 'I' },
	{ "confirm", required_argument, NULL, 'C' },
	{ "yes", no_argument, NULL, 'y' },
	{ "output", required_argument, NULL, 'o' },
	{ "as", required_argument, NULL, 'A' },
	{ "early-drop", required_argument, NULL, 'e' },
	{ "netns", required_argument, NULL, 'N' },
	{ "state", required_argument, NULL, 's' },
	{ "since", required_argument, NULL, 'S' },
	{ "html", required_argument, NULL, 'H' },
	{ "allow", required_argument, NULL, 'a' },
	{ "learn", required_argument, NULL, 'k' },
	{ "log", required_argument, NULL, 'g' },
	{ "summary", no_argument, NULL, 'u' },
	{ "keep-fd", required_argument, NULL, 'K' },
	{ "unix", no_argument, NULL, 'X' },
	{ NULL, 0, NULL, 0 },
};

static const char *
option_name(int option)
{
	for (const struct option *row = known; row->name != NULL; row++)
		if (row->val == option)
			return row->name;
	return NULL;
}

/* A long one that has a value and takes none: of others getopt keeps no
 * letter, and a letter alone may be that of a long one that has no short form. */
static bool
has_value_too_many(char **argv)
{
	return strncmp(argv[optind - 1], "--", 2) == 0 &&
	       strchr(argv[optind - 1], '=') != NULL;
}

/* getopt would speak under the command's name, as if it were a program. */
static enum status
wrong_option(const struct command *command, int option, char **argv)
{
	bool strange = option == '?' || option == ':';
	const char *name = option_name(strange ? optopt : option);

	if (option == '?' && !has_value_too_many(argv))
		name = NULL;
	if (name == NULL && optopt != 0)
		complain("there is no option -%c", optopt);
	else if (name == NULL)
		complain("there is no option %s", argv[optind - 1]);
	else if (!strange)
		complain("%s takes no --%s", command->name, name);
	else
		complain(
		    "--%s takes %s value", name, option == ':' ? "a" : "no");
	return wrong_call(command);
}

static bool
keep_descriptor(struct options *options)
{
	uint64_t number;

	if (options->kept_count == OPTION_KEPT_MAX ||
	    str_number(str_of(optarg), INT_MAX, &number) < 0)
		return false;
	options->kept[options->kept_count++] = (int)number;
	return true;
}

static bool
keep_allowed(struct options *options)
{
	if (options->allowed_count == OPTION_ALLOWED_MAX)
		return false;
	options->allowed[options->allowed_count++] = optarg;
	return true;
}

/* Of `exec` alone. */
static bool
take_exec_option(int option, struct options *options)
{
	switch (option) {
	case 'a':
		return keep_allowed(options);
	case 'k':
		options->learn = optarg;
		return true;
	case 'g':
		options->log = optarg;
		return true;
	case 'u':
		options->summary = true;
		return true;
	case 'K':
		return keep_descriptor(options);
	case 'X':
		options->unix_sockets = true;
		return true;
	default:
		return false;
	}
}

/* One option; false if the command does not take it. */
static bool
take_option(const struct command *command, int option, struct options *options)
{
	switch (option) {
	case 'j':
		options->json = true;
		return (command->takes & OPTION_JSON) != 0;
	case 'f':
		options->follow = true;
		return (command->takes & OPTION_FOLLOW) != 0;
	case 'v':
		options->verbose = true;
		return (command->takes & OPTION_VERBOSE) != 0;
	case 'c':
		options->check = true;
		return (command->takes & OPTION_CHECK) != 0;
	case 'd':
		options->dry_run = true;
		return (command->takes & OPTION_DRY_RUN) != 0;
	case 'q':
		options->quiet = true;
		return (command->takes & (OPTION_QUIET | OPTION_EXEC)) != 0;
	case 'F':
		options->force = true;
		return (command->takes & OPTION_FORCE) != 0;
	case 'l':
		options->lists = true;
		return (command->takes & OPTION_LISTS) != 0;
	case 'm':
		options->metrics = true;
		return (command->takes & OPTION_METRICS) != 0;
	case 'L':
		options->logfmt = true;
		return (command->takes & OPTION_LOGFMT) != 0;
	case 'U':
		options->utc = true;
		return (command->takes & OPTION_UTC) != 0;
	case 'O':
		options->once = true;
		return (command->takes & OPTION_ONCE) != 0;
	case 'n':
		options->lines = optarg;
		return (command->takes & OPTION_LINES) != 0;
	case 'E':
		options->every = optarg;
		return (command->takes & OPTION_EVERY) != 0;
	case 'I':
		options->file = optarg;
		return (command->takes & OPTION_FILE) != 0;
	case 'R':
		options->running = true;
		return (command->takes & OPTION_RUNNING) != 0;
	case 'e':
		options->early_drop = optarg;
		return (command->takes & OPTION_EARLY_DROP) != 0;
	case 'C':
		options->confirm = optarg;
		return (command->takes & OPTION_CONFIRM) != 0;
	case 'A':
		options->as = optarg;
		return (command->takes & OPTION_AS) != 0;
	case 'y':
		options->yes = true;
		return (command->takes & OPTION_YES) != 0;
	case 'o':
		options->output = optarg;
		return (command->takes & OPTION_OUTPUT) != 0;
	case 'N':
		options->netns = optarg;
		return (command->takes & OPTION_NETNS) != 0;
	case 's':
		options->state = optarg;
		return (command->takes & OPTION_STATE) != 0;
	case 'S':
		options->since = optarg;
		return (command->takes & OPTION_SINCE) != 0;
	case 'H':
		options->html = optarg;
		return (command->takes & OPTION_HTML) != 0;
	case 'r':
		options->runtime = optarg;
		return (command->takes & OPTION_RUNTIME) != 0;
	default:
		return (command->takes & OPTION_EXEC) != 0 &&
		       take_exec_option(option, options);
	}
}

/* Words behind --; getopt would let them and others be one row. */
static int
count_behind(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return argc - i - 1;
	return 0;
}

static enum status
run_command(const struct command *command, int argc, char **argv)
{
	struct options options = { .runtime = RUNTIME_DEFAULT,
		.early_drop = "auto" };
	int option, behind = count_behind(argc, argv);

	while (
	    (option = getopt_long(argc, argv, ":hfvn:o:", known, NULL)) != -1) {
		if (option == 'h') {
			print_command_help(command);
			return STATUS_GOOD;
		}
		if (take_option(command, option, &options))
			continue;
		/* It is the command's own, most likely. */
		if ((command->takes & OPTION_EXEC) != 0 && behind == 0)
			complain("put -- before the command");
		else
			return wrong_option(command, option, argv);
		return wrong_call(command);
	}
	options.words = argv + optind;
	options.count = argc - optind;
	options.behind = behind;
	if (options.count < command->words_min ||
	    options.count > command->words_max)
		return wrong_call(command);
	return command->run(&options);
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return STATUS_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    (strcmp(argv[1], "help") == 0 && argc == 2)) {
		print_help(stdout);
		return STATUS_GOOD;
	}
	if (strcmp(argv[1], "--version") == 0) {
		(void)puts("gatehouse " GATEHOUSE_VERSION);
		return STATUS_GOOD;
	}
	bool asks_help = strcmp(argv[1], "help") == 0;
	const struct command *command = find_command(argv[1 + asks_help]);
	if (command == NULL)
		return (int)unknown_command(argv[1 + asks_help]);
	if (asks_help) {
		print_command_help(command);
		return STATUS_GOOD;
	}
	return (int)run_command(command, argc - 1, argv + 1);
}
