/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/pulse_keeper.h"

#include "daemon/gateway.h"
#include "daemon/notice.h"

#include <signal.h>

/* One that goes on after all says so when its workers have come round twice. */
#define SILENT_OWING (PULSE_KEEPER_SILENT_MAX - 4)

static void
end_proxy(struct gateway *gateway)
{
	static const struct event told = {
		.enforcer = "firewall",
		.reason = "gatehouse-proxy did not move any more and was ended",
	};

	event_emit(&told);
	notice_say("gatehouse-proxy (pid %d) did not move any more and is "
		   "ended",
	    (int)gateway->child.pid);
	(void)kill(gateway->child.pid, SIGKILL);
}

static void
on_look(struct loop_timer *timer)
{
	struct gateway *gateway = timer->context;
	struct pulse_keeper *keeper = &gateway->pulse;

	/* While an answer was waited for nobody looked. */
	if (gateway->child.owes_answer && keeper->silent < SILENT_OWING)
		keeper->silent = SILENT_OWING;
	gateway->child.owes_answer = false;
	if (gateway->child.pid == 0)
		keeper->silent = 0;
	else if (++keeper->silent == PULSE_KEEPER_SILENT_MAX)
		end_proxy(gateway);
	loop_timer_arm(
	    gateway->loop, timer, loop_now(gateway->loop) + PULSE_KEEPER_EVERY);
}

void
pulse_keeper_open(struct gateway *gateway)
{
	gateway->pulse.timer =
	    (struct loop_timer){ .fn = on_look, .context = gateway };
	loop_timer_arm(gateway->loop, &gateway->pulse.timer,
	    clock_now() + PULSE_KEEPER_EVERY);
}

void
pulse_keeper_close(struct gateway *gateway)
{
	loop_timer_cancel(&gateway->pulse.timer);
}

void
pulse_keeper_hear(struct gateway *gateway)
{
	gateway->pulse.silent = 0;
}
