/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gatehoused: the privileged half.
 *
 *	gatehoused [--early-drop auto|on|off] [--foreground] [--runtime DIR]
 *	    [--state DIR] [--user NAME] FILE
 *	gatehoused --close | --remove
 *
 * Holds nftables, routes, listening sockets and the packet log, and the life of
 * gatehouse-proxy; reads no byte that a peer sent above layer 4.  As a service
 * it leaves the rules standing when it ends, and never starts without a policy
 * (daemon/boot_policy); with --foreground it takes them away, and a policy
 * that is refused is the end.  One thread, one loop; beside it threads that do
 * nothing but write events (console/journal_output).
 */
#include "base/heap.h"
#include "base/standard_streams.h"
#include "daemon/apply.h"
#include "daemon/apply_order.h"
#include "daemon/arguments.h"
#include "daemon/boot_policy.h"
#include "daemon/command_desk.h"
#include "daemon/exit_status.h"
#include "daemon/gateway.h"
#include "daemon/handover.h"
#include "daemon/notice.h"
#include "daemon/notify.h"
#include "daemon/policies.h"
#include "daemon/refusal.h"
#include "firewall/closed.h"
#include "net/signals.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Who makes way lets go of the folder last of all. */
#define WAIT_FOR_OTHER (10 * CLOCK_SECOND)

/* One for the loop, one for the threads, which write events. */
#define HEAPS 2

struct daemon {
	struct loop loop;
	struct loop_signal signals;
	struct refusal_watch refusals;
	struct gateway gateway;
	struct policies policies;
	struct runtime runtime;
	struct command_desk commands;
	struct inheritance inheritance;
	struct handover handover;
	struct notify notify;
	const char *path;    /* of the policy that was asked for */
	const char *session; /* that must live on; "": none */
	const char *state;   /* where the last good one is kept; or NULL */
	bool foreground;
	bool is_told_to_end; /* by a signal */
	enum early_mode early_drop;
};

static enum status
status_of(int rc)
{
	return rc == 0 ? STATUS_GOOD : rc == -EINVAL ? STATUS_NO : STATUS_WORLD;
}

/* A report ends its lines, a sentence from further down does not. */
static bool
is_mid_line(const struct text *words)
{
	return words->len > 0 && words->at[words->len - 1] != '\n';
}

static void
say_words(const struct text *words)
{
	if (words->len > 0)
		(void)fprintf(
		    stderr, "%s%s", words->at, is_mid_line(words) ? "\n" : "");
}

static void
apply_again(struct daemon *daemon)
{
	struct gateway *gateway = &daemon->gateway;
	struct text words = TEXT_EMPTY;
	bool stands_in = daemon->policies.fallback.kind != FALLBACK_NONE;
	const char *path = stands_in ? daemon->path : gateway->current->path;
	const struct apply_order order = { .path = path };
	int rc = apply_policy(&daemon->policies, &order, &words);

	say_words(&words);
	notice_say(rc == 0 ? "the policy was read again"
			   : "the policy was refused; the old one stays");
	text_fini(&words);
}

static void
end(struct daemon *daemon)
{
	daemon->is_told_to_end = true;
	loop_stop(&daemon->loop);
}

static void
on_signal(struct loop_signal *signal, int number)
{
	struct daemon *daemon = signal->context;

	if (number == SIGCHLD)
		pam_keeper_see_child(&daemon->gateway.pam);
	if (number == SIGCHLD && daemon->handover.under_way)
		handover_see_child(&daemon->handover);
	else if (number == SIGCHLD)
		gateway_child_ended(&daemon->gateway);
	else if (number == SIGHUP && daemon->handover.under_way)
		return; /* the next one has read it, or will */
	else if (number == SIGHUP)
		apply_again(daemon);
	else if (number == SIGUSR1)
		journal_keeper_reopen(&daemon->gateway.journal);
	else
		end(daemon);
}

/* ---- life ---- */

static int
watch_signals(struct daemon *daemon)
{
	struct loop_signal *signals = &daemon->signals;

	(void)sigemptyset(&signals->set);
	(void)sigaddset(&signals->set, SIGTERM);
	(void)sigaddset(&signals->set, SIGINT);
	(void)sigaddset(&signals->set, SIGHUP);
	(void)sigaddset(&signals->set, SIGUSR1);
	(void)sigaddset(&signals->set, SIGCHLD);
	signals->fn = on_signal;
	signals->context = daemon;
	return loop_signal_start(&daemon->loop, signals);
}

