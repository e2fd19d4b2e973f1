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
errand_share(
    struct errand *errand, struct address_port at, struct stream **server)
{
	struct pool_kept kept = { *server, errand->slot };

	*server = NULL;
	errand->slot = NULL;
	return sessions_add(
	    errand->worker->sessions, place_of(errand, at), &kept, server);
}

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
