/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/certificate: who the proxy is to those who speak TLS with it, and who
 * they are.
 *
 *	listen tls 10.0.0.1:3129 for lan certificate "proxy.pem" key "proxy.key"
 *	    clients "staff-ca.pem" optional
 *
 * What is in the files is looked at here as far as its form shows it; who can
 * read a certificate is where there is OpenSSL: the proxy, and the command line
 * (cli/certificates).
 */
#ifndef GATEHOUSE_POLICY_CERTIFICATE_H
#define GATEHOUSE_POLICY_CERTIFICATE_H

#include "base/report.h"

struct policy_certificate {
	struct str file, key_file; /* as the loader knows them */
	struct str pem;            /* it and those of its issuers */
	struct str key;
	struct place place, key_place;
};

struct policy_clients {
	struct str file; /* at == NULL: none is asked for a certificate */
	struct str pem;  /* of whoever signs those of clients */
	bool optional;
	struct place place;
};

struct policy;

/* Whether clients may be somebody: by passwords, or by certificates. */
bool policy_has_users(const struct policy *policy);

/* Whether some of them may be whom no file of users names. */
bool policy_has_certified_users(const struct policy *policy);

#endif
