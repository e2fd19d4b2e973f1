/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/inheritance.h"

#include "base/str.h"
#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static uint64_t
number_of(const char *name, uint64_t most)
{
	const char *value = getenv(name);
	uint64_t number;

	return value != NULL && str_number(str_of(value), most, &number) == 0
		   ? number
		   : 0;
}

static void
take_leash(struct inheritance *inheritance, int fd, struct str digest)
{
	if (inheritance->leash >= 0)
		(void)close(inheritance->leash);
	inheritance->leash = fd;
	memcpy(inheritance->digest, digest.at, SHA256_TEXT_BYTES - 1);
	inheritance->digest[SHA256_TEXT_BYTES - 1] = '\0';
}

static void
take_one(struct inheritance *inheritance, int fd, struct str name)
{
	struct str leash = STR(INHERITANCE_LEASH);

	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return;
	if (str_starts(name, leash) &&
	    name.len == leash.len + SHA256_TEXT_BYTES - 1)
		take_leash(inheritance, fd, str_skip(name, leash.len));
	else
		inheritance->sockets[inheritance->count++] = fd;
}

void
inheritance_read(struct inheritance *inheritance)
{
	const char *names = getenv("LISTEN_FDNAMES");
	struct str rest = str_of(names != NULL ? names : "");
	uint64_t count = number_of("LISTEN_FDS", INHERITANCE_MAX);

	*inheritance = INHERITANCE_NONE;
	if (number_of("LISTEN_PID", INT32_MAX) != (uint64_t)getpid())
		count = 0;
	for (uint64_t i = 0; i < count; i++)
		take_one(inheritance, INHERITANCE_FIRST_FD + (int)i,
		    str_cut(&rest, ':'));
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
}

static int
option_of(int fd, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) == 0 ? value : -1;
}

static bool
listens(int fd, struct address_port there, bool datagrams)
{
	struct address_port at;

	if (fd < 0 || socket_local(fd, &at) < 0 || at.port != there.port ||
	    !address_eq(at.address, there.address))
		return false;
	if (option_of(fd, SOL_SOCKET, SO_TYPE) !=
	    (datagrams ? SOCK_DGRAM : SOCK_STREAM))
		return false;
	return datagrams || option_of(fd, SOL_SOCKET, SO_ACCEPTCONN) == 1;
}

int
inheritance_take(
    struct inheritance *inheritance, struct address_port there, bool datagrams)
{
	for (size_t i = 0; i < inheritance->count; i++) {
		int fd = inheritance->sockets[i];
		if (!listens(fd, there, datagrams))
			continue;
		inheritance->sockets[i] = -1;
		return fd;
	}
	return -ENOENT;
}

void
inheritance_close(struct inheritance *inheritance)
{
	for (size_t i = 0; i < inheritance->count; i++)
		if (inheritance->sockets[i] >= 0)
			(void)close(inheritance->sockets[i]);
	if (inheritance->leash >= 0)
		(void)close(inheritance->leash);
	*inheritance = INHERITANCE_NONE;
}
