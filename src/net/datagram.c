/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/datagram.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

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

int
datagram_send(int fd, const struct address_port *to, struct str bytes)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(*to, &sa);
	ssize_t count = sendto(
	    fd, bytes.at, bytes.len, MSG_NOSIGNAL, (struct sockaddr *)&sa, len);

	return count < 0 ? -errno : 0;
}
