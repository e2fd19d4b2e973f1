/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/gateway_child: gatehouse-proxy's life, and what it is given first.
 */
#include "daemon/gateway_impl.h"

#include "daemon/notice.h"

int
gateway_hand_to_child(struct gateway *gateway,
    const struct generation *generation, struct text *reterr_why)
{
	struct child *child = &gateway->child;
	int rc = 0;

	/* One that has seen no policy in force has the folder of another. */
	if (gateway->current == NULL)
		child_stop(child);
	if (child->pid == 0) {
		rc = child_start(child, generation, reterr_why);
		if (rc == 0)
			notice_sandbox("gatehouse-proxy", &child->sandbox);
		if (rc == 0)
			rc = source_desk_open(&gateway->sources, child);
		pulse_keeper_hear(&gateway->pulse);
		if (rc == 0)
			rc = console_desk_open(&gateway->console, child);
		if (rc == 0)
			rc = journal_keeper_teach(&gateway->journal);
		if (rc == 0)
			rc = quota_keeper_teach(&gateway->quotas);
		if (rc == 0)
			rc = ban_keeper_tell_proxy(&gateway->bans);
	}
	return rc < 0 ? rc : child_prepare(child, generation, reterr_why);
}

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

void
gateway_on_restart(struct loop_timer *timer)
{
	struct gateway *gateway = timer->context;
	struct text why = TEXT_EMPTY;

	if (gateway->current == NULL || gateway->child.pid != 0)
		return;
	int rc = gateway_hand_to_child(gateway, gateway->current, &why);
	if (rc == 0)
		rc = child_await(&gateway->child, gateway->current, &why);
	if (rc == 0)
		rc = child_commit(&gateway->child, gateway->current->number);
	if (rc < 0) {
		notice_say("%s; trying again", why.at != NULL ? why.at : "?");
		child_stop(&gateway->child);
		restart_later(gateway);
	} else {
		notice_say("gatehouse-proxy runs again (pid %d)",
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
		notice_say("gatehouse-proxy ended by %s; the rules stand, it "
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
	notice_say("%s", told.reason);
	child_stop(&gateway->child);
	restart_later(gateway);
	return true;
}
