/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/first_read.h"
#include "cli/netns.h"

#include "daemon/runtime.h"
#include "firewall/early_mode.h"
#include "version.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What gatehoused would refuse too, but before the policy is read. */
static enum status
check_options(const struct options *options, enum early_mode *ret_early)
{
	if (!early_mode_parse(str_of(options->early_drop), ret_early)) {
		complain("--early-drop is auto, on or off, not '%s'",
		    options->early_drop);
		return STATUS_USAGE;
	}
	return STATUS_GOOD;
}

static bool
enter(const char *netns)
{
	struct text why = TEXT_EMPTY;
	bool entered = netns == NULL || netns_enter(netns, &why) == 0;

	if (!entered)
		complain("%s", why.at != NULL ? why.at : "out of memory");
	text_fini(&why);
	return entered;
}

static enum status
run(const struct options *options)
{
	struct text program = TEXT_EMPTY;
	char name[] = "gatehoused", foreground[] = "--foreground",
	     runtime[] = "--runtime", dir[RUNTIME_DIR_BYTES_MAX + 1],
	     early_drop[] = "--early-drop", mode[8], state[] = "--state",
	     state_dir[PATH_MAX];
	enum early_mode early = EARLY_AUTO;
	enum status status = check_options(options, &early);

	if (status != STATUS_GOOD)
		return status;
	/* First of all, so that nothing is read or opened elsewhere. */
	if (!enter(options->netns))
		return STATUS_WORLD;
	/* With a last good policy the gateway starts all the same. */
	if (options->state == NULL)
		status = first_read(options->words[0]);
	if (status != STATUS_GOOD)
		return status;
	if (geteuid() != 0) {
		complain("it takes root to change the firewall: try 'sudo "
			 "gatehouse run %s'",
		    options->words[0]);
		return STATUS_WORLD;
	}
	if (strlen(options->runtime) > RUNTIME_DIR_BYTES_MAX) {
		complain("the name of the runtime folder is too long");
		return STATUS_USAGE;
	}
	memcpy(dir, options->runtime, strlen(options->runtime) + 1);
	(void)snprintf(mode, sizeof(mode), "%s", early_mode_word(early));
	char *argv[] = { name, foreground, runtime, dir, early_drop, mode,
		options->words[0], NULL, NULL, NULL };
	if (options->state != NULL) {
		(void)snprintf(
		    state_dir, sizeof(state_dir), "%s", options->state);
		argv[6] = state;
		argv[7] = state_dir;
		argv[8] = options->words[0];
	}
	runtime_program(name, GATEHOUSE_DAEMON_PATH, &program);
	(void)execv(program.at, argv);
	complain("cannot start %s: %s", program.at, strerror(errno));
	text_fini(&program);
	return STATUS_WORLD;
}

const struct command command_run = {
	.name = "run",
	.usage = "[--early-drop MODE] [--runtime DIR] [--netns NAME]\n"
		 "                     [--state DIR] FILE",
	.summary = "start the gateway in the foreground",
	.help =
	    "Brings the policy into force in the network namespace that it is\n"
	    "called in: the firewall's rules in the kernel, and the proxy as "
	    "a\n"
	    "user of its own. Prints `ready` once all rules stand and all\n"
	    "listeners listen. Ctrl-C (or SIGTERM) takes everything away\n"
	    "again; SIGHUP reads the policy anew. Needs root.\n"
	    "\n"
	    "  gatehouse run office.policy\n"
	    "  gatehouse run --netns gw --runtime /run/gw office.policy\n"
	    "  gatehouse run --netns 4711 --runtime /run/box "
	    "container.policy\n"
	    "\n"
	    "Early drop takes the first rules of the list, `drop LIST -> "
	    "any`, to\n"
	    "the network driver (XDP): `auto` where that pays, `on` wherever "
	    "it is\n"
	    "possible. Verdicts are the same.\n"
	    "\n"
	    "With --state the last policy that was in force is kept in that\n"
	    "folder; if FILE is refused at the start, it comes into force\n"
	    "instead, or, if there is none, nothing passes.\n"
	    "\n"
	    "As a service, systemd starts gatehoused instead, whose rules "
	    "stay\n"
	    "when it ends.\n"
	    "\n"
	    "Status 0: it ended as it was told to. 1: the policy is refused. "
	    "3: no\n"
	    "privilege, a kernel that lacks something, a port in use.\n",
	.takes =
	    OPTION_EARLY_DROP | OPTION_RUNTIME | OPTION_STATE | OPTION_NETNS,
	.words_min = 1,
	.words_max = 1,
	.run = run,
};
