/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/client_place: the places that a client has at the server, and gives
 * back when it ends.
 */
#include "console/server_impl.h"

#include <stdlib.h>
#include <unistd.h>

bool
console_server_has_room(
    const struct console_server *server, struct address address, bool for_feed)
{
	unsigned taken = for_feed ? server->feed_count : server->client_count;
	unsigned places = for_feed ? CONSOLE_FEEDS_MAX : CONSOLE_CLIENTS_MAX;
	struct address source = address_source(address);
	unsigned own = 0;

	for (const struct console_client *client = server->clients;
	     client != NULL; client = client->next)
		own += (!for_feed || client->feed.fd >= 0) &&
		       address_eq(address_source(client->peer.address), source);
	return own < places - taken;
}

static void
stop_feed(struct console_client *client)
{
	loop_timer_cancel(&client->feed.tick);
	if (client->feed.fd < 0)
		return;
	(void)close(client->feed.fd);
	client->feed.fd = -1;
	client->server->feed_count--;
}

void
console_client_forget(struct console_client *client)
{
	loop_timer_cancel(&client->patience);
	stop_feed(client);
	if (client->body >= 0)
		(void)close(client->body);
	*client->link = client->next;
	if (client->next != NULL)
		client->next->link = client->link;
	client->server->client_count--;
	free(client);
}

void
console_client_destroy(struct console_client *client)
{
	stream_close(&client->stream);
	console_client_forget(client);
}
