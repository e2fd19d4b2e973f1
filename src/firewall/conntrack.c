/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/conntrack.h"

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
	return (struct address){ 0 };
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

int
conntrack_dump_open(struct conntrack_dump **ret)
{
	struct conntrack_dump *dump = calloc(1, sizeof(*dump));
	int rc = dump == NULL ? -ENOMEM
			      : netlink_open(&dump->netlink, NETLINK_NETFILTER);

	if (rc == 0) {
		struct nlmsghdr *request =
		    netlink_begin(&dump->netlink, CONNTRACK_GET, NLM_F_DUMP);
		netlink_put_family(request, AF_UNSPEC);
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
 * Counting.
 */

static bool
switch_is_on(const char *path)
{
	struct text value = TEXT_EMPTY;
	bool on = file_read(path, 64, &value) == 0 && value.len > 0 &&
		  value.at[0] == '1';

	text_fini(&value);
	return on;
}

/* One that is on already need not be writable: in a container none is. */
int
conntrack_count_flows(struct text *reterr_why)
{
	static const char *const switches[] = {
		"/proc/sys/net/netfilter/nf_conntrack_acct",
		"/proc/sys/net/netfilter/nf_conntrack_timestamp",
	};

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		if (switch_is_on(switches[i]))
			continue;
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
