/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/tls_transport: the bytes of a connection, through OpenSSL.
 *
 * The first read begins the handshake, and others go on with it: nothing is
 * written before it is over.
 */
#include "net/tls_impl.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <stdlib.h>

/* What was read in plain is the beginning of what is not. */
static bool
take_early(struct tls *tls, struct stream *stream)
{
	struct str input = stream_input(stream);

	if (input.len == 0)
		return true;
	tls->early = malloc(input.len);
	if (tls->early == NULL)
		return false;
	memcpy(tls->early, input.at, input.len);
	tls->early_len = input.len;
	stream_consume(stream, input.len);
	return true;
}

static bool
connect_wire(struct tls *tls)
{
	BIO *bio = tls->ssl != NULL ? tls_wire_create(tls) : NULL;

	if (bio == NULL)
		return false;
	SSL_set_bio(tls->ssl, bio, bio);
	return SSL_set_app_data(tls->ssl, tls) == 1;
}

struct tls *
tls_create(
    struct stream *stream, struct tls_peer *peer, struct tls_server *server)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (tls == NULL)
		return NULL;
	tls->below = stream_transport(stream, &tls->wire);
	if (peer != NULL) {
		tls->peer = tls_peer_ref(peer);
		tls->ssl = tls_peer_open(peer);
	} else {
		tls->server = tls_server_ref(server);
		tls->ssl = tls_server_open(server);
	}
	if (!connect_wire(tls) || !take_early(tls, stream)) {
		tls_destroy(tls);
		return NULL;
	}
	return tls;
}

void
tls_destroy(struct tls *tls)
{
	if (tls == NULL)
		return;
	SSL_free(tls->ssl);
	tls_peer_unref(tls->peer);
	tls_server_unref(tls->server);
	sk_X509_pop_free(tls->chain, X509_free);
	free(tls->early);
	free(tls);
}

/* ---- what OpenSSL says ---- */

static int
break_off(struct tls *tls, int error)
{
	ERR_clear_error();
	tls->broken = true;
	tls->is_wrong = error == -EPROTO;
	return error;
}

/* An end that nobody has signed may be anyone's (RFC 8446, 6.1). */
static int
error_of_protocol(void)
{
	return ERR_GET_REASON(ERR_peek_error()) ==
		       SSL_R_UNEXPECTED_EOF_WHILE_READING
		   ? -ECONNRESET
		   : -EPROTO;
}

