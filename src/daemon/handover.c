/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/handover.h"

#include "daemon/exit_status.h"
#include "daemon/notice.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* A proxy that cannot is ended: who takes over gets its folder all the same. */
static void
drain_child(struct gateway *gateway)
{
	if (gateway->child.pid == 0)
		return;
	int rc = child_drain(&gateway->child);
	if (rc == 0)
		return;
	notice_say("gatehouse-proxy cannot finish what it has begun: %s",
	    strerror(-rc));
	child_stop(&gateway->child);
}

static int
attach_all(const struct gateway *gateway, struct control *control, int leash)
{
	const struct generation *current = gateway->current;
	int rc = control_attach(control, leash);

	if (rc == 0)
		rc = control_attach(control, STDERR_FILENO);
	for (size_t i = 0; rc == 0 && i < current->listeners.count; i++)
		rc = control_attach(control, current->listeners.items[i].fd);
	return rc;
}

static int
say_no(int rc, struct text *out)
{
	text_addf(
	    out, "the gateway cannot be handed over: %s\n", strerror(-rc));
	return STATUS_WORLD;
}

int
handover_begin(struct handover *handover, struct gateway *gateway,
    struct control *control, struct text *out)
{
	char digest[SHA256_TEXT_BYTES];
	int ends[2];

	int rc = leash_digest(&gateway->current->snapshot, digest);
	if (rc == 0 &&
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		ends) < 0)
		rc = -errno;
	if (rc < 0)
		return say_no(rc, out);
	handover->leash.fd = ends[0];
	handover->given = ends[1];
	rc = attach_all(gateway, control, ends[1]);
	if (rc < 0) {
		(void)close(ends[0]);
		(void)close(ends[1]);
		return say_no(rc, out);
	}
	drain_child(gateway);
	journal_follow(&gateway->journal.journal);
	text_addf(out, "%s\n", digest);
	handover->under_way = true;
	loop_stop(gateway->loop);
	return STATUS_GOOD;
}

static void
on_leash(struct loop_watch *watch, unsigned ready)
{
	struct gateway *gateway = watch->context;

	(void)ready;
	loop_stop(gateway->loop);
}

static void
on_patience(struct loop_timer *timer)
{
	struct gateway *gateway = timer->context;

	notice_say("what gatehouse-proxy had begun took too long");
	loop_stop(gateway->loop);
}

void
handover_see_child(struct gateway *gateway)
{
	struct text how = TEXT_EMPTY;
	bool refused;

	if (child_reap(&gateway->child, &how, &refused))
		loop_stop(gateway->loop);
	text_fini(&how);
}

void
handover_stand_by(struct handover *handover, struct gateway *gateway)
{
	struct loop *loop = gateway->loop;

	(void)close(handover->given);
	handover->leash = (struct loop_watch){ .fd = handover->leash.fd,
		.wanted = LOOP_READ,
		.fn = on_leash,
		.context = gateway };
	handover->patience =
	    (struct loop_timer){ .fn = on_patience, .context = gateway };
	loop_timer_arm(loop, &handover->patience, clock_now() + LEASH_TIME);
	/* It may have ended before. */
	handover_see_child(gateway);
	if (gateway->child.pid != 0 &&
	    loop_watch_start(loop, &handover->leash) == 0)
		(void)loop_run(loop);
	loop_watch_stop(&handover->leash);
	loop_timer_cancel(&handover->patience);
	child_stop(&gateway->child);
	(void)close(handover->leash.fd);
}
