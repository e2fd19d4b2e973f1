/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/origin: a web server that costs as little as one can.
 *
 *	origin COUNTS ADDRESS PORT
 *
 * Whatever is asked for is 1 KiB that no cache may keep, except a path with
 * "bulk" in it: that is an endless stream, sent from pages that are never
 * copied.  One thread, edge-triggered epoll; a table indexed by descriptor.
 * A head must fit HEAD_MAX, and no request comes before the last was answered.
 */
#include "tcp.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MAX   4096
#define BODY       1024
#define BULK_BYTES ((size_t)1 << 20)
/* As many pieces before others have their turn. */
#define BULK_TURNS 8
#define EVENTS     256

#define ANSWER_HEAD                                                            \
	"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"                      \
	"Cache-Control: no-store\r\nContent-Length: 1024\r\n\r\n"
#define BULK_HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"

struct client {
	char *head; /* NULL: the slot is free */
	size_t len;
	bool bulk;
};

static struct client clients[TCP_FD_MAX];
static char answer[sizeof(ANSWER_HEAD) - 1 + BODY];
static struct counts *counts;
static int epoll_fd, bulk_fd;

static void
drop(int fd)
{
	free(clients[fd].head);
	clients[fd] = (struct client){ 0 };
	(void)close(fd);
}

static void
watch(int fd, uint32_t events, int how)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	if (epoll_ctl(epoll_fd, how, fd, &event) < 0)
		die("epoll");
}

static void
welcome(int listener)
{
	int fd;

	while ((fd = tcp_accept(listener)) >= 0) {
		clients[fd].head = malloc(HEAD_MAX);
		if (clients[fd].head == NULL)
			die("memory");
		counts->dials++;
		watch(fd, EPOLLIN | EPOLLET, EPOLL_CTL_ADD);
	}
}

/* Level-triggered: whoever has room is woken again. */
static void
send_bulk(int fd)
{
	for (int i = 0; i < BULK_TURNS; i++) {
		off_t start = 0;
		ssize_t sent = sendfile(fd, bulk_fd, &start, BULK_BYTES);

		if (sent < 0 && errno == EAGAIN)
			return;
		if (sent < 0) {
			drop(fd);
			return;
		}
		counts->bytes += (uint64_t)sent;
	}
}

static void
begin_bulk(int fd)
{
	clients[fd].bulk = true;
	(void)send(fd, BULK_HEAD, sizeof(BULK_HEAD) - 1, MSG_NOSIGNAL);
	watch(fd, EPOLLOUT, EPOLL_CTL_MOD);
}

static void
answer_head(int fd)
{
	struct client *client = &clients[fd];
	bool is_last = strcasestr(client->head, "connection: close") != NULL ||
		       strstr(client->head, "HTTP/1.0\r\n") != NULL;

	client->len = 0;
	if (strstr(client->head, "bulk") != NULL) {
		begin_bulk(fd);
		return;
	}
	/* An empty send buffer has room for this. */
	if (send(fd, answer, sizeof(answer), MSG_NOSIGNAL) !=
	    (ssize_t)sizeof(answer)) {
		counts->failures++;
		drop(fd);
		return;
	}
	counts->answers++;
	if (is_last)
		drop(fd);
}

static void
read_head(int fd)
{
	struct client *client = &clients[fd];

	for (;;) {
		ssize_t got = recv(fd, client->head + client->len,
		    HEAD_MAX - 1 - client->len, 0);
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			drop(fd);
			return;
		}
		client->len += (size_t)got;
		client->head[client->len] = '\0';
		if (client->len >= 4 && memcmp(client->head + client->len - 4,
					    "\r\n\r\n", 4) == 0) {
			answer_head(fd);
			return;
		}
	}
}

static void
serve(int listener)
{
	struct epoll_event events[EVENTS];

	for (;;) {
		int n = epoll_wait(epoll_fd, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd == listener)
				welcome(listener);
			else if (clients[fd].bulk)
				send_bulk(fd);
			else if (clients[fd].head != NULL)
				read_head(fd);
		}
	}
}

int
main(int argc, char **argv)
{
	if (argc != 4) {
		(void)fputs("usage: origin COUNTS ADDRESS PORT\n", stderr);
		return 2;
	}
	tcp_many_descriptors();
	(void)signal(SIGPIPE, SIG_IGN); /* sendfile() knows no MSG_NOSIGNAL */
	counts = counts_map(argv[1]);
	memset(answer, 'x', sizeof(answer));
	memcpy(answer, ANSWER_HEAD, sizeof(ANSWER_HEAD) - 1);
	bulk_fd = memfd_create("bulk", MFD_CLOEXEC);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0 || bulk_fd < 0 ||
	    ftruncate(bulk_fd, (off_t)BULK_BYTES) < 0)
		die("origin");

	int listener = tcp_listen(argv[2], argv[3]);
	watch(listener, EPOLLIN, EPOLL_CTL_ADD);
	serve(listener);
}
