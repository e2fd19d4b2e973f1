/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/flow_watch.h"

#include "base/clock.h"
#include "daemon/flows.h"
#include "daemon/notice.h"

/* Of ends that were lost it is not said more often than this. */
#define SAID_EVERY (60 * CLOCK_SECOND)

static void
say_lost(struct flow_watch *ends)
{
	int64_t now = clock_now();

	if (ends->said != 0 && now - ends->said < SAID_EVERY)
		return;
	ends->said = now;
	notice_say("ends of flows were lost: more came than could be read");
}

static void
close_log(struct flow_watch *ends)
{
	loop_watch_stop(&ends->watch);
	flow_log_close(ends->log);
	ends->log = NULL;
}

static void
on_ends(struct loop_watch *watch, unsigned ready)
{
	struct flow_watch *ends = watch->context;
	struct flows_court court = flows_court_of(*ends->current);
	bool lost;

	(void)ready;
	int n = flow_log_read(ends->log, &court, &lost);
	if (lost)
		say_lost(ends);
	if (n >= 0)
		return;
	close_log(ends);
	flow_watch_follow(ends);
}

void
flow_watch_init(struct flow_watch *ends, struct loop *loop,
    const struct generation *const *current)
{
	*ends = (struct flow_watch){ .loop = loop,
		.current = current,
		.watch = {
		    .fd = -1,
		    .wanted = LOOP_READ,
		    .fn = on_ends,
		    .context = ends,
		} };
}

void
flow_watch_follow(struct flow_watch *ends)
{
	struct text why = TEXT_EMPTY;
	int rc = 0;

	if (!flow_log_is_wanted((*ends->current)->policy)) {
		close_log(ends);
		return;
	}
	if (ends->log != NULL)
		return;
	rc = flow_log_open(&ends->log, &why);
	if (rc == 0) {
		ends->watch.fd = flow_log_fd(ends->log);
		rc = loop_watch_start(ends->loop, &ends->watch);
	}
	if (rc < 0) {
		notice_say("no end of a flow is logged: %s",
		    why.at != NULL ? why.at : strerror(-rc));
		close_log(ends);
	}
	text_fini(&why);
}

void
flow_watch_fini(struct flow_watch *ends)
{
	close_log(ends);
}
