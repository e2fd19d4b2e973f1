/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dns_refusals.h"

#include "base/clock.h"

#include <ares.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Of A and AAAA each may be told what became of the other. */
#define REFUSALS_MAX 2
#define REFUSED_FOR  CLOCK_SECOND

static bool
stands(const struct dns_refusal *refusal)
{
	return refusal->count > 0 && clock_now() - refusal->since < REFUSED_FOR;
}

static bool
any_stands(const struct dns_refusals *refusals)
{
	for (size_t i = 0; i < RESOLVER_SERVERS_MAX; i++)
		if (stands(&refusals->items[i]))
			return true;
	return false;
}

/* The family is NONE where there is none. */
static struct address_port
server_of(int fd)
{
	struct sockaddr_storage peer = { 0 };
	socklen_t len = sizeof(peer);

	if (getpeername(fd, (struct sockaddr *)&peer, &len) < 0)
		return (struct address_port){ 0 };
	return address_from_sockaddr((const struct sockaddr *)&peer);
}

/* NULL: none that stands. */
static struct dns_refusal *
find(struct dns_refusals *refusals, int fd)
{
	struct address_port by = server_of(fd);

	for (size_t i = 0; i < RESOLVER_SERVERS_MAX; i++) {
		struct dns_refusal *refusal = &refusals->items[i];
		if (stands(refusal) && refusal->by.port == by.port &&
		    address_eq(refusal->by.address, by.address))
			return refusal;
	}
	return NULL;
}

static void
add(struct dns_refusals *refusals, int fd)
{
	for (size_t i = 0; i < RESOLVER_SERVERS_MAX; i++) {
		if (stands(&refusals->items[i]))
			continue;
		refusals->items[i] =
		    (struct dns_refusal){ server_of(fd), clock_now(), 1 };
		return;
	}
}

/* Returns what the call did, and leaves errno alone. */
static ssize_t
noted(struct dns_refusals *refusals, int fd, ssize_t done)
{
	int error = errno;
	bool was_refused = done < 0 && error == ECONNREFUSED;

	if (was_refused || (done >= 0 && any_stands(refusals))) {
		struct dns_refusal *refusal = find(refusals, fd);
		if (refusal != NULL)
			refusal->count = was_refused ? refusal->count + 1 : 0;
		else if (was_refused)
			add(refusals, fd);
	}
	errno = error;
	return done;
}

/* ---- c-ares' calls ---- */

static ares_socket_t
open_socket(int domain, int type, int protocol, void *context)
{
	(void)context;
	return socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}

static int
close_socket(ares_socket_t fd, void *context)
{
	(void)context;
	return close(fd);
}

static int
connect_socket(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t len,
    void *context)
{
	(void)context;
	return connect(fd, to, len);
}

static ares_ssize_t
receive(ares_socket_t fd, void *bytes, size_t len, int flags,
    struct sockaddr *from, ares_socklen_t *from_len, void *context)
{
	return noted(
	    context, fd, recvfrom(fd, bytes, len, flags, from, from_len));
}

/* What was sent says nothing of the server. */
static ares_ssize_t
send_parts(
    ares_socket_t fd, const struct iovec *parts, int count, void *context)
{
	struct dns_refusals *refusals = context;

	if (any_stands(refusals)) {
		const struct dns_refusal *refusal = find(refusals, fd);
		if (refusal != NULL && refusal->count >= REFUSALS_MAX) {
			errno = ECONNREFUSED;
			return -1;
		}
	}
	ssize_t sent = writev(fd, parts, count);
	return sent < 0 ? noted(refusals, fd, sent) : sent;
}

void
dns_refusals_watch(
    struct dns_refusals *refusals, struct ares_channeldata *channel)
{
	static const struct ares_socket_functions calls = {
		.asocket = open_socket,
		.aclose = close_socket,
		.aconnect = connect_socket,
		.arecvfrom = receive,
		.asendv = send_parts,
	};

	ares_set_socket_functions(channel, &calls, refusals);
}