static int
open_gateway(struct daemon *daemon, const struct passwd *user)
{
	struct text words = TEXT_EMPTY;
	struct report report;

	report_init(&report);
	int rc =
	    gateway_open(&daemon->gateway, &daemon->loop, daemon->runtime.dir,
		user->pw_uid, user->pw_gid, daemon->early_drop, &report);
	report_render(&report, isatty(STDERR_FILENO) == 1, &words);
	say_words(&words);
	text_fini(&words);
	report_fini(&report);
	daemon->gateway.inherited = &daemon->inheritance;
	leash_take(&daemon->gateway.leash, &daemon->loop,
	    daemon->inheritance.leash, daemon->inheritance.digest);
	daemon->inheritance.leash = -1;
	daemon->gateway.on_replaced = policies_follow;
	daemon->gateway.context = &daemon->policies;
	daemon->gateway.console.answer = command_desk_answer;
	daemon->gateway.console.context = &daemon->commands;
	return rc;
}

static void
on_refused(void *context, const char *call)
{
	struct event told = { .kind = EVENT_KIND_FAULT,
		.enforcer = "firewall" };
	char reason[120];

	(void)context;
	(void)snprintf(reason, sizeof(reason),
	    "gatehoused tried the system call %s and was refused", call);
	notice_say("the system call %s was refused", call);
	told.reason = reason;
	event_emit(&told);
}

/* Before it reads what others have written: the policy first of all. */
static int
enter_sandbox(struct daemon *daemon)
{
	int rc = refusal_open(
	    &daemon->loop, "gatehoused", &daemon->refusals, on_refused, daemon);

	if (rc == 0)
		gateway_enter_sandbox(&daemon->gateway);
	return rc;
}

static void
open_state(struct daemon *daemon)
{
	struct last_good *good = &daemon->policies.last_good;
	struct text why = TEXT_EMPTY;

	if (last_good_open(good, daemon->state, &why) < 0) {
		notice_say("%s; no last good policy is kept",
		    why.at != NULL ? why.at : "no memory");
		text_add(&good->problem, text_str(&why));
	} else {
		history_open(&daemon->policies.history, good);
	}
	text_fini(&why);
}

static int
first_apply(struct daemon *daemon)
{
	struct gateway *gateway = &daemon->gateway;
	struct policies *policies = &daemon->policies;
	struct apply_order order = { .path = daemon->path,
		.colour = isatty(STDERR_FILENO) == 1,
		.first = true };
	struct text words = TEXT_EMPTY;
	int rc;

	if (daemon->state != NULL)
		open_state(daemon);
	const char *state = policies->last_good.dir; /* NULL: there is none */
	quota_keeper_open(
	    &gateway->quotas, state != NULL ? state : gateway->dir);
	if (state != NULL)
		tally_keeper_open_book(&gateway->tally, state);
	if (daemon->state != NULL || interim_was_left(&policies->interim)) {
		rc = boot_policy_bring(policies, daemon->path, &words);
		interim_end(&policies->interim);
	} else {
		(void)apply_order_session(&order, str_of(daemon->session));
		rc = apply_policy(policies, &order, &words);
	}

	gateway->inherited = NULL;
	inheritance_close(&daemon->inheritance);
	say_words(&words);
	text_fini(&words);
	return rc;
}

static int
open_control(struct daemon *daemon)
{
	char path[RUNTIME_PATH_BYTES];
	struct text why = TEXT_EMPTY;

	runtime_path(daemon->runtime.dir, RUNTIME_CONTROL, path);
	int rc = control_open(&daemon->loop, path, command_desk_answer,
	    &daemon->commands, &daemon->commands.control, &why);
	if (rc < 0)
		notice_say("%s", why.at);
	text_fini(&why);
	return rc;
}

static void
say_ready(struct daemon *daemon)
{
	if (daemon->foreground) {
		(void)puts("ready");
		(void)fflush(stdout);
	}
	notify_ready(&daemon->notify, &daemon->loop);
	leash_say_ready(&daemon->gateway.leash);
}

/* Who takes over waits for the lock of this folder, and then finds that of the
 * state free. */
