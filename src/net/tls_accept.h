/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/tls_accept: TLS 1.2 and 1.3 to clients, below a stream.
 *
 *	server		what is the same for all of them, the keys of their
 *			tickets among it; one a process
 *	handshake	of net/tls: one connection
 *
 *	start -> [hello] -> ask -> answer or refuse -> fn
 *
 * Who is asked looks at the hello and answers at once or later, from the loop:
 * meanwhile nothing is read from the client.  The time runs on.
 *
 * Versions, suites and their order are those of Mozilla's "intermediate", with
 * ECDSA before RSA and without DHE; no compression, no renegotiation, no 0-RTT.
 * Sessions are resumed by tickets, whose keys live for an hour each, two at a
 * time; a ticket is good for an hour and for the context that it was given in.
 *
 * A server may be used by any thread.
 */
#ifndef GATEHOUSE_NET_TLS_ACCEPT_H
#define GATEHOUSE_NET_TLS_ACCEPT_H

#include "net/hello.h"
#include "net/tls.h"
#include "net/tls_identity.h"
#include "net/tls_subject.h"

struct tls_server;

/* With one reference; NULL: no memory. */
struct tls_server *tls_server_create(void);
struct tls_server *tls_server_ref(struct tls_server *server);
void tls_server_unref(struct tls_server *server); /* NULL is fine */

/* How it is asked for a certificate. */
enum tls_demand {
	TLS_DEMAND_NONE,
	TLS_DEMAND_OPTIONAL, /* one that is brought must be good */
	TLS_DEMAND_ALWAYS,
};

/* All is lent for the call. */
struct tls_answer {
	struct tls_identity *identity;
	/* NULL, or one whose key is of another kind: the client has the one
	 * that it can check, ECDSA first. */
	struct tls_identity *other;
	/* TLS_PROTOCOL_HTTP1, _HTTP2.  A client that offers none of them is
	 * refused; 0: it is not told. */
	unsigned protocols;
	enum tls_demand demand;
	struct tls_settings *authorities; /* of the clients */
	/* What a session is bound to: of another context it is not resumed. */
	struct str session;
};

/* What a client is told that is refused; alerts of RFC 8446, 6.2. */
enum tls_alert {
	TLS_ALERT_HANDSHAKE_FAILURE = 40,
	TLS_ALERT_ACCESS_DENIED = 49,
	TLS_ALERT_INTERNAL_ERROR = 80,
	TLS_ALERT_UNRECOGNIZED_NAME = 112,
};

/*
 * Takes the stream; bytes in its input are the client's first.  `ask` and fn
 * are called from the loop, fn once.  Takes a reference to the server.
 */
void tls_accept_start(struct tls_handshake *handshake, struct stream **stream,
    struct tls_server *server, int64_t timeout);

/* One of them, once, after `ask` was called: in it or later. */
void tls_accept_answer(
    struct tls_handshake *handshake, const struct tls_answer *answer);
void tls_accept_refuse(struct tls_handshake *handshake, enum tls_alert alert);

#endif
