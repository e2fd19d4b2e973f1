/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/gateway.h"

#include "base/heap.h"
#include "base/utf8.h"
#include "daemon/early.h"
#include "daemon/refresh.h"
#include "daemon/source_desk.h"
#include "firewall/kernel.h"
#include "firewall/routes.h"
#include "firewall/transaction.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void
gateway_say(const char *format, ...)
{
	char said[1024];
	struct text line = TEXT_EMPTY;
	struct str rest;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	/* Some of it others have said, and standard error may be a terminal. */
	for (rest = str_of(said); rest.len > 0;) {
		bool is_first = rest.at == said;
		text_clear(&line);
		utf8_show(&line, str_cut(&rest, '\n'));
		(void)dprintf(STDERR_FILENO, "gatehoused: %s%.*s\n",
		    is_first ? "" : "    ", STR_ARG(text_str(&line)));
	}
	text_fini(&line);
}

void
gateway_say_lines(struct text *words)
{
	struct str rest = text_str(words);

	while (rest.len > 0) {
		struct str line = str_cut(&rest, '\n');
		gateway_say("%.*s", STR_ARG(line));
	}
	text_fini(words);
}

/* ---- apply ---- */

static int
draft_ruleset(struct gateway *gateway, const struct generation *generation,
    struct ruleset_draft *ret, struct text *reterr_why)
{
	struct firewall_host host = {
		.proxy_uid = gateway->child.uid,
		.ipv6 = gateway->ipv6,
		.utc_offset_minutes = gateway->utc_offset_minutes,
		.own = generation->own.items,
		.own_count = generation->own.count,
		.has_bans = gateway->bans.bans.count > 0,
		.has_caught = gateway->caught.bans.count > 0,
	};
	bool goes_on = generation == gateway->current || generation->again;

	return ruleset_draft(
	    &gateway->ruleset, generation, host, goes_on, ret, reterr_why);
}

/* What a kernel does not have is said; the status has it as well. */
static void
tell_sandbox(const char *program, const struct sandbox *sandbox)
{
	struct event told = { .kind = EVENT_KIND_FAULT,
		.enforcer = "firewall" };
	char reason[256];

	if (sandbox->problem[0] == '\0' ||
	    strcmp(sandbox->problem, SANDBOX_LEFT_OUT) == 0)
		return;
	(void)snprintf(reason, sizeof(reason), "the sandbox of %s lacks: %s",
	    program, sandbox->problem);
	gateway_say("%s", reason);
	told.reason = reason;
	event_emit(&told);
}

static int
hand_to_child(struct gateway *gateway, const struct generation *generation,
    struct text *reterr_why)
{
	struct child *child = &gateway->child;
	int rc = 0;

	/* One that has seen no policy in force has the folder of another. */
	if (gateway->current == NULL)
		child_stop(child);
	if (child->pid == 0) {
		rc = child_start(child, generation, reterr_why);
		if (rc == 0)
			tell_sandbox("gatehouse-proxy", &child->sandbox);
		if (rc == 0)
			rc = source_desk_open(gateway);
		pulse_keeper_hear(gateway);
		if (rc == 0)
			rc = console_desk_open(gateway);
		if (rc == 0)
			rc = journal_keeper_teach(gateway);
		if (rc == 0)
			rc = quota_keeper_teach(gateway);
		if (rc == 0)
			rc = ban_keeper_tell_proxy(gateway);
	}
	return rc < 0 ? rc : child_prepare(child, generation, reterr_why);
}

/* The proxy reads the policy while the rules are compiled from it. */
static int
prepare(struct gateway *gateway, const struct generation *generation,
    struct ruleset_draft *ret, struct text *words)
{
	int rc = journal_keeper_prepare(gateway, generation->policy, words);

	if (rc == 0)
		rc = hand_to_child(gateway, generation, words);
	if (rc < 0)
		return rc;
	rc = draft_ruleset(gateway, generation, ret, words);
	int read = child_await(&gateway->child, generation, words);
	return rc < 0 ? rc : read;
}

