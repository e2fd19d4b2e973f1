/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/arguments.h"

#include "daemon/exit_status.h"
#include "daemon/last_good.h"
#include "daemon/runtime.h"
#include "version.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "usage: gatehoused [--early-drop auto|on|off] [--foreground]\n"
    "                  [--runtime DIR] [--session ENDS] [--state DIR]\n"
    "                  [--user NAME] FILE\n"
    "       gatehoused --close | --remove\n"
    "\n"
    "The privileged half of Gatehouse: brings the policy in FILE into force\n"
    "in this network namespace and keeps it there. 'gatehouse run FILE'\n"
    "starts it in the foreground; systemd starts it as a service.\n"
    "\n"
    "  --early-drop auto|on|off\n"
    "                 refuse what the first rules drop at the network "
    "driver:\n"
    "                 where it pays (default), wherever it is possible, "
    "nowhere\n"
    "  --foreground   print 'ready', and take the rules away at the end\n"
    "  --runtime DIR  keep state there (default " RUNTIME_DEFAULT ")\n"
    "  --session 'CLIENT PORT SERVER PORT'\n"
    "                 refuse a FILE that would end this TCP connection; "
    "without\n"
    "                 --state\n"
    "  --state DIR    keep the last good policy there, and bring it into "
    "force if\n"
    "                 FILE is refused at the start (default " LAST_GOOD_DEFAULT
    ";\n"
    "                 with --foreground, none)\n"
    "  --user NAME    run gatehouse-proxy as NAME (default " GATEHOUSE_USER
    ")\n"
    "  --close        refuse all traffic, unless rules of Gatehouse stand, "
    "and end\n"
    "  --remove       take the rules of this namespace away and end\n";

/* Where an option with a value puts it; NULL: it is no such option. */
static const char **
place_of(int option, struct arguments *arguments)
{
	switch (option) {
	case 'o':
		return &arguments->session;
	case 'r':
		return &arguments->runtime;
	case 's':
		return &arguments->state;
	case 'u':
		return &arguments->user;
	default:
		return NULL;
	}
}

/* False: there is no such option, or it takes no such value. */
static bool
take_option(int option, struct arguments *arguments)
{
	const char **place = place_of(option, arguments);

	if (place != NULL) {
		*place = optarg;
		return true;
	}
	switch (option) {
	case 'e':
		return early_mode_parse(str_of(optarg), &arguments->early_drop);
	case 'f':
		arguments->foreground = true;
		return true;
	case 'c':
		arguments->close = true;
		return true;
	case 'x':
		arguments->remove = true;
		return true;
	case 'v':
		(void)puts("gatehoused " GATEHOUSE_VERSION);
		exit(STATUS_GOOD);
	case 'h':
		(void)fputs(usage, stdout);
		exit(STATUS_GOOD);
	default:
		return false;
	}
}

bool
arguments_parse(int argc, char **argv, struct arguments *ret)
{
	static const struct option known[] = {
		{ "early-drop", required_argument, NULL, 'e' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "runtime", required_argument, NULL, 'r' },
		{ "session", required_argument, NULL, 'o' },
		{ "state", required_argument, NULL, 's' },
		{ "user", required_argument, NULL, 'u' },
		{ "close", no_argument, NULL, 'c' },
		{ "remove", no_argument, NULL, 'x' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	*ret = (struct arguments){ .runtime = RUNTIME_DEFAULT,
		.session = "",
		.user = GATEHOUSE_USER };
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
		if (!take_option(option, ret))
			return false;
	ret->path = optind < argc ? argv[optind] : NULL;
	if (ret->close && ret->remove)
		return false;
	return ret->close || ret->remove ? optind == argc : optind + 1 == argc;
}

void
arguments_complain(void)
{
	(void)fputs(usage, stderr);
}
