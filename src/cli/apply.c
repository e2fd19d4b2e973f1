/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/change.h"
#include "cli/control_client.h"
#include "cli/running.h"
#include "cli/session.h"

#include "base/clock.h"
#include "policy/trial.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Whoever applies a policy wants to see that it does what was meant, and wants
 * the prompt back: the first changes, if they are found in time.  It is found
 * out when the policy is in force, so that this does not wait for it.
 */
#define CLASSES_SHOWN 12
#define PATIENCE      (2 * CLOCK_SECOND)

static const char not_given[] =
    "what changes is not known: the gateway does not say what was in force";

/* Between what was in force and what is. */
static void
say_what_changes(const char *runtime, struct running *before)
{
	static const struct change_words words = {
		.some = "what changes",
		.none = "nothing changes",
		.unknown = "what changes is not known",
	};
	struct diff_bounds bounds = { .classes_max = CLASSES_SHOWN,
		.deadline = clock_now() + PATIENCE };
	struct policy *old = NULL, *new = NULL;
	struct running after;

	if (before->path != NULL && running_get(runtime, &after)) {
		old = running_read(before);
		new = running_read(&after);
		running_fini(&after);
	}
	if (old != NULL && new != NULL)
		(void)change_print(old, new, &bounds, &words);
	else
		(void)puts(not_given);
	policy_unref(old);
	policy_unref(new);
}

/* What fails about the comparison never keeps a policy from coming into force.
 */
static enum status
apply_now(const struct options *options, const char *path)
{
	struct text answer = TEXT_EMPTY, line = TEXT_EMPTY;
	struct running before = RUNNING_EMPTY;

	session_tell(options->runtime);
	if (!options->quiet)
		(void)running_get(options->runtime, &before);
	text_addf(&line, "apply %s", path);
	enum status status = control_ask(options->runtime, line.at, &answer);
	(void)fwrite(answer.at, 1, answer.len, stderr);
	if (status == STATUS_GOOD) {
		(void)printf("%s is in force\n", options->words[0]);
		(void)fflush(stdout);
		if (!options->quiet)
			say_what_changes(options->runtime, &before);
	}
	running_fini(&before);
	text_fini(&line);
	text_fini(&answer);
	return status;
}

/* As the gateway would read it: its tests must pass. */
static struct policy *
read_and_try(const char *path, enum status *reterr_status)
{
	struct policy *policy = NULL, *kept = NULL;
	struct report report;

	report_init(&report);
	int rc = policy_load(path, &policy_files, &report, &policy, &kept);
	if (rc == 0)
		(void)policy_try(policy, &report);
	report_sort(&report);
	print_report(&report);
	bool refused = rc < 0 || report.errors > 0;
	if (refused)
		*reterr_status = kept != NULL && kept->source.text.at == NULL
				     ? STATUS_WORLD
				     : STATUS_NO;
	report_fini(&report);
	policy_unref(kept);
	if (refused)
		policy_unref(policy);
	return refused ? NULL : policy;
}

/* What it says of the policy itself has been said; its last line counts. */
static void
print_last_line(const struct text *answer)
{
	struct str rest = text_str(answer), last = { 0 };

	while (rest.len > 0)
		last = str_cut(&rest, '\n');
	(void)printf("%.*s\n", STR_ARG(last));
}

/*
 * The gateway reads it as for an apply, and does not bring it into force.  What
 * keeps it from that (a port in use) would keep it from the apply as well.
 */
static enum status
say_what_ends(const char *runtime, const char *path)
{
	struct text answer = TEXT_EMPTY, line = TEXT_EMPTY;

	text_addf(&line, "count %s", path);
	enum status status = control_ask(runtime, line.at, &answer);
	if (status == STATUS_GOOD)
		print_last_line(&answer);
	else
		(void)fwrite(answer.at, 1, answer.len, stderr);
	text_fini(&line);
	text_fini(&answer);
	return status;
}

/* Nothing is bounded but what can be told at all: who asks can wait. */
static enum status
compare(const char *runtime, struct running *running, const char *path)
{
	static const struct change_words words = {
		.some = "what would change",
		.none = "nothing would change",
		.unknown = "what would change is not known",
	};
	struct diff_bounds bounds = { .classes_max = DIFF_CLASSES_MAX };
	enum status status = STATUS_WORLD;
	struct policy *old = running_read(running);
	struct policy *new = read_and_try(path, &status);

	if (old != NULL && new != NULL) {
		status = change_print(old, new, &bounds, &words);
		(void)fflush(stdout);
		enum status ends = say_what_ends(runtime, path);
		status = ends != STATUS_GOOD ? ends : status;
	} else if (new != NULL) {
		complain("the policy in force cannot be read again");
	}
	policy_unref(old);
	policy_unref(new);
	return status;
}

static enum status
dry_run(const struct options *options, const char *path)
{
	struct text answer = TEXT_EMPTY;
	struct running running;
	enum status status;

	if (running_get(options->runtime, &running)) {
		status = compare(options->runtime, &running, path);
	} else {
		/* Where there is no gateway, this says so. */
		status = control_ask(options->runtime, "status", &answer);
		if (status == STATUS_GOOD)
			complain("the gateway does not say what is in force");
		status = STATUS_WORLD;
	}
	running_fini(&running);
	text_fini(&answer);
	return status;
}

static enum status
apply(const struct options *options)
{
	char path[PATH_MAX];

	if (options->dry_run && options->quiet) {
		complain("--dry-run says what would change, and --quiet not");
		return STATUS_USAGE;
	}
	if (realpath(options->words[0], path) == NULL) {
		complain(
		    "cannot read %s: %s", options->words[0], strerror(errno));
		return STATUS_WORLD;
	}
	return options->dry_run ? dry_run(options, path)
				: apply_now(options, path);
}

const struct command command_apply = {
	.name = "apply",
	.usage = "[--dry-run | --quiet] [--runtime DIR] FILE",
	.summary = "bring another policy into force",
	.help =
	    "The running gateway reads the policy, runs its tests, and "
	    "changes\n"
	    "over in one step: kernel and proxy together, or neither. If\n"
	    "anything is wrong, all of it is said and nothing changes. Then\n"
	    "the first flows that fare differently are shown, as 'gatehouse\n"
	    "diff' has it; or that nothing changes. --dry-run says all of\n"
	    "that before, and how many living flows would end.\n"
	    "\n"
	    "  gatehouse apply --dry-run office.policy\n"
	    "  gatehouse apply office.policy\n"
	    "\n"
	    "Needs root. Status 1: the policy is refused; with --dry-run "
	    "also:\n"
	    "something would change. 3: a port in use, no running gateway.\n",
	.takes = OPTION_RUNTIME | OPTION_DRY_RUN | OPTION_QUIET,
	.words_min = 1,
	.words_max = 1,
	.run = apply,
};
