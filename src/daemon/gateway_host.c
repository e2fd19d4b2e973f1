/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/gateway_host: what changes at the host while a policy is in force: its
 * addresses, its files, its time, and what others do to routes.
 */
#include "daemon/gateway_impl.h"

#include "daemon/notice.h"
#include "firewall/routes.h"

#include <unistd.h>

/* The same policy, for a host that has changed. */
static void
compile_again(struct gateway *gateway, const char *what)
{
	struct ruleset_draft draft;
	struct text why = TEXT_EMPTY;
	int rc = gateway_draft_ruleset(gateway, gateway->current, &draft, &why);

	if (rc == 0)
		rc = gateway_commit_ruleset(gateway, &draft, &why);
	if (rc < 0)
		notice_say("the rules do not know %s: %s", what,
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
	ban_keeper_see_own(&gateway->bans);
	caught_keeper_sift(&gateway->caught);
	compile_again(gateway, "the host's new addresses");
	early_follow(&gateway->early, true);
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
		notice_say("changes of addresses are not seen any more");
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
		notice_say("%s", why.at);
	if (gateway->current != NULL)
		see_new_offset(gateway);
	early_look(&gateway->early);
	text_fini(&why);
	loop_timer_arm(gateway->loop, timer,
	    loop_now(gateway->loop) + GATEWAY_UPKEEP_EVERY);
}

static int
open_addresses(struct gateway *gateway, struct text *reterr_why)
{
	struct loop_watch *watch = &gateway->addresses_watch;
	int rc = addresses_monitor_open(reterr_why);

	watch->fd = rc;
	if (rc >= 0) {
		watch->wanted = LOOP_READ;
		watch->fn = on_addresses;
		watch->context = gateway;
		rc = loop_watch_start(gateway->loop, watch);
	}
	if (rc == 0)
		rc = addresses_read(&gateway->addresses, reterr_why);
	return rc;
}

int
gateway_watch_host(struct gateway *gateway, struct text *reterr_why)
{
	gateway->upkeep.fn = on_upkeep;
	gateway->upkeep.context = gateway;
	loop_timer_arm(gateway->loop, &gateway->upkeep,
	    clock_now() + GATEWAY_UPKEEP_EVERY);
	gateway->host_files.fn = on_host_files;
	gateway->host_files.context = gateway;
	loop_timer_arm(gateway->loop, &gateway->host_files,
	    clock_now() + HOST_FILES_EVERY);
	return open_addresses(gateway, reterr_why);
}