/* What the old rules leave is taken away when who asked has the answer. */
static int
commit_ruleset(
    struct gateway *gateway, struct ruleset_draft *draft, struct text *words)
{
	const struct ruleset_kept kept = { &gateway->bans.bans,
		&gateway->caught.bans, &gateway->names.names };
	int rc = ruleset_commit(&gateway->ruleset, draft, &kept, words);

	loop_defer(gateway->loop, &gateway->clear);
	return rc;
}

static void
on_clear(struct loop_deferred *deferred)
{
	struct gateway *gateway = deferred->context;

	ruleset_clear(&gateway->ruleset);
}

/* Kernel first, for it can refuse; then the proxy. */
static int
commit(
    struct gateway *gateway, struct generation *generation, struct text *words)
{
	struct ruleset_draft draft = RULESET_DRAFT_EMPTY;
	int rc = prepare(gateway, generation, &draft, words);

	if (rc == 0)
		rc = routes_install(words);
	if (rc == 0)
		rc = commit_ruleset(gateway, &draft, words);
	ruleset_draft_fini(&draft);
	if (rc < 0) {
		journal_keeper_abandon(gateway);
		(void)child_abort(&gateway->child, generation->number);
		if (gateway->current == NULL) {
			(void)routes_remove(words);
			/* It may have listeners, and the policy that is tried
			 * next wants the same ones. */
			child_stop(&gateway->child);
		}
		return rc;
	}
	(void)child_commit(&gateway->child, generation->number);
	journal_keeper_commit(gateway);
	return 0;
}

struct generation_wish
gateway_wish(struct gateway *gateway)
{
	return (struct generation_wish){ .number = ++gateway->last_number,
		.before = gateway->current,
		.inherited = gateway->inherited,
		.addresses = &gateway->addresses,
		.names = &gateway->names.names,
		.ipv6 = gateway->ipv6,
		.booting = gateway->booting };
}

/* What was never read from the disk is not what the next boot should find, nor
 * is what may go again. */
static void
keep_as_last_good(struct gateway *gateway)
{
	if (!gateway->current->kept && !gateway->confirmation.waits)
		gateway_keep(gateway);
}

int
gateway_replace(
    struct gateway *gateway, struct generation **generation, struct text *words)
{
	struct generation *next = *generation;
	struct generation *before = gateway->current;
	int rc;

	tally_keeper_look(gateway); /* what the old rules have counted */
	rc = commit(gateway, next, words);

	*generation = NULL;
	if (rc < 0) {
		generation_destroy(next);
		return rc;
	}
	gateway->current = next;
	gateway->since = clock_wall();
	gateway->ended = flows_end_forbidden(next, before);
	tally_keeper_follow(gateway, !next->again);
	flow_watch_follow(&gateway->ends);
	generation_destroy(before);
	early_follow(gateway, next->again);
	refresh_arm(gateway);
	quota_keeper_follow(gateway);
	pam_keeper_follow(gateway);
	caught_keeper_sift(gateway);
	leash_judge(&gateway->leash, &next->snapshot);
	keep_as_last_good(gateway);
	heap_give_back();
	return 0;
}

/* ---- the proxy's life ---- */

static void
restart_later(struct gateway *gateway)
{
	if (clock_now() - gateway->child.started > GATEWAY_CHILD_LIVES)
		gateway->restart_after = GATEWAY_RESTART_FIRST;
	loop_timer_arm(gateway->loop, &gateway->restart,
	    clock_now() + gateway->restart_after);
	if (gateway->restart_after < GATEWAY_RESTART_MAX)
		gateway->restart_after *= 2;
}

static void
on_restart(struct loop_timer *timer)
{
	struct gateway *gateway = timer->context;
	struct text why = TEXT_EMPTY;

	if (gateway->current == NULL || gateway->child.pid != 0)
		return;
	int rc = hand_to_child(gateway, gateway->current, &why);
	if (rc == 0)
		rc = child_await(&gateway->child, gateway->current, &why);
	if (rc == 0)
		rc = child_commit(&gateway->child, gateway->current->number);
	if (rc < 0) {
		gateway_say("%s; trying again", why.at != NULL ? why.at : "?");
		child_stop(&gateway->child);
		restart_later(gateway);
	} else {
		gateway_say("gatehouse-proxy runs again (pid %d)",
		    (int)gateway->child.pid);
	}
	text_fini(&why);
}

