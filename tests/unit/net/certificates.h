/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates for the tests of TLS, made in the test.
 */
#ifndef GATEHOUSE_TESTS_NET_CERTIFICATES_H
#define GATEHOUSE_TESTS_NET_CERTIFICATES_H

#include "harness.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* What a certificate shall be; what is 0 is as it should be. */
struct recipe {
	const char *name;
	const char *alternative; /* NULL: it is an authority */
	const char *access;      /* where the issuer's is; NULL: not said */
	X509 *issuer;            /* NULL: itself */
	EVP_PKEY *issuer_key;
	EVP_PKEY *key;
	long from, until; /* seconds from now */
	const EVP_MD *digest;
};

static inline void
extend(X509 *one, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(extension);
	assert_int_equal(X509_add_ext(one, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static inline X509 *
make_certificate(const struct recipe *r)
{
	static long serial;
	X509 *one = X509_new();
	X509_NAME *subject = X509_get_subject_name(one);

	assert_int_equal(X509_set_version(one, X509_VERSION_3), 1);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(one), ++serial);
	(void)X509_gmtime_adj(
	    X509_getm_notBefore(one), r->from != 0 ? r->from : -3600);
	(void)X509_gmtime_adj(
	    X509_getm_notAfter(one), r->until != 0 ? r->until : 3600);
	assert_int_equal(X509_set_pubkey(one, r->key), 1);
	assert_int_equal(
	    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
		(const unsigned char *)r->name, -1, -1, 0),
	    1);
	(void)X509_set_issuer_name(one,
	    r->issuer != NULL ? X509_get_subject_name(r->issuer) : subject);
	extend(one, NID_basic_constraints,
	    r->alternative == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE");
	if (r->alternative != NULL)
		extend(one, NID_subject_alt_name, r->alternative);
	if (r->access != NULL)
		extend(one, NID_info_access, r->access);
	assert_true(
	    X509_sign(one, r->issuer_key != NULL ? r->issuer_key : r->key,
		r->digest != NULL ? r->digest : EVP_sha256()) > 0);
	return one;
}

/* The text of what was written, NUL behind it. */
static inline struct str
take_pem(BIO *bio, char *to, size_t room)
{
	char *at;
	size_t len = (size_t)BIO_get_mem_data(bio, &at);

	assert_true(len < room);
	memcpy(to, at, len);
	to[len] = '\0';
	BIO_free(bio);
	return (struct str){ to, len };
}

static inline struct str
pem_of_certificate(X509 *one, char *to, size_t room)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_X509(bio, one), 1);
	return take_pem(bio, to, room);
}

static inline struct str
pem_of_key(EVP_PKEY *key, char *to, size_t room)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(
	    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	return take_pem(bio, to, room);
}

#endif
