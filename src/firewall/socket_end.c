/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/socket_end.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>

#include "firewall/netlink.h"

static void
put_id(struct inet_diag_sockid *id, struct address_port ours,
    struct address_port peer)
{
	id->idiag_sport = htons(ours.port);
	id->idiag_dport = htons(peer.port);
	memcpy(id->idiag_src, ours.address.bytes, sizeof(id->idiag_src));
	memcpy(id->idiag_dst, peer.address.bytes, sizeof(id->idiag_dst));
	id->idiag_cookie[0] = INET_DIAG_NOCOOKIE;
	id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
}

int
socket_end(struct address_port ours, struct address_port peer)
{
	struct netlink netlink;
	int rc = netlink_open(&netlink, NETLINK_SOCK_DIAG);

	if (rc < 0)
		return rc;
	struct nlmsghdr *request = netlink_begin(&netlink, SOCK_DESTROY, 0);
	struct inet_diag_req_v2 *which =
	    mnl_nlmsg_put_extra_header(request, sizeof(*which));
	which->sdiag_family =
	    ours.address.family == ADDRESS_IPV4 ? AF_INET : AF_INET6;
	which->sdiag_protocol = IPPROTO_TCP;
	which->idiag_states = UINT32_MAX;
	put_id(&which->id, ours, peer);
	rc = netlink_ask(&netlink, request, NULL, NULL, NULL);
	netlink_close(&netlink);
	return rc;
}
