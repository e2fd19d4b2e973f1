/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/tls_impl.h"

#include "base/file.h"
#include "base/hostname.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>

/*
 * A server of TLS 1.3 gives two tickets for each connection, and each is good
 * for one (RFC 8446, C.4); as many as connections are opened at once.
 */
#define SESSIONS_MAX 8

struct tls_settings {
	unsigned refs; /* atomic */
	SSL_CTX *context;
	STACK_OF(X509_NAME) * names; /* of the authorities */
};

struct tls_peer {
	unsigned refs; /* atomic */
	struct tls_settings *settings;
	char host[HOSTNAME_MAX + 1]; /* "": by its address */
	struct address address;
	pthread_mutex_t lock; /* of the rest */
	SSL_SESSION *sessions[SESSIONS_MAX];
	size_t session_count;
};

/* ---- sessions ---- */

/* The newest takes the place of the oldest. */
void
tls_peer_keep_session(struct tls_peer *peer, SSL_SESSION *session)
{
	SSL_SESSION *dropped = NULL;

	(void)pthread_mutex_lock(&peer->lock);
	if (peer->session_count == SESSIONS_MAX) {
		dropped = peer->sessions[0];
		memmove(&peer->sessions[0], &peer->sessions[1],
		    (SESSIONS_MAX - 1) * sizeof(peer->sessions[0]));
		peer->session_count--;
	}
	peer->sessions[peer->session_count++] = session;
	(void)pthread_mutex_unlock(&peer->lock);
	SSL_SESSION_free(dropped);
}

static SSL_SESSION *
take_session(struct tls_peer *peer)
{
	SSL_SESSION *session = NULL;

	(void)pthread_mutex_lock(&peer->lock);
	if (peer->session_count > 0)
		session = peer->sessions[--peer->session_count];
	(void)pthread_mutex_unlock(&peer->lock);
	return session;
}

/* What OpenSSL gives away is ours then. */
static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	const struct tls *tls = SSL_get_app_data(ssl);

	/* What was tolerated in one connection may not be in the next, which
	 * would not ask again. */
	if (tls == NULL || tls->peer == NULL || tls->wrong != 0)
		return 0;
	tls_peer_keep_session(tls->peer, session);
	return 1;
}

/* ---- settings ---- */

static const char no_memory[] = "no memory for TLS";

/* How many certificates there were, or -1: one of them is none. */
static int
add_authorities(X509_STORE *store, BIO *bio)
{
	int count = 0;
	X509 *one;

	ERR_clear_error();
	while ((one = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		bool added = X509_STORE_add_cert(store, one) == 1;
		X509_free(one);
		if (!added)
			return -1;
		count++;
	}
	bool ended =
	    ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	return ended ? count : -1;
}

static const char *
trust_each(X509_STORE *store, struct str authorities)
{
	BIO *bio = authorities.len <= INT32_MAX
		       ? BIO_new_mem_buf(authorities.at, (int)authorities.len)
		       : NULL;

	if (bio == NULL)
		return no_memory;
	int count = add_authorities(store, bio);
	BIO_free(bio);
	if (count < 0)
		return "a certificate in it cannot be read";
	return count > 0 ? NULL : "there is no certificate in it";
}

static const char *
trust_these(SSL_CTX *context, struct str authorities)
{
	X509_STORE *store = SSL_CTX_get_cert_store(context);

	/* Whoever names an authority names it, whoever signed that one. */
	(void)X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	return trust_each(store, authorities);
}

/* Of all files that systems have, the largest is a quarter of it. */
#define AUTHORITIES_BYTES_MAX ((size_t)4 << 20)

static int system_fd = -1;

void
tls_begin(int authorities)
{
	system_fd = authorities;
	(void)OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, NULL);
}

/* A host that has none trusts nobody. */
static const char *
trust_file(SSL_CTX *context, int fd)
{
	struct text pem = TEXT_EMPTY;
	const char *why = NULL;

	if (file_read_fd(fd, AUTHORITIES_BYTES_MAX, &pem) == 0 && pem.len > 0)
		why =
		    trust_each(SSL_CTX_get_cert_store(context), text_str(&pem));
	text_fini(&pem);
	return why;
}

static const char *
trust_the_system_s(SSL_CTX *context)
{
	if (system_fd >= 0)
		return trust_file(context, system_fd);
	return SSL_CTX_set_default_verify_paths(context) == 1
		   ? NULL
		   : "the system's authorities cannot be read";
}

