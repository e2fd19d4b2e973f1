/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/client_source.h"

#include "net/datagram.h"
#include "net/socket.h"

#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

/* Whose connection it is, if it was handed over and its source is kept. */
static int
look_at(const struct policy *policy, int client, struct address *ret)
{
	struct address_port peer, server;

	if (!socket_is_transparent(client) || socket_peer(client, &peer) < 0 ||
	    socket_local(client, &server) < 0)
		return -EPERM;
	if (!policy_keeps_source(policy, policy_zone_of(policy, peer.address),
		POLICY_PROTOCOL_TCP, server.port))
		return -EPERM;
	*ret = peer.address;
	return 0;
}

static int
open_somewhere(struct address address)
{
	uint16_t number;
	int fd = -EADDRINUSE;

	for (int i = 0; fd == -EADDRINUSE && i < CLIENT_SOURCE_TRIES; i++) {
		if (getrandom(&number, sizeof(number), GRND_NONBLOCK) < 0)
			return -errno;
		fd = socket_open_from((struct address_port){
		    address, (uint16_t)(FIREWALL_KEPT_PORT +
					number % FIREWALL_KEPT_PORTS) });
	}
	return fd;
}

/* A flow that the kernel hands over, of one who may use it, past us. */
static bool
is_handed_over(
    const struct generation *generation, const struct channel_stand *stand)
{
	const struct policy *policy = generation->policy;
	uint8_t zone = policy_zone_of(policy, stand->client.address);

	if (stand->client.port == 0 || zone == ZONE_SELF || zone == ZONE_NONE ||
	    policy_zone_of(policy, stand->server.address) == ZONE_SELF)
		return false;
	for (size_t i = 0; i < generation->own.count; i++)
		if (address_eq(generation->own.items[i].address,
			stand->server.address) ||
		    address_eq(generation->own.items[i].address,
			stand->client.address))
			return false;
	return policy_intercepts(
		   policy, zone, POLICY_PROTOCOL_UDP, stand->server.port) &&
	       policy_carries(
		   policy, zone, POLICY_PROTOCOL_UDP, stand->server.port);
}

int
client_source_stand(
    const struct generation *generation, const struct channel_stand *stand)
{
	return is_handed_over(generation, stand)
		   ? datagram_stand_for(&stand->server, &stand->client)
		   : -EPERM;
}

/* Root's, by which the ruleset tells it from what the proxy has of itself. */
int
client_source_make(const struct policy *policy, int client)
{
	struct address address;
	int rc = look_at(policy, client, &address);

	return rc < 0 ? rc : open_somewhere(address);
}
