/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/client_greeting: intercepted: which protocol the client speaks.
 */
#include "proxy/client_impl.h"

#include "net/hello.h"
#include "proxy/greeting.h"
#include "proxy/opened.h"
#include "proxy/tunnel.h"
#include "proxy/worker.h"

#include <errno.h>

#define HTTP_PORT  80
#define HTTPS_PORT 443

/* It has spoken; how long its line takes for the rest is another matter. */
static void
begin_hello(struct client *client)
{
	if (client->state == CLIENT_HELLO)
		return;
	client->state = CLIENT_HELLO;
	client_arm(client, PROXY_HEAD_TIMEOUT);
}

void
client_refuse_hello(struct client *client)
{
	tunnel_refuse_hello(
	    client, (struct str){ NULL, 0 }, PROXY_FAILURE_HELLO_BAD);
}

static void
read_hello(struct client *client)
{
	struct hello hello;
	int rc = hello_parse(stream_input(client->stream), &hello);

	if (rc == -EAGAIN && !stream_has_ended(client->stream)) {
		begin_hello(client);
		client_wait_for_rest(client);
		return;
	}
	if (rc < 0) {
		client_refuse_hello(client);
		return;
	}
	struct str name = hello_server_name(&hello);
	client_become_busy(client);
	if (name.at != NULL)
		name = arena_str(&client->arena, name);
	if (client->alias.at != NULL && name.at != NULL &&
	    !str_eq(name, client->alias))
		tunnel_refuse_hello(client, name, PROXY_FAILURE_OTHER_NAME);
	else
		tunnel_open(client, name, true);
}

void
client_open_nameless(struct client *client)
{
	client_become_busy(client);
	tunnel_open(client, (struct str){ NULL, 0 }, false);
}

/*
 * Where servers speak HTTP, whatever might be it is read as such: behind a line
 * that is none could come a request for another host of the same server.
 */
static bool
is_for_web(const struct client *client)
{
	return client->local.port == HTTP_PORT ||
	       client->local.port == HTTPS_PORT;
}

static enum greeting
greeting_by(const struct client *client)
{
	struct str first = stream_input(client->stream);

	return client->alias.at == NULL || is_for_web(client)
		   ? greeting_of(first)
		   : greeting_of_line(first);
}

static void
read_greeting(struct client *client)
{
	switch (greeting_by(client)) {
	case GREETING_UNKNOWN:
		break;
	case GREETING_TLS:
		read_hello(client);
		break;
	case GREETING_HTTP:
		client_await_head(client);
		break;
	case GREETING_OTHER:
		client_open_nameless(client);
		break;
	}
}

static void
on_greeting_data(struct stream *stream, void *context)
{
	(void)stream;
	read_greeting(context);
}

static void
on_greeting_ended(struct stream *stream, void *context)
{
	if (stream_input(stream).len > 0)
		read_greeting(context);
	else
		client_end(context);
}

static const struct stream_user greetings = {
	.data = on_greeting_data,
	.ended = on_greeting_ended,
	.failed = client_on_failed,
};

/* Of a flow that has a name already only requests would tell more. */
static int64_t
greeting_timeout(const struct client *client)
{
	return client->alias.at == NULL || is_for_web(client)
		   ? PROXY_GREETING_TIMEOUT
		   : PROXY_ALIAS_GREETING_TIMEOUT;
}

void
client_await_greeting(struct client *client)
{
	client->state = CLIENT_GREETING;
	client_arm(client, greeting_timeout(client));
	stream_use(client->stream, &greetings, client);
	stream_read_start(client->stream);
}
