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
	handover->gateway = gateway;
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

/* Who ends before the other one is ready is taken for the end of all. */
static void
look(struct handover *handover)
{
	if (handover->is_taken && handover->gateway->child.pid == 0)
		loop_stop(handover->gateway->loop);
}

static void
on_leash(struct loop_watch *watch, unsigned ready)
{
	struct handover *handover = watch->context;
	struct gateway *gateway = handover->gateway;
	char word;

	(void)ready;
	if (recv(watch->fd, &word, 1, MSG_DONTWAIT) != 1) {
		loop_stop(gateway->loop);
		return;
	}
	handover->is_taken |= word == LEASH_READY;
	if (word == LEASH_CUT)
		child_stop(&gateway->child);
	look(handover);
}

static void
on_patience(struct loop_timer *timer)
{
	struct gateway *gateway = timer->context;

	notice_say("what gatehouse-proxy had begun took too long");
	loop_stop(gateway->loop);
}

void
handover_see_child(struct handover *handover)
{
	struct text how = TEXT_EMPTY;
	bool refused;

	if (child_reap(&handover->gateway->child, &how, &refused))
		look(handover);
	text_fini(&how);
}

bool
handover_stand_by(struct handover *handover)
{
	struct gateway *gateway = handover->gateway;
	struct loop *loop = gateway->loop;

	(void)close(handover->given);
	handover->leash = (struct loop_watch){ .fd = handover->leash.fd,
		.wanted = LOOP_READ,
		.fn = on_leash,
		.context = handover };
	handover->patience =
	    (struct loop_timer){ .fn = on_patience, .context = gateway };
	loop_timer_arm(loop, &handover->patience, clock_now() + LEASH_TIME);
	/* It may have ended before. */
	handover_see_child(handover);
	if (loop_watch_start(loop, &handover->leash) == 0)
		(void)loop_run(loop);
	loop_watch_stop(&handover->leash);
	loop_timer_cancel(&handover->patience);
	child_stop(&gateway->child);
	(void)close(handover->leash.fd);
	return handover->is_taken;
}
