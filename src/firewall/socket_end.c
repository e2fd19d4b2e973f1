/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/socket_end.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "firewall/netlink.h"

struct connection {
	struct address_port ours, peer;
	uint32_t cookie[2]; /* the kernel's number of its socket */
	bool is_found;
};

static int
ask(struct netlink *netlink, uint16_t type, const struct connection *connection,
    mnl_cb_t each, void *context)
{
	struct nlmsghdr *request = netlink_begin(netlink, type, 0);
	struct inet_diag_req_v2 *which =
	    mnl_nlmsg_put_extra_header(request, sizeof(*which));
	struct inet_diag_sockid *id = &which->id;
	struct address_port ours = connection->ours, peer = connection->peer;

	which->sdiag_family =
	    ours.address.family == ADDRESS_IPV4 ? AF_INET : AF_INET6;
	which->sdiag_protocol = IPPROTO_TCP;
	which->idiag_states = UINT32_MAX;
	id->idiag_sport = htons(ours.port);
	id->idiag_dport = htons(peer.port);
	memcpy(id->idiag_src, ours.address.bytes, sizeof(id->idiag_src));
	memcpy(id->idiag_dst, peer.address.bytes, sizeof(id->idiag_dst));
	memcpy(id->idiag_cookie, connection->cookie, sizeof(id->idiag_cookie));
	return netlink_ask(netlink, request, each, context, NULL);
}

/* A socket of IPv6 may hold a connection of IPv4. */
static bool
is_at(const uint32_t *bytes, uint16_t port, uint8_t family,
    struct address_port wanted)
{
	return ntohs(port) == wanted.port &&
	       address_eq(
		   address_from_bytes(
		       family == AF_INET ? ADDRESS_IPV4 : ADDRESS_IPV6, bytes),
		   wanted.address);
}

/* What is in TIME_WAIT is no program's any more. */
static int
take_cookie(const struct nlmsghdr *message, void *context)
{
	struct connection *connection = context;
	const struct inet_diag_msg *is = mnl_nlmsg_get_payload(message);

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*is) ||
	    is->idiag_state == TCP_LISTEN || is->idiag_state == TCP_TIME_WAIT ||
	    !is_at(is->id.idiag_src, is->id.idiag_sport, is->idiag_family,
		connection->ours) ||
	    !is_at(is->id.idiag_dst, is->id.idiag_dport, is->idiag_family,
		connection->peer))
		return MNL_CB_OK;
	memcpy(connection->cookie, is->id.idiag_cookie,
	    sizeof(connection->cookie));
	connection->is_found = true;
	return MNL_CB_OK;
}

/*
 * Where no connection is at these ends, the kernel takes a socket that listens
 * at ours instead, and would end that: so it is asked first which it means, and
 * the one that it has shown is ended, by its cookie, or none.
 */
static int
end(struct netlink *netlink, struct connection *connection)
{
	int rc = ask(
	    netlink, SOCK_DIAG_BY_FAMILY, connection, take_cookie, connection);

	if (rc < 0)
		return rc;
	if (!connection->is_found)
		return -ENOENT;
	rc = ask(netlink, SOCK_DESTROY, connection, NULL, NULL);
	return rc == -ESTALE ? -ENOENT : rc; /* it has gone in between */
}

int
socket_end(struct address_port ours, struct address_port peer)
{
	struct connection connection = {
		.ours = ours,
		.peer = peer,
		.cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE },
	};
	struct netlink netlink;
	int rc = netlink_open(&netlink, NETLINK_SOCK_DIAG);

	if (rc < 0)
		return rc;
	rc = end(&netlink, &connection);
	netlink_close(&netlink);
	return rc;
}
