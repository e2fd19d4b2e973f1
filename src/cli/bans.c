/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/answer.h"
#include "cli/control_client.h"
#include "cli/member.h"

#include "policy/duration.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Whole minutes are enough of a ban of hours. */
static void
print_left(const json_t *ban)
{
	const json_t *left = json_object_get(ban, "left_seconds");
	long long seconds = json_integer_value(left);
	struct text text = TEXT_EMPTY;

	if (seconds > 3600)
		seconds -= seconds % 60;
	if (json_is_integer(left))
		duration_add(seconds * CLOCK_SECOND, &text);
	else
		text_addz(&text, "-");
	(void)printf("%8s", text.at != NULL ? text.at : "");
	text_fini(&text);
}

static enum status
print_bans(const struct text *answer)
{
	json_t *all = answer_read(answer), *ban;
	size_t i;

	if (all == NULL)
		return STATUS_WORLD;
	if (json_array_size(json_object_get(all, "bans")) > 0)
		(void)puts("    left  banned");
	json_array_foreach(json_object_get(all, "bans"), i, ban)
	{
		print_left(ban);
		(void)printf("  %s%s%s%s\n", member_word(ban, "address", ""),
		    strcmp(member_word(ban, "reach", ""), "opens") == 0
			? " (what it opens)"
			: "",
		    member_word(ban, "because", "")[0] != '\0' ? ": " : "",
		    member_word(ban, "because", ""));
	}
	json_decref(all);
	return STATUS_GOOD;
}

static enum status
bans(const struct options *options)
{
	struct text answer = TEXT_EMPTY;
	enum status status = control_ask(options->runtime, "bans", &answer);

	if (status == STATUS_GOOD && options->json)
		print_text(&answer);
	else if (status == STATUS_GOOD)
		status = print_bans(&answer);
	text_fini(&answer);
	return status;
}

const struct command command_bans = {
	.name = "bans",
	.usage = "[--json] [--runtime DIR]",
	.summary = "say who is banned, for how long and why",
	.help = "One line a ban: the time that is left ('-': until it is "
		"unbanned), the\n"
		"address or prefix, and the reason if one was given, or the "
		"rule that\n"
		"banned. '(what it opens)': for packets that were refused; "
		"flows that live\n"
		"go on.\n"
		"\n"
		"  gatehouse bans\n"
		"  gatehouse bans --json | jq -r '.bans[].address'\n"
		"\n"
		"Needs root. Status 3: no gateway runs.\n",
	.takes = OPTION_RUNTIME | OPTION_JSON,
	.words_min = 0,
	.words_max = 0,
	.run = bans,
};
