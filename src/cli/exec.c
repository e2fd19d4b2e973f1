/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"
#include "cli/exec_learn.h"

#include "base/clock.h"
#include "base/file.h"
#include "exec/run.h"
#include "policy/sandbox.h"
#include "policy/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* As shells say that a signal has ended it. */
#define STATUS_OF_SIGNAL 128

/* By which errors of a policy without a file are told. */
#define NAME_OF_ALLOW "--allow"

struct session {
	const struct options *options;
	struct exec_ledger ledger;
	struct exec_lesson_file lesson;
	int log; /* -1: none */
};

/* ---- the policy ---- */

/* Nothing is refused where it is found out what is needed. */
static void
add_allow(const struct options *options, struct text *out)
{
	for (size_t i = 0; i < options->allowed_count; i++)
		text_addf(
		    out, "allow " SANDBOX_ZONE " -> %s\n", options->allowed[i]);
	if (options->allowed_count == 0)
		text_addz(out, "allow " SANDBOX_ZONE " -> any\n");
}

static int
keep_allow(const struct options *options, struct snapshot *files)
{
	struct text text = TEXT_EMPTY;

	add_allow(options, &text);
	const struct snapshot_kept kept = { .path = NAME_OF_ALLOW,
		.text = text_str(&text) };
	int rc = text.full ? -ENOMEM : snapshot_keep(files, &kept);
	text_fini(&text);
	return rc;
}

static int
load(const struct options *options, struct snapshot *files,
    struct report *report, struct policy **ret, struct policy **ret_kept)
{
	bool has_file = options->count > options->behind;
	struct policy_loader loader =
	    has_file ? snapshot_recorder(files) : snapshot_player(files);
	const char *path = has_file ? options->words[0] : NAME_OF_ALLOW;
	int rc = has_file ? 0 : keep_allow(options, files);

	*ret_kept = NULL;
	if (rc == 0)
		rc = policy_load(path, &loader, report, ret, ret_kept);
	if (rc == 0 && policy_try(*ret, report).failed > 0)
		rc = -EINVAL;
	if (rc == 0 && !policy_has_sandbox(*ret)) {
		report_error(report, (struct place){ 0 },
		    "%s: no rule is for '" SANDBOX_ZONE "', so nothing would "
		    "be allowed",
		    path);
		report_hint(
		    report, "allow " SANDBOX_ZONE " -> www.example.com https");
		rc = -EINVAL;
	}
	return rc;
}

/* ---- events ---- */

static void
say_refused(const struct exec_ledger_row *row)
{
	if (row->port > 0)
		complain("refused: %.*s%s%.*s tcp %u: %.*s",
		    STR_ARG(row->method), row->method.len > 0 ? " " : "",
		    STR_ARG(row->place), row->port, STR_ARG(row->why));
	else
		complain("refused: %.*s: %.*s", STR_ARG(row->place),
		    STR_ARG(row->why));
}

static void
on_event(void *context, struct str line)
{
	struct session *session = context;
	const struct exec_ledger_row *row =
	    exec_ledger_take(&session->ledger, line);

	if (row != NULL && row->outcome == EXEC_REFUSED &&
	    !session->options->quiet)
		say_refused(row);
	if (session->log < 0)
		return;
	/* What a full disk does not take is not worth the command's end. */
	if (file_write_all(session->log, line) == 0)
		(void)file_write_all(session->log, STR("\n"));
}

static enum status
open_log(struct session *session)
{
	const char *path = session->options->log;

	session->log = -1;
	if (path == NULL)
		return STATUS_GOOD;
	session->log =
	    open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (session->log >= 0)
		return STATUS_GOOD;
	complain("cannot write %s: %s", path, strerror(errno));
	return STATUS_WORLD;
}

/* What is there may be the policy of other days. */
static enum status
open_lesson(struct session *session)
{
	const char *path = session->options->learn;

	session->lesson = (struct exec_lesson_file){ .fd = -1 };
	int rc = path != NULL ? exec_learn_open(path, &session->lesson) : 0;
	if (rc == 0)
		return STATUS_GOOD;
	complain("cannot write %s: %s", path,
	    rc == -EEXIST ? "it is there already, and stays" : strerror(-rc));
	return STATUS_WORLD;
}

static void
close_files(struct session *session)
{
	exec_learn_close(&session->lesson);
	if (session->log >= 0)
		(void)close(session->log);
}

/* ---- the end ---- */

static void
print_summary(const struct session *session)
{
	struct text text = TEXT_EMPTY;

	exec_ledger_add_summary(&session->ledger, &text);
	complain_text(&text);
	text_fini(&text);
}

