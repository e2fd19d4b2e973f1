/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/control_client.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status
apply(const struct options *options)
{
	struct text answer = TEXT_EMPTY, line = TEXT_EMPTY;
	char path[PATH_MAX];

	if (realpath(options->words[0], path) == NULL) {
		complain(
		    "cannot read %s: %s", options->words[0], strerror(errno));
		return STATUS_WORLD;
	}
	text_addf(&line, "apply %s", path);
	enum status status = control_ask(options->runtime, line.at, &answer);
	(void)fwrite(answer.at, 1, answer.len, stderr);
	if (status == STATUS_GOOD)
		(void)printf("%s is in force\n", options->words[0]);
	text_fini(&line);
	text_fini(&answer);
	return status;
}

const struct command command_apply = {
	.name = "apply",
	.usage = "[--runtime DIR] FILE",
	.summary = "bring another policy into force",
	.help =
	    "The running gateway reads the policy, runs its tests, and "
	    "changes\n"
	    "over in one step: kernel and proxy together, or neither. If\n"
	    "anything is wrong, all of it is said and nothing changes.\n"
	    "\n"
	    "  gatehouse apply office.policy\n"
	    "\n"
	    "Needs root. Status 1: the policy is refused. 3: a port in use, "
	    "no\n"
	    "running gateway.\n",
	.takes = OPTION_RUNTIME,
	.words_min = 1,
	.words_max = 1,
	.run = apply,
};
