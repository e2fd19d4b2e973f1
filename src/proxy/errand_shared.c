/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/errand_shared: the errand goes by a connection that others go by, too.
 *
 * Only behind a TLS handshake of our own, in which the server has chosen
 * HTTP/2.  Such a server says what it has not looked at, so that also what must
 * not be sent twice goes by a connection that was there.
 */
#include "proxy/errand_impl.h"

#include "http2/session.h"
#include "proxy/sessions.h"
#include "proxy/worker.h"

#include <errno.h>
#include <stdio.h>

/* What becomes a tunnel, a WebSocket, is asked for by HTTP/1.1, and so is what
 * needs a connection of its own. */
bool
errand_may_share(const struct errand *errand)
{
	return errand->tls != NULL && !errand->wants_tunnel &&
	       errand->owner == 0;
}

bool
errand_take_shared(struct errand *errand)
{
	struct sessions *sessions = errand->worker->sessions;
	struct pool_kept kept = { NULL, NULL };

	if (!errand_may_share(errand) || errand->anew)
		return false;
	for (size_t i = 0; i < errand->address_count; i++) {
		struct address_port at = errand->addresses[i];
		if (!sessions_open(
			sessions, errand_key(errand, at), &kept.stream))
			continue;
		errand_leave_queue(errand);
		errand->full = (struct address_port){ 0 };
		errand_arrive_kept(errand, at, &kept);
		return true;
	}
	return false;
}

static struct pool_key
place_of(const struct errand *errand, struct address_port at)
{
	if (errand->by.name_len > 0)
		return approach_key(errand->approach);
	return (struct pool_key){ .server = at,
		.from = errand->from,
		.through = errand_tls_key(errand) };
}

int
errand_share(struct errand *errand, enum tls_protocol protocol,
    struct address_port at, struct stream **server)
{
	struct sessions *sessions = errand->worker->sessions;
	struct pool_key key = place_of(errand, at);
	bool shares = protocol == TLS_PROTOCOL_HTTP2;
	int rc = 0;

	if (!errand_may_share(errand))
		return 0;
	turns_note(sessions_turns(sessions), key, shares);
	if (shares) {
		struct pool_kept kept = { *server, errand->slot };
		*server = NULL;
		errand->slot = NULL;
		rc = sessions_add(sessions, key, &kept, server);
	}
	errand_end_turn(errand);
	return rc;
}

/* ---- waiting for it ---- */

void
errand_end_turn(struct errand *errand)
{
	if (errand->tls != NULL)
		turn_end(errand_tls_turn(errand));
}

bool
errand_is_waiting(struct errand *errand)
{
	return errand->tls != NULL && turn_waits(errand_tls_turn(errand));
}

static void
on_turn(void *context)
{
	struct errand *errand = context;

	loop_timer_cancel(&errand->patience);
	errand_connect(errand);
}

/* Whatever it is that takes so long, it need not be so for another. */
static void
on_time(struct loop_timer *timer)
{
	struct errand *errand = timer->context;

	errand_end_turn(errand);
	errand_dial(errand, 0);
}

bool
errand_waits_for_turn(struct errand *errand)
{
	struct worker *worker = errand->worker;
	struct turn *turn;

	if (!errand_may_share(errand) || errand->anew)
		return false;
	turn = errand_tls_turn(errand);
	turn_end(turn);
	turn->fn = on_turn;
	turn->context = errand;
	if (turns_take(sessions_turns(worker->sessions),
		errand_key(errand, errand->addresses[0]), turn))
		return false;
	errand->patience =
	    (struct loop_timer){ .fn = on_time, .context = errand };
	loop_timer_arm(worker->loop, &errand->patience,
	    loop_now(worker->loop) + PROXY_LEAD_PATIENCE);
	return true;
}

/* Its place in the line for slots stands until it is connected. */
static void
on_room(void *context)
{
	struct errand *errand = context;

	if (!errand_take_shared(errand))
		errand_await_room(errand);
}

void
errand_await_room(struct errand *errand)
{
	struct turn *turn;

	if (!errand_may_share(errand) || errand->anew)
		return;
	turn = errand_tls_turn(errand);
	turn_end(turn);
	turn->fn = on_room;
	turn->context = errand;
	turns_wait(sessions_turns(errand->worker->sessions),
	    errand_key(errand, errand->addresses[0]), turn);
}

/* ---- how it ends ---- */

void
errand_blame_stream(
    struct errand *errand, enum proxy_failure failure, int error)
{
	const char *why = http2_stream_why(errand->server);
	bool reset = error == -ECONNABORTED;

	if (why == NULL)
		return;
	(void)snprintf(errand->words, sizeof(errand->words), "%s: %s%s",
	    proxy_failure_words(failure),
	    reset ? "it was reset with " : "HTTP/2, ", why);
}
