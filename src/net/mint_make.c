/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/mint_make: one certificate.
 *
 * From the server's certificate come its names, its common name and its time:
 * names and addresses of hosts as they are, everything else is left out.  A
 * common name that is not a short text is left out, too.
 */
#include "net/mint_impl.h"

#include "base/address.h"
#include "base/hostname.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

/* Of what is no server's. */
#define DAY 86400L

/* ---- names ---- */

static GENERAL_NAME *
name_of_host(struct str host)
{
	char text[HOSTNAME_MAX + 1];
	struct address address;

	if (host.len > HOSTNAME_MAX)
		return NULL;
	(void)snprintf(text, sizeof(text), "%.*s", STR_ARG(host));
	bool is_address = address_parse(host, &address) == 0;
	return a2i_GENERAL_NAME(
	    NULL, NULL, NULL, is_address ? GEN_IPADD : GEN_DNS, text, 0);
}

/* A name of a host, or an address. */
static bool
is_usable(const GENERAL_NAME *name)
{
	if (name->type == GEN_IPADD)
		return name->d.ip->length == 4 || name->d.ip->length == 16;
	return name->type == GEN_DNS && name->d.dNSName->length > 0 &&
	       name->d.dNSName->length <= HOSTNAME_MAX &&
	       memchr(name->d.dNSName->data, 0,
		   (size_t)name->d.dNSName->length) == NULL;
}

static bool
push(GENERAL_NAMES *names, GENERAL_NAME *name)
{
	if (name != NULL && sk_GENERAL_NAME_push(names, name) > 0)
		return true;
	GENERAL_NAME_free(name);
	return false;
}

static bool
copy_names(const X509 *like, GENERAL_NAMES *names)
{
	GENERAL_NAMES *theirs =
	    X509_get_ext_d2i(like, NID_subject_alt_name, NULL, NULL);
	bool good = true;

	for (int i = 0; good && i < sk_GENERAL_NAME_num(theirs) &&
			sk_GENERAL_NAME_num(names) < MINT_NAMES_MAX;
	     i++) {
		GENERAL_NAME *one = sk_GENERAL_NAME_value(theirs, i);
		if (is_usable(one))
			good = push(names, GENERAL_NAME_dup(one));
	}
	GENERAL_NAMES_free(theirs);
	return good;
}

static bool
is_limited(const struct authority *authority)
{
	return X509_get_ext_by_NID(
		   authority->certificate, NID_name_constraints, -1) >= 0;
}

/*
 * What was asked for comes first.  A CA that may sign for some names alone
 * would make a certificate with any other name in it worthless.
 */
static int
set_names(X509 *made, const struct authority *authority,
    const struct mint_order *order)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	bool good = names != NULL && push(names, name_of_host(order->host));

	if (good && order->like != NULL && !is_limited(authority))
		good = copy_names(order->like, names);
	if (good)
		good = X509_add1_ext_i2d(made, NID_subject_alt_name, names, 0,
			   X509V3_ADD_DEFAULT) == 1;
	GENERAL_NAMES_free(names);
	return good ? 0 : -EINVAL;
}

/* RFC 5280, A.1. */
#define COMMON_NAME_MAX 64

static bool
is_short_text(const unsigned char *text, int len)
{
	if (len <= 0 || len > COMMON_NAME_MAX)
		return false;
	for (int i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return true;
}

static bool
set_subject(X509 *made, const X509 *like)
{
	const X509_NAME *theirs =
	    like != NULL ? X509_get_subject_name(like) : NULL;
	int at = theirs != NULL
		     ? X509_NAME_get_index_by_NID(theirs, NID_commonName, -1)
		     : -1;
	unsigned char *text = NULL;
	bool good = true;

	if (at < 0)
		return true;
	int len = ASN1_STRING_to_UTF8(
	    &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(theirs, at)));
	if (is_short_text(text, len))
		good =
		    X509_NAME_add_entry_by_NID(X509_get_subject_name(made),
			NID_commonName, MBSTRING_UTF8, text, len, -1, 0) == 1;
	OPENSSL_free(text);
	return good;
}

/* ---- time ---- */

static const ASN1_TIME *
later(const ASN1_TIME *a, const ASN1_TIME *b)
{
	return ASN1_TIME_compare(a, b) > 0 ? a : b;
}

static const ASN1_TIME *
earlier(const ASN1_TIME *a, const ASN1_TIME *b)
{
	return ASN1_TIME_compare(a, b) < 0 ? a : b;
}

static bool
set_time(X509 *made, const X509 *ca, const X509 *like)
{
	ASN1_TIME *from = X509_gmtime_adj(NULL, -DAY);
	ASN1_TIME *until = X509_gmtime_adj(NULL, DAY);
	bool good = from != NULL && until != NULL;

	if (good)
		good =
		    X509_set1_notBefore(made,
			later(like != NULL ? X509_get0_notBefore(like) : from,
			    X509_get0_notBefore(ca))) == 1 &&
		    X509_set1_notAfter(made,
			earlier(like != NULL ? X509_get0_notAfter(like) : until,
			    X509_get0_notAfter(ca))) == 1;
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	return good;
}

/* ---- the whole ---- */

static bool
set_uses(X509 *made, const struct authority *authority, const EVP_PKEY *key)
{
	const char *usage = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA
				? "critical,digitalSignature,keyEncipherment"
				: "critical,digitalSignature";
	X509 *ca = authority->certificate;

	return authority_extend(
		   made, ca, NID_basic_constraints, "critical,CA:FALSE") &&
	       authority_extend(made, ca, NID_key_usage, usage) &&
	       authority_extend(made, ca, NID_ext_key_usage, "serverAuth") &&
	       authority_extend(
		   made, ca, NID_authority_key_identifier, "keyid");
}

X509 *
mint_blank(const struct authority *authority, EVP_PKEY *key)
{
	X509 *ca = authority->certificate, *blank = X509_new();

	if (blank != NULL && X509_set_version(blank, X509_VERSION_3) == 1 &&
	    X509_set_issuer_name(blank, X509_get_subject_name(ca)) == 1 &&
	    X509_set_pubkey(blank, key) == 1 && set_uses(blank, authority, key))
		return blank;
	X509_free(blank);
	return NULL;
}

static int
fill(X509 *made, const struct authority *authority,
    const struct mint_order *order)
{
	if (!authority_number(made) ||
	    !set_time(made, authority->certificate, order->like) ||
	    !set_subject(made, order->like))
		return -ENOMEM;
	return set_names(made, authority, order);
}

/* Of what is signed, for OpenSSL looks at the names that it has cached. */
static bool
is_permitted(X509 *made, const struct authority *authority)
{
	NAME_CONSTRAINTS *limits = X509_get_ext_d2i(
	    authority->certificate, NID_name_constraints, NULL, NULL);
	bool good = limits == NULL ||
		    (X509_check_purpose(made, -1, 0) == 1 &&
			NAME_CONSTRAINTS_check(made, limits) == X509_V_OK);

	NAME_CONSTRAINTS_free(limits);
	return good;
}

int
mint_sign(const struct authority *authority, X509 *blank,
    const struct mint_order *order)
{
	int rc = fill(blank, authority, order);

	if (rc == 0 && X509_sign(blank, authority->key,
			   authority_digest(authority->key)) <= 0)
		rc = -ENOMEM;
	if (rc == 0 && !is_permitted(blank, authority))
		rc = -EACCES;
	/* What a stranger's certificate has left there is nobody's. */
	ERR_clear_error();
	return rc;
}