/* The command's own, whatever else there is to say. */
static int
finish(const struct session *session, int status)
{
	const char *learn = session->options->learn;
	int rc = learn != NULL
		     ? exec_learn_write(&session->ledger, &session->lesson)
		     : 0;

	if (session->options->summary)
		print_summary(session);
	if (rc < 0) {
		complain("cannot write %s: %s", learn, strerror(-rc));
		return STATUS_WORLD;
	}
	return WIFSIGNALED(status) ? STATUS_OF_SIGNAL + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static int
run_session(const struct options *options, const struct exec_wish *given)
{
	struct session session = { .options = options };
	struct exec_wish wish = *given;
	struct text why = TEXT_EMPTY;
	int status = STATUS_GOOD, code = (int)open_lesson(&session);

	if (code == STATUS_GOOD)
		code = (int)open_log(&session);
	if (code != STATUS_GOOD) {
		exec_learn_abort(&session.lesson);
		exec_learn_close(&session.lesson);
		return code;
	}
	exec_ledger_init(&session.ledger);
	wish.event = on_event;
	wish.context = &session;
	if (exec_run(&wish, &status, &why) < 0) {
		complain("%s", why.at != NULL ? why.at : "out of memory");
		exec_learn_abort(&session.lesson);
		code = STATUS_WORLD;
	} else {
		code = finish(&session, status);
	}
	exec_ledger_fini(&session.ledger);
	close_files(&session);
	text_fini(&why);
	return code;
}

/* ---- the call ---- */

static enum status
check_call(const struct options *options)
{
	int before = options->count - options->behind;

	if (options->behind <= 0)
		complain("put -- before the command");
	else if (before > 1)
		complain("one policy, and behind -- the command");
	else if (before == 1 && options->allowed_count > 0)
		complain("a policy, or --allow; not both");
	else if (before == 0 && options->allowed_count == 0 &&
		 options->learn == NULL)
		complain("what is allowed says a policy, or --allow");
	else
		return STATUS_GOOD;
	return STATUS_USAGE;
}

static enum status
run(const struct options *options)
{
	struct snapshot files = SNAPSHOT_EMPTY;
	struct policy *policy = NULL, *kept = NULL;
	struct report report;
	enum status status = check_call(options);

	if (status != STATUS_GOOD)
		return status;
	report_init(&report);
	int rc = load(options, &files, &report, &policy, &kept);
	if (rc < 0) {
		print_report(&report);
		status = kept != NULL && kept->source.text.at == NULL
			     ? STATUS_WORLD
			     : STATUS_NO;
	} else {
		const struct exec_wish wish = {
			.policy = policy,
			.files = &files,
			.command =
			    options->words + options->count - options->behind,
			.kept = options->kept,
			.kept_count = options->kept_count,
			.unix_sockets = options->unix_sockets,
		};
		status = (enum status)run_session(options, &wish);
	}
	report_fini(&report);
	policy_unref(policy);
	policy_unref(kept);
	snapshot_fini(&files);
	return status;
}

const struct command command_exec = {
	.name = "exec",
	.usage = "[--allow NAMES] [--learn FILE] [--summary]\n"
		 "                      [--quiet] [--log FILE] [--keep-fd N] "
		 "[--unix]\n"
		 "                      [POLICY] -- COMMAND [ARGUMENT ...]",
	.summary = "run one command that reaches what a policy allows",
	.help =
	    "Runs the command in a network of its own, in which there is "
	    "nothing but\n"
	    "a way to Gatehouse's proxy: each of its TCP connections and each "
	    "name that\n"
	    "it asks for is decided by the policy, whatever the protocol, and "
	    "all else\n"
	    "is refused. Needs no root and changes nothing of the host; "
	    "files, user and\n"
	    "terminal are those of the caller.\n"
	    "\n"
	    "The policy's rules speak of `sandbox`:\n"
	    "\n"
	    "  allow sandbox -> github.com tcp 22\n"
	    "  allow sandbox -> *.npmjs.org, pypi.org https\n"
	    "\n"
	    "  gatehouse exec build.policy -- make\n"
	    "  gatehouse exec --allow registry.npmjs.org -- npm ci\n"
	    "  gatehouse exec --learn new.policy -- ./run-tests\n"
	    "\n"
	    "What is refused is said on standard error, once for each "
	    "place. With\n"
	    "--learn and no policy nothing is refused, but for what no "
	    "policy could\n"
	    "allow, and the file is the policy that the command needs; what "
	    "is left to\n"
	    "you to decide is a comment in it.\n"
	    "\n"
	    "Status: the command's own; 128 and the number of the signal "
	    "that ended it;\n"
	    "126 or 127 if it cannot be run. 1: the policy is refused. 3: "
	    "the host lacks\n"
	    "something, which is said.\n",
	.takes = OPTION_EXEC,
	.words_min = 1,
	.words_max = INT_MAX,
	.run = run,
};
