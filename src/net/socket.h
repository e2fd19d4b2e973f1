/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/socket: TCP sockets by address, and descriptors from process to process.
 *
 * Every descriptor made here is non-blocking and close-on-exec and is the
 * caller's.  Functions that make one return it, or a negative errno; the
 * others return 0 (or a count) or a negative errno.  Any thread.
 */
#ifndef GATEHOUSE_NET_SOCKET_H
#define GATEHOUSE_NET_SOCKET_H

#include "base/address.h"
#include "base/clock.h"

#include <sys/types.h>

/*
 * How many handshakes may be complete before they are accepted.  The kernel
 * cuts it to net.core.somaxconn, 4096 by default.
 */
#define SOCKET_BACKLOG 4096

struct socket_listen {
	struct address_port at; /* port 0: the kernel chooses */
	/*
	 * IP_TRANSPARENT: accepts what TPROXY hands over, under any
	 * destination address.  Needs CAP_NET_ADMIN: -EPERM.
	 */
	bool transparent;
	/* The address may come later, or come and go. */
	bool freebind;
	/* One listener for each thread; the kernel spreads connections. */
	bool reuse_port;
	int backlog; /* 0: SOCKET_BACKLOG */
};

/* IPv6 listeners take IPv6 only, so that one address has one listener. */
int socket_listen(const struct socket_listen *options);

struct socket_accepted {
	int fd;
	struct address_port peer; /* family NONE on a Unix listener */
};

/*
 * Takes up to `max` connections.  Returns how many, 0 when none waits; those
 * that died in the queue are passed over.  -EMFILE, -ENFILE, -ENOBUFS or
 * -ENOMEM when the first could not be taken for want of descriptors or
 * memory: the connection stays in the queue and the listener stays readable,
 * so the caller must stop watching it for a while (SOCKET_ACCEPT_PAUSE).
 */
int socket_accept(int listener, struct socket_accepted *ret, size_t max);

/* Long enough that a full table costs nothing, short enough not to be felt. */
#define SOCKET_ACCEPT_PAUSE (100 * CLOCK_MS)

struct socket_connect {
	struct address_port to;
	struct address_port from; /* family NONE: the kernel chooses */
	bool transparent;         /* `from` need not be ours */
};

/*
 * Begins to connect.  The descriptor becomes writable when the outcome is
 * known.  Errors that need no packet (-ENETUNREACH, -EADDRNOTAVAIL, -EACCES)
 * are returned at once.
 */
int socket_connect(const struct socket_connect *options);

/* The same for a socket that is open, and stays so.  0 or a negative errno. */
int socket_connect_on(int fd, struct address_port to);

/*
 * A socket that bears an address which need not be ours (IP_TRANSPARENT), and
 * is not connected.  The port is said: so the kernel lets nobody who gets the
 * socket change either of them.  -EPERM without CAP_NET_ADMIN; -EADDRINUSE when
 * another socket bears both.
 */
int socket_open_from(struct address_port from);

/* Whether it is a TCP socket of this network namespace that may bear any
 * address, as those have that a transparent listener has accepted. */
bool socket_is_transparent(int fd);

/* The outcome: 0, -EINPROGRESS while there is none, or why it failed. */
int socket_connect_result(int fd);

/* Zero leaves a value as the system has it. */
struct socket_tuning {
	bool no_delay;            /* small writes leave at once */
	unsigned keepalive_idle;  /* seconds until the first probe */
	unsigned keepalive_every; /* seconds between probes */
	unsigned keepalive_count; /* unanswered probes until it is dead */
	unsigned user_timeout_ms; /* unacknowledged data until it is dead */
};
int socket_tune(int fd, const struct socket_tuning *tuning);

/*
 * Our end and the peer's.  The local address of a connection accepted by a
 * transparent listener is the destination that the client wrote.
 */
int socket_local(int fd, struct address_port *ret);
int socket_peer(int fd, struct address_port *ret);

/* Closes with a reset instead of a FIN; what was not sent is dropped. */
void socket_close_reset(int fd);

/*
 * Copies the first bytes without taking them.  A count, 0 at the end of the
 * stream, -EAGAIN while nothing is there.
 */
ssize_t socket_peek(int fd, void *to, size_t room);

/* ---- messages with descriptors, over a Unix socket of SOCK_SEQPACKET ---- */

/* Of one message: the listeners of a policy go in several. */
#define SOCKET_FDS_MAX 32

/* Two ends, connected. */
int socket_pair(int ret[static 2]);

/*
 * Sends one message whole.  `bytes` is not empty, for an empty message could
 * not be told from the end of the stream (-EINVAL); at most SOCKET_FDS_MAX
 * descriptors, which stay open here.  -EAGAIN when the queue is full.
 */
int socket_send(int fd, struct str bytes, const int *fds, size_t fds_count);

struct socket_message {
	void *bytes; /* the caller's room, at least one byte */
	size_t room;
	size_t len; /* out; 0: the peer closed */
	int fds[SOCKET_FDS_MAX];
	size_t fds_count; /* out; the descriptors are the caller's now */
};

/*
 * Receives one message.  0, -EAGAIN, -EMSGSIZE if it did not fit or carried
 * more descriptors than it may or than this process may open, -EBADMSG for
 * descriptors without a byte, and other errors.  On any error every
 * descriptor that came has been closed.
 */
int socket_receive(int fd, struct socket_message *message);

#endif
