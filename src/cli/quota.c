/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/answer.h"
#include "cli/control_client.h"
#include "cli/member.h"

#include "policy/quota.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static void
print_bytes(const json_t *quota, const char *name)
{
	static const char units[] = { 'k', 'M', 'G', 'T' };
	json_int_t bytes = json_integer_value(json_object_get(quota, name));
	double value = (double)bytes / 1024;
	size_t unit = 0;

	while (value >= 1000 && unit + 1 < sizeof(units)) {
		value /= 1024;
		unit++;
	}
	(void)printf("%7.1f%c", value, units[unit]);
}

/* "2026-11-28T00:00:00" of a time with its parts of a second */
static void
print_quota(const json_t *quota)
{
	const json_t *rule = json_object_get(quota, "rule");

	print_bytes(quota, "used_bytes");
	print_bytes(quota, "quota_bytes");
	(void)printf("  %-5s  %.19sZ  %-15s  line %lld",
	    member_word(quota, "period", "-"), member_word(quota, "until", "-"),
	    member_word(quota, "source", "-"),
	    (long long)json_integer_value(json_object_get(rule, "line")));
	if (json_is_string(json_object_get(rule, "name")))
		(void)printf(" (%s)", member_word(rule, "name", "-"));
	(void)putchar('\n');
}

static enum status
print_quotas(const struct text *answer)
{
	json_t *all = answer_read(answer), *quota;
	size_t i;

	if (all == NULL)
		return STATUS_WORLD;
	if (json_array_size(json_object_get(all, "quotas")) > 0)
		(void)puts("    used   quota  per    until"
			   "                 source           rule");
	json_array_foreach(json_object_get(all, "quotas"), i, quota)
	    print_quota(quota);
	json_decref(all);
	return STATUS_GOOD;
}

static enum status
list(const struct options *options)
{
	struct text answer = TEXT_EMPTY;
	enum status status = control_ask(options->runtime, "quotas", &answer);

	if (status == STATUS_GOOD && options->json)
		print_text(&answer);
	else if (status == STATUS_GOOD)
		status = print_quotas(&answer);
	else if (answer.len > 0)
		complain("%.*s", (int)(answer.len - 1), answer.at);
	text_fini(&answer);
	return status;
}

/* reset [of RULE] [for SOURCE] */
struct wish {
	const char *rule, *source;
};

static bool
parse_wish(const struct options *options, struct wish *ret)
{
	int at = 1;

	*ret = (struct wish){ "-", "-" };
	if (at + 1 < options->count && strcmp(options->words[at], "of") == 0) {
		ret->rule = options->words[at + 1];
		at += 2;
	}
	if (at + 1 < options->count && strcmp(options->words[at], "for") == 0) {
		ret->source = options->words[at + 1];
		at += 2;
	}
	if (at < options->count)
		complain("'%s' is not understood here: reset, then of RULE, "
			 "then for ADDRESS",
		    options->words[at]);
	return at == options->count;
}

static enum status
reset(const struct options *options)
{
	struct text question = TEXT_EMPTY, answer = TEXT_EMPTY;
	enum status status = STATUS_USAGE;
	struct wish wish;

	if (parse_wish(options, &wish)) {
		text_addf(&question, "reset %s %s", wish.rule, wish.source);
		status =
		    question.full || strchr(question.at, '\n') != NULL
			? STATUS_USAGE
			: control_ask(options->runtime, question.at, &answer);
	}
	if (status == STATUS_GOOD)
		print_text(&answer);
	else if (answer.len > 0)
		complain("%.*s", (int)(answer.len - 1), answer.at);
	text_fini(&question);
	text_fini(&answer);
	return status;
}

static enum status
quota(const struct options *options)
{
	if (options->count == 0)
		return list(options);
	if (strcmp(options->words[0], "reset") == 0)
		return reset(options);
	complain("'%s' is not understood here: it is nothing, or reset",
	    options->words[0]);
	return STATUS_USAGE;
}

const struct command command_quota = {
	.name = "quota",
	.usage = "[--json] [--runtime DIR] [reset [of RULE] [for ADDRESS]]",
	.summary = "say what is used of quotas, or let them begin anew",
	.help =
	    "One line for each rule with a quota and each source that is "
	    "counted:\n"
	    "what is used, of how much, and when all of it is there again. "
	    "With\n"
	    "'reset' the counts of a rule (its name or its line), of a source, "
	    "or\n"
	    "of all begin anew at once.\n"
	    "\n"
	    "  gatehouse quota\n"
	    "  gatehouse quota reset of guests for 10.0.9.4\n"
	    "  gatehouse quota --json | jq '.quotas[].used_bytes'\n"
	    "\n"
	    "Needs root. Status 1: there was nothing to reset. Status 3: no "
	    "gateway\n"
	    "runs.\n",
	.takes = OPTION_RUNTIME | OPTION_JSON,
	.words_min = 0,
	.words_max = 5,
	.run = quota,
};
