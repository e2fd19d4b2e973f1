/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire.h"

#include "tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static SSL_CTX *servers, *clients;
static SSL *wires[TCP_FD_MAX]; /* NULL: it speaks no TLS */

_Noreturn static void
die_of_tls(const char *what)
{
	ERR_print_errors_fp(stderr);
	die(what);
}

void
wire_certify(const char *path)
{
	servers = SSL_CTX_new(TLS_server_method());
	if (servers == NULL ||
	    SSL_CTX_use_certificate_chain_file(servers, path) != 1 ||
	    SSL_CTX_use_PrivateKey_file(servers, path, SSL_FILETYPE_PEM) != 1)
		die_of_tls(path);
}

static SSL *
open_wire(int fd, SSL_CTX *context)
{
	SSL *ssl = context != NULL ? SSL_new(context) : NULL;

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
		die_of_tls("TLS");
	wires[fd] = ssl;
	return ssl;
}

void
wire_serve(int fd)
{
	SSL_set_accept_state(open_wire(fd, servers));
}

static void
ask_for(SSL *ssl, const char *protocol)
{
	unsigned char list[32];
	size_t len = strlen(protocol);

	list[0] = (unsigned char)len;
	memcpy(list + 1, protocol, len);
	if (SSL_set_alpn_protos(ssl, list, (unsigned)len + 1) != 0)
		die_of_tls(protocol);
}

void
wire_ask(int fd, const char *protocol)
{
	int flags = fcntl(fd, F_GETFL);

	if (clients == NULL)
		clients = SSL_CTX_new(TLS_client_method());
	SSL *ssl = open_wire(fd, clients);
	if (protocol != NULL)
		ask_for(ssl, protocol);
	if (fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0 ||
	    SSL_connect(ssl) != 1 || fcntl(fd, F_SETFL, flags) < 0)
		die_of_tls("the handshake");
}

static ssize_t
count_of(SSL *ssl, int rc)
{
	if (rc > 0)
		return rc;
	switch (SSL_get_error(ssl, rc)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		ERR_clear_error();
		errno = EPROTO;
		return -1;
	}
}

ssize_t
wire_recv(int fd, void *to, size_t room)
{
	SSL *ssl = wires[fd];

	return ssl == NULL ? recv(fd, to, room, 0)
			   : count_of(ssl, SSL_read(ssl, to, (int)room));
}

ssize_t
wire_send(int fd, const void *from, size_t len)
{
	SSL *ssl = wires[fd];

	return ssl == NULL ? send(fd, from, len, MSG_NOSIGNAL)
			   : count_of(ssl, SSL_write(ssl, from, (int)len));
}

bool
wire_holds(int fd)
{
	return wires[fd] != NULL && SSL_has_pending(wires[fd]) == 1;
}

void
wire_close(int fd)
{
	SSL_free(wires[fd]);
	wires[fd] = NULL;
	(void)close(fd);
}
