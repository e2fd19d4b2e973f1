/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/transport.h"

#include <errno.h>
#include <sys/socket.h>

static ssize_t
plain_read(struct transport_wire *wire, void *to, size_t room)
{
	ssize_t n;

	do {
		n = recv(wire->fd, to, room, 0);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static ssize_t
plain_write(struct transport_wire *wire, const void *from, size_t len)
{
	ssize_t n;

	do {
		n = send(wire->fd, from, len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int
plain_shutdown(struct transport_wire *wire)
{
	return shutdown(wire->fd, SHUT_WR) < 0 ? -errno : 0;
}

const struct transport transport_plain = {
	.read = plain_read,
	.write = plain_write,
	.shutdown = plain_shutdown,
};
