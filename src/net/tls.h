/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/tls: TLS 1.2 and 1.3 to servers, below a stream.
 *
 *	settings	whom to trust; one for many servers
 *	peer		a server: its name, and the sessions to resume
 *	handshake	one connection, until it is known to be the peer's
 *
 * Behind the handshake the stream is as any other, over a transport of this
 * file: it cannot be spliced, its bytes are not those of the descriptor, the
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

struct tls;
struct tls_peer;
struct tls_settings;

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

/* Of a message of OpenSSL's, cut. */
#define TLS_DETAIL_BYTES 80

struct tls_handshake;

/*
 * 0: `stream` speaks TLS with the peer, and the callee takes it.  Else the
 * stream is closed, and `detail` says why: -EPERM if the certificate is not
 * accepted, -ETIMEDOUT, or how it broke off.
 */
typedef void (*tls_fn)(struct tls_handshake *handshake, int error);

/* The caller sets fn and context; the rest begins as zero. */
struct tls_handshake {
	tls_fn fn;
	void *context;
	struct stream *stream; /* NULL: nothing under way, or taken */
	struct tls *tls;       /* the stream's */
	struct loop_deferred done;
	struct loop_timer timer;
	bool resumed;
	char detail[TLS_DETAIL_BYTES];
};

/*
 * Takes the stream, over which nothing was said yet.  fn is called once, always
 * from the loop.
 */
void tls_handshake_start(struct tls_handshake *handshake,
    struct stream **stream, struct tls_peer *peer, int64_t timeout);

/* Closes the stream; does nothing to one that is not under way. */
void tls_handshake_cancel(struct tls_handshake *handshake);

#endif
