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
 * (daemon/fallback); with --foreground it takes them away, and a policy that is
 * refused is the end.  One thread, one loop; beside it threads that do nothing
 * but write events (console/journal_output).
 */
#include "base/heap.h"
#include "daemon/control.h"
#include "daemon/flow_list.h"
#include "daemon/gateway.h"
#include "daemon/handover.h"
#include "daemon/name_list.h"
#include "daemon/notify.h"
#include "daemon/policy_desk.h"
#include "daemon/refusal.h"
#include "firewall/closed.h"
#include "net/signals.h"
#include "version.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Who makes way lets go of the folder last of all. */
#define WAIT_FOR_OTHER (10 * CLOCK_SECOND)

struct daemon {
	struct loop loop;
	struct loop_signal signals;
	struct refusal_watch refusals;
	struct gateway gateway;
	struct runtime runtime;
	struct control *control;
	struct policy_desk desk;
	struct inheritance inheritance;
	struct handover handover;
	struct notify notify;
	const char *path;    /* of the policy that was asked for */
	const char *session; /* that must live on; "": none */
	const char *state;   /* where the last good one is kept; or NULL */
	bool foreground;
	bool removes; /* `stop` was said */
	enum early_mode early_drop;
};

struct arguments {
	const char *runtime;
	const char *user;
	const char *path;
	const char *state;
	const char *session;
	bool foreground;
	bool close;
	bool remove;
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

/* ---- commands ---- */

/* FORM FLOW */
static int
answer_explain(struct daemon *daemon, struct str rest, struct text *out)
{
	static const char *const forms[] = {
		[GATEWAY_TEXT] = "text",
		[GATEWAY_COLOUR] = "colour",
		[GATEWAY_JSON] = "json",
	};
	struct str word = str_cut(&rest, ' ');

	for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (!str_is(word, forms[i]))
			continue;
		int rc = gateway_explain(
		    &daemon->gateway, rest, (enum gateway_form)i, out);
		return rc == 0         ? STATUS_GOOD
		       : rc == -EINVAL ? STATUS_USAGE
				       : STATUS_WORLD;
	}
	text_addz(out, "explain takes text, colour or json, and a flow\n");
	return STATUS_USAGE;
}

static int
answer_change(int rc, struct text *out)
{
	text_addc(out, '\n');
	if (rc == 0)
		return STATUS_GOOD;
	if (rc == -EINVAL)
		return STATUS_USAGE;
	return rc == -EPERM || rc == -ENOENT ? STATUS_NO : STATUS_WORLD;
}

static int
answer_ban(
    struct daemon *daemon, struct str rest, bool by_force, struct text *out)
{
	return answer_change(
	    gateway_ban(&daemon->gateway, rest, by_force, out), out);
}

/* Who is banned there already for what he did is let go. */
static int
answer_session(struct daemon *daemon, struct str word, struct text *out)
{
	if (!ban_exempt_note(&daemon->gateway.exempt, word)) {
		text_addz(out, "session ADDRESS\n");
		return STATUS_USAGE;
	}
	caught_keeper_sift(&daemon->gateway);
	return STATUS_GOOD;
}

static int
answer_unban(struct daemon *daemon, struct str rest, struct text *out)
{
	return answer_change(gateway_unban(&daemon->gateway, rest, out), out);
}

static int
answer_reset(struct daemon *daemon, struct str rest, struct text *out)
{
	return answer_change(
	    gateway_reset_quotas(&daemon->gateway, rest, out), out);
}

static int
answer_flows(struct daemon *daemon, struct str words, struct text *out,
    struct control_more *ret_more)
{
	int rc = flow_list_begin(daemon->gateway.current, words, out, ret_more);

	return rc == 0         ? STATUS_GOOD
	       : rc == -EINVAL ? STATUS_USAGE
			       : STATUS_WORLD;
}

static int
answer_end(struct daemon *daemon, struct str words, struct text *out)
{
	int rc = flow_list_end(daemon->gateway.current, words, out);

	return rc == 0         ? STATUS_GOOD
	       : rc == -EINVAL ? STATUS_USAGE
	       : rc == -ENOENT ? STATUS_NO
			       : STATUS_WORLD;
}

/* The kind of a purge as the command line says it. */
static const char *const purge_words[] = {
	[CACHE_PURGE_KEY] = "url",
	[CACHE_PURGE_PREFIX] = "prefix",
	[CACHE_PURGE_HOST] = "host",
	[CACHE_PURGE_TAG] = "tag",
	[CACHE_PURGE_ALL] = "all",
};

