/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/errand_queue: the errand waits for a slot at a server.
 *
 * Connections that are kept hold slots, too; one of them is taken, or ended,
 * before anybody waits.
 */
#include "proxy/errand_impl.h"

#include "net/socket.h"
#include "proxy/sessions.h"
#include "proxy/worker.h"

#include <errno.h>

void
errand_leave_queue(struct errand *errand)
{
	slot_ticket_cancel(&errand->ticket);
	loop_timer_cancel(&errand->patience);
}

/* Where in its addresses the full one stands. */
static size_t
place_of(const struct errand *errand)
{
	size_t i = 0;

	while (i + 1 < errand->address_count &&
	       !address_eq(errand->addresses[i].address, errand->full.address))
		i++;
	return i;
}

/* Only that one: the others have been tried. */
static void
dial_full(struct errand *errand, struct slot *slot)
{
	size_t place = place_of(errand);

	errand->address_count = place + 1;
	errand->dial.slot = slot;
	errand->full = (struct address_port){ 0 };
	errand_dial(errand, place);
}

static void
on_slot(struct slot *slot, int fd, void *context)
{
	struct errand *errand = context;
	struct pool_kept kept = { .slot = slot };

	errand->ticket = NULL;
	errand_end_turn(errand);
	loop_timer_cancel(&errand->patience);
	/* What may not be sent twice goes by a connection of its own, and so
	 * do what comes from the client's own address, and TLS. */
	if (fd >= 0 && errand->may_reuse && errand->tls == NULL &&
	    errand->owner == 0 && !errand_keeps_source(errand) &&
	    stream_create(errand->worker->loop, fd, &stream_limits_usual,
		&kept.stream) == 0) {
		errand_arrive_kept(errand, errand->full, &kept);
		return;
	}
	if (fd >= 0)
		socket_close_reset(fd);
	dial_full(errand, slot);
}

static void
on_time(struct loop_timer *timer)
{
	struct errand *errand = timer->context;

	slot_ticket_cancel(&errand->ticket);
	errand_fail(errand, PROXY_FAILURE_SERVER_FULL);
}

static void
stand_in_line(struct errand *errand)
{
	const struct policy_servers *servers =
	    &errand->generation->policy->servers;
	struct loop *loop = errand->worker->loop;
	int rc = slots_wait(errand->worker->slots, errand->full, servers->slots,
	    loop, on_slot, errand, &errand->ticket);

	if (rc < 0) {
		errand_fail(errand, rc == -ENOBUFS ? PROXY_FAILURE_SERVER_FULL
						   : PROXY_FAILURE_NO_MEMORY);
		return;
	}
	errand->patience =
	    (struct loop_timer){ .fn = on_time, .context = errand };
	loop_timer_arm(loop, &errand->patience, loop_now(loop) + servers->wait);
	errand_await_room(errand);
}

/* What is kept there for another name, or from another source, gives way. */
static void
take_room(struct errand *errand)
{
	struct worker *worker = errand->worker;
	struct slot *slot = pool_take_slot(worker->pool, errand->full);

	if (slot == NULL)
		slot = sessions_take_slot(worker->sessions, errand->full);
	if (slot != NULL)
		dial_full(errand, slot);
	else
		stand_in_line(errand);
}

void
errand_queue(struct errand *errand)
{
	struct pool_key key = errand_key(errand, errand->full);
	struct pool_kept kept;

	if (!pool_take(errand->worker->pool, key, &kept)) {
		take_room(errand);
		return;
	}
	if (errand_may_take_kept(errand)) {
		errand_arrive_kept(errand, errand->full, &kept);
		return;
	}
	stream_close(&kept.stream);
	dial_full(errand, kept.slot);
}
