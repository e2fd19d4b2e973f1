/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/tls: TLS 1.2 and 1.3 below a stream, to servers here and to clients in
 * net/tls_accept.
 *
 *	settings	whom to trust; one for many peers
 *	peer		a server: its name, and the sessions to resume
 *	handshake	one connection, until it is known whose it is
 *
 * Behind the handshake the stream is as any other, over a transport of this
 * part: it cannot be spliced, its bytes are not those of the descriptor, the
 * peer's end is a close_notify, and an end without one is a failure (-EPROTO
 * or -ECONNRESET), for it could be another's who cut it.
 *
 * Settings and peers never change but for the sessions, which are under a lock:
 * any thread.  A handshake belongs to the thread of its loop.
 */
#ifndef GATEHOUSE_NET_TLS_H
#define GATEHOUSE_NET_TLS_H

#include "base/address.h"
#include "net/stream.h"
#include "net/tls_failure.h"
#include "net/tls_verdict.h"

struct hello;
struct stack_st_X509; /* STACK_OF(X509) of OpenSSL */
struct tls;
struct tls_peer;
struct tls_settings;
struct tls_subject;

/*
 * Once, before any other thread and while files can be opened: OpenSSL reads
 * its configuration.  The system's authorities are from then on what this
 * descriptor leads to (PEM); -1: what OpenSSL finds by itself.
 */
void tls_begin(int authorities);

/*
 * Trusts who is signed by one of these (certificates, PEM), or by one of the
 * system's (at == NULL).  With one reference; NULL: *reterr_why says why.
 */
struct tls_settings *tls_settings_create(
    struct str authorities, const char **reterr_why);
/*
 * Trusts who is signed by one of these as well; before anybody else has the
 * settings.  NULL, or why it cannot.
 */
const char *tls_settings_trust(
    struct tls_settings *settings, struct str authorities);
struct tls_settings *tls_settings_ref(struct tls_settings *settings);
void tls_settings_unref(struct tls_settings *settings); /* NULL is fine */

/*
 * A server by its name, or by its address (host.at == NULL), which is what its
 * certificate must be for.  Takes a reference to the settings.  With one
 * reference; NULL: no memory.
 */
struct tls_peer *tls_peer_create(
    struct tls_settings *settings, struct str host, struct address address);
struct tls_peer *tls_peer_ref(struct tls_peer *peer);
void tls_peer_unref(struct tls_peer *peer); /* NULL is fine */

/* By name and address, whoever vouches for it; NULL is nobody. */
bool tls_peer_is_same(
    const struct tls_peer *peer, const struct tls_peer *other);

/* What is spoken behind the handshake (RFC 7301); as a bit, what may be. */
enum tls_protocol {
	TLS_PROTOCOL_NONE = 0, /* the peer did not say: HTTP/1.1 */
	TLS_PROTOCOL_HTTP1 = 1,
	TLS_PROTOCOL_HTTP2 = 2, /* before HTTP/1.1, if both are offered */
};

/* Of a message of OpenSSL's, cut. */
#define TLS_DETAIL_BYTES 80

struct tls_handshake;

/*
 * 0: `stream` speaks TLS with the peer, and the callee takes it.  Else the
 * stream is closed, `failure` and `detail` say why: -EPERM if the certificate
 * is not accepted, -EACCES if we refused, -ETIMEDOUT, or how it broke off.
 */
typedef void (*tls_fn)(struct tls_handshake *handshake, int error);

/* A client has said hello, which `hello` has: see net/tls_accept.h. */
typedef void (*tls_ask_fn)(struct tls_handshake *handshake);

/* The rest begins as zero. */
struct tls_handshake {
	/* The caller's. */
	tls_fn fn;
	void *context;
	unsigned protocols; /* to a server; 0: HTTP/1.1 */
	unsigned tolerated; /* by a server: TLS_VERDICT_BIT, what may be wrong
	                       with its certificate */
	tls_ask_fn ask;     /* of a client */

	struct stream *stream; /* NULL: nothing under way, or taken */

	/* What has come of it, when fn is called. */
	enum tls_failure failure;
	char detail[TLS_DETAIL_BYTES];
	uint8_t alert; /* of the peer, RFC 8446, 6; 0: it sent none */
	bool resumed;
	enum tls_protocol protocol;
	/* What is wrong with the peer's certificate: the first that was found,
	 * and all, as bits. */
	enum tls_verdict verdict;
	unsigned wrong;
	/* Certificates as the peer sent them, its own first; lent for the
	 * call, NULL: none. */
	const struct stack_st_X509 *chain;
	/* Whose certificate a client has; lent for the call, NULL: none. */
	const struct tls_subject *subject;

	/* Of a client, from `ask` until the end of the call of fn. */
	struct hello *hello;

	struct tls *tls; /* the stream's, until the end is known */
	int error;
	struct loop_deferred turn;
	struct loop_timer timer;
};

/*
 * Takes the stream; bytes in its input are the server's first.  fn is called
 * once, always from the loop.
 */
void tls_handshake_start(struct tls_handshake *handshake,
    struct stream **stream, struct tls_peer *peer, int64_t timeout);

/* Closes the stream; does nothing to one that is not under way. */
void tls_handshake_cancel(struct tls_handshake *handshake);

#endif
