/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/tls_transport: the bytes of a connection, through OpenSSL.
 *
 * The first read begins the handshake, and goes on with it: nothing is written
 * before it is over.
 */
#include "net/tls_impl.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>

struct tls *
tls_create(struct tls_peer *peer, int fd)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (tls == NULL)
		return NULL;
	tls->ssl = tls_peer_open(peer);
	tls->peer = tls_peer_ref(peer);
	if (tls->ssl == NULL || SSL_set_fd(tls->ssl, fd) != 1 ||
	    SSL_set_app_data(tls->ssl, tls) != 1) {
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
	free(tls);
}

/* ---- what OpenSSL says ---- */

static void
note_detail(const struct tls *tls)
{
	struct tls_handshake *handshake = tls->handshake;
	long verified = SSL_get_verify_result(tls->ssl);
	unsigned long error = ERR_peek_error();
	const char *words = ERR_reason_error_string(error);

	if (handshake == NULL)
		return;
	if (verified != X509_V_OK)
		words = X509_verify_cert_error_string(verified);
	(void)snprintf(handshake->detail, sizeof(handshake->detail), "%s",
	    words != NULL ? words : "");
}

static int
break_off(struct tls *tls, int error)
{
	note_detail(tls);
	ERR_clear_error();
	tls->broken = true;
	tls->is_wrong = error == -EPROTO;
	return error;
}

/* An end that nobody has signed may be anyone's (RFC 8446, 6.1). */
static int
error_of_protocol(const struct tls *tls)
{
	if (!tls->ready && SSL_get_verify_result(tls->ssl) != X509_V_OK)
		return -EPERM;
	if (ERR_GET_REASON(ERR_peek_error()) ==
	    SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return -ECONNRESET;
	return -EPROTO;
}

/* Of a call that did not succeed: 0 at the peer's end, or a negative errno. */
static int
outcome(struct tls *tls, int rc, unsigned *waits)
{
	int error = errno;

	switch (SSL_get_error(tls->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		*waits = LOOP_READ;
		return -EAGAIN;
	case SSL_ERROR_WANT_WRITE:
		*waits = LOOP_WRITE;
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		return break_off(tls, error > 0 ? -error : -ECONNRESET);
	default:
		return break_off(tls, error_of_protocol(tls));
	}
}

static int
room_of(size_t len)
{
	return len < INT_MAX ? (int)len : INT_MAX;
}

/* ---- the transport ---- */

static int
shake_hands(struct tls *tls, struct transport_wire *wire)
{
	if (tls->ready)
		return 0;
	int rc = SSL_do_handshake(tls->ssl);
	if (rc != 1) {
		rc = outcome(tls, rc, &wire->read_waits);
		return rc != 0 ? rc : -ECONNRESET;
	}
	tls->ready = true;
	/* One of TLS 1.2 is good for more than one connection, and no other
	 * comes. */
	if (SSL_session_reused(tls->ssl) == 1 &&
	    SSL_version(tls->ssl) < TLS1_3_VERSION)
		tls_peer_keep_session(tls->peer, SSL_get1_session(tls->ssl));
	tls_handshake_note_ready(tls);
	return 0;
}

static ssize_t
tls_read(struct transport_wire *wire, void *to, size_t room)
{
	struct tls *tls = wire->state;

	if (tls->broken)
		return -EPROTO;
	tls->begun = true;
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
tls_write(struct transport_wire *wire, const void *from, size_t len)
{
	struct tls *tls = wire->state;

	if (tls->broken)
		return -EPROTO;
	wire->write_waits = LOOP_WRITE;
	ERR_clear_error();
	errno = 0;
	int rc = SSL_write(tls->ssl, from, room_of(len));
	if (rc > 0)
		return rc;
	rc = outcome(tls, rc, &wire->write_waits);
	return rc != 0 ? rc : -EPIPE;
}

/* The peer's own end is still read. */
static int
tls_shutdown(struct transport_wire *wire)
{
	struct tls *tls = wire->state;

	wire->write_waits = LOOP_WRITE;
	ERR_clear_error();
	errno = 0;
	if (tls->ready && !tls->broken) {
		int rc = SSL_shutdown(tls->ssl);
		if (rc < 0)
			rc = outcome(tls, rc, &wire->write_waits);
		if (rc < 0)
			return rc;
	}
	return shutdown(wire->fd, SHUT_WR) < 0 ? -errno : 0;
}

/* Once the last read was in vain, what OpenSSL has is half a record. */
static bool
tls_holds(const struct transport_wire *wire)
{
	const struct tls *tls = wire->state;

	return !tls->begun || (tls->may_hold && SSL_has_pending(tls->ssl) == 1);
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
	tls_destroy(tls);
}

const struct transport tls_transport = {
	.read = tls_read,
	.write = tls_write,
	.shutdown = tls_shutdown,
	.holds = tls_holds,
	.close = tls_close,
};
