/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/shake: TLS handshakes without end, one after the other.
 *
 *	bench-shake COUNTS full|resumed 1.2|1.3 ADDRESS PORT
 *
 * Each on a connection of its own, which both sides end.  What is resumed is
 * the session of the first connection, which has asked for something to get its
 * ticket; a whole one in its place is a failure.
 */
#include "tcp.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char request[] = "HEAD http://203.0.113.80:8080/ HTTP/1.1\r\n"
			      "Host: 203.0.113.80:8080\r\n"
			      "Connection: close\r\n\r\n";

static struct counts *counts;
static struct sockaddr_in server;
static SSL_SESSION *session;

static int
on_session(SSL *ssl, SSL_SESSION *got)
{
	(void)ssl;
	SSL_SESSION_free(session);
	session = got;
	return 1;
}

/* A copy: OpenSSL holds one for spent that was offered. */
static void
offer_session(SSL *ssl)
{
	SSL_SESSION *copy = session != NULL ? SSL_SESSION_dup(session) : NULL;

	if (copy != NULL)
		(void)SSL_set_session(ssl, copy);
	SSL_SESSION_free(copy);
}

static SSL *
shake(SSL_CTX *context)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	SSL *ssl = SSL_new(context);

	if (fd < 0 || ssl == NULL)
		die("socket");
	if (connect(fd, (const struct sockaddr *)&server, sizeof(server)) < 0)
		die("connect");
	counts->dials++;
	(void)SSL_set_fd(ssl, fd);
	offer_session(ssl);
	ERR_clear_error();
	if (SSL_connect(ssl) != 1) {
		ERR_print_errors_fp(stderr);
		die("the handshake");
	}
	return ssl;
}

/* Until the server's end, so that nothing is reset. */
static void
part(SSL *ssl)
{
	char bytes[4096];
	int fd = SSL_get_fd(ssl);

	(void)SSL_shutdown(ssl);
	(void)shutdown(fd, SHUT_WR);
	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
	SSL_free(ssl);
	(void)close(fd);
}

static void
take_session(SSL_CTX *context)
{
	SSL *ssl = shake(context);
	char bytes[4096];

	if (SSL_write(ssl, request, sizeof(request) - 1) <= 0)
		die("the request");
	while (SSL_read(ssl, bytes, sizeof(bytes)) > 0)
		;
	part(ssl);
	if (session == NULL)
		die("no ticket came");
	SSL_CTX_sess_set_new_cb(context, NULL);
}

int
main(int argc, char **argv)
{
	if (argc != 6)
		die("COUNTS full|resumed 1.2|1.3 ADDRESS PORT");
	bool resumes = strcmp(argv[2], "resumed") == 0;
	int version =
	    strcmp(argv[3], "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	(void)signal(SIGPIPE, SIG_IGN);
	counts = counts_map(argv[1]);
	server = tcp_address(argv[4], argv[5]);
	(void)SSL_CTX_set_min_proto_version(context, version);
	(void)SSL_CTX_set_max_proto_version(context, version);
	(void)SSL_CTX_set_session_cache_mode(
	    context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	if (resumes) {
		SSL_CTX_sess_set_new_cb(context, on_session);
		take_session(context);
	}
	for (;;) {
		SSL *ssl = shake(context);
		if ((SSL_session_reused(ssl) == 1) == resumes)
			counts->answers++;
		else
			counts->failures++;
		part(ssl);
	}
}
