/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "firewall/names.h"
#include "firewall/netlink.h"

#define CONNTRACK_GET (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET)
#define CONNTRACK_NEW (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW)

const char *
conntrack_state_word(enum conntrack_state state)
{
	static const char *const words[CONNTRACK_STATE_COUNT] = {
		[CONNTRACK_UNANSWERED] = "unanswered",
		[CONNTRACK_OPENING] = "opening",
		[CONNTRACK_OPEN] = "open",
		[CONNTRACK_CLOSING] = "closing",
		[CONNTRACK_OVER] = "over",
	};

	return words[state];
}

bool
conntrack_is_living(const struct conntrack_entry *entry)
{
	return entry->state != CONNTRACK_OVER &&
	       (entry->mark & FIREWALL_MARK_ENDED) == 0;
}

/*
 * Reading: one flow.
 */

static struct address
read_address(const struct nlattr *v4, const struct nlattr *v6)
{
	if (v4 != NULL && mnl_attr_get_payload_len(v4) == 4)
		return address_from_bytes(
		    ADDRESS_IPV4, mnl_attr_get_payload(v4));
	if (v6 != NULL && mnl_attr_get_payload_len(v6) == 16)
		return address_from_bytes(
		    ADDRESS_IPV6, mnl_attr_get_payload(v6));
	return (struct address){ ADDRESS_NONE, { 0 } };
}

static void
read_protocol(const struct nlattr *nest, struct conntrack_tuple *ret)
{
	const struct nlattr *proto[CTA_PROTO_MAX + 1];

	netlink_nested(nest, proto, CTA_PROTO_MAX + 1);
	ret->protocol = (uint8_t)netlink_number(proto[CTA_PROTO_NUM]);
	ret->source.port = (uint16_t)netlink_number(proto[CTA_PROTO_SRC_PORT]);
	ret->destination.port =
	    (uint16_t)netlink_number(proto[CTA_PROTO_DST_PORT]);
	size_t family = ret->protocol == IPPROTO_ICMPV6
			    ? CTA_PROTO_ICMPV6_ID - CTA_PROTO_ICMP_ID
			    : 0;
	ret->icmp_id =
	    (uint16_t)netlink_number(proto[CTA_PROTO_ICMP_ID + family]);
	ret->icmp_type =
	    (uint8_t)netlink_number(proto[CTA_PROTO_ICMP_TYPE + family]);
	ret->icmp_code =
	    (uint8_t)netlink_number(proto[CTA_PROTO_ICMP_CODE + family]);
}

static void
read_tuple(const struct nlattr *nest, struct conntrack_tuple *ret)
{
	const struct nlattr *tuple[CTA_TUPLE_MAX + 1];
	const struct nlattr *ip[CTA_IP_MAX + 1];

	*ret = (struct conntrack_tuple){ 0 };
	if (nest == NULL)
		return;
	netlink_nested(nest, tuple, CTA_TUPLE_MAX + 1);
	if (tuple[CTA_TUPLE_IP] == NULL || tuple[CTA_TUPLE_PROTO] == NULL)
		return;
	netlink_nested(tuple[CTA_TUPLE_IP], ip, CTA_IP_MAX + 1);
	read_protocol(tuple[CTA_TUPLE_PROTO], ret);
	ret->destination.address =
	    read_address(ip[CTA_IP_V4_DST], ip[CTA_IP_V6_DST]);
	ret->source.address =
	    read_address(ip[CTA_IP_V4_SRC], ip[CTA_IP_V6_SRC]);
	if (ret->destination.address.family == ADDRESS_NONE)
		ret->source.address.family = ADDRESS_NONE;
}

static bool
read_counters(const struct nlattr *nest, uint64_t *packets, uint64_t *bytes)
{
	const struct nlattr *values[CTA_COUNTERS_MAX + 1];

	if (nest == NULL)
		return false;
	netlink_nested(nest, values, CTA_COUNTERS_MAX + 1);
	*packets = netlink_number(values[CTA_COUNTERS_PACKETS]);
	*bytes = netlink_number(values[CTA_COUNTERS_BYTES]);
	return true;
}

