/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/socket.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#define SOCKET_FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)

static int
set_option(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)) < 0)
		return -errno;
	return 0;
}

/* Closes on failure and gives the error on, for the ends of constructors. */
static int
close_if(int error, int fd)
{
	if (error >= 0)
		return fd;
	(void)close(fd);
	return error;
}

static int
open_tcp(struct address address)
{
	int family = address.family == ADDRESS_IPV4 ? AF_INET : AF_INET6;
	int fd = socket(family, SOCK_STREAM | SOCKET_FLAGS, IPPROTO_TCP);

	return fd < 0 ? -errno : fd;
}

static int
set_transparent(int fd, struct address address)
{
	if (address.family == ADDRESS_IPV4)
		return set_option(fd, IPPROTO_IP, IP_TRANSPARENT, 1);
	return set_option(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1);
}

static int
set_freebind(int fd, struct address address)
{
	if (address.family == ADDRESS_IPV4)
		return set_option(fd, IPPROTO_IP, IP_FREEBIND, 1);
	return set_option(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
}

static int
bind_to(int fd, struct address_port at)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(at, &sa);

	return bind(fd, (struct sockaddr *)&sa, len) < 0 ? -errno : 0;
}

/* ---- listening ---- */

static int
set_listener(int fd, const struct socket_listen *options)
{
	int error = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);

	if (error == 0 && options->reuse_port)
		error = set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (error == 0 && options->at.address.family == ADDRESS_IPV6)
		error = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (error == 0 && options->transparent)
		error = set_transparent(fd, options->at.address);
	if (error == 0 && options->freebind)
		error = set_freebind(fd, options->at.address);
	if (error == 0)
		error = bind_to(fd, options->at);
	return error;
}

int
socket_listen(const struct socket_listen *options)
{
	int backlog = options->backlog > 0 ? options->backlog : SOCKET_BACKLOG;
	int fd, error;

	if (options->at.address.family == ADDRESS_NONE)
		return -EINVAL;
	fd = open_tcp(options->at.address);
	if (fd < 0)
		return fd;
	error = set_listener(fd, options);
	if (error == 0 && listen(fd, backlog) < 0)
		error = -errno;
	return close_if(error, fd);
}

/*
 * Linux gives errors that the new connection already has as errors of
 * accept(2); the next one in the queue may be well.
 */
static bool
is_of_the_connection(int error)
{
	switch (error) {
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case ENOPROTOOPT:
	case EOPNOTSUPP:
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENONET:
	case ETIMEDOUT:
	case EPERM: /* a firewall said no */
		return true;
	default:
		return false;
	}
}

static int
accept_one(int listener, struct socket_accepted *ret)
{
	struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(sa);
	int fd = accept4(listener, (struct sockaddr *)&sa, &len, SOCKET_FLAGS);

	if (fd < 0)
		return -errno;
	*ret = (struct socket_accepted){
		.fd = fd,
		.peer = address_from_sockaddr((struct sockaddr *)&sa),
	};
	return 0;
}

int
socket_accept(int listener, struct socket_accepted *ret, size_t max)
{
	size_t count = 0;

	/* Dead ones count as turns: a flood of them must not hold the loop. */
	for (size_t turn = 0; turn < max; turn++) {
		int error = accept_one(listener, &ret[count]);
		if (error == 0)
			count++;
		else if (error == -EAGAIN)
			break;
		else if (!is_of_the_connection(-error))
			return count > 0 ? (int)count : error;
	}
	return (int)count;
}

/* ---- connecting ---- */

static int
set_source(int fd, const struct socket_connect *options)
{
	int error = 0;

	if (options->from.address.family == ADDRESS_NONE)
		return 0;
	if (options->from.address.family != options->to.address.family)
		return -EINVAL;
	if (options->transparent)
		error = set_transparent(fd, options->from.address);
	/*
	 * The port is chosen by connect(2), which knows the other end: else
	 * 28,000 connections from one address would be all there can be.
	 */
	if (error == 0 && options->from.port == 0)
		error = set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	if (error == 0)
		error = bind_to(fd, options->from);
	return error;
}

int
socket_connect_on(int fd, struct address_port to)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(to, &sa);

	/* Interrupted, a connection attempt goes on as if not blocking. */
	if (connect(fd, (struct sockaddr *)&sa, len) < 0 &&
	    errno != EINPROGRESS && errno != EINTR)
		return -errno;
	return 0;
}

int
socket_connect(const struct socket_connect *options)
{
	int fd, error;

	if (options->to.address.family == ADDRESS_NONE)
		return -EINVAL;
	fd = open_tcp(options->to.address);
	if (fd < 0)
		return fd;
	error = set_source(fd, options);
	if (error == 0)
		error = socket_connect_on(fd, options->to);
	return close_if(error, fd);
}

int
socket_open_from(struct address_port from)
{
	int fd, error;

	if (from.address.family == ADDRESS_NONE || from.port == 0)
		return -EINVAL;
	fd = open_tcp(from.address);
	if (fd < 0)
		return fd;
	error = set_transparent(fd, from.address);
	if (error == 0)
		error = bind_to(fd, from);
	return close_if(error, fd);
}

static int
get_option(int fd, int level, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, option, &value, &len) < 0 ? -errno : value;
}

/* 0 where the kernel does not tell. */
static uint64_t
namespace_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) < 0)
		return 0;
	return cookie;
}

