/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows that live in conntrack without a packet, and a wire to the kernel that
 * can be cut.
 *
 * Only in a namespace of the test's own (namespace.h).  The program that
 * includes this puts its own recvmsg and sendto before the C library's, which
 * libmnl uses as well.
 */
#ifndef GATEHOUSE_TESTS_FIREWALL_LIVING_H
#define GATEHOUSE_TESTS_FIREWALL_LIVING_H

#include "firewall/conntrack.h"

#include "namespace.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <sys/syscall.h>

struct living {
	uint8_t protocol;
	const char *from;
	uint16_t from_port;
	const char *to;
	uint16_t port; /* the type of ICMP */
	uint32_t mark;
	uint8_t tcp_state; /* 0: established */
};

/* ---- the wire ---- */

enum living_fault {
	LIVING_FAULT_NONE,
	LIVING_FAULT_RECEIVE, /* fails with living_errno */
	LIVING_FAULT_CUT,     /* what comes is longer than the buffer */
	LIVING_FAULT_SHORT,   /* only half of it comes */
	LIVING_FAULT_NOISE,   /* every length in it is wrong */
	LIVING_FAULT_SEND,
};

static enum living_fault living_fault;
static int living_errno;
static long living_until; /* so many go well before it */
static long living_times; /* and so many do not; -1: all */

static inline bool
living_fails_now(bool sends)
{
	if (living_fault == LIVING_FAULT_NONE ||
	    (living_fault == LIVING_FAULT_SEND) != sends)
		return false;
	if (living_until-- > 0 || living_times == 0)
		return false;
	living_times -= living_times > 0;
	return true;
}

static inline void
living_break(enum living_fault fault, int error, long until, long times)
{
	living_fault = fault;
	living_errno = error;
	living_until = until;
	living_times = times;
}

