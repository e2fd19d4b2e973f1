/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/server.h"

#include "console/server_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Accepted in a row. */
#define ACCEPTED_MAX 16

struct console_server *
console_server_create(struct loop *loop, console_ask_fn ask, void *context)
{
	struct console_server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->loop = loop;
	server->ask = ask;
	server->context = context;
	return server;
}

static void
close_listeners(struct console_server *server)
{
	for (size_t i = 0; i < server->listener_count; i++) {
		loop_watch_stop(&server->listeners[i]);
		(void)close(server->listeners[i].fd);
	}
	server->listener_count = 0;
}

void
console_server_destroy(struct console_server *server)
{
	if (server == NULL)
		return;
	close_listeners(server);
	while (server->clients != NULL)
		console_client_destroy(server->clients);
	policy_unref(server->policy);
	free(server);
}

static bool
is_loopback(struct address address)
{
	static const struct address six = { .bytes = { [15] = 1 },
		.family = ADDRESS_IPV6 };

	return address.family == ADDRESS_IPV4 ? address.bytes[0] == 127
					      : address_eq(address, six);
}

/* From the host itself everybody may come who reaches where it listens. */
static bool
may_read(const struct policy *policy, struct address address)
{
	if (is_loopback(address))
		return true;
	uint8_t zone = policy_zone_of(policy, address);
	return zone < 64 && (policy->console.zones >> zone & 1) != 0;
}

/* One too many hears so, if it can be said at once, and is gone. */
static void
turn_away(int fd)
{
	static const char words[] =
	    "HTTP/1.1 503 Service Unavailable\r\n"
	    "Content-Type: application/problem+json\r\n"
	    "Content-Length: 66\r\n"
	    "Retry-After: 10\r\n"
	    "Connection: close\r\n\r\n"
	    "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\","
	    "\"status\":503}\n";

	if (write(fd, words, sizeof(words) - 1) < 0)
		errno = 0;
	(void)close(fd);
}

static void
take(struct console_server *server, const struct socket_accepted *one)
{
	if (server->policy == NULL ||
	    !may_read(server->policy, one->peer.address))
		socket_close_reset(one->fd);
	else if (!console_server_has_room(server, one->peer.address, false))
		turn_away(one->fd);
	else if (console_client_create(server, one) < 0)
		(void)close(one->fd);
}

static void
on_connections(struct loop_watch *watch, unsigned ready)
{
	struct console_server *server = watch->context;
	struct socket_accepted accepted[ACCEPTED_MAX];
	int count = socket_accept(watch->fd, accepted, ACCEPTED_MAX);

	(void)ready;
	for (int i = 0; i < count; i++)
		take(server, &accepted[i]);
}

static void
close_strangers(struct console_server *server)
{
	struct console_client *next;

	for (struct console_client *client = server->clients; client != NULL;
	     client = next) {
		next = client->next;
		if (!may_read(server->policy, client->peer.address))
			console_client_destroy(client);
	}
}

static int
listen_on(struct console_server *server, int fd)
{
	struct loop_watch *watch = &server->listeners[server->listener_count];

	*watch = (struct loop_watch){ .fd = fd,
		.wanted = LOOP_READ,
		.fn = on_connections,
		.context = server };
	int rc = loop_watch_start(server->loop, watch);
	if (rc == 0)
		server->listener_count++;
	return rc;
}

int
console_server_use(struct console_server *server, struct policy *policy,
    const int *fds, size_t count)
{
	int rc = 0;

	close_listeners(server);
	policy_unref(server->policy);
	server->policy = policy_ref(policy);
	for (size_t i = 0; i < count; i++) {
		int one = i < POLICY_CONSOLE_LISTENS_MAX
			      ? listen_on(server, fds[i])
			      : -E2BIG;
		if (one < 0)
			(void)close(fds[i]);
		rc = rc < 0 ? rc : one;
	}
	close_strangers(server);
	return rc;
}

void
console_server_answer(
    struct console_server *server, uint32_t number, unsigned status, int fd)
{
	struct console_client *client = server->clients;

	console_guard_settle_try(
	    &server->guard, number, status == 401, loop_now(server->loop));
	while (client != NULL && client->number != number)
		client = client->next;
	if (client != NULL)
		console_client_answer(client, status, fd);
	else
		(void)close(fd);
}