/* It could not say so in the journal any more. */
static void
tell_refusal(void)
{
	static const struct event told = {
		.kind = EVENT_KIND_FAULT,
		.enforcer = "proxy",
		.reason = "gatehouse-proxy tried a system call that is never "
			  "its own and was ended",
	};

	event_emit(&told);
}

void
gateway_child_ended(struct gateway *gateway)
{
	struct text how = TEXT_EMPTY;
	bool refused = false;

	if (child_reap(&gateway->child, &how, &refused)) {
		if (refused)
			tell_refusal();
		gateway_say("gatehouse-proxy ended by %s; the rules stand, it "
			    "is started again",
		    how.at);
		restart_later(gateway);
	}
	text_fini(&how);
}

bool
gateway_give_up_child(struct gateway *gateway)
{
	static const struct event told = {
		.kind = EVENT_KIND_FAULT,
		.enforcer = "firewall",
		.reason = "gatehouse-proxy did not take a policy that was in "
			  "force and was ended",
	};

	if (gateway->child.pid == 0 || !gateway->child.takes_none)
		return false;
	event_emit(&told);
	gateway_say("%s", told.reason);
	child_stop(&gateway->child);
	restart_later(gateway);
	return true;
}

/* ---- what the host tells ---- */

/* The same policy, for a host that has changed. */
static void
compile_again(struct gateway *gateway, const char *what)
{
	struct ruleset_draft draft;
	struct text why = TEXT_EMPTY;
	int rc = draft_ruleset(gateway, gateway->current, &draft, &why);

	if (rc == 0)
		rc = commit_ruleset(gateway, &draft, &why);
	if (rc < 0)
		gateway_say("the rules do not know %s: %s", what,
		    why.at != NULL ? why.at : strerror(-rc));
	ruleset_draft_fini(&draft);
	text_fini(&why);
}

/* The rules name addresses of the gateway where something is published. */
static void
see_new_addresses(struct gateway *gateway)
{
	struct generation *current = gateway->current;

	if (generation_see_addresses(current, &gateway->addresses) < 0)
		return;
	(void)child_tell_own(&gateway->child, current);
	leash_close(&gateway->leash);
	ban_keeper_see_own(gateway);
	caught_keeper_sift(gateway);
	compile_again(gateway, "the host's new addresses");
	early_follow(gateway, true);
}

/* The kernel counts hours by UTC: summer time moves them. */
static void
see_new_offset(struct gateway *gateway)
{
	int now = hours_utc_offset_minutes(clock_wall());

	if (now == gateway->utc_offset_minutes)
		return;
	gateway->utc_offset_minutes = now;
	if (policy_asks(gateway->current->policy, POLICY_FACT_TIME))
		compile_again(gateway, "the new local time");
}

static void
on_addresses(struct loop_watch *watch, unsigned ready)
{
	struct gateway *gateway = watch->context;
	struct addresses now = ADDRESSES_EMPTY;
	struct text why = TEXT_EMPTY;

	(void)ready;
	int changed = addresses_monitor_read(watch->fd);
	if (changed < 0) {
		gateway_say("changes of addresses are not seen any more");
		loop_watch_stop(watch);
	} else if (changed > 0 && addresses_read(&now, &why) == 0) {
		if (addresses_eq(&now, &gateway->addresses)) {
			addresses_fini(&now);
		} else {
			addresses_fini(&gateway->addresses);
			gateway->addresses = now;
			if (gateway->current != NULL)
				see_new_addresses(gateway);
		}
	}
	text_fini(&why);
}

static void
on_host_files(struct loop_timer *timer)
{
	struct gateway *gateway = timer->context;

	child_tell_host_files(&gateway->child);
	loop_timer_arm(
	    gateway->loop, timer, loop_now(gateway->loop) + HOST_FILES_EVERY);
}

