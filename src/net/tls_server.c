/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/tls_server: what all clients are spoken to with.
 *
 * One SSL_CTX without a certificate; a connection gets its own when its hello
 * was answered.
 */
#include "net/tls_impl.h"

#include <stdlib.h>

/*
 * Mozilla's "intermediate" (5.7) without DHE, which nobody needs who has ECDHE;
 * all with ECDSA before those with RSA.
 */
#define SUITES_12                                                              \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"         \
	"ECDHE-ECDSA-CHACHA20-POLY1305:"                                       \
	"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:"             \
	"ECDHE-RSA-CHACHA20-POLY1305"
#define SUITES_13                                                              \
	"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"                       \
	"TLS_CHACHA20_POLY1305_SHA256"
/* OpenSSL would write to it, by its type. */
static char groups[] = "X25519:P-256:P-384";

struct tls_server {
	unsigned refs; /* atomic */
	SSL_CTX *context;
	struct tls_tickets *tickets;
};

/* ---- the hello ---- */

/* Of those that OpenSSL takes apart; false: it is malformed. */
static bool
read_hello(SSL *ssl, struct hello *hello)
{
	static const unsigned types[] = {
		TLSEXT_TYPE_server_name,
		TLSEXT_TYPE_signature_algorithms,
		TLSEXT_TYPE_application_layer_protocol_negotiation,
	};

	*hello = (struct hello){
		.legacy_version =
		    (uint16_t)SSL_client_hello_get0_legacy_version(ssl)
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const unsigned char *at;
		size_t len;
		if (SSL_client_hello_get0_ext(ssl, types[i], &at, &len) != 1)
			continue;
		if (hello_add_extension(hello, types[i],
			(struct str){ (const char *)at, len }) < 0)
			return false;
	}
	return true;
}

static int
ask(struct tls *tls, int *alert)
{
	struct tls_handshake *handshake = tls->handshake;

	handshake->hello = malloc(sizeof(*handshake->hello));
	if (handshake->hello == NULL) {
		*alert = SSL_AD_INTERNAL_ERROR;
		return SSL_CLIENT_HELLO_ERROR;
	}
	if (!read_hello(tls->ssl, handshake->hello)) {
		*alert = SSL_AD_DECODE_ERROR;
		return SSL_CLIENT_HELLO_ERROR;
	}
	tls->step = TLS_STEP_ASKED;
	return SSL_CLIENT_HELLO_RETRY;
}

/* Who must be asked may close the stream: never from within OpenSSL. */
static int
on_hello(SSL *ssl, int *alert, void *context)
{
	struct tls *tls = SSL_get_app_data(ssl);

	(void)context;
	switch (tls->step) {
	case TLS_STEP_NO_HELLO:
		return ask(tls, alert);
	case TLS_STEP_ASKED:
		return SSL_CLIENT_HELLO_RETRY;
	case TLS_STEP_ANSWERED:
		return SSL_CLIENT_HELLO_SUCCESS;
	case TLS_STEP_REFUSED:
		break;
	}
	*alert = tls->refusal;
	return SSL_CLIENT_HELLO_ERROR;
}

static bool
offers(const unsigned char *list, unsigned len, struct str name)
{
	while (len > 1 && list[0] < len) {
		struct str one = { (const char *)list + 1, list[0] };
		if (str_eq(one, name))
			return true;
		len -= list[0] + 1u;
		list += list[0] + 1u;
	}
	return false;
}

/* RFC 7301, 3.2: who has nothing in common with us is refused. */
static int
on_protocols(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
    const unsigned char *list, unsigned len, void *context)
{
	const struct tls *tls = SSL_get_app_data(ssl);
	static const struct {
		unsigned protocol;
		const char *name;
	} ours[] = {
		{ TLS_PROTOCOL_HTTP2, "h2" },
		{ TLS_PROTOCOL_HTTP1, "http/1.1" },
	};

	(void)context;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		struct str name = str_of(ours[i].name);
		if ((tls->protocols & ours[i].protocol) == 0 ||
		    !offers(list, len, name))
			continue;
		*ret = (const unsigned char *)name.at;
		*ret_len = (unsigned char)name.len;
		return SSL_TLSEXT_ERR_OK;
	}
	return tls->protocols == 0 ? SSL_TLSEXT_ERR_NOACK
				   : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* ---- the server ---- */

static bool
set_up(struct tls_server *server)
{
	SSL_CTX *context = server->context;

	if (!tls_set_up(context) ||
	    SSL_CTX_set_cipher_list(context, SUITES_12) != 1 ||
	    SSL_CTX_set_ciphersuites(context, SUITES_13) != 1 ||
	    SSL_CTX_set1_groups_list(context, groups) != 1)
		return false;
	(void)SSL_CTX_set_options(context,
	    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	(void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_max_early_data(context, 0);
	SSL_CTX_set_client_hello_cb(context, on_hello, NULL);
	SSL_CTX_set_alpn_select_cb(context, on_protocols, NULL);
	tls_tickets_use(server->tickets, context);
	return true;
}

struct tls_server *
tls_server_create(void)
{
	struct tls_server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->refs = 1;
	server->tickets = tls_tickets_create();
	server->context = SSL_CTX_new(TLS_server_method());
	if (server->tickets == NULL || server->context == NULL ||
	    !set_up(server)) {
		tls_server_unref(server);
		return NULL;
	}
	return server;
}

struct tls_server *
tls_server_ref(struct tls_server *server)
{
	(void)__atomic_add_fetch(&server->refs, 1, __ATOMIC_RELAXED);
	return server;
}

void
tls_server_unref(struct tls_server *server)
{
	if (server == NULL ||
	    __atomic_sub_fetch(&server->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	SSL_CTX_free(server->context);
	tls_tickets_destroy(server->tickets);
	free(server);
}

SSL *
tls_server_open(struct tls_server *server)
{
	SSL *ssl = SSL_new(server->context);

	if (ssl != NULL)
		SSL_set_accept_state(ssl);
	return ssl;
}

void
tls_server_age(struct tls_server *server, int64_t by)
{
	tls_tickets_age(server->tickets, by);
}
