/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/client_end: the end of a connection, in all its ways.
 */
#include "proxy/client_impl.h"

#include "event/counter.h"
#include "http2/session.h"
#include "proxy/alias_stream.h"
#include "proxy/association.h"
#include "proxy/crowd.h"
#include "proxy/exchange.h"
#include "proxy/frames.h"
#include "proxy/opened.h"
#include "proxy/secure.h"
#include "proxy/tunnel.h"
#include "proxy/worker.h"

#include <stdlib.h>

void
client_leave_slow(struct client *client)
{
	crowd_leave(client->slow_place);
	client->slow_place = NULL;
}

void
client_finish_matter(struct client *client, enum proxy_failure why)
{
	who_cancel(&client->who);
	client_leave_slow(client);
	exchange_cancel(client->exchange, why);
	tunnel_cancel(client->tunnel, why);
	association_cancel(client->association, why);
	frames_destroy(client->frames, why);
	alias_stream_destroy(client->questions);
	client->questions = NULL;
	client->association = NULL;
	client->frames = NULL;
	client->exchange = NULL;
	client->tunnel = NULL;
	arena_fini(&client->arena);
	secure_cancel(client->secure);
	client->secure = NULL;
	/* Without a hash: nothing else proves it. */
	client->user = (struct policy_user){ 0 };
	if (client->certified != NULL)
		client->user.name = str_of(client->certified);
}

bool
client_has_opened(const struct client *client)
{
	return client->opened != NULL &&
	       (client->connection == NULL ||
		   client->connection->opened != client->opened);
}

static void
destroy(struct client *client, enum proxy_failure why)
{
	client_finish_matter(client, why);
	if (client_has_opened(client))
		opened_destroy(&client->opened);
	stream_close(&client->stream);
	loop_timer_cancel(&client->timer);
	worker_remove_client(client);
	crowd_leave(client->place);
	if (client->connection == NULL)
		counter_add(COUNTER_CONNECTIONS_OPEN, -1);
	free(client->certified);
	free(client);
}

void
client_destroy(struct client *client)
{
	destroy(client, PROXY_FAILURE_CLIENT_GONE);
}

void
client_reset(struct client *client)
{
	stream_close_reset(&client->stream);
	client_destroy(client);
}

void
client_arm(struct client *client, int64_t time)
{
	struct loop *loop = client->worker->loop;

	loop_timer_arm(loop, &client->timer, loop_now(loop) + time);
}

void
client_on_failed(struct stream *stream, int error, void *context)
{
	(void)stream;
	(void)error;
	client_destroy(context);
}

/* The end of a stream of HTTP/2 could not overtake its last bytes. */
static void
linger(struct client *client)
{
	if (http2_stream_has_ended(client->stream))
		stream_shutdown(client->stream);
	else
		stream_close_flushed(&client->stream, PROXY_LINGER);
	client_destroy(client);
}

/* A client that still sends is not made to wait for us to read it. */
static void
on_data_too_late(struct stream *stream, void *context)
{
	(void)context;
	stream_consume(stream, stream_input(stream).len);
}

static void
on_all_said(struct stream *stream, void *context)
{
	(void)stream;
	linger(context);
}

static const struct stream_user last_words = {
	.data = on_data_too_late,
	.finished = on_all_said,
	.failed = client_on_failed,
};

static void
await_last_words(struct client *client)
{
	client->unsent = stream_pending(client->stream);
	client_arm(client, PROXY_STALL_TIMEOUT);
}

/*
 * The end of a large answer may be queued here still, and PROXY_LINGER is only
 * for the FIN that follows it.
 */
void
client_end(struct client *client)
{
	client_finish_matter(client, PROXY_FAILURE_CLIENT_GONE);
	if (stream_pending(client->stream) == 0) {
		linger(client);
		return;
	}
	client->state = CLIENT_ENDING;
	stream_use(client->stream, &last_words, client);
	stream_shutdown(client->stream);
	stream_read_start(client->stream);
	await_last_words(client);
}

/* Whoever takes something in all this time may go on. */
void
client_on_last_words_time(struct client *client)
{
	if (stream_pending(client->stream) < client->unsent)
		await_last_words(client);
	else
		client_reset(client);
}

static const struct stream_user silence = { .failed = client_on_failed };

void
client_silence(struct client *client)
{
	client_finish_matter(client, PROXY_FAILURE_NONE);
	client->state = CLIENT_SILENT;
	stream_use(client->stream, &silence, client);
	stream_read_stop(client->stream);
	client_arm(client, PROXY_SILENCE);
}

void
client_become_busy(struct client *client)
{
	client->state = CLIENT_BUSY;
	client_leave_slow(client);
	loop_timer_cancel(&client->timer);
}
