/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/tls_identity: who we are to a client: a certificate, those of its
 * issuers, and the key.  Never changes; any thread.
 */
#ifndef GATEHOUSE_NET_TLS_IDENTITY_H
#define GATEHOUSE_NET_TLS_IDENTITY_H

#include "base/str.h"

#include <stdbool.h>

struct evp_pkey_st; /* EVP_PKEY, X509, STACK_OF(X509) of OpenSSL */
struct stack_st_X509;
struct tls_identity;
struct x509_st;

/*
 * Of PEM: the certificate and behind it those of its issuers; the key.  With
 * one reference; NULL: *reterr_why says why.
 */
struct tls_identity *tls_identity_create(
    struct str certificates, struct str key, const char **reterr_why);

/*
 * Of what was made already; takes references to all.  issuers may be NULL.
 * NULL: no memory.
 */
struct tls_identity *tls_identity_of(struct x509_st *certificate,
    struct stack_st_X509 *issuers, struct evp_pkey_st *key);

struct tls_identity *tls_identity_ref(struct tls_identity *identity);
void tls_identity_unref(struct tls_identity *identity); /* NULL is fine */

/* Whether the certificate is for this name. */
bool tls_identity_is_for(const struct tls_identity *identity, struct str host);

/* Whether its key is of the same kind: then a client could not choose. */
bool tls_identity_is_alike(
    const struct tls_identity *identity, const struct tls_identity *other);

/* From when on and until when it is valid, as clock_wall has it. */
int64_t tls_identity_begins(const struct tls_identity *identity);
int64_t tls_identity_ends(const struct tls_identity *identity);

/* Lent as long as the identity. */
struct x509_st *tls_identity_certificate(const struct tls_identity *identity);

#endif
