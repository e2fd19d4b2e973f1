/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/heap_keeper.h"

#include "base/clock.h"
#include "base/heap.h"

#define EVERY    (60 * CLOCK_SECOND)
#define SHARE_OF 10000 /* of the time, one part for this */

static void
on_time(struct loop_timer *timer)
{
	int64_t began = clock_now();

	heap_give_back();
	int64_t now = clock_now(), pause = (now - began) * SHARE_OF;
	loop_timer_arm(
	    timer->context, timer, now + (pause > EVERY ? pause : EVERY));
}

void
heap_keeper_start(struct heap_keeper *keeper, struct loop *loop)
{
	keeper->timer = (struct loop_timer){ .fn = on_time, .context = loop };
	loop_timer_arm(loop, &keeper->timer, clock_now() + EVERY);
}

void
heap_keeper_stop(struct heap_keeper *keeper)
{
	loop_timer_cancel(&keeper->timer);
}