static inline ssize_t
living_spoil(struct msghdr *message, ssize_t n)
{
	uint8_t *bytes = message->msg_iov[0].iov_base;

	if (living_fault == LIVING_FAULT_CUT)
		message->msg_flags |= MSG_TRUNC;
	if (living_fault == LIVING_FAULT_SHORT)
		return n / 2;
	if (living_fault == LIVING_FAULT_NOISE)
		for (ssize_t i = NLMSG_HDRLEN + 4; i < n; i += 4)
			bytes[i] = (uint8_t)(bytes[i] * 7 + i);
	return n;
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
#pragma GCC visibility push(default)
ssize_t
recvmsg(int fd, struct msghdr *message, int flags)
{
	bool fails = living_fails_now(false);

	if (fails && living_fault == LIVING_FAULT_RECEIVE) {
		errno = living_errno;
		return -1;
	}
	ssize_t n = syscall(SYS_recvmsg, fd, message, flags);
	return fails && n > 0 ? living_spoil(message, n) : n;
}

ssize_t
sendto(int fd, const void *bytes, size_t count, int flags,
    __CONST_SOCKADDR_ARG to, socklen_t to_len)
{
	if (living_fails_now(true)) {
		errno = living_errno;
		return -1;
	}
	return syscall(
	    SYS_sendto, fd, bytes, count, flags, to.__sockaddr__, to_len);
}
#pragma GCC visibility pop
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

/* ---- the flows ---- */

static inline void
living_put_tuple(struct nlmsghdr *request, uint16_t type,
    const struct living *flow, bool reply)
{
	struct address from, to;

	assert_int_equal(address_parse(str_of(flow->from), &from), 0);
	assert_int_equal(address_parse(str_of(flow->to), &to), 0);
	const struct address *source = reply ? &to : &from;
	const struct address *destination = reply ? &from : &to;
	bool v4 = from.family == ADDRESS_IPV4;
	struct nlattr *nest = mnl_attr_nest_start(request, type);
	struct nlattr *inner = mnl_attr_nest_start(request, CTA_TUPLE_IP);
	mnl_attr_put(request, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, v4 ? 4 : 16,
	    source->bytes);
	mnl_attr_put(request, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, v4 ? 4 : 16,
	    destination->bytes);
	mnl_attr_nest_end(request, inner);
	inner = mnl_attr_nest_start(request, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(request, CTA_PROTO_NUM, flow->protocol);
	if (flow->protocol == IPPROTO_ICMP) {
		mnl_attr_put_u16(
		    request, CTA_PROTO_ICMP_ID, htons(flow->from_port));
		mnl_attr_put_u8(request, CTA_PROTO_ICMP_TYPE,
		    reply ? 0 : (uint8_t)flow->port);
		mnl_attr_put_u8(request, CTA_PROTO_ICMP_CODE, 0);
	} else {
		mnl_attr_put_u16(request, CTA_PROTO_SRC_PORT,
		    htons(reply ? flow->port : flow->from_port));
		mnl_attr_put_u16(request, CTA_PROTO_DST_PORT,
		    htons(reply ? flow->from_port : flow->port));
	}
	mnl_attr_nest_end(request, inner);
	mnl_attr_nest_end(request, nest);
}

static inline void
living_put_state(struct nlmsghdr *request, uint8_t state)
{
	struct nlattr *nest = mnl_attr_nest_start(request, CTA_PROTOINFO);
	struct nlattr *tcp = mnl_attr_nest_start(request, CTA_PROTOINFO_TCP);

	mnl_attr_put_u8(request, CTA_PROTOINFO_TCP_STATE,
	    state != 0 ? state : TCP_CONNTRACK_ESTABLISHED);
	mnl_attr_nest_end(request, tcp);
	mnl_attr_nest_end(request, nest);
}

static inline struct nlmsghdr *
living_request(
    char *buffer, uint16_t type, uint16_t flags, const struct living *flow)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	request->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	struct nfgenmsg *head =
	    mnl_nlmsg_put_extra_header(request, sizeof(*head));
	head->nfgen_family = strchr(flow->from, ':') ? AF_INET6 : AF_INET;
	head->version = NFNETLINK_V0;
	living_put_tuple(request, CTA_TUPLE_ORIG, flow, false);
	return request;
}

static inline int
living_say(struct mnl_socket *socket, struct nlmsghdr *request)
{
	char answer[8192];

	assert_true(mnl_socket_sendto(socket, request, request->nlmsg_len) > 0);
	ssize_t n = mnl_socket_recvfrom(socket, answer, sizeof(answer));
	assert_true(n > 0);
	return mnl_cb_run(answer, (size_t)n, 0, 0, NULL, NULL) < 0 ? -errno : 0;
}

static inline struct mnl_socket *
living_open(void)
{
	struct mnl_socket *socket =
	    mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);

	assert_non_null(socket);
	assert_int_equal(mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID), 0);
	return socket;
}

static inline void
living_make(struct mnl_socket *socket, const struct living *flow)
{
	char buffer[1024];
	struct nlmsghdr *request = living_request(
	    buffer, IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL, flow);

	living_put_tuple(request, CTA_TUPLE_REPLY, flow, true);
	mnl_attr_put_u32(request, CTA_TIMEOUT, htonl(600));
	mnl_attr_put_u32(
	    request, CTA_STATUS, htonl(IPS_CONFIRMED | IPS_SEEN_REPLY));
	if (flow->mark != 0)
		mnl_attr_put_u32(request, CTA_MARK, htonl(flow->mark));
	if (flow->protocol == IPPROTO_TCP)
		living_put_state(request, flow->tcp_state);
	assert_int_equal(living_say(socket, request), 0);
}

static inline void
living_make_all(const struct living *flows, size_t count)
{
	struct mnl_socket *socket = living_open();

	for (size_t i = 0; i < count; i++)
		living_make(socket, &flows[i]);
	(void)mnl_socket_close(socket);
}

/* As if its time had come. */
static inline void
living_forget(const struct living *flow)
{
	struct mnl_socket *socket = living_open();
	char buffer[1024];

	assert_int_equal(living_say(socket, living_request(buffer,
						IPCTNL_MSG_CT_DELETE, 0, flow)),
	    0);
	(void)mnl_socket_close(socket);
}

static inline void
living_forget_all(void)
{
	struct mnl_socket *socket = living_open();
	char buffer[1024];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	request->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	struct nfgenmsg *head =
	    mnl_nlmsg_put_extra_header(request, sizeof(*head));
	head->version = NFNETLINK_V0;
	assert_int_equal(living_say(socket, request), 0);
	(void)mnl_socket_close(socket);
}

#endif
