/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/gateway_impl.h"

#include "daemon/notice.h"
#include "firewall/kernel.h"
#include "firewall/routes.h"
#include "firewall/transaction.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* ---- opening and closing ---- */

/* "what: why"; takes the words, gives back rc. */
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
		    &gateway->names, event->zone_from, event->destination);
	journal_sink(&named, &gateway->journal.journal);
	tally_keeper_see(&gateway->tally, &named);
}

static int
open_journal(struct gateway *gateway, struct report *report)
{
	struct text why = TEXT_EMPTY;
	int rc = journal_keeper_open(
	    &gateway->journal, gateway->loop, &gateway->child, gateway->dir);

	if (rc < 0) {
		text_addz(&why, strerror(-rc));
		return say_cannot(report, rc, "cannot open the journal", &why);
	}
	event_sink_set(on_event, gateway);
	return 0;
}

/* A gateway without these figures is one all the same. */
static void
count_flows(void)
{
	struct text why = TEXT_EMPTY;

	if (conntrack_count_flows(&why) < 0)
		notice_say("bytes and age of flows are not known: %s", why.at);
	text_fini(&why);
}

static int
open_packets(struct gateway *gateway, struct report *report)
{
	struct text why = TEXT_EMPTY;
	int rc = packet_watch_open(&gateway->packets, gateway->loop,
	    &gateway->caught, &gateway->tally.kernel, &why);

	return rc < 0
		   ? say_cannot(report, rc, "cannot read the packet log", &why)
		   : 0;
}

static int
watch_host(struct gateway *gateway, struct report *report)
{
	struct text why = TEXT_EMPTY;
	int rc = gateway_watch_host(gateway, &why);

	return rc < 0 ? say_cannot(report, rc,
			    "cannot read the host's addresses", &why)
		      : 0;
}

/* All that can fail. */
static int
look_at_world(struct gateway *gateway, struct report *report)
{
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
		rc = watch_host(gateway, report);
	if (rc == 0)
		rc = pam_keeper_open(&gateway->pam, gateway->loop);
	gateway->child.pam = gateway->pam.helper;
	return rc;
}

/* Each to whom it speaks to, and to what it looks at as it is just then. */
static void
introduce(struct gateway *gateway)
{
	const struct generation *const *current =
	    (const struct generation *const *)&gateway->current;

	gateway->exempt = (struct ban_exempt){ .current = current,
		.addresses = &gateway->addresses };
	gateway->early = (struct early){ .current = current,
		.addresses = &gateway->addresses,
		.bans = &gateway->bans.bans,
		.ipv6 = &gateway->ipv6 };
	gateway->bans = (struct ban_keeper){ .loop = gateway->loop,
		.current = current,
		.sets = &gateway->ruleset.bans,
		.early = &gateway->early,
		.child = &gateway->child,
		.leash = &gateway->leash,
		.exempt = &gateway->exempt,
		.file = BAN_FILE_CLOSED };
	gateway->caught = (struct caught_keeper){ .loop = gateway->loop,
		.current = current,
		.exempt = &gateway->exempt,
		.ban_keeper = &gateway->bans,
		.file = BAN_FILE_CLOSED };
	gateway->names = (struct name_keeper){ .current = current,
		.sets = &gateway->ruleset.learned,
		.file = NAME_FILE_CLOSED };
	gateway->quotas = (struct quota_keeper){ .loop = gateway->loop,
		.current = current,
		.child = &gateway->child };
	gateway->tally = (struct tally_keeper){ .loop = gateway->loop,
		.child = &gateway->child,
		.pulse = &gateway->pulse,
		.early = &gateway->early.drop,
		.by_hour.book = TALLY_BOOK_CLOSED };
	gateway->sources = (struct source_desk){ .loop = gateway->loop,
		.current = current,
		.pulse = &gateway->pulse,
		.caught = &gateway->caught,
		.names = &gateway->names,
		.watch.fd = -1 };
	gateway->console = (struct console_desk){ .loop = gateway->loop,
		.dir = gateway->dir,
		.current = current,
		.watch.fd = -1 };
}

int
gateway_open(struct gateway *gateway, struct loop *loop, const char *dir,
    uid_t uid, gid_t gid, enum early_mode early, struct report *report)
{
	*gateway = (struct gateway){
		.loop = loop,
		.dir = dir,
		.addresses_watch.fd = -1,
		.leash.watch.fd = -1,
		.pam = PAM_KEEPER_CLOSED,
		.restart_after = GATEWAY_RESTART_FIRST,
		.utc_offset_minutes = hours_utc_offset_minutes(clock_wall()),
		.restart = { .fn = gateway_on_restart, .context = gateway },
		.clear = { .fn = gateway_on_clear, .context = gateway },
	};
	introduce(gateway);
	child_init(&gateway->child, uid, gid);
	early_drop_init(&gateway->early.drop, early);
	flow_watch_init(&gateway->ends, loop,
	    (const struct generation *const *)&gateway->current);
	int rc = look_at_world(gateway, report);
	if (rc < 0)
		return rc;
	tally_keeper_open(&gateway->tally);
	ban_keeper_open(&gateway->bans, dir);
	caught_keeper_open(&gateway->caught, dir);
	name_keeper_open(&gateway->names, dir);
	pulse_keeper_open(&gateway->pulse, loop, &gateway->child);
	return 0;
}

/*
 * After the kernel was looked at, which loads modules: then those of
 * nf_conntrack that are needed can be seen.
 */
void
gateway_enter_sandbox(struct gateway *gateway)
{
	bool modules = gateway->early.drop.mode != EARLY_OFF &&
		       access("/sys/kernel/btf/nf_conntrack", F_OK) == 0;

	sandbox_enter_daemon(modules, &gateway->sandbox);
	notice_sandbox("gatehoused", &gateway->sandbox);
	/* Its threads have what is left from here on. */
	int rc = journal_keeper_start(&gateway->journal);
	if (rc < 0)
		notice_say("events are not written: %s", strerror(-rc));
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
	pulse_keeper_close(&gateway->pulse);
	flow_watch_fini(&gateway->ends);
	ban_keeper_close(&gateway->bans);
	caught_keeper_close(&gateway->caught);
	name_keeper_close(&gateway->names);
	quota_keeper_close(&gateway->quotas);
	tally_keeper_close(&gateway->tally);
	loop_watch_stop(&gateway->addresses_watch);
	source_desk_close(&gateway->sources);
	console_desk_close(&gateway->console);
	leash_close(&gateway->leash);
	early_drop_fini(&gateway->early.drop);
}

void
gateway_make_way(struct gateway *gateway)
{
	stop_looking_after(gateway);
	packet_watch_close(&gateway->packets);
	gateway->made_way = true;
}

void
gateway_close(struct gateway *gateway, bool remove)
{
	struct text why = TEXT_EMPTY;

	if (!gateway->made_way)
		stop_looking_after(gateway);
	child_stop(&gateway->child);
	pam_keeper_close(&gateway->pam);
	if (remove && gateway->current != NULL &&
	    gateway_remove_rules(&why) < 0)
		notice_say("the rules could not be removed: %s", why.at);
	text_fini(&why);
	ruleset_fini(&gateway->ruleset);
	generation_destroy(gateway->current);
	if (!gateway->made_way)
		packet_watch_close(&gateway->packets);
	if (gateway->addresses_watch.fd >= 0)
		(void)close(gateway->addresses_watch.fd);
	addresses_fini(&gateway->addresses);
	event_sink_set(NULL, NULL);
	journal_keeper_close(&gateway->journal);
}