static bool
read_purge(struct str words, struct channel_purge *ret)
{
	struct str kind = str_cut(&words, ' ');

	*ret = (struct channel_purge){ 0 };
	while (ret->kind <= CACHE_PURGE_ALL &&
	       !str_is(kind, purge_words[ret->kind]))
		ret->kind++;
	if (ret->kind > CACHE_PURGE_ALL || words.len >= sizeof(ret->what) ||
	    (words.len == 0) != (ret->kind == CACHE_PURGE_ALL))
		return false;
	if (words.len > 0)
		memcpy(ret->what, words.at, words.len);
	return true;
}

static int
answer_purge(struct daemon *daemon, struct str words, struct text *out)
{
	struct channel_purge purge;

	if (!read_purge(words, &purge)) {
		text_addz(
		    out, "purge url|prefix|host|tag WHAT, or purge all\n");
		return STATUS_USAGE;
	}
	if (daemon->gateway.child.pid == 0) {
		text_addz(
		    out, "the policy has no proxy, so there is no cache\n");
		return STATUS_NO;
	}
	int64_t count = child_purge(&daemon->gateway.child, &purge);
	if (count < 0) {
		text_addf(
		    out, "the proxy could not: %s\n", strerror((int)-count));
		return STATUS_WORLD;
	}
	text_addf(out, "%lld\n", (long long)count);
	return STATUS_GOOD;
}

static int
answer_metrics(struct daemon *daemon, struct text *out)
{
	int rc = gateway_metrics(&daemon->gateway, out);

	if (rc == 0)
		return STATUS_GOOD;
	text_clear(out);
	text_addz(out, rc == -EIO ? "the kernel does not tell what it counted\n"
				  : "there is no memory for it\n");
	return STATUS_WORLD;
}

static int
answer(void *context, struct str line, struct text *out,
    struct control_more *ret_more)
{
	struct daemon *daemon = context;
	int status;

	daemon->desk.control = daemon->control;
	if (str_starts(line, STR("ban ")))
		return answer_ban(daemon, str_skip(line, 4), false, out);
	if (str_starts(line, STR("force ")))
		return answer_ban(daemon, str_skip(line, 6), true, out);
	if (str_starts(line, STR("session ")))
		return answer_session(daemon, str_skip(line, 8), out);
	if (str_starts(line, STR("unban ")))
		return answer_unban(daemon, str_skip(line, 6), out);
	if (str_is(line, "bans")) {
		gateway_bans(&daemon->gateway, out);
		return STATUS_GOOD;
	}
	if (str_is(line, "names"))
		return name_list_begin(&daemon->gateway, ret_more) == 0
			   ? STATUS_GOOD
			   : STATUS_WORLD;
	if (str_is(line, "quotas")) {
		gateway_quotas(&daemon->gateway, out);
		return STATUS_GOOD;
	}
	if (str_starts(line, STR("reset ")))
		return answer_reset(daemon, str_skip(line, 6), out);
	if (str_starts(line, STR("explain ")))
		return answer_explain(daemon, str_skip(line, 8), out);
	if (policy_desk_answer(&daemon->desk, line, out, &status))
		return status;
	if (str_starts(line, STR("flows ")))
		return answer_flows(daemon, str_skip(line, 6), out, ret_more);
	if (str_starts(line, STR("end ")))
		return answer_end(daemon, str_skip(line, 4), out);
	if (str_starts(line, STR("purge ")))
		return answer_purge(daemon, str_skip(line, 6), out);
	if (str_is(line, "status")) {
		gateway_status(&daemon->gateway, out);
		return STATUS_GOOD;
	}
	if (tally_desk_answer(&daemon->gateway, line, out, ret_more, &status))
		return status;
	if (str_is(line, "metrics"))
		return answer_metrics(daemon, out);
	if (str_is(line, "hand over"))
		return handover_begin(
		    &daemon->handover, &daemon->gateway, daemon->control, out);
	if (str_is(line, "stop")) {
		daemon->removes = true;
		loop_stop(&daemon->loop);
		return STATUS_GOOD;
	}
	text_addz(out,
	    "apply WORDS, ban or force RANGE SECONDS BECAUSE, bans, confirm, "
	    "count PATH, diff ID ID, explain FORM FLOW, files, flows WORDS, "
	    "end WORDS, hand over, history, kept ID, metrics, names, "
	    "purge KIND WHAT, "
	    "quotas, report SECONDS, reset RULE SOURCE, rollback ID, rules, "
	    "series STEP COUNT, session ADDRESS, status, stop, "
	    "top WHAT SECONDS COUNT and unban RANGE are understood\n");
	return STATUS_USAGE;
}

