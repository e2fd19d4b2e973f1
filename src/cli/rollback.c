/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/control_client.h"
#include "cli/session.h"

#include <string.h>

static enum status
rollback(const struct options *options)
{
	struct text question = TEXT_EMPTY, answer = TEXT_EMPTY;
	enum status status = STATUS_USAGE;

	text_addz(&question, "rollback");
	if (options->count > 0)
		text_addf(&question, " %s", options->words[0]);
	if (strchr(question.at, '\n') == NULL) {
		session_tell(options->runtime);
		status = control_ask(options->runtime, question.at, &answer);
	}
	if (status == STATUS_GOOD)
		print_text(&answer);
	else if (answer.len > 0)
		complain("%.*s", (int)(answer.len - 1), answer.at);
	text_fini(&question);
	text_fini(&answer);
	return status;
}

const struct command command_rollback = {
	.name = "rollback",
	.usage = "[--runtime DIR] [ID]",
	.summary = "bring a policy of before into force again",
	.help =
	    "Takes back the policy that waits to be confirmed. Where none "
	    "waits,\n"
	    "the policy that was in force before the one that is comes back, "
	    "or\n"
	    "the one with that id in 'gatehouse history': as it was then, all "
	    "its\n"
	    "files with it, whatever they say by now. Lists are then read "
	    "anew.\n"
	    "\n"
	    "  gatehouse rollback\n"
	    "  gatehouse rollback 7\n"
	    "\n"
	    "The files on the disk are not changed. As long as that of the\n"
	    "gateway's start says what was rolled back, a start does not "
	    "bring it\n"
	    "into force but the last good policy.\n"
	    "\n"
	    "Needs root. Status 1: nothing of the kind is kept. 3: it cannot "
	    "come\n"
	    "back, or no gateway runs.\n",
	.takes = OPTION_RUNTIME,
	.words_min = 0,
	.words_max = 1,
	.run = rollback,
};
