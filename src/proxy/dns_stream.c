/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/dns_stream.h"

#include "dns/message.h"
#include "event/counter.h"
#include "net/socket.h"
#include "proxy/crowd.h"
#include "proxy/limits.h"
#include "proxy/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct dns_stream {
	struct worker *worker;
	struct dns_stream *next, **at;
	struct stream *stream;
	struct dns_client client;
	struct crowd_source *place;
	struct loop_timer timer;
	unsigned waits;
	bool ended;  /* the client will ask nothing more */
	bool busy;   /* within on_data */
	bool doomed; /* and is to be closed behind it */
};

/* A question has no room for more, and an answer has 64 KiB. */
static const struct stream_limits limits = {
	.input_bytes_max = 8192,
	.output_bytes_max = (size_t)4 * (DNS_MESSAGE_MAX + 2),
	.output_high = (size_t)2 * (DNS_MESSAGE_MAX + 2),
	.output_low = DNS_MESSAGE_MAX,
};

void
dns_stream_close(struct dns_stream *stream)
{
	if (stream->busy) {
		stream->doomed = true;
		return;
	}
	dns_front_leave(stream->worker->dns, stream);
	loop_timer_cancel(&stream->timer);
	stream_close_flushed(&stream->stream, PROXY_LINGER);
	*stream->at = stream->next;
	if (stream->next != NULL)
		stream->next->at = stream->at;
	crowd_leave(stream->place);
	counter_add(COUNTER_CONNECTIONS_OPEN, -1);
	free(stream);
}

static void
arm(struct dns_stream *stream)
{
	loop_timer_arm(stream->worker->loop, &stream->timer,
	    loop_now(stream->worker->loop) + DNS_STREAM_IDLE);
}

/* Who does not take his answers holds their memory. */
static void
on_time(struct loop_timer *timer)
{
	dns_stream_close(timer->context);
}

static bool
may_read(const struct dns_stream *stream)
{
	return stream->waits < DNS_STREAM_WAITS_MAX && !stream->doomed &&
	       !stream_is_full(stream->stream);
}

/* False: there is none, or it is not its turn. */
static bool
take_next(struct dns_stream *stream)
{
	struct str input = stream_input(stream->stream);

	if (!may_read(stream) || input.len < 2)
		return false;
	size_t len = dns_get16(input.at);
	if (len + 2 > limits.input_bytes_max || len < DNS_HEAD_BYTES) {
		counter_add(COUNTER_DNS_MALFORMED, 1);
		stream->doomed = true;
		return false;
	}
	if (input.len < len + 2)
		return false;
	arm(stream);
	dns_front_take(stream->worker->dns, &stream->client,
	    (struct str){ input.at + 2, len });
	stream_consume(stream->stream, len + 2);
	return true;
}

static void
go_on(struct dns_stream *stream)
{
	if (stream->busy)
		return;
	stream->busy = true;
	while (take_next(stream))
		continue;
	stream->busy = false;
	if (stream->doomed || (stream->ended && stream->waits == 0))
		dns_stream_close(stream);
}

static void
on_data(struct stream *stream, void *context)
{
	(void)stream;
	go_on(context);
}

static void
on_ended(struct stream *stream, void *context)
{
	struct dns_stream *self = context;

	(void)stream;
	self->ended = true;
	go_on(self);
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	(void)stream;
	(void)error;
	dns_stream_close(context);
}

static const struct stream_user user = {
	.data = on_data,
	.ended = on_ended,
	.drained = on_data,
	.failed = on_failed,
};

void
dns_stream_send(struct dns_stream *stream, struct str message)
{
	char length[2];

	dns_put16(length, (uint16_t)message.len);
	if (stream_queue(
		stream->stream, (struct str){ length, sizeof(length) }) < 0 ||
	    stream_write(stream->stream, message) < 0)
		stream->doomed = true;
}

void
dns_stream_wait(struct dns_stream *stream)
{
	stream->waits++;
}

void
dns_stream_done(struct dns_stream *stream)
{
	stream->waits--;
	go_on(stream);
}

struct dns_stream *
dns_stream_next(const struct dns_stream *stream)
{
	return stream->next;
}

void
dns_stream_drain(struct dns_stream *stream)
{
	stream->ended = true;
	stream_read_stop(stream->stream);
	go_on(stream);
}

/* ---- the beginning ---- */

static void
link_up(struct dns_stream *stream)
{
	struct dns_stream **first = dns_front_streams(stream->worker->dns);

	stream->next = *first;
	stream->at = first;
	if (stream->next != NULL)
		stream->next->at = &stream->next;
	*first = stream;
}

static struct dns_stream *
make(struct worker *worker, int fd)
{
	struct dns_stream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL)
		return NULL;
	stream->worker = worker;
	stream->timer = (struct loop_timer){ .fn = on_time, .context = stream };
	if (stream_create(worker->loop, fd, &limits, &stream->stream) < 0) {
		free(stream);
		return NULL;
	}
	return stream;
}

void
dns_stream_open(struct worker *worker, bool intercepted,
    const struct address_port *listener, int fd, struct address_port peer)
{
	struct socket_tuning tuning = { .no_delay = true };
	struct crowd_source *place =
	    crowd_enter(worker->crowd, peer.address, false);
	struct dns_stream *stream = place != NULL ? make(worker, fd) : NULL;

	if (stream == NULL) {
		crowd_leave(place);
		(void)close(fd);
		return;
	}
	(void)socket_tune(fd, &tuning);
	stream->place = place;
	stream->client = (struct dns_client){ .source = peer,
		.asked = *listener,
		.intercepted = intercepted,
		.stream = stream,
		.fd = -1 };
	if (intercepted)
		(void)socket_local(fd, &stream->client.asked);
	counter_add(COUNTER_CONNECTIONS, 1);
	counter_add(COUNTER_CONNECTIONS_OPEN, 1);
	link_up(stream);
	arm(stream);
	stream_use(stream->stream, &user, stream);
	stream_read_start(stream->stream);
}