static void
read_times(const struct nlattr *nest, struct conntrack_entry *ret)
{
	const struct nlattr *times[CTA_TIMESTAMP_MAX + 1];

	if (nest == NULL)
		return;
	netlink_nested(nest, times, CTA_TIMESTAMP_MAX + 1);
	ret->began = (int64_t)netlink_number(times[CTA_TIMESTAMP_START]);
	ret->ended = (int64_t)netlink_number(times[CTA_TIMESTAMP_STOP]);
}

/* One row a state of the kernel's (linux/netfilter/nf_conntrack_tcp.h). */
static const enum conntrack_state tcp_states[] = {
	[TCP_CONNTRACK_NONE] = CONNTRACK_OPENING,
	[TCP_CONNTRACK_SYN_SENT] = CONNTRACK_OPENING,
	[TCP_CONNTRACK_SYN_RECV] = CONNTRACK_OPENING,
	[TCP_CONNTRACK_ESTABLISHED] = CONNTRACK_OPEN,
	[TCP_CONNTRACK_FIN_WAIT] = CONNTRACK_CLOSING,
	[TCP_CONNTRACK_CLOSE_WAIT] = CONNTRACK_CLOSING,
	[TCP_CONNTRACK_LAST_ACK] = CONNTRACK_CLOSING,
	[TCP_CONNTRACK_TIME_WAIT] = CONNTRACK_OVER,
	[TCP_CONNTRACK_CLOSE] = CONNTRACK_OVER,
	[TCP_CONNTRACK_SYN_SENT2] = CONNTRACK_OPENING,
};

static enum conntrack_state
read_state(const struct nlattr *nest, uint32_t status)
{
	const struct nlattr *protocols[CTA_PROTOINFO_MAX + 1] = { NULL };
	const struct nlattr *tcp[CTA_PROTOINFO_TCP_MAX + 1];

	if (nest != NULL)
		netlink_nested(nest, protocols, CTA_PROTOINFO_MAX + 1);
	if (protocols[CTA_PROTOINFO_TCP] == NULL)
		return (status & IPS_SEEN_REPLY) != 0 ? CONNTRACK_OPEN
						      : CONNTRACK_UNANSWERED;
	netlink_nested(
	    protocols[CTA_PROTOINFO_TCP], tcp, CTA_PROTOINFO_TCP_MAX + 1);
	uint64_t state = netlink_number(tcp[CTA_PROTOINFO_TCP_STATE]);
	return state < sizeof(tcp_states) / sizeof(tcp_states[0])
		   ? tcp_states[state]
		   : CONNTRACK_OPEN;
}

int
conntrack_parse(const struct nlmsghdr *message, struct conntrack_entry *ret)
{
	const struct nlattr *all[CTA_MAX + 1];

	*ret = (struct conntrack_entry){ 0 };
	if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_CTNETLINK)
		return -EBADMSG;
	netlink_attributes(message, sizeof(struct nfgenmsg), all, CTA_MAX + 1);
	read_tuple(all[CTA_TUPLE_ORIG], &ret->original);
	read_tuple(all[CTA_TUPLE_REPLY], &ret->reply);
	read_tuple(all[CTA_TUPLE_MASTER], &ret->master);
	if (ret->original.source.address.family == ADDRESS_NONE)
		return -EBADMSG;
	ret->status = (uint32_t)netlink_number(all[CTA_STATUS]);
	ret->mark = (uint32_t)netlink_number(all[CTA_MARK]);
	ret->zone = (uint16_t)netlink_number(all[CTA_ZONE]);
	ret->state = read_state(all[CTA_PROTOINFO], ret->status);
	ret->is_counted = read_counters(all[CTA_COUNTERS_ORIG],
			      &ret->packets_in, &ret->bytes_in) &&
			  read_counters(all[CTA_COUNTERS_REPLY],
			      &ret->packets_out, &ret->bytes_out);
	read_times(all[CTA_TIMESTAMP], ret);
	return 0;
}

/*
 * Reading: all flows.
 */

struct conntrack_dump {
	struct netlink netlink;
	conntrack_fn each;
	void *context;
};

static void
put_family(struct nlmsghdr *request, int family)
{
	struct nfgenmsg *head =
	    mnl_nlmsg_put_extra_header(request, sizeof(*head));

	head->nfgen_family = (uint8_t)family;
	head->version = NFNETLINK_V0;
	head->res_id = 0;
}

