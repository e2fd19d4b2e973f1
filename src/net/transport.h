/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/transport: what carries the bytes of a stream.
 *
 * A table of functions over a connected, non-blocking descriptor: plain TCP
 * here; over none, where many streams share a connection (http2); or over
 * another transport, as TLS is on the same terms.  Only net/stream calls them,
 * and one that stands above another, in the thread of its loop.
 */
#ifndef GATEHOUSE_NET_TRANSPORT_H
#define GATEHOUSE_NET_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/*
 * The transport's side of a stream.  A transport that returns -EAGAIN says in
 * read_waits or write_waits which readiness of fd it waits for (LOOP_READ or
 * LOOP_WRITE; TLS may need to write in order to read); they begin as READ for
 * reading and WRITE for writing.
 */
struct transport_wire {
	int fd;      /* -1: there is none */
	void *state; /* the transport's own */
	unsigned read_waits;
	unsigned write_waits;
};

/*
 * read		a count, 0 at the peer's end, or a negative errno
 * write	a count, which may be short, or a negative errno; after -EAGAIN
 *		the same bytes are offered again, maybe at another place
 * writev	the same of several spans; NULL: they are written one by one
 * shutdown	0 when no more is to be sent, -EAGAIN to be called again
 * holds	whether it has input that no readiness of fd will announce;
 *		may be NULL
 * splice_in	moves input to a pipe; as read does, but nothing except a count
 *		is the last word: -EAGAIN, 0 and what the kernel does not
 *		support are asked for again with read
 * splice_out	moves from a pipe that holds `len` bytes; as write does
 *		(both are NULL where bytes are not those of the wire)
 * close	frees its state, not fd; may be NULL
 */
struct transport {
	ssize_t (*read)(struct transport_wire *wire, void *to, size_t room);
	ssize_t (*write)(
	    struct transport_wire *wire, const void *from, size_t len);
	ssize_t (*writev)(
	    struct transport_wire *wire, struct iovec *spans, size_t count);
	int (*shutdown)(struct transport_wire *wire);
	ssize_t (*splice_in)(
	    struct transport_wire *wire, int pipe_fd, size_t room);
	ssize_t (*splice_out)(
	    struct transport_wire *wire, int pipe_fd, size_t len);
	bool (*holds)(const struct transport_wire *wire);
	void (*close)(struct transport_wire *wire);
};

/* Over a socket that is connected and non-blocking. */
extern const struct transport transport_plain;

#endif
