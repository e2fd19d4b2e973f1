/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/answer.h"
#include "cli/change.h"
#include "cli/control_client.h"
#include "cli/member.h"
#include "cli/running.h"

#include "daemon/policy_text_diff.h"
#include "policy/duration.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static long long
number(const json_t *of, const char *name)
{
	return json_integer_value(json_object_get(of, name));
}

/* Two of the units are enough: 3d, 4h and 12m, 17s. */
static void
format_seconds(long long seconds, char ret[static 24])
{
	long long minutes = seconds / 60, hours = minutes / 60;

	if (hours >= 48)
		(void)snprintf(ret, 24, "%lldd%lldh", hours / 24, hours % 24);
	else if (hours > 0)
		(void)snprintf(ret, 24, "%lldh%lldm", hours, minutes % 60);
	else if (minutes > 0)
		(void)snprintf(ret, 24, "%lldm%llds", minutes, seconds % 60);
	else
		(void)snprintf(ret, 24, "%llds", seconds);
}

static void
print_policy(const json_t *policy)
{
	char held[24];

	format_seconds(number(policy, "seconds"), held);
	(void)printf("%6lld  %.19sZ  %-11s  %8s  %5lld  %-10s  %s\n",
	    number(policy, "id"), member_word(policy, "began", "-"),
	    member_word(policy, "state", "-"), held, number(policy, "rules"),
	    member_word(policy, "who", "-"),
	    json_is_string(json_object_get(policy, "name"))
		? member_word(policy, "name", "-")
		: member_word(policy, "policy", "-"));
}

static enum status
print_history(const struct text *answer)
{
	json_t *all = answer_read(answer), *policy;
	size_t i;

	if (all == NULL)
		return STATUS_WORLD;
	if (json_is_string(json_object_get(all, "problem")))
		(void)printf(
		    "attention  %s\n", member_word(all, "problem", "-"));
	(void)puts("    id  in force since        state        in force  "
		   "rules  by          name or file");
	json_array_foreach(json_object_get(all, "policies"), i, policy)
	    print_policy(policy);
	json_decref(all);
	return STATUS_GOOD;
}

static enum status
ask_and_print(const struct options *options, const char *question,
    enum status (*print)(const struct text *answer))
{
	struct text answer = TEXT_EMPTY;
	enum status status = control_ask(options->runtime, question, &answer);

	if (status == STATUS_GOOD && (options->json || print == NULL))
		print_text(&answer);
	else if (status == STATUS_GOOD)
		status = print(&answer);
	else if (answer.len > 0)
		complain("%.*s", (int)(answer.len - 1), answer.at);
	text_fini(&answer);
	return status;
}

/* By meaning, and then by what is written. */
static enum status
compare(struct running *before, struct running *after)
{
	static const struct change_words words = {
		.some = "what changes",
		.none = "nothing changes",
		.unknown = "what changes is not known",
	};
	struct diff_bounds bounds = { .classes_max = DIFF_CLASSES_MAX };
	struct policy *old = running_read(before), *new = running_read(after);
	enum status status = STATUS_WORLD;
	struct text text = TEXT_EMPTY;

	if (old != NULL && new != NULL)
		status = change_print(old, new, &bounds, &words);
	else
		complain("one of them is no policy of this version");
	if (policy_text_diff(&before->snapshot, &after->snapshot, &text) == 0 &&
	    text.len > 0) {
		(void)putchar('\n');
		print_text(&text);
	}
	text_fini(&text);
	policy_unref(old);
	policy_unref(new);
	return status;
}

static enum status
compare_kept(const struct options *options)
{
	struct running before = RUNNING_EMPTY, after = RUNNING_EMPTY;
	enum status status = STATUS_NO;

	if (running_get_kept(options->runtime, options->words[1], &before) &&
	    running_get_kept(options->runtime, options->words[2], &after))
		status = compare(&before, &after);
	running_fini(&before);
	running_fini(&after);
	return status;
}

static enum status
compare_json(const struct options *options)
{
	struct text question = TEXT_EMPTY;
	enum status status = STATUS_USAGE;

	text_addf(
	    &question, "diff %s %s", options->words[1], options->words[2]);
	if (strchr(question.at, '\n') == NULL)
		status = ask_and_print(options, question.at, NULL);
	text_fini(&question);
	return status;
}

static enum status
history(const struct options *options)
{
	if (options->count == 0)
		return ask_and_print(options, "history", print_history);
	if (options->count != 3 || strcmp(options->words[0], "diff") != 0) {
		complain("history takes nothing, or diff ID ID");
		return STATUS_USAGE;
	}
	return options->json ? compare_json(options) : compare_kept(options);
}

const struct command command_history = {
	.name = "history",
	.usage = "[--json] [--runtime DIR] [diff ID ID]",
	.summary = "list the policies that were in force, or compare two",
	.help =
	    "The policy in force and the ten before it: since when, what has\n"
	    "become of it (in force, waiting to be confirmed, past, rolled "
	    "back),\n"
	    "how long it was in force in all, its rules, and who has brought "
	    "it\n"
	    "under which name ('gatehouse apply --as'). They are kept where "
	    "the\n"
	    "last good policy is: --state.\n"
	    "\n"
	    "  gatehouse history\n"
	    "  gatehouse history diff 6 7\n"
	    "  gatehouse show policy 6\n"
	    "\n"
	    "'diff' tells which flows fare differently, as 'gatehouse diff' "
	    "does,\n"
	    "and then which lines. With --json the comparison is bounded, and\n"
	    "\"unknown\" says what is missing.\n"
	    "\n"
	    "Needs root. Status 1: nothing is kept; of 'diff' also: flows "
	    "fare\n"
	    "differently. 3: no gateway runs.\n",
	.takes = OPTION_RUNTIME | OPTION_JSON,
	.words_min = 0,
	.words_max = 3,
	.run = history,
};
