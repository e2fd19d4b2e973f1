/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/authority, for its own files and for net/mint, which signs by it.
 * authority.c reads and tells, authority_make.c makes and renews.
 */
#ifndef GATEHOUSE_NET_AUTHORITY_IMPL_H
#define GATEHOUSE_NET_AUTHORITY_IMPL_H

#include "net/authority.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

struct authority {
	unsigned refs; /* atomic */
	X509 *certificate;
	EVP_PKEY *key;
};

/* An unforeseeable number, positive and of at most 20 octets (RFC 5280,
 * 4.1.2.2). */
bool authority_number(X509 *certificate);

/* Adds one; `value` is as OpenSSL's configuration has it. */
bool authority_extend(
    X509 *certificate, X509 *issuer, int nid, const char *value);

/* NULL: ed25519 and the like, which sign without. */
const EVP_MD *authority_digest(const EVP_PKEY *key);

#endif
