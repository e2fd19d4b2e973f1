/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/tls_wire: between OpenSSL and what carried the stream before.
 *
 * A BIO over that transport: a descriptor, a stream of HTTP/2, or TLS again, as
 * where a client reaches a server by TLS to us.  What was read before there was
 * TLS comes first: who looks at a hello has it in his buffer by then.
 */
#include "net/tls_impl.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

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

/* ---- what OpenSSL has against the other side ---- */

/* OpenSSL's own queue holds no more. */
#define ERRORS_MAX 16

struct errors {
	unsigned long codes[ERRORS_MAX];
	size_t count;
};

/*
 * An alert is sent while the error that it tells of waits to be read; the layer
 * below, if it is TLS, reads errors of its own.
 */
static void
put_aside(struct errors *errors)
{
	errors->count = 0;
	while (errors->count < ERRORS_MAX && ERR_peek_error() != 0)
		errors->codes[errors->count++] = ERR_get_error();
}

static void
bring_back(const struct errors *errors)
{
	for (size_t i = 0; i < errors->count; i++)
		ERR_raise(ERR_GET_LIB(errors->codes[i]),
		    ERR_GET_REASON(errors->codes[i]));
}

/* ---- reading and writing ---- */

/* Who asks OpenSSL what it was looks at errno. */
static int
count_of(ssize_t n, size_t *ret_count)
{
	*ret_count = n > 0 ? (size_t)n : 0;
	if (n < 0)
		errno = (int)-n;
	return n > 0;
}

static int
wire_read(BIO *bio, char *to, size_t room, size_t *ret_count)
{
	struct tls *tls = BIO_get_data(bio);
	struct errors errors;

	BIO_clear_retry_flags(bio);
	if (tls->early != NULL) {
		*ret_count = take_early(tls, to, room);
		return 1;
	}
	put_aside(&errors);
	ssize_t n = tls->below->read(&tls->wire, to, room);
	bring_back(&errors);
	if (n == 0)
		tls->has_ended = true;
	if (n == -EAGAIN)
		BIO_set_retry_read(bio);
	return count_of(n, ret_count);
}

static int
wire_write(BIO *bio, const char *from, size_t len, size_t *ret_count)
{
	struct tls *tls = BIO_get_data(bio);
	struct errors errors;

	BIO_clear_retry_flags(bio);
	put_aside(&errors);
	ssize_t n = tls->below->write(&tls->wire, from, len);
	bring_back(&errors);
	if (n == -EAGAIN)
		BIO_set_retry_write(bio);
	return count_of(n, ret_count);
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
