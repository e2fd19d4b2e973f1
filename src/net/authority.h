/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/authority: a CA of the user's: its certificate and its key.
 *
 * One file has both, as PEM.  Made, renewed and shown by the command line; used
 * by net/mint, in the proxy, to sign what clients are shown.  The key is wiped
 * with the last reference.
 *
 * Never changes: any thread.
 */
#ifndef GATEHOUSE_NET_AUTHORITY_H
#define GATEHOUSE_NET_AUTHORITY_H

#include "base/clock.h"
#include "base/text.h"

struct authority;

/* What is to be made. */
struct authority_wish {
	struct str name; /* its common name */
	int64_t time;    /* how long it is valid, from now on */
	bool rsa;        /* else ECDSA by P-256 */
	/* What alone it may sign for: domains, addresses and prefixes.  None:
	 * it may sign for all. */
	const struct str *only;
	size_t only_count;
};

/* A longer name is no common name (RFC 5280, A.1). */
#define AUTHORITY_NAME_MAX 64

/* The whole file, in *ret.  0; -EINVAL with the reason; -ENOMEM. */
int authority_make(const struct authority_wish *wish, struct text *ret,
    const char **reterr_why);

/*
 * The same name and the same key, so that what clients have of it holds on,
 * and another time.
 */
int authority_renew(
    const struct authority *authority, int64_t time, struct text *ret);

/*
 * Reads the file.  Refused is what cannot sign: no certificate, no key, one
 * that is not the certificate's own, a certificate that is no CA's, a weak key.
 * One that has expired, or is not valid yet, is read: see below.  With one
 * reference; NULL: *reterr_why says why.
 */
struct authority *authority_read(struct str pem, const char **reterr_why);
struct authority *authority_ref(struct authority *authority);
void authority_unref(struct authority *authority); /* NULL is fine */

/* From when on and until when, as clock_wall has it. */
int64_t authority_begins(const struct authority *authority);
int64_t authority_ends(const struct authority *authority);

/* Why nobody would trust what it signs at that time; NULL: nothing. */
const char *authority_objection(const struct authority *authority, int64_t now);

/* Lines of "key  value" for people. */
void authority_describe(const struct authority *authority, struct text *out);

/* The certificate alone, which clients are to trust. */
int authority_export(
    const struct authority *authority, bool der, struct text *ret);

#endif