static void
apply_again(struct daemon *daemon)
{
	struct gateway *gateway = &daemon->gateway;
	struct text words = TEXT_EMPTY;
	const char *path = gateway->fallback.kind != FALLBACK_NONE
			       ? daemon->path
			       : gateway->current->path;
	const struct apply_order order = { .path = path };
	int rc = gateway_apply(gateway, &order, &words);

	say_words(&words);
	gateway_say(rc == 0 ? "the policy was read again"
			    : "the policy was refused; the old one stays");
	text_fini(&words);
}

static void
on_signal(struct loop_signal *signal, int number)
{
	struct daemon *daemon = signal->context;

	if (number == SIGCHLD)
		pam_keeper_see_child(&daemon->gateway);
	if (number == SIGCHLD && daemon->handover.under_way)
		handover_see_child(&daemon->gateway);
	else if (number == SIGCHLD)
		gateway_child_ended(&daemon->gateway);
	else if (number == SIGHUP && !daemon->handover.under_way)
		apply_again(daemon);
	else if (number == SIGUSR1)
		journal_keeper_reopen(&daemon->gateway);
	else
		loop_stop(&daemon->loop);
}

/* ---- life ---- */

static int
watch_signals(struct daemon *daemon)
{
	struct loop_signal *signals = &daemon->signals;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
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
	daemon->gateway.console.answer = answer;
	daemon->gateway.console.context = daemon;
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
	gateway_say("the system call %s was refused", call);
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
	struct last_good *good = &daemon->gateway.last_good;
	struct text why = TEXT_EMPTY;

	if (last_good_open(good, daemon->state, &why) < 0) {
		gateway_say("%s; no last good policy is kept",
		    why.at != NULL ? why.at : "no memory");
		text_add(&good->problem, text_str(&why));
	} else {
		history_open(&daemon->gateway.history, good);
	}
	text_fini(&why);
}

