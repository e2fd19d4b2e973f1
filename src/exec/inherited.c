/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/inherited.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
is_kept(int fd, const int *kept, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (kept[i] == fd)
			return true;
	return false;
}

/* -1: it is no socket, or not open. */
static int
option_of(int fd, int option)
{
	int value;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) < 0 ? -1
								    : value;
}

static bool
is_connected(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	return getpeername(fd, (struct sockaddr *)&peer, &len) == 0;
}

static bool
leads_out(int fd)
{
	int family = option_of(fd, SO_DOMAIN);

	if (family < 0)
		return false;
	return family != AF_UNIX || option_of(fd, SO_TYPE) == SOCK_DGRAM ||
	       !is_connected(fd);
}

int
inherited_check(const int *kept, size_t count, struct text *reterr_why)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (is_kept(fd, kept, count) || !leads_out(fd))
			continue;
		text_addf(reterr_why,
		    "descriptor %d is a socket of the host, by which the "
		    "command could reach anybody: give it a pipe, or say "
		    "--keep-fd %d",
		    fd, fd);
		return -EPERM;
	}
	return 0;
}
