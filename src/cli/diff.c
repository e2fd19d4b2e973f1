/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/change.h"
#include "cli/columns.h"
#include "cli/command.h"

#include "policy/diff.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* The policy, or NULL and what is wrong with it on standard error. */
static struct policy *
load(const char *path, enum status *reterr_status)
{
	struct policy *policy = NULL, *kept = NULL;
	struct report report;

	report_init(&report);
	if (policy_load(path, &policy_files, &report, &policy, &kept) < 0) {
		print_report(&report);
		*reterr_status = kept != NULL && kept->source.text.at == NULL
				     ? STATUS_WORLD
				     : STATUS_NO;
	}
	report_fini(&report);
	policy_unref(kept);
	return policy;
}

/* A line each for programs; for people, as wide as they see. */
static int
describe(struct diff *diff, bool json, struct text *out)
{
	unsigned columns = columns_of_terminal(STDOUT_FILENO);

	if (json)
		return diff_json(diff, out);
	return columns > 0 ? change_wrap(diff, columns, out)
			   : diff_describe(diff, out);
}

static enum status
print_diff(struct diff *diff, bool json)
{
	struct text out = TEXT_EMPTY;
	int rc = describe(diff, json, &out);

	if (rc == 0)
		print_text(&out);
	else
		complain("there is not enough memory to say what changes");
	text_fini(&out);
	if (rc < 0)
		return STATUS_WORLD;
	return diff_is_empty(diff) ? STATUS_GOOD : STATUS_NO;
}

static enum status
compare(const struct policy *before, const struct policy *after, bool json)
{
	enum status status = STATUS_WORLD;
	struct diff diff;

	int rc = policy_diff(before, after, &diff);
	if (rc == 0)
		status = print_diff(&diff, json);
	else
		complain(rc == -E2BIG
			     ? "the policies differ in too many ways to list"
			     : "there is not enough memory to compare them");
	diff_fini(&diff);
	return status;
}

static enum status
diff(const struct options *options)
{
	enum status status = STATUS_GOOD;
	struct policy *before = load(options->words[0], &status);
	struct policy *after = load(options->words[1], &status);

	if (before != NULL && after != NULL)
		status = compare(before, after, options->json);
	policy_unref(before);
	policy_unref(after);
	return status;
}

const struct command command_diff = {
	.name = "diff",
	.usage = "[--json] OLD NEW",
	.summary = "tell which flows fare differently under another policy",
	.help =
	    "Compares what two policies mean, not how they are written: each\n"
	    "line is a class of flows whose verdict changes, or whether they\n"
	    "are logged, how they are translated, or who enforces it.  "
	    "Nothing\n"
	    "is left out and nothing is guessed: no line means the same\n"
	    "policy. Of more than twelve addresses in a row a line says how\n"
	    "many more there are; --json has all.\n"
	    "\n"
	    "  gatehouse diff office.policy office.new\n"
	    "  lan -> wan tcp 22   drop (line 41) -> allow (line 17)\n"
	    "\n"
	    "Rules' names and their order count only where a flow fares\n"
	    "differently.\n"
	    "\n"
	    "Status 0: the same. 1: differences, or a policy is refused. 3: a\n"
	    "file cannot be read, or the comparison is too large.\n",
	.takes = OPTION_JSON,
	.words_min = 2,
	.words_max = 2,
	.run = diff,
};
