/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/mint: certificates that are made on the fly, for who opens TLS.
 *
 * A client that asks for a server is shown a certificate like the server's: the
 * same names and, within those of the CA, the same time; the key is ours, the
 * signature the CA's.  With a server whose certificate is not accepted there is
 * nothing to be like: then it is for the name alone, and for a day, so that the
 * client can be told.
 *
 * Two keys serve all that is made: ECDSA by P-256 and, for clients that may not
 * know it, RSA of 2048 bits, which takes long to make and is made by a thread
 * of its own, at the start.  Both live in memory and end with the mint.
 *
 * What was made is kept for the next client, by name and by the server's
 * certificate: MINT_KEPT_MAX of them, those asked for last.
 *
 * Any thread, and without a lock while one is made.  That takes a tenth of a
 * millisecond, as long as there are blanks (mint_stock); else, and for the RSA
 * key, ten times as long.
 */
#ifndef GATEHOUSE_NET_MINT_H
#define GATEHOUSE_NET_MINT_H

#include "net/authority.h"
#include "net/tls_identity.h"

struct mint;

/* Each is 4 to 8 KiB. */
#define MINT_KEPT_MAX 2048

/* More names than these are not taken from a server's certificate. */
#define MINT_NAMES_MAX 256

/* Takes a reference.  NULL: no memory. */
struct mint *mint_create(struct authority *authority);
struct mint *mint_ref(struct mint *mint);
void mint_unref(struct mint *mint); /* NULL is fine */

/* Lent. */
const struct authority *mint_authority(const struct mint *mint);

/* What is wanted; all is lent for the call. */
struct mint_order {
	/* The name, or the address, that the client asks for. */
	struct str host;
	/* What the server has shown; NULL: it is not accepted. */
	const struct x509_st *like;
	bool rsa_too; /* the client may not know ECDSA */
};

/*
 * References, the caller's.  *ret_other may be NULL: it is not wanted, or the
 * RSA key is not made yet.  0; -EACCES: the CA may not sign for this name;
 * -EINVAL: the names of the server's certificate make no certificate; -ENOMEM.
 */
int mint_make(struct mint *mint, const struct mint_order *order,
    struct tls_identity **ret, struct tls_identity **ret_other);

/* How many were made, and how many were there already. */
void mint_count(struct mint *mint, uint64_t *ret_made, uint64_t *ret_kept);

#endif