static int
first_apply(struct daemon *daemon)
{
	struct gateway *gateway = &daemon->gateway;
	struct apply_order order = { .path = daemon->path,
		.colour = isatty(STDERR_FILENO) == 1,
		.first = true };
	struct text words = TEXT_EMPTY;
	int rc;

	if (daemon->state != NULL)
		open_state(daemon);
	quota_keeper_open(gateway);
	tally_hours_open(gateway);
	if (daemon->state != NULL || interim_was_left(gateway)) {
		rc = fallback_start(gateway, daemon->path, &words);
		interim_end(gateway);
	} else {
		(void)apply_order_session(&order, str_of(daemon->session));
		rc = gateway_apply(gateway, &order, &words);
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
	int rc = control_open(
	    &daemon->loop, path, answer, daemon, &daemon->control, &why);
	if (rc < 0)
		gateway_say("%s", why.at);
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
}

/* Who takes over waits for the lock of this folder, and then finds that of the
 * state free. */
static void
make_way(struct daemon *daemon)
{
	gateway_make_way(&daemon->gateway);
	runtime_close(&daemon->runtime);
	handover_stand_by(&daemon->handover, &daemon->gateway);
}

static enum status
run(struct daemon *daemon, const struct passwd *user)
{
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
	control_close(&daemon->control);
	policy_desk_close(&daemon->desk);
	if (daemon->handover.under_way)
		make_way(daemon);
	gateway_close(&daemon->gateway,
	    !daemon->handover.under_way &&
		(daemon->foreground || daemon->removes || rc < 0));
	refusal_close(&daemon->refusals);
	loop_signal_stop(&daemon->signals);
	if (!stood)
		runtime_discard(&daemon->runtime);
	return status_of(rc);
}

static enum status
start(struct daemon *daemon, const struct arguments *arguments)
{
	const struct passwd *user = getpwnam(arguments->user);
	struct text why = TEXT_EMPTY;

	if (user == NULL) {
		gateway_say("there is no user '%s' for gatehouse-proxy; make "
			    "it with 'useradd --system %s' or name another "
			    "with --user",
		    arguments->user, arguments->user);
		return STATUS_WORLD;
	}
	if (runtime_open(arguments->runtime,
		daemon->inheritance.leash >= 0 ? WAIT_FOR_OTHER : 0,
		&daemon->runtime, &why) < 0 ||
	    loop_init(&daemon->loop) < 0) {
		gateway_say("%s", why.at != NULL ? why.at : "no event loop");
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
		gateway_say("%s", why.at != NULL ? why.at : strerror(-rc));
	text_fini(&why);
	return status_of(rc);
}

static enum status
close_host(void)
{
	struct text why = TEXT_EMPTY;
	int rc = firewall_close(&why);

	if (rc < 0)
		gateway_say("the host could not be closed: %s",
		    why.at != NULL ? why.at : strerror(-rc));
	text_fini(&why);
	return rc == 0 ? STATUS_GOOD : STATUS_WORLD;
}

static const char usage[] =
    "usage: gatehoused [--early-drop auto|on|off] [--foreground]\n"
    "                  [--runtime DIR] [--session ENDS] [--state DIR]\n"
    "                  [--user NAME] FILE\n"
    "       gatehoused --close | --remove\n"
    "\n"
    "The privileged half of Gatehouse: brings the policy in FILE into force\n"
    "in this network namespace and keeps it there. 'gatehouse run FILE'\n"
    "starts it in the foreground; systemd starts it as a service.\n"
    "\n"
    "  --early-drop auto|on|off\n"
    "                 refuse what the first rules drop at the network "
    "driver:\n"
    "                 where it pays (default), wherever it is possible, "
    "nowhere\n"
    "  --foreground   print 'ready', and take the rules away at the end\n"
    "  --runtime DIR  keep state there (default " RUNTIME_DEFAULT ")\n"
    "  --session 'CLIENT PORT SERVER PORT'\n"
    "                 refuse a FILE that would end this TCP connection; "
    "without\n"
    "                 --state\n"
    "  --state DIR    keep the last good policy there, and bring it into "
    "force if\n"
    "                 FILE is refused at the start (default " LAST_GOOD_DEFAULT
    ";\n"
    "                 with --foreground, none)\n"
    "  --user NAME    run gatehouse-proxy as NAME (default " GATEHOUSE_USER
    ")\n"
    "  --close        refuse all traffic, unless rules of Gatehouse stand, "
    "and end\n"
    "  --remove       take the rules of this namespace away and end\n";

static bool
parse_arguments(int argc, char **argv, struct arguments *ret)
{
	static const struct option known[] = {
		{ "early-drop", required_argument, NULL, 'e' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "runtime", required_argument, NULL, 'r' },
		{ "session", required_argument, NULL, 'o' },
		{ "state", required_argument, NULL, 's' },
		{ "user", required_argument, NULL, 'u' },
		{ "close", no_argument, NULL, 'c' },
		{ "remove", no_argument, NULL, 'x' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'e':
			if (!early_mode_parse(str_of(optarg), &ret->early_drop))
				return false;
			break;
		case 'f':
			ret->foreground = true;
			break;
		case 'r':
			ret->runtime = optarg;
			break;
		case 'o':
			ret->session = optarg;
			break;
		case 's':
			ret->state = optarg;
			break;
		case 'c':
			ret->close = true;
			break;
		case 'u':
			ret->user = optarg;
			break;
		case 'x':
			ret->remove = true;
			break;
		case 'v':
			(void)puts("gatehoused " GATEHOUSE_VERSION);
			exit(STATUS_GOOD);
		case 'h':
			(void)fputs(usage, stdout);
			exit(STATUS_GOOD);
		default:
			return false;
		}
	}
	ret->path = optind < argc ? argv[optind] : NULL;
	if (ret->close && ret->remove)
		return false;
	return ret->close || ret->remove ? optind == argc : optind + 1 == argc;
}

int
main(int argc, char **argv)
{
	static struct daemon daemon = { .runtime.lock_fd = -1,
		.desk.gateway = &daemon.gateway };
	struct arguments arguments = { .runtime = RUNTIME_DEFAULT,
		.session = "",
		.user = GATEHOUSE_USER };

	if (!parse_arguments(argc, argv, &arguments)) {
		(void)fputs(usage, stderr);
		return STATUS_USAGE;
	}
	if (geteuid() != 0) {
		gateway_say("it takes root to change the firewall");
		return STATUS_WORLD;
	}
	if (arguments.close)
		return (int)close_host();
	if (arguments.remove)
		return (int)remove_rules();
	heap_begin();
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