static void
on_upkeep(struct loop_timer *timer)
{
	struct gateway *gateway = timer->context;

	struct text why = TEXT_EMPTY;

	/* Others clean up after themselves too thoroughly (systemd-networkd),
	 * and the kernel forgets the routes when lo goes down. */
	if (gateway->current != NULL && routes_install(&why) < 0)
		gateway_say("%s", why.at);
	if (gateway->current != NULL)
		see_new_offset(gateway);
	early_look(gateway);
	text_fini(&why);
	loop_timer_arm(gateway->loop, timer,
	    loop_now(gateway->loop) + GATEWAY_UPKEEP_EVERY);
}

/* ---- opening and closing ---- */

static int
say_cannot(struct report *report, int rc, const char *what, struct text *why)
{
	report_error(report, (struct place){ 0 }, "%s%s%s", what,
	    why->at != NULL && why->len > 0 ? ": " : "",
	    why->at != NULL ? why->at : strerror(-rc));
	text_fini(why);
	return rc;
}

static void
on_event(const struct event *event, void *context)
{
	struct gateway *gateway = context;
	struct event named = *event;

	/* A packet shows no name, but what was learned for its destination. */
	if (event->kind == EVENT_KIND_PACKET && event->name.at == NULL)
		named.name = name_keeper_name(
		    gateway, event->zone_from, event->destination);
	journal_sink(&named, &gateway->journal.journal);
	tally_keeper_see(gateway, &named);
}

static int
open_journal(struct gateway *gateway, struct report *report)
{
	struct text why = TEXT_EMPTY;
	int rc = journal_keeper_open(gateway);

	if (rc < 0) {
		text_addz(&why, strerror(-rc));
		return say_cannot(report, rc, "cannot open the journal", &why);
	}
	event_sink_set(on_event, gateway);
	gateway->upkeep.fn = on_upkeep;
	gateway->upkeep.context = gateway;
	loop_timer_arm(gateway->loop, &gateway->upkeep,
	    clock_now() + GATEWAY_UPKEEP_EVERY);
	gateway->host_files.fn = on_host_files;
	gateway->host_files.context = gateway;
	loop_timer_arm(gateway->loop, &gateway->host_files,
	    clock_now() + HOST_FILES_EVERY);
	return 0;
}

/* A gateway without these figures is one all the same. */
static void
count_flows(void)
{
	struct text why = TEXT_EMPTY;

	if (conntrack_count_flows(&why) < 0)
		gateway_say("bytes and age of flows are not known: %s", why.at);
	text_fini(&why);
}

static int
open_packets(struct gateway *gateway, struct report *report)
{
	struct text why = TEXT_EMPTY;
	int rc = packet_watch_open(&gateway->packets, gateway, &why);

	return rc < 0
		   ? say_cannot(report, rc, "cannot read the packet log", &why)
		   : 0;
}

static int
open_addresses(struct gateway *gateway, struct report *report)
{
	struct text why = TEXT_EMPTY;
	struct loop_watch *watch = &gateway->addresses_watch;
	int rc = addresses_monitor_open(&why);

	watch->fd = rc;
	if (rc >= 0) {
		watch->wanted = LOOP_READ;
		watch->fn = on_addresses;
		watch->context = gateway;
		rc = loop_watch_start(gateway->loop, watch);
	}
	if (rc == 0)
		rc = addresses_read(&gateway->addresses, &why);
	return rc < 0 ? say_cannot(report, rc,
			    "cannot read the host's addresses", &why)
		      : 0;
}

