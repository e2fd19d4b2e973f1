/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/tls_wire: between OpenSSL and the descriptor.
 *
 * A BIO as OpenSSL's own for sockets, but that what was read before there was
 * TLS comes first (who looks at a hello has it in his buffer by then), and that
 * nobody is killed by SIGPIPE.
 */
#include "net/tls_impl.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

static size_t
take_early(struct tls *tls, char *to, size_t room)
{
	size_t left = tls->early_len - tls->early_at;
	size_t count = left < room ? left : room;

	memcpy(to, tls->early + tls->early_at, count);
	tls->early_at += count;
	if (tls->early_at == tls->early_len) {
		free(tls->early);
		tls->early = NULL;
	}
	return count;
}

static int
wire_read(BIO *bio, char *to, size_t room, size_t *ret_count)
{
	struct tls *tls = BIO_get_data(bio);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	if (tls->early != NULL) {
		*ret_count = take_early(tls, to, room);
		return 1;
	}
	do {
		n = recv(tls->fd, to, room, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		BIO_set_retry_read(bio);
	if (n == 0)
		tls->has_ended = true;
	*ret_count = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static int
wire_write(BIO *bio, const char *from, size_t len, size_t *ret_count)
{
	struct tls *tls = BIO_get_data(bio);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	do {
		n = send(tls->fd, from, len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		BIO_set_retry_write(bio);
	*ret_count = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static long
wire_control(BIO *bio, int command, long number, void *at)
{
	const struct tls *tls = BIO_get_data(bio);

	(void)number;
	(void)at;
	if (command == BIO_CTRL_EOF)
		return tls->has_ended;
	return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method;

static void
make_method(void)
{
	method = BIO_meth_new(
	    BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gatehouse");
	if (method == NULL)
		return;
	(void)BIO_meth_set_read_ex(method, wire_read);
	(void)BIO_meth_set_write_ex(method, wire_write);
	(void)BIO_meth_set_ctrl(method, wire_control);
}

BIO *
tls_wire_create(struct tls *tls)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	BIO *bio;

	(void)pthread_once(&once, make_method);
	bio = method != NULL ? BIO_new(method) : NULL;
	if (bio == NULL)
		return NULL;
	BIO_set_data(bio, tls);
	BIO_set_init(bio, 1);
	return bio;
}