int
conntrack_dump_open(struct conntrack_dump **ret)
{
	struct conntrack_dump *dump = calloc(1, sizeof(*dump));
	int rc = dump == NULL ? -ENOMEM
			      : netlink_open(&dump->netlink, NETLINK_NETFILTER);

	if (rc == 0) {
		struct nlmsghdr *request =
		    netlink_begin(&dump->netlink, CONNTRACK_GET, NLM_F_DUMP);
		put_family(request, AF_UNSPEC);
		if (mnl_socket_sendto(
			dump->netlink.socket, request, request->nlmsg_len) < 0)
			rc = -errno;
	}
	if (rc < 0) {
		conntrack_dump_close(dump);
		return rc;
	}
	*ret = dump;
	return 0;
}

void
conntrack_dump_close(struct conntrack_dump *dump)
{
	if (dump == NULL)
		return;
	netlink_close(&dump->netlink);
	free(dump);
}

/* What is no flow of ours to understand is passed over. */
static int
take_flow(const struct nlmsghdr *message, void *context)
{
	const struct conntrack_dump *dump = context;
	struct conntrack_entry entry;

	if (conntrack_parse(message, &entry) < 0 ||
	    (entry.status & IPS_DYING) != 0)
		return MNL_CB_OK;
	int rc = dump->each(dump->context, &entry);
	if (rc < 0)
		errno = -rc;
	return rc < 0 ? MNL_CB_ERROR : MNL_CB_OK;
}

int
conntrack_dump_next(
    struct conntrack_dump *dump, conntrack_fn each, void *context)
{
	struct netlink *netlink = &dump->netlink;
	ssize_t n;

	dump->each = each;
	dump->context = context;
	do
		n = mnl_socket_recvfrom(
		    netlink->socket, netlink->buffer, sizeof(netlink->buffer));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	int rc = mnl_cb_run(netlink->buffer, (size_t)n, netlink->sequence,
	    mnl_socket_get_portid(netlink->socket), take_flow, dump);
	if (rc == MNL_CB_ERROR)
		return errno != 0 ? -errno : -EIO;
	return rc == MNL_CB_STOP ? 0 : 1;
}

int
conntrack_read(conntrack_fn each, void *context)
{
	struct conntrack_dump *dump = NULL;
	int rc = conntrack_dump_open(&dump);

	if (rc < 0)
		return rc;
	do
		rc = conntrack_dump_next(dump, each, context);
	while (rc > 0);
	conntrack_dump_close(dump);
	return rc;
}

/*
 * Ending.
 */

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

/* Who counts open connections (`ct count`) leaves out what is closed. */
static void
put_closed(struct nlmsghdr *request)
{
	struct nlattr *nest = mnl_attr_nest_start(request, CTA_PROTOINFO);
	struct nlattr *tcp = mnl_attr_nest_start(request, CTA_PROTOINFO_TCP);

	mnl_attr_put_u8(request, CTA_PROTOINFO_TCP_STATE, TCP_CONNTRACK_CLOSE);
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

static int
ask_to_end(struct netlink *netlink, const struct conntrack_entry *entry)
{
	struct nlmsghdr *request = netlink_begin(netlink, CONNTRACK_NEW, 0);
	bool v4 = entry->original.source.address.family == ADDRESS_IPV4;

	put_family(request, v4 ? AF_INET : AF_INET6);
	put_tuple(request, &entry->original);
	if (entry->zone != 0)
		mnl_attr_put_u16(request, CTA_ZONE, htons(entry->zone));
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

/*
 * Counting.
 */

int
conntrack_count_flows(struct text *reterr_why)
{
	static const char *const switches[] = {
		"/proc/sys/net/netfilter/nf_conntrack_acct",
		"/proc/sys/net/netfilter/nf_conntrack_timestamp",
	};

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		int fd = open(switches[i], O_WRONLY | O_CLOEXEC);
		int rc = fd < 0 ? -errno : file_write_all(fd, STR("1\n"));
		if (fd >= 0)
			(void)close(fd);
		if (rc < 0) {
			text_addf(reterr_why, "cannot switch on %s: %s",
			    switches[i], strerror(-rc));
			return rc;
		}
	}
	return 0;
}
