/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/conntrack_end: a flow is marked as ended and taken out of the table,
 * so that neither it nor its next packet goes on.
 */
#include "firewall/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "firewall/names.h"
#include "firewall/netlink.h"

#define CONNTRACK_NEW (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW)

struct conntrack_ender {
	struct netlink netlink;
};

int
conntrack_ender_open(struct conntrack_ender **ret)
{
	struct conntrack_ender *ender = calloc(1, sizeof(*ender));
	int rc = ender == NULL
		     ? -ENOMEM
		     : netlink_open(&ender->netlink, NETLINK_NETFILTER);

	if (rc < 0) {
		free(ender);
		return rc;
	}
	*ret = ender;
	return 0;
}

void
conntrack_ender_close(struct conntrack_ender *ender)
{
	if (ender == NULL)
		return;
	netlink_close(&ender->netlink);
	free(ender);
}

static void
put_icmp(struct nlmsghdr *request, const struct conntrack_tuple *tuple)
{
	uint16_t family = tuple->protocol == IPPROTO_ICMPV6
			      ? CTA_PROTO_ICMPV6_ID - CTA_PROTO_ICMP_ID
			      : 0;

	mnl_attr_put_u16(request, (uint16_t)(CTA_PROTO_ICMP_ID + family),
	    htons(tuple->icmp_id));
	mnl_attr_put_u8(request, (uint16_t)(CTA_PROTO_ICMP_TYPE + family),
	    tuple->icmp_type);
	mnl_attr_put_u8(request, (uint16_t)(CTA_PROTO_ICMP_CODE + family),
	    tuple->icmp_code);
}

static void
put_tuple(struct nlmsghdr *request, const struct conntrack_tuple *tuple)
{
	bool v4 = tuple->source.address.family == ADDRESS_IPV4;
	size_t width = v4 ? 4 : 16;
	struct nlattr *nest = mnl_attr_nest_start(request, CTA_TUPLE_ORIG);
	struct nlattr *inner = mnl_attr_nest_start(request, CTA_TUPLE_IP);

	mnl_attr_put(request, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, width,
	    tuple->source.address.bytes);
	mnl_attr_put(request, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, width,
	    tuple->destination.address.bytes);
	mnl_attr_nest_end(request, inner);
	inner = mnl_attr_nest_start(request, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(request, CTA_PROTO_NUM, tuple->protocol);
	if (tuple->protocol == IPPROTO_ICMP ||
	    tuple->protocol == IPPROTO_ICMPV6) {
		put_icmp(request, tuple);
	} else {
		mnl_attr_put_u16(
		    request, CTA_PROTO_SRC_PORT, htons(tuple->source.port));
		mnl_attr_put_u16(request, CTA_PROTO_DST_PORT,
		    htons(tuple->destination.port));
	}
	mnl_attr_nest_end(request, inner);
	mnl_attr_nest_end(request, nest);
}

/*
 * Who counts open connections (`ct count`) leaves out what is closed.  One that
 * the client has closed is no more when it begins anew from the same port: the
 * kernel forgets it, and the new one is judged.
 */
static void
put_closed(struct nlmsghdr *request)
{
	static const struct nf_ct_tcp_flags closed = {
		.flags = IP_CT_TCP_FLAG_CLOSE_INIT,
		.mask = IP_CT_TCP_FLAG_CLOSE_INIT,
	};
	struct nlattr *nest = mnl_attr_nest_start(request, CTA_PROTOINFO);
	struct nlattr *tcp = mnl_attr_nest_start(request, CTA_PROTOINFO_TCP);

	mnl_attr_put_u8(request, CTA_PROTOINFO_TCP_STATE, TCP_CONNTRACK_CLOSE);
	mnl_attr_put(
	    request, CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, sizeof(closed), &closed);
	mnl_attr_nest_end(request, tcp);
	mnl_attr_nest_end(request, nest);
}

/*
 * The kernel refuses a status that takes a bit away, and the flow may have had
 * its first answer since it was read: those bits are set in any case.
 */
static void
put_end(struct nlmsghdr *request, const struct conntrack_entry *entry)
{
	uint32_t status = entry->status | IPS_CONFIRMED | IPS_SEEN_REPLY |
			  IPS_ASSURED | IPS_FIXED_TIMEOUT;
	bool is_tcp = entry->original.protocol == IPPROTO_TCP;
	uint32_t seconds =
	    is_tcp ? CONNTRACK_ENDED_SECONDS_TCP : CONNTRACK_ENDED_SECONDS;

	if (is_tcp)
		put_closed(request);
	mnl_attr_put_u32(request, CTA_TIMEOUT, htonl(seconds));
	mnl_attr_put_u32(request, CTA_STATUS, htonl(status));
	mnl_attr_put_u32(request, CTA_MARK, htonl(FIREWALL_MARK_ENDED));
	mnl_attr_put_u32(request, CTA_MARK_MASK, htonl(FIREWALL_MARK_ENDED));
}

static struct nlmsghdr *
begin(struct netlink *netlink, const struct conntrack_entry *entry)
{
	struct nlmsghdr *request = netlink_begin(netlink, CONNTRACK_NEW, 0);
	bool v4 = entry->original.source.address.family == ADDRESS_IPV4;

	netlink_put_family(request, v4 ? AF_INET : AF_INET6);
	put_tuple(request, &entry->original);
	if (entry->zone != 0)
		mnl_attr_put_u16(request, CTA_ZONE, htons(entry->zone));
	return request;
}

int
conntrack_mark(struct conntrack_ender *ender,
    const struct conntrack_entry *entry, uint32_t mark, uint32_t mask)
{
	struct netlink *netlink = &ender->netlink;

	if (netlink->socket == NULL)
		return -EBADF;
	struct nlmsghdr *request = begin(netlink, entry);
	mnl_attr_put_u32(request, CTA_MARK, htonl(mark));
	mnl_attr_put_u32(request, CTA_MARK_MASK, htonl(mask));
	return netlink_ask(netlink, request, NULL, NULL, NULL);
}

static int
ask_to_end(struct netlink *netlink, const struct conntrack_entry *entry)
{
	struct nlmsghdr *request = begin(netlink, entry);

	put_end(request, entry);
	return netlink_ask(netlink, request, NULL, NULL, NULL);
}

/*
 * If the answer was lost, the socket may still hold it, and it must not be
 * taken for the next one.  The kernel then refuses to put off the time of an
 * entry that has been ended already.
 */
static int
ask_again(struct netlink *netlink, const struct conntrack_entry *entry)
{
	netlink_close(netlink);
	int rc = netlink_open(netlink, NETLINK_NETFILTER);

	if (rc == 0)
		rc = ask_to_end(netlink, entry);
	return rc == -EPERM ? 0 : rc;
}

int
conntrack_end(
    struct conntrack_ender *ender, const struct conntrack_entry *entry)
{
	struct netlink *netlink = &ender->netlink;
	int rc = netlink->socket != NULL ? ask_to_end(netlink, entry) : -EBADF;

	return rc == 0 || rc == -ENOENT || rc == -EPERM
		   ? rc
		   : ask_again(netlink, entry);
}
