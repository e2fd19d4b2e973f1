/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/quic_hello: what a client of QUIC says in its first flight.
 *
 * The hello of a QUIC connection is TLS's (net/hello), in CRYPTO frames of
 * Initial packets.  Those are encrypted by keys that follow from what stands in
 * the packet itself (RFC 9001, 5.2), so that whoever sees the packets can read
 * it: versions 1 (RFC 9000) and 2 (RFC 9369).  Browsers' hellos take two
 * datagrams, in any order, and cut in any way.
 *
 * As of TLS over TCP, what one server would read in one way and another in
 * another is malformed here: bytes of the hello that come twice and differ,
 * packets that cannot be authenticated, datagrams that a server must pass over
 * (RFC 9000, 14.1).
 *
 * Of one client and one server; no memory but the struct's.  Any thread.
 */
#ifndef GATEHOUSE_NET_QUIC_HELLO_H
#define GATEHOUSE_NET_QUIC_HELLO_H

#include "net/hello.h"

/* RFC 9000, 14.1 */
#define QUIC_DATAGRAM_BYTES_MIN 1200

/* A hello of HELLO_BYTES_MAX takes 14; some are sent again. */
#define QUIC_HELLO_DATAGRAMS_MAX 32

#define QUIC_ID_BYTES_MAX 20 /* RFC 9000, 17.2 */

#define QUIC_VERSION_1 0x00000001u
#define QUIC_VERSION_2 0x6b3343cfu

struct quic_keys {
	uint8_t key[16], iv[12], protection[16];
};

struct quic_hello {
	uint32_t version; /* 0: nothing has come */
	uint8_t
	    id[QUIC_ID_BYTES_MAX]; /* that the client chose for the server */
	size_t id_len;
	uint8_t source[QUIC_ID_BYTES_MAX]; /* by which it is answered */
	size_t source_len;
	struct quic_keys keys;
	unsigned datagrams;
	uint8_t have[HELLO_BYTES_MAX / 8]; /* a bit for each byte below */
	uint8_t bytes[HELLO_BYTES_MAX];
};

/* Whether it begins as the first datagram of a connection does. */
bool quic_looks_like_initial(struct str datagram);

/*
 * Takes another datagram of the client; all zeroes at first.  0 with *ret when
 * the hello is whole; -EAGAIN: more are needed; -ENOTSUP: of a version that is
 * not known, which says nothing of a hello; -EBADMSG.
 */
int quic_hello_add(
    struct quic_hello *quic, struct str datagram, struct hello *ret);

/*
 * Whether a datagram of a client begins a connection besides the one with this
 * id: an Initial packet whose keys follow from its own id, or of a version that
 * is not known.  What goes on with a connection has keys of the first id.
 */
bool quic_begins_another(struct str datagram, struct str id);

/* The keys of a client (or of the server) for its Initial packets, by the id
 * that the client chose.  0 or -EINVAL: the version is not known. */
int quic_keys_derive(
    uint32_t version, struct str id, bool of_server, struct quic_keys *ret);

#endif
