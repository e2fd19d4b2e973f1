/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/dial.h"

#include "event/histogram.h"
#include "net/socket.h"

#include <errno.h>
#include <unistd.h>

static void
release(struct dial_attempt *attempt)
{
	source_ticket_cancel(&attempt->ticket);
	if (attempt->watch.fd >= 0) {
		loop_watch_stop(&attempt->watch);
		(void)close(attempt->watch.fd);
		attempt->watch.fd = -1;
	}
	slot_release(attempt->slot);
	attempt->slot = NULL;
}

void
dial_cancel(struct dial *dial)
{
	if (dial->loop == NULL)
		return;
	loop_timer_cancel(&dial->timer);
	for (size_t i = 0; i < PROXY_DIAL_ATTEMPTS_MAX; i++)
		release(&dial->attempts[i]);
	slot_release(dial->slot);
	dial->slot = NULL;
	dial->loop = NULL;
}

static void
finish(struct dial *dial, int fd, size_t which, struct slot *slot)
{
	dial_cancel(dial);
	dial->slot = slot;
	if (fd >= 0)
		histogram_add(HISTOGRAM_CONNECT, clock_now() - dial->started);
	dial->fn(dial, fd, which);
}

static bool
is_free(const struct dial_attempt *attempt)
{
	return attempt->watch.fd < 0 && attempt->ticket == NULL;
}

static size_t
under_way(const struct dial *dial)
{
	size_t count = 0;

	for (size_t i = 0; i < PROXY_DIAL_ATTEMPTS_MAX; i++)
		count += !is_free(&dial->attempts[i]);
	return count;
}

static void try_next(struct dial *dial);

static void
on_outcome(struct loop_watch *watch, unsigned ready)
{
	struct dial_attempt *attempt = watch->context;
	struct dial *dial = attempt->dial;
	int rc = socket_connect_result(watch->fd);

	(void)ready;
	if (rc == -EINPROGRESS)
		return;
	if (rc == 0) {
		int fd = watch->fd;
		struct slot *slot = attempt->slot;
		loop_watch_stop(watch);
		watch->fd = -1;
		attempt->slot = NULL;
		finish(dial, fd, attempt->which, slot);
		return;
	}
	release(attempt);
	dial->error = rc;
	try_next(dial);
}

/* 0, or -EUSERS. */
static int
take_slot(struct dial *dial, struct dial_attempt *attempt)
{
	struct address_port to = dial->servers[dial->next];

	attempt->slot = dial->slot;
	dial->slot = NULL;
	if (dial->slots == NULL || attempt->slot != NULL)
		return 0;
	attempt->slot = slots_take(dial->slots, to, dial->slots_max);
	if (attempt->slot != NULL)
		return 0;
	if (dial->full.port == 0)
		dial->full = to;
	return -EUSERS;
}

struct address
dial_from(const struct dial *dial, struct address to)
{
	return to.family == ADDRESS_IPV4 ? dial->from4 : dial->from6;
}

/* Takes fd, which is connecting. */
static int
await_outcome(struct dial_attempt *attempt, int fd)
{
	struct socket_tuning tuning = { .no_delay = true,
		.keepalive_idle = 120,
		.keepalive_every = 30,
		.keepalive_count = 4 };

	(void)socket_tune(fd, &tuning);
	attempt->watch = (struct loop_watch){ .fd = fd,
		.wanted = LOOP_WRITE,
		.fn = on_outcome,
		.context = attempt };
	int rc = loop_watch_start(attempt->dial->loop, &attempt->watch);
	if (rc < 0) {
		(void)close(fd);
		attempt->watch.fd = -1;
	}
	return rc;
}

/* The descriptor that it was asked for with may be another client's by now. */
static bool
is_as_wanted(int fd, struct address from)
{
	struct address_port at;

	return socket_local(fd, &at) == 0 && address_eq(at.address, from);
}

static int
connect_by(struct dial_attempt *attempt, int fd)
{
	struct address_port to = attempt->dial->servers[attempt->which];
	int rc = DIAL_NO_SOURCE;

	if (fd < 0)
		return rc;
	if (is_as_wanted(fd, dial_from(attempt->dial, to.address)))
		rc = socket_connect_on(fd, to);
	if (rc < 0) {
		(void)close(fd);
		return rc;
	}
	return await_outcome(attempt, fd);
}