/* Of a call that did not succeed: 0 at the peer's end, or a negative errno. */
static int
outcome(struct tls *tls, int rc, unsigned *waits)
{
	int error = errno;

	switch (SSL_get_error(tls->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		*waits = tls->wire.read_waits;
		return -EAGAIN;
	case SSL_ERROR_WANT_WRITE:
		*waits = tls->wire.write_waits;
		return -EAGAIN;
	case SSL_ERROR_WANT_CLIENT_HELLO_CB:
		*waits = 0;
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		error = error > 0 ? -error : -ECONNRESET;
		break;
	default:
		error = error_of_protocol();
	}
	if (!tls->ready)
		tls_handshake_note_failed(tls, error);
	return break_off(tls, error);
}

/* RFC 8446, 5.1: of plaintext. */
#define RECORD_BYTES ((size_t)16384)

static int
room_of(size_t len)
{
	return len < INT_MAX ? (int)len : INT_MAX;
}

/* ---- the transport ---- */

/* One of TLS 1.2 is good for more than one connection, and no other comes. */
static void
keep_old_session(struct tls *tls)
{
	if (tls->peer != NULL && SSL_session_reused(tls->ssl) == 1 &&
	    SSL_version(tls->ssl) < TLS1_3_VERSION)
		tls_peer_keep_session(tls->peer, SSL_get1_session(tls->ssl));
}

/*
 * One that fails does not fail the stream: the handshake is told, from the
 * loop, and closes it so that the peer hears of it.  Until then it is quiet, as
 * it is while somebody thinks about the hello.
 */
static int
shake_hands(struct tls *tls, struct transport_wire *wire)
{
	enum tls_step step = tls->step;

	if (tls->ready)
		return 0;
	int rc = SSL_do_handshake(tls->ssl);
	if (rc == 1) {
		tls->ready = true;
		keep_old_session(tls);
		tls_handshake_note_ready(tls);
		return 0;
	}
	rc = outcome(tls, rc, &wire->read_waits);
	if (rc == 0) {
		tls_handshake_note_failed(tls, -ECONNRESET);
		rc = break_off(tls, -ECONNRESET);
	}
	if (rc != -EAGAIN)
		wire->read_waits = 0;
	else if (tls->step == TLS_STEP_ASKED && step != tls->step)
		tls_handshake_note_hello(tls);
	return -EAGAIN;
}

static ssize_t
tls_read(struct transport_wire *wire, void *to, size_t room)
{
	struct tls *tls = wire->state;

	if (tls->broken)
		return -EPROTO;
	tls->begun = true;
	tls->was_answered = false;
	wire->read_waits = LOOP_READ;
	ERR_clear_error();
	errno = 0;
	int rc = shake_hands(tls, wire);
	if (rc < 0)
		return rc;
	rc = SSL_read(tls->ssl, to, room_of(room));
	tls->may_hold = rc > 0;
	return rc > 0 ? rc : outcome(tls, rc, &wire->read_waits);
}

static ssize_t
write_ahead(struct tls *tls, size_t len)
{
	size_t count = tls->ahead < len ? tls->ahead : len;

	tls->ahead -= count;
	return (ssize_t)count;
}

/*
 * OpenSSL wants to be offered no less again than the record that it has begun,
 * and who offers may have a smaller allowance by then.  It is told of as much,
 * for it does not look at the bytes a second time.
 */
static ssize_t
tls_write(struct transport_wire *wire, const void *from, size_t len)
{
	struct tls *tls = wire->state;
	size_t told = tls->owed > len ? tls->owed : len;

	if (tls->broken)
		return -EPROTO;
	if (tls->ahead > 0)
		return write_ahead(tls, len);
	wire->write_waits = LOOP_WRITE;
	ERR_clear_error();
	errno = 0;
	int rc = SSL_write(tls->ssl, from, room_of(told));
	if (rc > 0) {
		tls->owed = 0;
		tls->ahead = (size_t)rc > len ? (size_t)rc - len : 0;
		return (size_t)rc > len ? (ssize_t)len : rc;
	}
	rc = outcome(tls, rc, &wire->write_waits);
	if (rc == -EAGAIN && tls->owed == 0)
		tls->owed = len < RECORD_BYTES ? len : RECORD_BYTES;
	return rc != 0 ? rc : -EPIPE;
}

/* Beginning with byte `from` of them all, as many as a record has; the first
 * span alone if it has so many. */
static struct str
gather(const struct iovec *spans, size_t count, size_t from, char *room)
{
	struct str got = { room, 0 };

	for (size_t i = 0; i < count && got.len < RECORD_BYTES; i++) {
		if (from >= spans[i].iov_len) {
			from -= spans[i].iov_len;
			continue;
		}
		const char *at = (const char *)spans[i].iov_base + from;
		size_t left = spans[i].iov_len - from;
		from = 0;
		if (got.len == 0 && left >= RECORD_BYTES)
			return (struct str){ at, RECORD_BYTES };
		if (left > RECORD_BYTES - got.len)
			left = RECORD_BYTES - got.len;
		memcpy(room + got.len, at, left);
		got.len += left;
	}
	return got;
}

/* A head and what follows it are one record, and one segment. */
static ssize_t
tls_writev(struct transport_wire *wire, struct iovec *spans, size_t count)
{
	char room[RECORD_BYTES];
	size_t sent = 0;

	for (;;) {
		struct str record = gather(spans, count, sent, room);
		if (record.len == 0)
			return (ssize_t)sent;
		ssize_t n = tls_write(wire, record.at, record.len);
		if (n < 0)
			return sent > 0 ? (ssize_t)sent : n;
		sent += (size_t)n;
	}
}

/* Asked again once it was said, OpenSSL would read. */
static int
say_close(struct tls *tls, struct transport_wire *wire)
{
	if (!tls->ready || tls->broken || tls->said_close)
		return 0;
	ERR_clear_error();
	errno = 0;
	int rc = SSL_shutdown(tls->ssl);
	if (rc < 0)
		return outcome(tls, rc, &wire->write_waits);
	tls->said_close = true;
	return 0;
}

/* The peer's own end is still read. */
static int
tls_shutdown(struct transport_wire *wire)
{
	struct tls *tls = wire->state;
	int rc = say_close(tls, wire);

	if (rc < 0)
		return rc;
	rc = tls->below->shutdown(&tls->wire);
	wire->write_waits = tls->wire.write_waits;
	return rc;
}

/*
 * Once the last read was in vain, what OpenSSL has is half a record.  What the
 * wire has is of use only to a read that waits for it.
 */
static bool
tls_holds(const struct transport_wire *wire)
{
	const struct tls *tls = wire->state;

	if (!tls->begun || tls->was_answered ||
	    (tls->may_hold && SSL_has_pending(tls->ssl) == 1))
		return true;
	return wire->read_waits == LOOP_READ && tls->below->holds != NULL &&
	       tls->below->holds(&tls->wire);
}

/* The peer hears that this is the end, if it can be said at once. */
static void
tls_close(struct transport_wire *wire)
{
	struct tls *tls = wire->state;

	ERR_clear_error();
	if (tls->ready && !tls->broken &&
	    (SSL_get_shutdown(tls->ssl) & SSL_SENT_SHUTDOWN) == 0)
		(void)SSL_shutdown(tls->ssl);
	/* RFC 5246, 7.2.1: a session may be resumed although its connection
	 * was cut, which OpenSSL would not do. */
	if (tls->ready && !tls->is_wrong)
		SSL_set_shutdown(
		    tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	ERR_clear_error();
	if (tls->below->close != NULL)
		tls->below->close(&tls->wire);
	tls_destroy(tls);
}

const struct transport tls_transport = {
	.read = tls_read,
	.write = tls_write,
	.writev = tls_writev,
	.shutdown = tls_shutdown,
	.holds = tls_holds,
	.close = tls_close,
};
