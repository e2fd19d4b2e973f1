/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/control_client.h"
#include "cli/session.h"

static enum status
confirm(const struct options *options)
{
	struct text answer = TEXT_EMPTY;
	session_tell(options->runtime);
	enum status status = control_ask(options->runtime, "confirm", &answer);

	if (status == STATUS_GOOD)
		print_text(&answer);
	else if (answer.len > 0)
		complain("%.*s", (int)(answer.len - 1), answer.at);
	text_fini(&answer);
	return status;
}

const struct command command_confirm = {
	.name = "confirm",
	.usage = "[--runtime DIR]",
	.summary = "keep the policy that waits to be confirmed",
	.help =
	    "What 'gatehouse apply --confirm' has brought into force stays, "
	    "and is\n"
	    "the last good policy from now on. 'gatehouse status' says what "
	    "waits,\n"
	    "and for how long.\n"
	    "\n"
	    "  gatehouse confirm\n"
	    "\n"
	    "Needs root. Status 1: no policy waits. 3: it cannot be kept, and "
	    "waits\n"
	    "still; or no gateway runs.\n",
	.takes = OPTION_RUNTIME,
	.words_min = 0,
	.words_max = 0,
	.run = confirm,
};
