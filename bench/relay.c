/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/relay: the least that a proxy can do; no policy, no HTTP, one origin.
 *
 *	relay ADDRESS PORT ORIGIN PORT [CERTIFICATE]
 *
 * Bytes of a client go to a connection to the origin and bytes of that go back.
 * Only a head that begins with CONNECT is known: it is answered, not passed on.
 * When a client has gone, its origin connection waits for the next client,
 * unless it was a tunnel.  A direction in which much flows is spliced.  With
 * CERTIFICATE it opens tunnels: TLS with the client, by that, and TLS with the
 * origin, whom it believes; what lies inside is copied.
 *
 *	client fd --- ends[fd].other ---> origin fd
 *	          <-- ends[fd].other ----
 *
 * One thread, edge-triggered epoll, a table indexed by descriptor.  A late
 * event for a descriptor that was used again is harmless: it reads nothing.
 */
#include "tcp.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* As much fits an empty send buffer; who fills it has more, and is spliced. */
#define COPY_MAX   16384
#define PIPE_BYTES (1 << 20)
/* Woken for less, a bulk stream would cost a wake-up for each few segments. */
#define BULK_LOW  (512 << 10)
#define EVENTS    256
#define CONNECTED "HTTP/1.1 200 OK\r\n\r\n"

/* What is read from this descriptor goes to the other one. */
struct end {
	int other; /* 0: none; -1: free, or an origin connection in waiting */
	bool is_origin, is_tunnel;
	int pipe[2];  /* 0: bytes are copied */
	size_t piped; /* bytes in the pipe */
};

static struct end ends[TCP_FD_MAX];
static int waiting[TCP_FD_MAX], n_waiting;
static struct sockaddr_in origin;
static int epoll_fd;
static bool opens;

static void
watch(int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll");
}

static void
close_end(int fd)
{
	if (ends[fd].pipe[1] > 0) {
		(void)close(ends[fd].pipe[0]);
		(void)close(ends[fd].pipe[1]);
	}
	ends[fd] = (struct end){ .other = -1 };
	wire_close(fd);
}

static void
forget_waiting(int fd)
{
	for (int i = 0; i < n_waiting; i++)
		if (waiting[i] == fd)
			waiting[i] = waiting[--n_waiting];
}

static void
hang_up(int fd)
{
	int other = ends[fd].other;

	if (ends[fd].is_origin && other < 0)
		forget_waiting(fd);
	else if (other > 0 && ends[other].is_origin && !ends[other].is_tunnel) {
		ends[other].other = -1;
		waiting[n_waiting++] = other;
	} else if (other > 0)
		close_end(other);
	close_end(fd);
}

/* To connect to a server that is there takes no time: SYN and answer are dealt
 * with before the call returns. */
static int
reach_origin(void)
{
	int fd;

	if (n_waiting > 0)
		return waiting[--n_waiting];
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    connect(fd, (struct sockaddr *)&origin, sizeof(origin)) < 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		die("origin");
	ends[fd] = (struct end){ .other = -1, .is_origin = true };
	watch(fd, EPOLLIN | EPOLLOUT | EPOLLET);
	return fd;
}

static void
welcome(int listener)
{
	int fd;

	while ((fd = tcp_accept(listener)) >= 0) {
		ends[fd] = (struct end){ 0 };
		watch(fd, EPOLLIN | EPOLLOUT | EPOLLET);
	}
}

static void
send_all(int fd, const char *bytes, size_t len)
{
	ssize_t sent = wire_send(fd, bytes, len);

	if (sent >= 0 && (size_t)sent != len)
		die("a send buffer was not empty");
}

static void
begin_splice(int fd)
{
	struct end *end = &ends[fd];
	int low = BULK_LOW;

	if (pipe2(end->pipe, O_NONBLOCK | O_CLOEXEC) < 0 ||
	    fcntl(end->pipe[1], F_SETPIPE_SZ, PIPE_BYTES) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low)) < 0)
		die("pipe");
}

/* False once nothing more can be moved now. */
static bool
move_piece(int fd)
{
	const unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
	struct end *end = &ends[fd];
	ssize_t n = 0;

	if (end->piped == 0) {
		n = splice(fd, NULL, end->pipe[1], NULL, PIPE_BYTES, flags);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			hang_up(fd);
		if (n <= 0)
			return false;
		end->piped = (size_t)n;
	}
	n = splice(end->pipe[0], NULL, end->other, NULL, end->piped, flags);
	if (n < 0 && errno != EAGAIN)
		hang_up(fd);
	if (n <= 0)
		return false;
	end->piped -= (size_t)n;
	return true;
}

static void
pass_on(int fd, const char *bytes, size_t len)
{
	struct end *end = &ends[fd];

	if (end->other > 0) {
		send_all(end->other, bytes, len);
		return;
	}
	bool is_tunnel = len > 8 && memcmp(bytes, "CONNECT ", 8) == 0;
	end->other = reach_origin();
	ends[end->other].other = fd;
	end->is_tunnel = ends[end->other].is_tunnel = is_tunnel;
	if (is_tunnel)
		send_all(fd, CONNECTED, sizeof(CONNECTED) - 1);
	else
		send_all(end->other, bytes, len);
	if (is_tunnel && opens) {
		wire_ask(end->other, NULL);
		wire_serve(fd);
	}
}

static void
copy(int fd)
{
	char bytes[COPY_MAX];
	ssize_t n = wire_recv(fd, bytes, sizeof(bytes));

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		hang_up(fd);
		return;
	}
	pass_on(fd, bytes, (size_t)n);
	if ((size_t)n == sizeof(bytes) && !opens)
		begin_splice(fd);
}

static void
turn(int fd)
{
	int other = ends[fd].other;

	if (other < 0 && !ends[fd].is_origin)
		return;
	if (ends[fd].pipe[1] == 0)
		copy(fd);
	while (ends[fd].pipe[1] > 0 && move_piece(fd))
		;
	/* Room here is what the pipe of the other end may have waited for. */
	while (other > 0 && ends[other].pipe[1] > 0 && move_piece(other))
		;
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];

	if (argc != 5 && argc != 6) {
		(void)fputs("usage: relay ADDRESS PORT ORIGIN PORT "
			    "[CERTIFICATE]\n",
		    stderr);
		return 2;
	}
	opens = argc == 6;
	if (opens)
		wire_certify(argv[5]);
	tcp_many_descriptors();
	(void)signal(SIGPIPE, SIG_IGN); /* splice() knows no MSG_NOSIGNAL */
	for (int i = 0; i < TCP_FD_MAX; i++)
		ends[i].other = -1;
	origin = tcp_address(argv[3], argv[4]);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		die("epoll");

	int listener = tcp_listen(argv[1], argv[2]);
	watch(listener, EPOLLIN);
	for (;;) {
		int n = epoll_wait(epoll_fd, events, EVENTS, -1);

		for (int i = 0; i < n; i++)
			if (events[i].data.fd == listener)
				welcome(listener);
			else
				do {
					turn(events[i].data.fd);
				} while (wire_holds(events[i].data.fd));
	}
}
