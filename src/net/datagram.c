/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/datagram.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

/* linux/in6.h; the C library has them not. */
#ifndef IPV6_RECVORIGDSTADDR
#define IPV6_ORIGDSTADDR     74
#define IPV6_RECVORIGDSTADDR IPV6_ORIGDSTADDR
#endif

static int
open_udp(struct address address)
{
	int domain = address.family == ADDRESS_IPV6 ? AF_INET6 : AF_INET;
	int fd = socket(
	    domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);

	return fd < 0 ? -errno : fd;
}

static int
set_option(int fd, int level, int option)
{
	int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on)) < 0 ? -errno : 0;
}

static int
close_if(int error, int fd)
{
	if (error < 0)
		(void)close(fd);
	return error < 0 ? error : fd;
}

int
datagram_listen(const struct address_port *at, bool freebind)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(*at, &sa);
	bool ipv6 = at->address.family == ADDRESS_IPV6;
	int fd = open_udp(at->address);
	int error = 0;

	if (fd < 0)
		return fd;
	if (ipv6)
		error = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	if (error == 0 && freebind)
		error = ipv6 ? set_option(fd, IPPROTO_IPV6, IPV6_FREEBIND)
			     : set_option(fd, IPPROTO_IP, IP_FREEBIND);
	if (error == 0 && bind(fd, (struct sockaddr *)&sa, len) < 0)
		error = -errno;
	return close_if(error, fd);
}

static int
set_transparent(int fd, struct address address)
{
	return address.family == ADDRESS_IPV6
		   ? set_option(fd, IPPROTO_IPV6, IPV6_TRANSPARENT)
		   : set_option(fd, IPPROTO_IP, IP_TRANSPARENT);
}

/* Other clients have sockets at the same place. */
int
datagram_stand_for(
    const struct address_port *server, const struct address_port *client)
{
	struct sockaddr_storage at, peer;
	socklen_t at_len = address_to_sockaddr(*server, &at);
	socklen_t peer_len = address_to_sockaddr(*client, &peer);
	int fd = open_udp(server->address);

	if (fd < 0)
		return fd;
	int error = set_transparent(fd, server->address);
	if (error == 0)
		error = set_option(fd, SOL_SOCKET, SO_REUSEADDR);
	if (error == 0 &&
	    (bind(fd, (struct sockaddr *)&at, at_len) < 0 ||
		connect(fd, (struct sockaddr *)&peer, peer_len) < 0))
		error = -errno;
	return close_if(error, fd);
}

int
datagram_intercept(const struct address_port *at)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(*at, &sa);
	bool ipv6 = at->address.family == ADDRESS_IPV6;
	int level = ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
	int fd = open_udp(at->address);
	int error;

	if (fd < 0)
		return fd;
	error = ipv6 ? set_option(fd, level, IPV6_V6ONLY) : 0;
	if (error == 0)
		error = set_option(
		    fd, level, ipv6 ? IPV6_TRANSPARENT : IP_TRANSPARENT);
	if (error == 0)
		error = set_option(fd, level,
		    ipv6 ? IPV6_RECVORIGDSTADDR : IP_RECVORIGDSTADDR);
	if (error == 0 && bind(fd, (struct sockaddr *)&sa, len) < 0)
		error = -errno;
	return close_if(error, fd);
}

void
datagram_widen(int fd)
{
	int bytes = 4 << 20;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) <
	    0)
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

int
datagram_connect(const struct address_port *to)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(*to, &sa);
	int fd = open_udp(to->address);
	int error = 0;

	if (fd < 0)
		return fd;
	if (connect(fd, (struct sockaddr *)&sa, len) < 0)
		error = -errno;
	return close_if(error, fd);
}

/* One for all that a thread receives: no two are looked at at once. */
static char *
room(void)
{
	static _Thread_local char bytes[DATAGRAM_BYTES_MAX];

	return bytes;
}