int
gateway_open(struct gateway *gateway, struct loop *loop, const char *dir,
    uid_t uid, gid_t gid, enum early_mode early, struct report *report)
{
	*gateway = (struct gateway){
		.loop = loop,
		.dir = dir,
		.addresses_watch.fd = -1,
		.source_desk.fd = -1,
		.console.watch.fd = -1,
		.leash.watch.fd = -1,
		.bans.file = BAN_FILE_CLOSED,
		.caught.file = BAN_FILE_CLOSED,
		.last_good = LAST_GOOD_CLOSED,
		.pam = PAM_KEEPER_CLOSED,
		.restart_after = GATEWAY_RESTART_FIRST,
		.utc_offset_minutes = hours_utc_offset_minutes(clock_wall()),
		.restart = { .fn = on_restart, .context = gateway },
		.clear = { .fn = on_clear, .context = gateway },
	};
	child_init(&gateway->child, uid, gid);
	early_drop_init(&gateway->early, early);
	flow_watch_init(&gateway->ends, loop,
	    (const struct generation *const *)&gateway->current);
	int rc = kernel_check(report, &gateway->ipv6);
	if (rc == 0 && report->errors > 0)
		rc = -ENOTSUP;
	if (rc == 0)
		count_flows();
	if (rc == 0)
		rc = open_journal(gateway, report);
	if (rc == 0)
		rc = open_packets(gateway, report);
	if (rc == 0)
		rc = open_addresses(gateway, report);
	if (rc == 0)
		rc = pam_keeper_open(gateway);
	if (rc < 0)
		return rc;
	tally_keeper_open(gateway);
	ban_keeper_open(gateway);
	caught_keeper_open(gateway);
	name_keeper_open(gateway);
	pulse_keeper_open(gateway);
	return 0;
}

/*
 * After the kernel was looked at, which loads modules: then those of
 * nf_conntrack that are needed can be seen.
 */
void
gateway_enter_sandbox(struct gateway *gateway)
{
	bool modules = gateway->early.mode != EARLY_OFF &&
		       access("/sys/kernel/btf/nf_conntrack", F_OK) == 0;

	sandbox_enter_daemon(modules, &gateway->sandbox);
	tell_sandbox("gatehoused", &gateway->sandbox);
	/* Its threads have what is left from here on. */
	int rc = journal_keeper_start(gateway);
	if (rc < 0)
		gateway_say("events are not written: %s", strerror(-rc));
}

int
gateway_remove_rules(struct text *reterr_why)
{
	int rc = transaction_remove(reterr_why);
	int routes = routes_remove(reterr_why);

	return rc < 0 ? rc : routes;
}

static void
stop_looking_after(struct gateway *gateway)
{
	loop_timer_cancel(&gateway->restart);
	loop_timer_cancel(&gateway->upkeep);
	loop_deferred_cancel(&gateway->clear);
	loop_timer_cancel(&gateway->host_files);
	pulse_keeper_close(gateway);
	refresh_stop(gateway);
	flow_watch_fini(&gateway->ends);
	ban_keeper_close(gateway);
	caught_keeper_close(gateway);
	name_keeper_close(gateway);
	quota_keeper_close(gateway);
	tally_keeper_close(gateway);
	loop_watch_stop(&gateway->addresses_watch);
	source_desk_close(gateway);
	console_desk_close(gateway);
	leash_close(&gateway->leash);
	early_drop_fini(&gateway->early);
}

void
gateway_make_way(struct gateway *gateway)
{
	stop_looking_after(gateway);
	packet_watch_close(&gateway->packets);
	history_close(&gateway->history);
	last_good_close(&gateway->last_good);
	gateway->made_way = true;
}

void
gateway_close(struct gateway *gateway, bool remove)
{
	struct text why = TEXT_EMPTY;

	confirmation_close(gateway, !remove && gateway->current != NULL);
	if (!gateway->made_way)
		stop_looking_after(gateway);
	child_stop(&gateway->child);
	pam_keeper_close(gateway);
	if (remove && gateway->current != NULL &&
	    gateway_remove_rules(&why) < 0)
		gateway_say("the rules could not be removed: %s", why.at);
	text_fini(&why);
	ruleset_fini(&gateway->ruleset);
	history_close(&gateway->history);
	last_good_close(&gateway->last_good);
	fallback_fini(&gateway->fallback);
	generation_destroy(gateway->current);
	if (!gateway->made_way)
		packet_watch_close(&gateway->packets);
	if (gateway->addresses_watch.fd >= 0)
		(void)close(gateway->addresses_watch.fd);
	addresses_fini(&gateway->addresses);
	event_sink_set(NULL, NULL);
	journal_keeper_close(gateway);
}