static void
on_source(int fd, void *context)
{
	struct dial_attempt *attempt = context;
	struct dial *dial = attempt->dial;

	attempt->ticket = NULL;
	int rc = connect_by(attempt, fd);
	if (rc == 0)
		return;
	release(attempt);
	dial->error = rc;
	try_next(dial);
}

static int
ask_source(struct dial *dial, struct dial_attempt *attempt)
{
	int rc = source_ask(dial->sources, dial->client, dial->loop, on_source,
	    attempt, &attempt->ticket);

	return rc < 0 ? DIAL_NO_SOURCE : 0;
}

static int
connect_to(struct dial *dial, struct dial_attempt *attempt)
{
	struct address_port to = dial->servers[dial->next];
	struct socket_connect options = { .to = to,
		.from.address = dial_from(dial, to.address) };

	attempt->which = dial->next;
	if (dial->sources != NULL)
		return ask_source(dial, attempt);
	int fd = socket_connect(&options);
	return fd < 0 ? fd : await_outcome(attempt, fd);
}

static int
begin_attempt(struct dial *dial, struct dial_attempt *attempt)
{
	int rc = take_slot(dial, attempt);

	if (rc == 0)
		rc = connect_to(dial, attempt);
	dial->next++;
	dial->begun = loop_now(dial->loop);
	if (rc < 0) {
		slot_release(attempt->slot);
		attempt->slot = NULL;
	}
	return rc;
}

static struct dial_attempt *
free_attempt(struct dial *dial)
{
	for (size_t i = 0; i < PROXY_DIAL_ATTEMPTS_MAX; i++)
		if (is_free(&dial->attempts[i]))
			return &dial->attempts[i];
	return NULL;
}

/* The timer is for the next attempt while there is one, then for the end. */
static void
arm(struct dial *dial)
{
	int64_t at = dial->begun + PROXY_DIAL_STAGGER;

	if (dial->next == dial->count || free_attempt(dial) == NULL ||
	    at > dial->deadline)
		at = dial->deadline;
	loop_timer_arm(dial->loop, &dial->timer, at);
}

static void
try_next(struct dial *dial)
{
	struct dial_attempt *attempt = free_attempt(dial);

	while (attempt != NULL && dial->next < dial->count) {
		int rc = begin_attempt(dial, attempt);
		if (rc == 0)
			break;
		dial->error = rc;
	}
	if (under_way(dial) == 0)
		finish(dial, dial->error, 0, NULL);
	else
		arm(dial);
}

static bool
awaits_source(const struct dial *dial)
{
	for (size_t i = 0; i < PROXY_DIAL_ATTEMPTS_MAX; i++)
		if (dial->attempts[i].ticket != NULL)
			return true;
	return false;
}

static void
on_time(struct loop_timer *timer)
{
	struct dial *dial = timer->context;

	if (loop_now(dial->loop) >= dial->deadline)
		finish(dial, awaits_source(dial) ? DIAL_NO_SOURCE : -ETIMEDOUT,
		    0, NULL);
	else
		try_next(dial);
}

/* RFC 8305, 4: brings forward the first that is of another family than the
 * one before it. */
static void
alternate(struct address_port *servers, size_t at, size_t count)
{
	size_t from = at;

	while (from < count &&
	       servers[from].address.family == servers[at - 1].address.family)
		from++;
	if (from == count)
		return;
	struct address_port other = servers[from];
	memmove(&servers[at + 1], &servers[at], (from - at) * sizeof(other));
	servers[at] = other;
}

void
dial_more(struct dial *dial, size_t count)
{
	dial->count = count;
	for (size_t at = dial->next; at > 0 && at < count; at++)
		alternate(dial->servers, at, count);
	arm(dial);
}

void
dial_start(struct dial *dial, struct loop *loop, struct address_port *servers,
    size_t count)
{
	dial->loop = loop;
	dial->servers = servers;
	dial->count = count;
	dial->next = 0;
	dial->error = -EADDRNOTAVAIL;
	dial->full = (struct address_port){ 0 };
	dial->started = clock_now();
	dial->deadline =
	    loop_now(loop) +
	    (dial->timeout > 0 ? dial->timeout : PROXY_DIAL_TIMEOUT);
	dial->timer = (struct loop_timer){ .fn = on_time, .context = dial };
	for (size_t i = 0; i < PROXY_DIAL_ATTEMPTS_MAX; i++) {
		dial->attempts[i].dial = dial;
		dial->attempts[i].watch.fd = -1;
		dial->attempts[i].ticket = NULL;
		dial->attempts[i].slot = NULL;
	}
	try_next(dial);
}