int
datagram_receive(int fd, struct str *ret, struct address_port *ret_from)
{
	struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(sa);
	char *to = room();
	ssize_t count = recvfrom(
	    fd, to, DATAGRAM_BYTES_MAX, 0, (struct sockaddr *)&sa, &len);

	if (count < 0)
		return -errno;
	*ret = (struct str){ to, (size_t)count };
	if (ret_from != NULL)
		*ret_from = address_from_sockaddr((struct sockaddr *)&sa);
	return 0;
}

int
datagram_send_both(
    int fd, const struct address_port *to, struct str head, struct str bytes)
{
	struct sockaddr_storage sa;
	struct iovec spans[] = { { (void *)(uintptr_t)head.at, head.len },
		{ (void *)(uintptr_t)bytes.at, bytes.len } };
	const struct msghdr message = { .msg_name = &sa,
		.msg_namelen = address_to_sockaddr(*to, &sa),
		.msg_iov = spans,
		.msg_iovlen = 2 };

	return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int
datagram_send(int fd, const struct address_port *to, struct str bytes)
{
	return datagram_send_both(fd, to, (struct str){ NULL, 0 }, bytes);
}

/* Room for what is told of a datagram, of either family. */
union told {
	char bytes[CMSG_SPACE(sizeof(struct sockaddr_in6))];
	struct cmsghdr align;
};

static bool
is_destination(const struct cmsghdr *cmsg)
{
	return (cmsg->cmsg_level == IPPROTO_IP &&
		   cmsg->cmsg_type == IP_ORIGDSTADDR) ||
	       (cmsg->cmsg_level == IPPROTO_IPV6 &&
		   cmsg->cmsg_type == IPV6_ORIGDSTADDR);
}

int
datagram_receive_for(int fd, struct str *ret, struct address_port *ret_from,
    struct address_port *ret_to)
{
	struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };
	struct iovec span = { room(), DATAGRAM_BYTES_MAX };
	union told told;
	struct msghdr message = { .msg_name = &sa,
		.msg_namelen = sizeof(sa),
		.msg_iov = &span,
		.msg_iovlen = 1,
		.msg_control = told.bytes,
		.msg_controllen = sizeof(told.bytes) };
	ssize_t count = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);

	if (count < 0)
		return -errno;
	*ret = (struct str){ span.iov_base, (size_t)count };
	*ret_from = address_from_sockaddr((struct sockaddr *)&sa);
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message); cmsg != NULL;
	     cmsg = CMSG_NXTHDR(&message, cmsg))
		if (is_destination(cmsg)) {
			struct sockaddr_storage there = { 0 };
			memcpy(&there, CMSG_DATA(cmsg),
			    sizeof(struct sockaddr_in6) <
				    cmsg->cmsg_len - CMSG_LEN(0)
				? sizeof(struct sockaddr_in6)
				: cmsg->cmsg_len - CMSG_LEN(0));
			*ret_to =
			    address_from_sockaddr((struct sockaddr *)&there);
			return 0;
		}
	return -EBADMSG;
}

/* What says the source of a datagram; in memory for it, whose length comes
 * back. */
static size_t
put_source(struct cmsghdr *cmsg, struct address from)
{
	if (from.family == ADDRESS_IPV4) {
		struct in_pktinfo info = { 0 };
		memcpy(&info.ipi_spec_dst, from.bytes, 4);
		cmsg->cmsg_level = IPPROTO_IP;
		cmsg->cmsg_type = IP_PKTINFO;
		cmsg->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
		return CMSG_SPACE(sizeof(info));
	}
	struct in6_pktinfo info = { 0 };
	memcpy(&info.ipi6_addr, from.bytes, 16);
	cmsg->cmsg_level = IPPROTO_IPV6;
	cmsg->cmsg_type = IPV6_PKTINFO;
	cmsg->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
	return CMSG_SPACE(sizeof(info));
}

int
datagram_send_as(int fd, const struct address_port *to, struct address from,
    struct str bytes)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(*to, &sa);
	struct iovec span = { (void *)(uintptr_t)bytes.at, bytes.len };
	union told told = { { 0 } };
	struct msghdr message = { .msg_name = &sa,
		.msg_namelen = len,
		.msg_iov = &span,
		.msg_iovlen = 1,
		.msg_control = told.bytes };

	message.msg_controllen = put_source(&told.align, from);
	return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}
