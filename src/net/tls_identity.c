/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/tls_identity.h"

#include "base/clock.h"
#include "net/tls_impl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

/* Longer is no chain that a client would take. */
#define ISSUERS_MAX 10

struct tls_identity {
	unsigned refs; /* atomic */
	X509 *certificate;
	STACK_OF(X509) * issuers;
	EVP_PKEY *key;
};

static const char no_memory[] = "no memory for TLS";

/* ---- from PEM ---- */

/* There is nobody to ask for a word. */
static int
no_word(char *to, int room, int writes, void *context)
{
	bool *is_locked = context;

	(void)to;
	(void)room;
	(void)writes;
	*is_locked = true;
	return -1;
}

static const char *
read_key(BIO *bio, struct tls_identity *identity)
{
	bool is_locked = false;

	identity->key = PEM_read_bio_PrivateKey(bio, NULL, no_word, &is_locked);
	if (identity->key == NULL)
		return is_locked ? "the key is locked by a password"
				 : "there is no key in it that can be read";
	if (!EVP_PKEY_is_a(identity->key, "EC") &&
	    !EVP_PKEY_is_a(identity->key, "RSA"))
		return "the key is neither ECDSA nor RSA";
	if (X509_check_private_key(identity->certificate, identity->key) != 1)
		return "the key is not the certificate's";
	return NULL;
}

static const char *
read_certificates(BIO *bio, struct tls_identity *identity)
{
	X509 *one;

	identity->certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	identity->issuers = sk_X509_new_null();
	if (identity->certificate == NULL)
		return "there is no certificate in it that can be read";
	while ((one = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		if (sk_X509_num(identity->issuers) == ISSUERS_MAX ||
		    sk_X509_push(identity->issuers, one) <= 0) {
			X509_free(one);
			return "there are too many certificates in it";
		}
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return "a certificate in it cannot be read";
	return NULL;
}

typedef const char *(*read_fn)(BIO *bio, struct tls_identity *identity);

static const char *
read_pem(struct str pem, struct tls_identity *identity, read_fn fn)
{
	BIO *bio =
	    pem.len <= INT32_MAX ? BIO_new_mem_buf(pem.at, (int)pem.len) : NULL;

	if (bio == NULL)
		return no_memory;
	ERR_clear_error();
	const char *why = fn(bio, identity);
	ERR_clear_error();
	BIO_free(bio);
	return why;
}

struct tls_identity *
tls_identity_create(
    struct str certificates, struct str key, const char **reterr_why)
{
	struct tls_identity *identity = calloc(1, sizeof(*identity));
	const char *why;

	if (identity == NULL) {
		*reterr_why = no_memory;
		return NULL;
	}
	identity->refs = 1;
	why = read_pem(certificates, identity, read_certificates);
	if (why == NULL)
		why = read_pem(key, identity, read_key);
	if (why == NULL)
		return identity;
	tls_identity_unref(identity);
	*reterr_why = why;
	return NULL;
}

/* ---- made elsewhere ---- */

struct tls_identity *
tls_identity_of(X509 *certificate, STACK_OF(X509) * issuers, EVP_PKEY *key)
{
	struct tls_identity *identity = calloc(1, sizeof(*identity));

	if (identity == NULL)
		return NULL;
	identity->refs = 1;
	identity->issuers = issuers != NULL ? X509_chain_up_ref(issuers) : NULL;
	if (issuers != NULL && identity->issuers == NULL) {
		free(identity);
		return NULL;
	}
	(void)X509_up_ref(certificate);
	identity->certificate = certificate;
	(void)EVP_PKEY_up_ref(key);
	identity->key = key;
	return identity;
}

struct tls_identity *
tls_identity_ref(struct tls_identity *identity)
{
	(void)__atomic_add_fetch(&identity->refs, 1, __ATOMIC_RELAXED);
	return identity;
}

void
tls_identity_unref(struct tls_identity *identity)
{
	if (identity == NULL ||
	    __atomic_sub_fetch(&identity->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	X509_free(identity->certificate);
	sk_X509_pop_free(identity->issuers, X509_free);
	EVP_PKEY_free(identity->key);
	free(identity);
}

/* ---- questions ---- */

bool
tls_identity_is_for(const struct tls_identity *identity, struct str host)
{
	return host.len > 0 && X509_check_host(identity->certificate, host.at,
				   host.len, 0, NULL) == 1;
}

bool
tls_identity_is_alike(
    const struct tls_identity *identity, const struct tls_identity *other)
{
	return EVP_PKEY_get_base_id(identity->key) ==
	       EVP_PKEY_get_base_id(other->key);
}

static int64_t
time_of(const ASN1_TIME *time)
{
	struct tm broken;

	if (ASN1_TIME_to_tm(time, &broken) != 1)
		return 0;
	return (int64_t)timegm(&broken) * CLOCK_SECOND;
}

int64_t
tls_identity_begins(const struct tls_identity *identity)
{
	return time_of(X509_get0_notBefore(identity->certificate));
}

int64_t
tls_identity_ends(const struct tls_identity *identity)
{
	return time_of(X509_get0_notAfter(identity->certificate));
}

X509 *
tls_identity_certificate(const struct tls_identity *identity)
{
	return identity->certificate;
}

bool
tls_identity_use(const struct tls_identity *identity, SSL *ssl)
{
	return SSL_use_cert_and_key(ssl, identity->certificate, identity->key,
		   identity->issuers, 1) == 1;
}
