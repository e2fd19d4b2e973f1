/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/tls, for its own files.
 *
 *	tls		settings and peers
 *	tls_server	what clients are spoken to with; tls_tickets, its keys
 *	tls_handshake	the beginning of a connection, whichever side we are
 *	tls_accept	what clients are asked and told in it
 *	tls_verify	the peer's certificate
 *	tls_transport	bytes through OpenSSL; tls_wire, between it and what
 *			carried the stream before
 */
#ifndef GATEHOUSE_NET_TLS_IMPL_H
#define GATEHOUSE_NET_TLS_IMPL_H

#include "net/tls.h"
#include "net/tls_accept.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

/* Of a client's hello. */
enum tls_step {
	TLS_STEP_NO_HELLO,
	TLS_STEP_ASKED, /* nothing goes on until somebody has answered */
	TLS_STEP_ANSWERED,
	TLS_STEP_REFUSED,
};

/* One connection; the state of its transport. */
struct tls {
	SSL *ssl;
	struct tls_peer *peer;           /* a reference; NULL: to a client */
	struct tls_server *server;       /* a reference; NULL: to a server */
	struct tls_handshake *handshake; /* NULL: it is over */
	/* What carried the stream before, and carries the records now. */
	const struct transport *below;
	struct transport_wire wire;
	bool begun;    /* the hello was sent, or tried to be */
	bool ready;    /* the peer is who it should be */
	bool broken;   /* OpenSSL may not be asked again */
	bool is_wrong; /* for what came was no TLS, and its session is spoilt */
	/*
	 * A record that the descriptor has not taken whole has `owed` bytes of
	 * the stream; of those, `ahead` have gone that the stream still offers,
	 * for it has offered less the second time.
	 */
	size_t owed, ahead;
	/* The last read was not in vain: more may lie decrypted, or not. */
	bool may_hold;

	/* What was read before there was TLS; NULL: nothing is left. */
	char *early;
	size_t early_at, early_len;
	bool has_ended;  /* the wire */
	bool said_close; /* our close_notify is on it */

	enum tls_step step;
	bool was_answered; /* since the last read */
	uint8_t refusal;   /* an alert */
	unsigned protocols;

	unsigned tolerated, wrong;
	enum tls_verdict verdict;
	STACK_OF(X509) * chain; /* that was not accepted; ours */
};

extern const struct transport tls_transport;

/*
 * Over the stream, whose input it takes.  NULL: no memory.  One of peer and
 * server is given; takes a reference.
 */
struct tls *tls_create(
    struct stream *stream, struct tls_peer *peer, struct tls_server *server);

/* Before any stream has it, or after; the wire stays open.  NULL is fine. */
void tls_destroy(struct tls *tls);

/* ---- tls_wire ---- */

/* NULL: no memory. */
BIO *tls_wire_create(struct tls *tls);

/* ---- tls_handshake ---- */

/* Takes tls, which may be NULL for want of memory, and the stream. */
void tls_handshake_begin(struct tls_handshake *handshake,
    struct stream **stream, struct tls *tls, int64_t timeout);

/* What the transport has seen; each is told from the loop. */
void tls_handshake_note_ready(struct tls *tls);
void tls_handshake_note_hello(struct tls *tls);
void tls_handshake_note_failed(struct tls *tls, int error);

/* ---- tls ---- */

/* The options and modes of both sides.  False: no memory. */
bool tls_set_up(SSL_CTX *context);

/* A connection to it that begins; it takes a session of the peer's. */
SSL *tls_peer_open(struct tls_peer *peer);

/* Takes the reference. */
void tls_peer_keep_session(struct tls_peer *peer, SSL_SESSION *session);

/* The client of this connection is asked for a certificate of these
 * authorities.  False: no memory. */
bool tls_settings_demand(
    struct tls_settings *authorities, SSL *ssl, enum tls_demand demand);

/* ---- tls_server, tls_tickets ---- */

SSL *tls_server_open(struct tls_server *server);

/* As if so much time had passed for its tickets: for tests. */
void tls_server_age(struct tls_server *server, int64_t by);

struct tls_tickets;
struct tls_tickets *tls_tickets_create(void);
void tls_tickets_destroy(struct tls_tickets *tickets);
void tls_tickets_age(struct tls_tickets *tickets, int64_t by);
void tls_tickets_use(struct tls_tickets *tickets, SSL_CTX *context);

/* ---- tls_identity ---- */

bool tls_identity_use(const struct tls_identity *identity, SSL *ssl);

/* ---- tls_verify ---- */

/* Certificates of servers are looked at by us as well. */
void tls_verify_servers(SSL_CTX *context);

/* And the client's on one connection; `always`: it must send one. */
void tls_verify_client(SSL *ssl, bool always);

/* ---- tls_failure ---- */

/* Of the first error in OpenSSL's queue; *ret_alert: that the peer sent. */
enum tls_failure tls_failure_read(uint8_t *ret_alert);

#endif
