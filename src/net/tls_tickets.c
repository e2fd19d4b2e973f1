/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/tls_tickets: the keys that a server's tickets are made with.
 *
 * A ticket is all that we know of a session, locked with a key that only this
 * process has (RFC 5077, 4: AES-256-CBC, then HMAC-SHA256).  Who gets hold of
 * the key can read what the session's 1.2 connections said: so it is made anew
 * every hour, and an hour later it is gone.  All connections of all threads
 * share it, under a lock.
 */
#include "net/tls_impl.h"

#include "base/clock.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>

#define KEY_LIFE (3600 * CLOCK_SECOND)

#define NAME_BYTES 16 /* OpenSSL's */
#define KEY_BYTES  32

struct key {
	unsigned char name[NAME_BYTES];
	unsigned char cipher[KEY_BYTES];
	unsigned char mac[KEY_BYTES];
};

struct tls_tickets {
	EVP_CIPHER *cipher;
	pthread_mutex_t lock; /* of the rest */
	struct key keys[2];   /* that of now, and that of before */
	int64_t since;
};

/* A key of which nobody knows the name opens nothing. */
static bool
make_key(struct key *key)
{
	return RAND_priv_bytes((unsigned char *)key, sizeof(*key)) == 1;
}

/* An hour in which nobody came is one all the same. */
static bool
turn(struct tls_tickets *tickets, int64_t now)
{
	while (now - tickets->since >= KEY_LIFE) {
		tickets->keys[1] = tickets->keys[0];
		if (!make_key(&tickets->keys[0]))
			return false;
		if (now - tickets->since >= 2 * KEY_LIFE)
			tickets->since = now - KEY_LIFE;
		else
			tickets->since = now;
	}
	return true;
}

/* 1, 2 for a key that is no longer given, 0 for none, or -1. */
static int
find_key(
    struct tls_tickets *tickets, const unsigned char *name, struct key *ret)
{
	int found = 0;

	(void)pthread_mutex_lock(&tickets->lock);
	if (!turn(tickets, clock_now())) {
		found = -1;
	} else if (name == NULL ||
		   memcmp(name, tickets->keys[0].name, NAME_BYTES) == 0) {
		*ret = tickets->keys[0];
		found = 1;
	} else if (memcmp(name, tickets->keys[1].name, NAME_BYTES) == 0) {
		*ret = tickets->keys[1];
		found = 2;
	}
	(void)pthread_mutex_unlock(&tickets->lock);
	return found;
}

static bool
set_mac(EVP_MAC_CTX *mac, struct key *key)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(
		    OSSL_MAC_PARAM_KEY, key->mac, sizeof(key->mac)),
		OSSL_PARAM_construct_utf8_string(
		    OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

static struct tls_tickets *
tickets_of(SSL *ssl)
{
	return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

static int
set_key(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int encrypts)
{
	struct tls_tickets *tickets = tickets_of(ssl);
	struct key key;
	int found = find_key(tickets, encrypts ? NULL : name, &key);

	if (found <= 0)
		return found;
	if (encrypts) {
		memcpy(name, key.name, NAME_BYTES);
		if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(tickets->cipher)) !=
		    1)
			found = -1;
	}
	if (EVP_CipherInit_ex2(
		cipher, tickets->cipher, key.cipher, iv, encrypts, NULL) != 1 ||
	    !set_mac(mac, &key))
		found = -1;
	OPENSSL_cleanse(&key, sizeof(key));
	return found;
}

/*
 * Whom a certificate has let in is not let in by a ticket when it has expired.
 */
static SSL_TICKET_RETURN
on_opened(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
    size_t name_len, SSL_TICKET_STATUS status, void *context)
{
	X509 *client = session != NULL ? SSL_SESSION_get0_peer(session) : NULL;

	(void)ssl;
	(void)name;
	(void)name_len;
	(void)context;
	if (status == SSL_TICKET_FATAL_ERR_MALLOC ||
	    status == SSL_TICKET_FATAL_ERR_OTHER)
		return SSL_TICKET_RETURN_ABORT;
	if (status == SSL_TICKET_EMPTY || status == SSL_TICKET_NO_DECRYPT)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	if (client != NULL &&
	    X509_cmp_current_time(X509_get0_notAfter(client)) <= 0)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	return status == SSL_TICKET_SUCCESS_RENEW ? SSL_TICKET_RETURN_USE_RENEW
						  : SSL_TICKET_RETURN_USE;
}

struct tls_tickets *
tls_tickets_create(void)
{
	struct tls_tickets *tickets = calloc(1, sizeof(*tickets));

	if (tickets == NULL)
		return NULL;
	(void)pthread_mutex_init(&tickets->lock, NULL);
	tickets->since = clock_now();
	tickets->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	if (tickets->cipher == NULL || !make_key(&tickets->keys[0]) ||
	    !make_key(&tickets->keys[1])) {
		tls_tickets_destroy(tickets);
		return NULL;
	}
	return tickets;
}

void
tls_tickets_destroy(struct tls_tickets *tickets)
{
	if (tickets == NULL)
		return;
	EVP_CIPHER_free(tickets->cipher);
	(void)pthread_mutex_destroy(&tickets->lock);
	OPENSSL_cleanse(tickets, sizeof(*tickets));
	free(tickets);
}

void
tls_tickets_age(struct tls_tickets *tickets, int64_t by)
{
	(void)pthread_mutex_lock(&tickets->lock);
	tickets->since -= by;
	(void)pthread_mutex_unlock(&tickets->lock);
}

void
tls_tickets_use(struct tls_tickets *tickets, SSL_CTX *context)
{
	(void)SSL_CTX_set_app_data(context, tickets);
	(void)SSL_CTX_set_tlsext_ticket_key_evp_cb(context, set_key);
	(void)SSL_CTX_set_session_ticket_cb(context, NULL, on_opened, NULL);
	(void)SSL_CTX_set_timeout(context, (long)(KEY_LIFE / CLOCK_SECOND));
}
