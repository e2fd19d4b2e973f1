/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/balanced.h"

#include "event/counter.h"
#include "proxy/client.h"
#include "proxy/preface.h"

#include <errno.h>

static void
refuse(struct client *client, enum proxy_failure why)
{
	counter_add(COUNTER_BAD_REQUESTS, 1);
	client_refuse(client, why);
}

static void
take(struct client *client, const struct preface *preface)
{
	switch (preface->kind) {
	case PREFACE_CLIENT:
		client_become(client, preface->source);
		break;
	case PREFACE_LOCAL:
		client_become(client, client->balancer);
		break;
	case PREFACE_UNKNOWN:
		refuse(client, PROXY_FAILURE_PREFACE_UNKNOWN);
		break;
	}
}

static void
on_data(struct stream *stream, void *context)
{
	struct client *client = context;
	struct preface preface;
	int used = preface_parse(stream_input(stream), &preface);

	if (used == -EAGAIN && !stream_has_ended(stream))
		return;
	if (used < 0) {
		refuse(client, PROXY_FAILURE_PREFACE_BAD);
		return;
	}
	stream_consume(stream, (size_t)used);
	take(client, &preface);
}

/* Some only look whether the port is open. */
static void
on_ended(struct stream *stream, void *context)
{
	if (stream_input(stream).len > 0)
		on_data(stream, context);
	else
		client_end(context);
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	(void)stream;
	(void)error;
	client_destroy(context);
}

static const struct stream_user saying = {
	.data = on_data,
	.ended = on_ended,
	.failed = on_failed,
};

void
balanced_serve(struct client *client)
{
	stream_use(client->stream, &saying, client);
	stream_read_start(client->stream);
}
