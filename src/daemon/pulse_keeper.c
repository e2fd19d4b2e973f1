/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/pulse_keeper.h"

#include "daemon/child.h"
#include "daemon/notice.h"
#include "event/event.h"

#include <signal.h>

/* One that goes on after all says so when its workers have come round twice. */
#define SILENT_OWING (PULSE_KEEPER_SILENT_MAX - 4)

static void
end_proxy(const struct child *child)
{
	static const struct event told = {
		.enforcer = "firewall",
		.reason = "gatehouse-proxy did not move any more and was ended",
	};

	event_emit(&told);
	notice_say("gatehouse-proxy (pid %d) did not move any more and is "
		   "ended",
	    (int)child->pid);
	(void)kill(child->pid, SIGKILL);
}

static void
on_look(struct loop_timer *timer)
{
	struct pulse_keeper *keeper = timer->context;
	struct child *child = keeper->child;

	/* While an answer was waited for nobody looked. */
	if (child->owes_answer && keeper->silent < SILENT_OWING)
		keeper->silent = SILENT_OWING;
	child->owes_answer = false;
	if (child->pid == 0)
		keeper->silent = 0;
	else if (++keeper->silent == PULSE_KEEPER_SILENT_MAX)
		end_proxy(child);
	loop_timer_arm(
	    keeper->loop, timer, loop_now(keeper->loop) + PULSE_KEEPER_EVERY);
}

void
pulse_keeper_open(
    struct pulse_keeper *keeper, struct loop *loop, struct child *child)
{
	*keeper = (struct pulse_keeper){
		.loop = loop,
		.child = child,
		.timer = { .fn = on_look, .context = keeper },
	};
	loop_timer_arm(loop, &keeper->timer, clock_now() + PULSE_KEEPER_EVERY);
}

void
pulse_keeper_close(struct pulse_keeper *keeper)
{
	loop_timer_cancel(&keeper->timer);
}

void
pulse_keeper_hear(struct pulse_keeper *keeper)
{
	keeper->silent = 0;
}