static int
make_way(struct daemon *daemon)
{
	gateway_make_way(&daemon->gateway);
	policies_close(&daemon->policies);
	runtime_close(&daemon->runtime);
	if (handover_stand_by(&daemon->handover) || daemon->is_told_to_end)
		return 0;
	notice_say("the one that was to take over has ended before it was "
		   "ready: no gateway runs, and the rules stand");
	return -ECHILD;
}

static enum status
run(struct daemon *daemon, const struct passwd *user)
{
	struct policies *policies = &daemon->policies;

	policies_open(policies, &daemon->gateway, daemon->runtime.dir);
	int rc = watch_signals(daemon);
	if (rc == 0)
		rc = open_gateway(daemon, user);
	if (rc == 0)
		rc = enter_sandbox(daemon);
	if (rc == 0)
		rc = first_apply(daemon);
	if (rc == 0)
		rc = open_control(daemon);
	bool stood = rc == 0;
	if (stood) {
		say_ready(daemon);
		rc = loop_run(&daemon->loop);
	}
	notify_end(&daemon->notify);
	command_desk_close(&daemon->commands);
	if (daemon->handover.under_way)
		rc = make_way(daemon);
	bool goes = !daemon->handover.under_way &&
		    (daemon->foreground || daemon->commands.removes || rc < 0);
	confirmation_close(
	    &policies->confirmation, !goes && daemon->gateway.current != NULL);
	gateway_close(&daemon->gateway, goes);
	policies_close(policies);
	refusal_close(&daemon->refusals);
	loop_signal_stop(&daemon->signals);
	if (!stood)
		runtime_discard(&daemon->runtime);
	return status_of(rc);
}

/* Whoever started us may have let his children go unseen; that is inherited,
 * and ours are waited for. */
static void
settle_signals(void)
{
	(void)signal(SIGCHLD, SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
}

static enum status
start(struct daemon *daemon, const struct arguments *arguments)
{
	const struct passwd *user = getpwnam(arguments->user);
	struct text why = TEXT_EMPTY;

	if (user == NULL) {
		notice_say("there is no user '%s' for gatehouse-proxy; make "
			   "it with 'useradd --system %s' or name another "
			   "with --user",
		    arguments->user, arguments->user);
		return STATUS_WORLD;
	}
	if (runtime_open(arguments->runtime,
		daemon->inheritance.leash >= 0 ? WAIT_FOR_OTHER : 0,
		&daemon->runtime, &why) < 0 ||
	    loop_init(&daemon->loop) < 0) {
		notice_say("%s", why.at != NULL ? why.at : "no event loop");
		text_fini(&why);
		return STATUS_WORLD;
	}
	enum status status = run(daemon, user);
	loop_fini(&daemon->loop);
	runtime_close(&daemon->runtime);
	return status;
}

static enum status
remove_rules(void)
{
	struct text why = TEXT_EMPTY;
	int rc = gateway_remove_rules(&why);

	if (rc < 0)
		notice_say("%s", why.at != NULL ? why.at : strerror(-rc));
	text_fini(&why);
	return status_of(rc);
}

static enum status
close_host(void)
{
	struct text why = TEXT_EMPTY;
	int rc = firewall_close(&why);

	if (rc < 0)
		notice_say("the host could not be closed: %s",
		    why.at != NULL ? why.at : strerror(-rc));
	text_fini(&why);
	return rc == 0 ? STATUS_GOOD : STATUS_WORLD;
}

int
main(int argc, char **argv)
{
	static struct daemon daemon = { .runtime.lock_fd = -1,
		.commands = { .gateway = &daemon.gateway,
		    .policies = &daemon.policies,
		    .handover = &daemon.handover } };
	struct arguments arguments;

	standard_streams_open();
	settle_signals();
	if (!arguments_parse(argc, argv, &arguments)) {
		arguments_complain();
		return STATUS_USAGE;
	}
	if (geteuid() != 0) {
		notice_say("it takes root to change the firewall");
		return STATUS_WORLD;
	}
	if (arguments.close)
		return (int)close_host();
	if (arguments.remove)
		return (int)remove_rules();
	heap_begin(HEAPS, HEAP_LARGE);
	inheritance_read(&daemon.inheritance);
	daemon.path = arguments.path;
	daemon.state = arguments.state;
	daemon.session = arguments.session;
	if (daemon.state == NULL && !arguments.foreground)
		daemon.state = LAST_GOOD_DEFAULT;
	daemon.foreground = arguments.foreground;
	daemon.early_drop = arguments.early_drop;
	return (int)start(&daemon, &arguments);
}
