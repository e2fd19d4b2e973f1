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

/* The kernel says then where a datagram was sent. */
static int
ask_destination(int fd, struct address address)
{
	return address.family == ADDRESS_IPV6
		   ? set_option(fd, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR)
		   : set_option(fd, IPPROTO_IP, IP_RECVORIGDSTADDR);
}

int
datagram_listen_between(const struct address_port *at)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(*at, &sa);
	int fd = open_udp(at->address);

	if (fd < 0)
		return fd;
	int error = set_transparent(fd, at->address);
	if (error == 0)
		error = ask_destination(fd, at->address);
	if (error == 0 && bind(fd, (struct sockaddr *)&sa, len) < 0)
		error = -errno;
	return close_if(error, fd);
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

ssize_t
datagram_receive(int fd, void *to, size_t room, struct address_port *ret_from)
{
	struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(sa);
	ssize_t count = recvfrom(fd, to, room, 0, (struct sockaddr *)&sa, &len);

	if (count < 0)
		return -errno;
	*ret_from = address_from_sockaddr((struct sockaddr *)&sa);
	return count;
}

/* Of both families, the larger. */
union ancillary {
	char bytes[CMSG_SPACE(sizeof(struct sockaddr_in6))];
	struct cmsghdr head;
};

static struct address_port
destination_of(struct msghdr *message)
{
	const struct cmsghdr *one = CMSG_FIRSTHDR(message);
	struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };

	if (one != NULL && one->cmsg_level == IPPROTO_IP &&
	    one->cmsg_type == IP_ORIGDSTADDR)
		memcpy(&sa, CMSG_DATA(one), sizeof(struct sockaddr_in));
	if (one != NULL && one->cmsg_level == IPPROTO_IPV6 &&
	    one->cmsg_type == IPV6_ORIGDSTADDR)
		memcpy(&sa, CMSG_DATA(one), sizeof(struct sockaddr_in6));
	return address_from_sockaddr((struct sockaddr *)&sa);
}

ssize_t
datagram_receive_between(int fd, void *to, size_t room,
    struct address_port *ret_from, struct address_port *ret_to)
{
	struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };
	union ancillary ancillary;
	struct iovec span = { to, room };
	struct msghdr message = {
		.msg_name = &sa,
		.msg_namelen = sizeof(sa),
		.msg_iov = &span,
		.msg_iovlen = 1,
		.msg_control = &ancillary,
		.msg_controllen = sizeof(ancillary),
	};
	ssize_t count = recvmsg(fd, &message, MSG_DONTWAIT);

	if (count < 0)
		return -errno;
	*ret_from = address_from_sockaddr((struct sockaddr *)&sa);
	*ret_to = destination_of(&message);
	return count;
}

int
datagram_send(int fd, const struct address_port *to, struct str bytes)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(*to, &sa);
	ssize_t count = sendto(
	    fd, bytes.at, bytes.len, MSG_NOSIGNAL, (struct sockaddr *)&sa, len);

	return count < 0 ? -errno : 0;
}
