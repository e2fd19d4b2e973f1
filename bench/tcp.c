/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

void
die(const char *what)
{
	(void)fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(3);
}

struct counts *
counts_map(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *at;

	if (fd < 0 || ftruncate(fd, sizeof(struct counts)) < 0)
		die(path);
	at = mmap(NULL, sizeof(struct counts), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		die(path);
	(void)close(fd);
	return at;
}

struct sockaddr_in
tcp_address(const char *address, const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	long number = strtol(port, NULL, 10);

	errno = EINVAL;
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		die(address);
	if (number < 1 || number > UINT16_MAX)
		die(port);
	to.sin_port = htons((uint16_t)number);
	return to;
}

void
tcp_many_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("limit of descriptors");
	limit.rlim_cur = limit.rlim_max;
	if (limit.rlim_cur > TCP_FD_MAX)
		limit.rlim_cur = TCP_FD_MAX;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("limit of descriptors");
}

static void
no_delay(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

int
tcp_listen(const char *address, const char *port)
{
	struct sockaddr_in at = tcp_address(address, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		die(port);
	return fd;
}

int
tcp_accept(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		no_delay(fd);
	return fd;
}

struct sockaddr_in
tcp_own_address(const struct sockaddr_in *to)
{
	struct sockaddr_in own = { .sin_family = AF_INET };
	socklen_t len = sizeof(own);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&own, &len) < 0)
		die("no way to the proxy");
	(void)close(fd);
	own.sin_port = 0;
	return own;
}

/* The port is chosen with the connection: each address has all of them. */
static int
bind_to(int fd, const struct sockaddr_in *from)
{
	int on = 1;

	(void)setsockopt(
	    fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	return bind(fd, (const struct sockaddr *)from, sizeof(*from));
}

int
tcp_dial(const struct sockaddr_in *to, const struct sockaddr_in *from)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	no_delay(fd);
	if ((from != NULL && bind_to(fd, from) < 0) ||
	    (connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0 &&
		errno != EINPROGRESS)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}
