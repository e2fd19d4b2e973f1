/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/tls_subject: whose a certificate is.
 */
#ifndef GATEHOUSE_NET_TLS_SUBJECT_H
#define GATEHOUSE_NET_TLS_SUBJECT_H

#include <stdbool.h>

struct x509_st; /* X509 of OpenSSL */

/* A name of the DNS has 253, an address of mail 254 (RFC 5321, 4.5.3.1.3). */
#define TLS_SUBJECT_BYTES 256

/*
 * The first of each, "" if there is none or if it cannot be shown whole:
 * longer, not UTF-8, with controls or zeros in it.
 */
struct tls_subject {
	char common_name[TLS_SUBJECT_BYTES];
	char email[TLS_SUBJECT_BYTES]; /* of the alternative names */
	char host[TLS_SUBJECT_BYTES];  /* DNS, likewise */
};

/* The certificate is lent for the call. */
void tls_subject_read(
    const struct x509_st *certificate, struct tls_subject *ret);

#endif
