/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/journal_socket: records to a syslog server or to systemd's journal.
 *
 *	unix	a datagram each.  gatehoused has made the socket and connects
 *		it, the proxy has been handed it: one of the two reaches what
 *		was started again, and so does the other.
 *	udp	a datagram each (RFC 5426).  What the network does not take is
 *		lost, as it would be on its way.
 *	tcp	LENGTH SP RECORD (RFC 6587, 3.4.1).  Each process has a
 *		connection of its own, or frames would mix.  A frame that was
 *		not sent whole is sent again on the next connection.
 *
 * Where the other end is gone, records wait, and then the queue is what fills.
 */
#include "console/journal_output_impl.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RETRY_EVERY CLOCK_SECOND
#define CONNECT_MAX (5 * CLOCK_SECOND)

/* What was sent and is not acknowledged by then was sent to nobody. */
#define STALL_MAX (10 * CLOCK_SECOND)

/* Room for a record with all its fields. */
#define SEND_BYTES ((int)1 << 20)

/* ---- opening ---- */

int
journal_socket_open(void)
{
	int size = SEND_BYTES;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return fd;
}

static int
connect_unix(const struct journal_output *output)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (output->path == NULL || strlen(output->path) >= sizeof(to.sun_path))
		return -ENOTCONN;
	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", output->path);
	return connect(output->fd, (struct sockaddr *)&to, sizeof(to)) < 0
		   ? -errno
		   : 0;
}

static socklen_t
put_address(struct address_port at, struct sockaddr_storage *ret)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(at.port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(at.port) };

	if (at.address.family == ADDRESS_IPV4) {
		memcpy(&in.sin_addr, at.address.bytes, sizeof(in.sin_addr));
		memcpy(ret, &in, sizeof(in));
		return sizeof(in);
	}
	memcpy(&in6.sin6_addr, at.address.bytes, sizeof(in6.sin6_addr));
	memcpy(ret, &in6, sizeof(in6));
	return sizeof(in6);
}

/* Connected, or being connected. */
static int
open_internet(struct journal_output *output, int type)
{
	struct sockaddr_storage to = { 0 };
	socklen_t len = put_address(output->at, &to);
	int fd = socket(to.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&to, len) < 0 &&
	    errno != EINPROGRESS) {
		int rc = -errno;
		(void)close(fd);
		return rc;
	}
	return fd;
}

static void
close_socket(struct journal_output *output)
{
	journal_output_take_fd(output, -1);
}

/* ---- datagrams ---- */

static int
send_once(int fd, struct str bytes)
{
	ssize_t n;

	do
		n = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* Nobody listens just now. */
static bool
is_away(int error)
{
	return error == -ECONNREFUSED || error == -ENOTCONN ||
	       error == -ENOENT || error == -ECONNRESET || error == -EPIPE ||
	       error == -EDESTADDRREQ;
}

/* One that waits for its listener; an error: it is lost for another reason. */
static int
send_unix(struct journal_output *output, struct str record)
{
	for (;;) {
		int rc = send_once(output->fd, record);
		if (is_away(rc) && connect_unix(output) == 0)
			rc = send_once(output->fd, record);
		if (rc == 0)
			return 0;
		journal_output_fails(output, rc);
		if (is_away(rc))
			journal_output_pause(output, RETRY_EVERY);
		else if (rc == -EAGAIN || rc == -ENOBUFS)
			(void)journal_output_wait(output, output->fd, POLLOUT,
			    clock_now() + RETRY_EVERY);
		else
			return rc;
		if (journal_output_gives_up(output))
			return rc;
	}
}

/* The first error may be that of a datagram before (ICMP). */
static int
send_udp(struct journal_output *output, struct str record)
{
	int rc = 0;

	if (output->fd < 0) {
		rc = open_internet(output, SOCK_DGRAM);
		if (rc >= 0)
			journal_output_take_fd(output, rc);
	}
	if (rc >= 0)
		rc = send_once(output->fd, record);
	if (rc == -ECONNREFUSED)
		rc = send_once(output->fd, record);
	if (rc == -EAGAIN || rc == -ENOBUFS) {
		(void)journal_output_wait(
		    output, output->fd, POLLOUT, clock_now() + RETRY_EVERY);
		rc = send_once(output->fd, record);
	}
	if (rc < 0)
		journal_output_fails(output, rc);
	return rc < 0 ? rc : 0;
}

/* ---- a connection ---- */

static void
tune(int fd)
{
	int on = 1, stall = (int)(STALL_MAX / CLOCK_MS);

	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(
	    fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &stall, sizeof(stall));
}

static int
connect_tcp(struct journal_output *output)
{
	int error = 0;
	socklen_t len = sizeof(error);
	int fd = open_internet(output, SOCK_STREAM);

	if (fd < 0)
		return fd;
	journal_output_take_fd(output, fd);
	tune(fd);
	int rc =
	    journal_output_wait(output, fd, POLLOUT, clock_now() + CONNECT_MAX);
	if (rc == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0)
		rc = -error;
	if (rc < 0)
		close_socket(output);
	return rc;
}

/* Servers of syslog say nothing: what can be read is the end. */
static bool
has_ended(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static int
send_all(struct journal_output *output, struct str bytes)
{
	int64_t deadline = clock_now() + STALL_MAX;

	while (bytes.len > 0) {
		ssize_t n = send(output->fd, bytes.at, bytes.len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		int rc = n >= 0 ? 0
				: journal_output_wait(
				      output, output->fd, POLLOUT, deadline);
		if (rc < 0)
			return rc;
		bytes = str_skip(bytes, n > 0 ? (size_t)n : 0);
	}
	return 0;
}

static int
send_tcp(struct journal_output *output, struct str record)
{
	text_clear(&output->frame);
	text_addf(&output->frame, "%zu ", record.len);
	text_add(&output->frame, record);
	if (output->frame.full)
		return -ENOMEM;
	for (;;) {
		int rc = 0;
		if (output->fd >= 0 && has_ended(output->fd))
			close_socket(output);
		if (output->fd < 0)
			rc = connect_tcp(output);
		if (rc == 0)
			rc = send_all(output, text_str(&output->frame));
		if (rc == 0)
			return 0;
		close_socket(output);
		journal_output_fails(output, rc);
		journal_output_pause(output, RETRY_EVERY);
		if (journal_output_gives_up(output))
			return rc;
	}
}

/* ---- all of them ---- */

static int
send_record(struct journal_output *output, struct str record)
{
	if (output->kind == POLICY_JOURNAL_SYSLOG_TCP)
		return send_tcp(output, record);
	if (output->kind == POLICY_JOURNAL_SYSLOG_UDP)
		return send_udp(output, record);
	return send_unix(output, record);
}

int64_t
journal_socket_write(
    struct journal_output *output, struct str records, int64_t count)
{
	char end = journal_record_end(output->kind);
	int64_t sent = 0;

	for (int64_t i = 0; i < count; i++) {
		struct str record = str_cut(&records, end);
		if (send_record(output, record) == 0)
			sent++;
		else if (journal_output_gives_up(output))
			break;
	}
	return sent;
}

void
journal_socket_look(struct journal_output *output)
{
	if (output->kind == POLICY_JOURNAL_SYSTEMD ||
	    output->kind == POLICY_JOURNAL_SYSLOG_UNIX)
		(void)connect_unix(output);
}
