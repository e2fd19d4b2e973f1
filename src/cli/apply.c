/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/certificates.h"
#include "cli/change.h"
#include "cli/control_client.h"
#include "cli/running.h"
#include "cli/session.h"
#include "cli/ssh_origin.h"

#include "base/clock.h"
#include "policy/duration.h"
#include "policy/trial.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Whoever applies a policy wants to see that it does what was meant, and wants
 * the prompt back: the first changes, if they are found in time.  It is found
 * out when the policy is in force, so that this does not wait for it.
 */
#define CLASSES_SHOWN 12
#define PATIENCE      (2 * CLOCK_SECOND)

/* As the gateway has them (daemon/confirmation, daemon/history_entry). */
#define CONFIRM_MAX    (86400 * CLOCK_SECOND)
#define NAME_BYTES_MAX 200

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

/* Who types, behind sudo as well; it is told, not proved. */
static void
add_who(struct text *line)
{
	const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	const struct passwd *user = getpwuid(getuid());

	if (sudo != NULL && sudo[0] != '\0')
		text_addf(line, "by=%.64s\t", sudo);
	else if (user != NULL)
		text_addf(line, "by=%.64s\t", user->pw_name);
	else
		text_addf(line, "by=uid %u\t", (unsigned)getuid());
}

static void
add_session(struct text *line)
{
	char client[ADDRESS_TEXT_BYTES], server[ADDRESS_TEXT_BYTES];
	struct ssh_session session;

	if (ssh_session_find(&session))
		text_addf(line, "session=%s %u %s %u\t",
		    address_format(session.client.address, client),
		    session.client.port,
		    address_format(session.server.address, server),
		    session.server.port);
}

/* False: what was said is no time and no name. */
static bool
make_order(const struct options *options, const char *path, struct text *line)
{
	const char *why = NULL;
	int64_t within = 0;

	text_addz(line, "apply ");
	if (options->confirm != NULL &&
	    (duration_parse(str_of(options->confirm), &within, &why) < 0 ||
		within < CLOCK_SECOND || within > CONFIRM_MAX)) {
		complain("'%s' is no time to confirm in: 60s and 5m are, at "
			 "most 24h",
		    options->confirm);
		return false;
	}
	if (within > 0)
		text_addf(
		    line, "confirm=%lld\t", (long long)(within / CLOCK_SECOND));
	if (options->as != NULL && (strlen(options->as) > NAME_BYTES_MAX ||
				       strpbrk(options->as, "\t\n") != NULL)) {
		complain(
		    "a name is one line of at most %d bytes", NAME_BYTES_MAX);
		return false;
	}
	if (options->as != NULL)
		text_addf(line, "as=%s\t", options->as);
	add_who(line);
	if (!options->force)
		add_session(line);
	text_addz(line, path);
	return true;
}

/* What fails about the comparison never keeps a policy from coming into force.
 */
static enum status
apply_now(const struct options *options, const char *path)
{
	struct text answer = TEXT_EMPTY, line = TEXT_EMPTY;
	struct running before = RUNNING_EMPTY;

	if (!make_order(options, path, &line)) {
		text_fini(&line);
		return STATUS_USAGE;
	}
	session_tell(options->runtime);
	if (!options->quiet)
		(void)running_get(options->runtime, &before);
	enum status status = control_ask(options->runtime, line.at, &answer);
	complain_text(&answer);
	if (status == STATUS_GOOD) {
		(void)printf("%s is in force\n", options->words[0]);
		if (options->confirm != NULL)
			(void)printf("it goes again unless 'gatehouse confirm' "
				     "comes within %s\n",
			    options->confirm);
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
	if (rc == 0) {
		certificates_check(policy, &report);
		(void)policy_try(policy, &report);
	}
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
		complain_text(&answer);
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

	if (options->dry_run &&
	    (options->confirm != NULL || options->as != NULL)) {
		complain("--dry-run brings nothing into force that could be "
			 "confirmed or named");
		return STATUS_USAGE;
	}
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
	.usage = "[--dry-run | --quiet] [--confirm TIME] [--as NAME]\n"
		 "                       [--force] [--runtime DIR] FILE",
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
	    "With --confirm the policy before comes back by itself unless\n"
	    "'gatehouse confirm' is said in time, also if the gateway is\n"
	    "killed or the machine boots again meanwhile. A policy that would\n"
	    "end the ssh connection that you come by takes that, or --force.\n"
	    "\n"
	    "  gatehouse apply --dry-run office.policy\n"
	    "  gatehouse apply --confirm 60s --as 'opens the shop' "
	    "office.policy\n"
	    "\n"
	    "Needs root. Status 1: the policy is refused; with --dry-run "
	    "also:\n"
	    "something would change. 3: a port in use, no running gateway.\n",
	.takes = OPTION_RUNTIME | OPTION_DRY_RUN | OPTION_QUIET |
		 OPTION_CONFIRM | OPTION_AS | OPTION_FORCE,
	.words_min = 1,
	.words_max = 1,
	.run = apply,
};
