/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * No thread of ours is ever cancelled, and the C library's recv and send make
 * ready for it each time, by two atomic operations: so the bare calls.
 */
static ssize_t
receive(int fd, void *to, size_t room)
{
	return syscall(SYS_recvfrom, fd, to, room, 0, NULL, NULL);
}

static ssize_t
transmit(int fd, const void *from, size_t len)
{
	return syscall(SYS_sendto, fd, from, len, MSG_NOSIGNAL, NULL, 0);
}

static ssize_t
plain_read(struct transport_wire *wire, void *to, size_t room)
{
	ssize_t n;

	do {
		n = receive(wire->fd, to, room);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static ssize_t
plain_write(struct transport_wire *wire, const void *from, size_t len)
{
	ssize_t n;

	do {
		n = transmit(wire->fd, from, len);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static ssize_t
plain_writev(struct transport_wire *wire, struct iovec *spans, size_t count)
{
	struct msghdr message = { .msg_iov = spans, .msg_iovlen = count };
	ssize_t n;

	do {
		n = sendmsg(wire->fd, &message, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int
plain_shutdown(struct transport_wire *wire)
{
	return shutdown(wire->fd, SHUT_WR) < 0 ? -errno : 0;
}

static ssize_t
move(int from, int to, size_t len)
{
	ssize_t n;

	do {
		n = splice(from, NULL, to, NULL, len,
		    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static ssize_t
plain_splice_in(struct transport_wire *wire, int pipe_fd, size_t room)
{
	return move(wire->fd, pipe_fd, room);
}

/*
 * Asked for more than the pipe holds, the kernel would take it that more comes
 * at once, and hold back the last segment.
 */
static ssize_t
plain_splice_out(struct transport_wire *wire, int pipe_fd, size_t len)
{
	return move(pipe_fd, wire->fd, len);
}

const struct transport transport_plain = {
	.read = plain_read,
	.write = plain_write,
	.writev = plain_writev,
	.shutdown = plain_shutdown,
	.splice_in = plain_splice_in,
	.splice_out = plain_splice_out,
};