bool
tls_set_up(SSL_CTX *context)
{
	if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1)
		return false;
	/* 112 bits: RSA of 2,048, SHA-2. */
	SSL_CTX_set_security_level(context, 2);
	(void)SSL_CTX_set_options(
	    context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	/* The transport may take a part, and be offered the rest from another
	 * place; and thousands may be idle. */
	(void)SSL_CTX_set_mode(context,
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(context, 1);
	return true;
}

static const char *
set_up(SSL_CTX *context)
{
	if (!tls_set_up(context))
		return no_memory;
	tls_verify_servers(context);
	(void)SSL_CTX_set_session_cache_mode(
	    context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(context, on_session);
	return NULL;
}

/* What a client is told, that it may choose: not of the system's, which would
 * be a long list for nothing. */
static const char *
read_names(struct tls_settings *settings)
{
	STACK_OF(X509_OBJECT) *all =
	    X509_STORE_get0_objects(SSL_CTX_get_cert_store(settings->context));

	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		const X509 *one =
		    X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
		X509_NAME *name =
		    one != NULL ? X509_NAME_dup(X509_get_subject_name(one))
				: NULL;
		if (name == NULL ||
		    sk_X509_NAME_push(settings->names, name) <= 0) {
			X509_NAME_free(name);
			return no_memory;
		}
	}
	return NULL;
}

struct tls_settings *
tls_settings_create(struct str authorities, const char **reterr_why)
{
	struct tls_settings *settings = calloc(1, sizeof(*settings));
	const char *why = no_memory;

	if (settings == NULL) {
		*reterr_why = no_memory;
		return NULL;
	}
	settings->refs = 1;
	settings->context = SSL_CTX_new(TLS_client_method());
	settings->names = sk_X509_NAME_new_null();
	if (settings->context != NULL && settings->names != NULL)
		why = set_up(settings->context);
	if (why == NULL)
		why = authorities.at != NULL
			  ? trust_these(settings->context, authorities)
			  : trust_the_system_s(settings->context);
	if (why == NULL && authorities.at != NULL)
		why = read_names(settings);
	if (why == NULL)
		return settings;
	tls_settings_unref(settings);
	*reterr_why = why;
	return NULL;
}

const char *
tls_settings_trust(struct tls_settings *settings, struct str authorities)
{
	return trust_these(settings->context, authorities);
}

struct tls_settings *
tls_settings_ref(struct tls_settings *settings)
{
	(void)__atomic_add_fetch(&settings->refs, 1, __ATOMIC_RELAXED);
	return settings;
}

void
tls_settings_unref(struct tls_settings *settings)
{
	if (settings == NULL ||
	    __atomic_sub_fetch(&settings->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	SSL_CTX_free(settings->context);
	sk_X509_NAME_pop_free(settings->names, X509_NAME_free);
	free(settings);
}

bool
tls_settings_demand(
    struct tls_settings *authorities, SSL *ssl, enum tls_demand demand)
{
	STACK_OF(X509_NAME) * names;

	if (demand == TLS_DEMAND_NONE)
		return true;
	names = SSL_dup_CA_list(authorities->names);
	if (names == NULL ||
	    SSL_set1_verify_cert_store(
		ssl, SSL_CTX_get_cert_store(authorities->context)) != 1) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return false;
	}
	SSL_set0_CA_list(ssl, names);
	tls_verify_client(ssl, demand == TLS_DEMAND_ALWAYS);
	return true;
}

/* ---- peers ---- */

struct tls_peer *
tls_peer_create(
    struct tls_settings *settings, struct str host, struct address address)
{
	struct tls_peer *peer = calloc(1, sizeof(*peer));

	if (peer == NULL || host.len > HOSTNAME_MAX) {
		free(peer);
		return NULL;
	}
	peer->refs = 1;
	peer->settings = tls_settings_ref(settings);
	peer->address = address;
	if (host.at != NULL)
		memcpy(peer->host, host.at, host.len);
	(void)pthread_mutex_init(&peer->lock, NULL);
	return peer;
}

bool
tls_peer_is_same(const struct tls_peer *peer, const struct tls_peer *other)
{
	if (peer == NULL || other == NULL)
		return peer == other;
	return strcmp(peer->host, other->host) == 0 &&
	       address_eq(peer->address, other->address);
}

struct tls_peer *
tls_peer_ref(struct tls_peer *peer)
{
	(void)__atomic_add_fetch(&peer->refs, 1, __ATOMIC_RELAXED);
	return peer;
}

void
tls_peer_unref(struct tls_peer *peer)
{
	if (peer == NULL ||
	    __atomic_sub_fetch(&peer->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t i = 0; i < peer->session_count; i++)
		SSL_SESSION_free(peer->sessions[i]);
	tls_settings_unref(peer->settings);
	(void)pthread_mutex_destroy(&peer->lock);
	free(peer);
}

/* RFC 9525: the name, whole labels only; RFC 6066, 3: no address is sent. */
static bool
name_peer(SSL *ssl, struct tls_peer *peer)
{
	char text[ADDRESS_TEXT_BYTES];

	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
				   X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (peer->host[0] == '\0')
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
			   address_format(peer->address, text)) == 1;
	return SSL_set1_host(ssl, peer->host) == 1 &&
	       SSL_set_tlsext_host_name(ssl, peer->host) == 1;
}

SSL *
tls_peer_open(struct tls_peer *peer)
{
	SSL *ssl = SSL_new(peer->settings->context);

	if (ssl == NULL)
		return NULL;
	if (!name_peer(ssl, peer)) {
		SSL_free(ssl);
		return NULL;
	}
	SSL_SESSION *session = take_session(peer);
	if (session != NULL)
		(void)SSL_set_session(ssl, session);
	SSL_SESSION_free(session);
	SSL_set_connect_state(ssl);
	return ssl;
}
