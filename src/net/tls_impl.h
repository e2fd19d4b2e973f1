/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/tls, for its own files: tls.c is settings and peers, tls_transport.c
 * moves bytes, tls_handshake.c is the beginning of a connection.
 */
#ifndef GATEHOUSE_NET_TLS_IMPL_H
#define GATEHOUSE_NET_TLS_IMPL_H

#include "net/tls.h"

#include <openssl/ssl.h>

/* One connection; the state of its transport. */
struct tls {
	SSL *ssl;
	struct tls_peer *peer;           /* a reference */
	struct tls_handshake *handshake; /* NULL: it is over */
	bool begun;    /* the hello was sent, or tried to be */
	bool ready;    /* the peer is who it should be */
	bool broken;   /* OpenSSL may not be asked again */
	bool is_wrong; /* for what came was no TLS, and its session is spoilt */
	/* The last read was not in vain: more may lie decrypted, or not. */
	bool may_hold;
};

extern const struct transport tls_transport;

/* NULL: no memory. */
struct tls *tls_create(struct tls_peer *peer, int fd);

/* Before any stream has it; NULL is fine. */
void tls_destroy(struct tls *tls);

/* The handshake is over, and the peer is who it should be. */
void tls_handshake_note_ready(struct tls *tls);

/* A connection to it that begins; it takes a session of the peer's. */
SSL *tls_peer_open(struct tls_peer *peer);

/* Takes the reference. */
void tls_peer_keep_session(struct tls_peer *peer, SSL_SESSION *session);

#endif