bool
socket_is_transparent(int fd)
{
	int family = get_option(fd, SOL_SOCKET, SO_DOMAIN);
	int transparent = family == AF_INET
			      ? get_option(fd, IPPROTO_IP, IP_TRANSPARENT)
			  : family == AF_INET6
			      ? get_option(fd, IPPROTO_IPV6, IPV6_TRANSPARENT)
			      : 0;
	int ours;

	if (transparent != 1 ||
	    get_option(fd, SOL_SOCKET, SO_PROTOCOL) != IPPROTO_TCP)
		return false;
	ours = socket(AF_INET, SOCK_DGRAM | SOCKET_FLAGS, 0);
	if (ours < 0)
		return false;
	uint64_t here = namespace_of(ours);
	(void)close(ours);
	return here != 0 && namespace_of(fd) == here;
}

int
socket_connect_result(int fd)
{
	struct address_port peer;
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	if (error != 0)
		return -error;
	error = socket_peer(fd, &peer);
	return error == -ENOTCONN ? -EINPROGRESS : error;
}

/* ---- what any connection can do ---- */

int
socket_tune(int fd, const struct socket_tuning *t)
{
	const struct {
		int level, option;
		unsigned value;
	} rows[] = {
		{ IPPROTO_TCP, TCP_NODELAY, t->no_delay },
		{ IPPROTO_TCP, TCP_KEEPIDLE, t->keepalive_idle },
		{ IPPROTO_TCP, TCP_KEEPINTVL, t->keepalive_every },
		{ IPPROTO_TCP, TCP_KEEPCNT, t->keepalive_count },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, t->user_timeout_ms },
		{ SOL_SOCKET, SO_KEEPALIVE, t->keepalive_idle > 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int error = 0;
		if (rows[i].value > INT32_MAX)
			return -EINVAL;
		if (rows[i].value > 0)
			error = set_option(fd, rows[i].level, rows[i].option,
			    (int)rows[i].value);
		if (error < 0)
			return error;
	}
	return 0;
}

int
socket_local(int fd, struct address_port *ret)
{
	struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return -errno;
	*ret = address_from_sockaddr((struct sockaddr *)&sa);
	return 0;
}

int
socket_peer(int fd, struct address_port *ret)
{
	struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(sa);

	if (getpeername(fd, (struct sockaddr *)&sa, &len) < 0)
		return -errno;
	*ret = address_from_sockaddr((struct sockaddr *)&sa);
	return 0;
}

void
socket_close_reset(int fd)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	/*
	 * Not by SO_LINGER, which the proxy's filter would have to allow: it
	 * can make the last close wait, of whoever was handed the socket.
	 * Should it fail, an ordinary close is the next best.
	 */
	(void)connect(fd, &nobody, sizeof(nobody));
	(void)close(fd);
}

ssize_t
socket_peek(int fd, void *to, size_t room)
{
	ssize_t n;

	do {
		n = recv(fd, to, room, MSG_PEEK | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* ---- messages with descriptors ---- */

/*
 * Aligned as the kernel wants it.  An odd number of descriptors would leave
 * room for one more in the padding, and that one would be lost.
 */
static_assert(SOCKET_FDS_MAX % 2 == 0, "the room holds exactly so many");

union fds_room {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(SOCKET_FDS_MAX * sizeof(int))];
};

int
socket_pair(int ret[static 2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCKET_FLAGS, 0, ret) < 0)
		return -errno;
	return 0;
}

static void
attach_fds(
    struct msghdr *header, union fds_room *room, const int *fds, size_t count)
{
	struct cmsghdr *control;

	memset(room, 0, sizeof(*room));
	header->msg_control = room->bytes;
	header->msg_controllen = CMSG_SPACE(count * sizeof(int));
	control = CMSG_FIRSTHDR(header);
	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(control), fds, count * sizeof(int));
}

int
socket_send(int fd, struct str bytes, const int *fds, size_t fds_count)
{
	struct iovec vector = { .iov_len = bytes.len };
	struct msghdr header = { .msg_iov = &vector, .msg_iovlen = 1 };
	union fds_room room;
	ssize_t n;

	if (bytes.len == 0 || fds_count > SOCKET_FDS_MAX)
		return -EINVAL;
	/* sendmsg() does not write through it, but its type cannot say so. */
	memcpy(&vector.iov_base, &bytes.at, sizeof(vector.iov_base));
	if (fds_count > 0)
		attach_fds(&header, &room, fds, fds_count);
	do {
		n = sendmsg(fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static int
refuse(struct socket_message *message, int error)
{
	for (size_t i = 0; i < message->fds_count; i++)
		(void)close(message->fds[i]);
	message->fds_count = 0;
	return error;
}

/* The room holds SOCKET_FDS_MAX at most, whatever the peer sent. */
static void
detach_fds(struct msghdr *header, struct socket_message *message)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(header);

	for (; control != NULL; control = CMSG_NXTHDR(header, control)) {
		size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		size_t left = SOCKET_FDS_MAX - message->fds_count;

		if (control->cmsg_level != SOL_SOCKET ||
		    control->cmsg_type != SCM_RIGHTS)
			continue;
		count = count < left ? count : left;
		memcpy(&message->fds[message->fds_count], CMSG_DATA(control),
		    count * sizeof(int));
		message->fds_count += count;
	}
}

int
socket_receive(int fd, struct socket_message *message)
{
	struct iovec vector = { message->bytes, message->room };
	union fds_room room;
	struct msghdr header = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = room.bytes,
		.msg_controllen = sizeof(room.bytes),
	};
	ssize_t n;

	message->len = 0;
	message->fds_count = 0;
	do {
		n = recvmsg(fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	detach_fds(&header, message);
	if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
		return refuse(message, -EMSGSIZE);
	/* It would look like the end of the stream, with a gift. */
	if (n == 0 && message->fds_count > 0)
		return refuse(message, -EBADMSG);
	message->len = (size_t)n;
	return 0;
}
