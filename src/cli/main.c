/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gatehouse: the command line.
 *
 * A table of commands, each in a file of its own.  What options there are is in
 * cli/options.
 */
#include "cli/options.h"

#include "base/nearest.h"
#include "base/standard_streams.h"
#include "daemon/runtime.h"
#include "version.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

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

static void
print_command_help(const struct command *command)
{
	(void)printf("usage: gatehouse %s %s\n\n%s", command->name,
	    command->usage, command->help);
	if (command->takes != 0)
		(void)putchar('\n');
	options_print(command->takes);
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

/* A long one that has a value and takes none.  Of others getopt has a letter,
 * and it may be that of a long option that has no short form. */
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
	const char *name = options_name(strange ? optopt : option);

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

	while ((option = options_next(argc, argv)) != -1) {
		if (option == 'h') {
			print_command_help(command);
			return STATUS_GOOD;
		}
		if (options_take(command->takes, option, &options))
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

static enum status
act(int argc, char **argv)
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
		return unknown_command(argv[1 + asks_help]);
	if (asks_help) {
		print_command_help(command);
		return STATUS_GOOD;
	}
	return run_command(command, argc - 1, argv + 1);
}

/* Half a policy, say, must not pass for the whole one. */
static enum status
finish(enum status status)
{
	if (standard_streams_flush())
		return status;
	complain(
	    "what there is to say could not be written: %s", strerror(errno));
	return STATUS_WORLD;
}

int
main(int argc, char **argv)
{
	standard_streams_open();
	/* Who ignores it, and has started us, has ours go unseen. */
	(void)signal(SIGCHLD, SIG_DFL);
	return (int)finish(act(argc, argv));
}
