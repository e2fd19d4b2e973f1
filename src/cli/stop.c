/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/control_client.h"

#include "daemon/runtime.h"
#include "version.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A transaction in the kernel may take a while with large lists. */
#define STOP_SECONDS 60

/* Nobody runs, but rules may stand: whoever has the right takes them away. */
static enum status
remove_rules(void)
{
	struct text program = TEXT_EMPTY;
	char name[] = "gatehoused", remove[] = "--remove";
	char *argv[] = { name, remove, NULL };

	runtime_program(name, GATEHOUSE_DAEMON_PATH, &program);
	(void)execv(program.at, argv);
	complain("cannot start %s: %s", program.at, strerror(errno));
	text_fini(&program);
	return STATUS_WORLD;
}

static enum status
stop(const struct options *options)
{
	struct text answer = TEXT_EMPTY;
	int pid;

	if (!control_is_running(options->runtime, &pid))
		return remove_rules();
	enum status status = control_ask(options->runtime, "stop", &answer);
	text_fini(&answer);
	if (status != STATUS_GOOD)
		return status;
	if (control_wait_for_end(options->runtime, STOP_SECONDS))
		return STATUS_GOOD;
	complain("the gateway (pid %d) has not ended after %d seconds", pid,
	    STOP_SECONDS);
	return STATUS_WORLD;
}

const struct command command_stop = {
	.name = "stop",
	.usage = "[--runtime DIR]",
	.summary = "end the gateway and take its rules away",
	.help =
	    "Ends the running gateway and removes its table and its routes.\n"
	    "Where no gateway runs, rules that one left standing are removed.\n"
	    "Nothing else takes the rules away: not the end of a service, not "
	    "a\n"
	    "crash. What your network does without them is up to you.\n"
	    "\n"
	    "  gatehouse stop\n"
	    "\n"
	    "Needs root. Status 0: nothing of it is left.\n",
	.takes = OPTION_RUNTIME,
	.words_min = 0,
	.words_max = 0,
	.run = stop,
};
