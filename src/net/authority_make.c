/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/authority_make: a CA that is made, or made anew.
 */
#include "net/authority_impl.h"

#include "base/address.h"
#include "base/hostname.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>

/* For as long as it may live. */
#define RSA_BITS 3072

bool
authority_number(X509 *certificate)
{
	BIGNUM *number = BN_new();
	bool made =
	    number != NULL &&
	    BN_rand(number, 159, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
	    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) !=
		NULL;

	BN_free(number);
	return made;
}

bool
authority_extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&context);
	X509_EXTENSION *extension =
	    X509V3_EXT_conf_nid(NULL, &context, nid, value);
	bool added =
	    extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return added;
}

const EVP_MD *
authority_digest(const EVP_PKEY *key)
{
	int id = EVP_PKEY_get_base_id(key);

	return id == EVP_PKEY_ED25519 || id == EVP_PKEY_ED448 ? NULL
							      : EVP_sha256();
}

/* A clock that is a little behind must not refuse it. */
#define EARLIER (-3600L)

static bool
set_time(X509 *certificate, int64_t time)
{
	return X509_gmtime_adj(X509_getm_notBefore(certificate), EARLIER) !=
		   NULL &&
	       X509_gmtime_adj(X509_getm_notAfter(certificate),
		   (long)(time / CLOCK_SECOND)) != NULL;
}

static bool
set_name(X509 *certificate, struct str name)
{
	X509_NAME *subject = X509_get_subject_name(certificate);

	return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
		   (const unsigned char *)name.at, (int)name.len, -1, 0) == 1 &&
	       X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
		   (const unsigned char *)"Gatehouse", -1, -1, 0) == 1 &&
	       X509_set_issuer_name(certificate, subject) == 1;
}

/* ---- what alone it may sign for ---- */

/* "permitted;IP:10.0.0.0/255.0.0.0" */
static void
add_prefix(const struct address_range *range, struct text *out)
{
	char first[ADDRESS_TEXT_BYTES], mask[ADDRESS_TEXT_BYTES];
	struct address bits = range->first;

	for (unsigned i = 0; i < sizeof(bits.bytes); i++)
		bits.bytes[i] =
		    (uint8_t) ~(range->first.bytes[i] ^ range->last.bytes[i]);
	text_addf(out, "IP:%s/%s", address_format(range->first, first),
	    address_format(bits, mask));
}

static bool
is_prefix(const struct address_range *range)
{
	bool ended = false;

	for (unsigned i = 0; i < 8 * address_width(range->first); i++) {
		unsigned bit = 7 - i % 8;
		unsigned first = range->first.bytes[i / 8] >> bit & 1;
		unsigned last = range->last.bytes[i / 8] >> bit & 1;
		if (first != last ? first != 0 : ended)
			return false;
		ended |= first != last;
	}
	return true;
}

/* A domain and all below it (RFC 5280, 4.2.1.10), an address or a prefix. */
static const char *
add_limit(struct str one, struct text *out)
{
	char host[HOSTNAME_MAX + 1];
	struct address_range range;
	struct str name;
	const char *why;

	text_addz(out, out->len == 0 ? "critical,permitted;" : ",permitted;");
	if (address_range_parse(one, &range, &why) == 0) {
		if (!is_prefix(&range))
			return "a range of addresses is written as a prefix";
		add_prefix(&range, out);
		return NULL;
	}
	if (hostname_parse(one, host, &name) < 0)
		return "it may sign for domains, addresses and prefixes";
	text_addf(out, "DNS:%.*s", STR_ARG(name));
	return NULL;
}

/*
 * What limits names says nothing of addresses, and the other way round: what
 * is not named at all is shut out as a whole.
 */
static void
shut_out_rest(bool has_names, bool has_addresses, struct text *out)
{
	if (!has_addresses)
		text_addz(out, ",excluded;IP:0.0.0.0/0.0.0.0,excluded;"
			       "IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0");
	/* RFC 2606: nobody has such a name. */
	if (!has_names)
		text_addz(out, ",permitted;DNS:invalid");
}

static const char *
limit(X509 *certificate, const struct authority_wish *wish)
{
	struct text value = TEXT_EMPTY;
	const char *why = NULL;

	for (size_t i = 0; i < wish->only_count && why == NULL; i++)
		why = add_limit(wish->only[i], &value);
	if (why == NULL && value.len > 0) {
		shut_out_rest(strstr(value.at, ";DNS:") != NULL,
		    strstr(value.at, ";IP:") != NULL, &value);
		if (!authority_extend(certificate, certificate,
			NID_name_constraints, value.at))
			why = "what it may sign for cannot be put into a "
			      "certificate";
	}
	text_fini(&value);
	return why;
}

/* ---- the whole ---- */

static bool
fill(X509 *certificate, EVP_PKEY *key, int64_t time)
{
	return X509_set_version(certificate, X509_VERSION_3) == 1 &&
	       authority_number(certificate) && set_time(certificate, time) &&
	       X509_set_pubkey(certificate, key) == 1;
}

/* RFC 5280, 4.2.1: what makes it a CA's, of servers alone. */
static bool
extend(X509 *certificate)
{
	static const struct {
		int nid;
		const char *value;
	} rows[] = {
		{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
		{ NID_key_usage, "critical,keyCertSign,cRLSign" },
		{ NID_subject_key_identifier, "hash" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!authority_extend(
			certificate, certificate, rows[i].nid, rows[i].value))
			return false;
	return true;
}

static bool
sign(X509 *certificate, EVP_PKEY *key)
{
	return X509_sign(certificate, key, authority_digest(key)) > 0;
}

/* The certificate first: what reads only one thing finds that. */
static int
write_both(X509 *certificate, EVP_PKEY *key, struct text *ret)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *at;
	int rc = -ENOMEM;

	if (bio != NULL && PEM_write_bio_X509(bio, certificate) == 1 &&
	    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) ==
		1) {
		long len = BIO_get_mem_data(bio, &at);
		text_add(ret, (struct str){ at, (size_t)len });
		rc = ret->full ? -ENOMEM : 0;
	}
	(void)BIO_free(bio);
	return rc;
}

static const char *
make(X509 *certificate, EVP_PKEY *key, const struct authority_wish *wish)
{
	static const char failed[] = "the certificate cannot be made";

	if (!fill(certificate, key, wish->time) ||
	    !set_name(certificate, wish->name) || !extend(certificate))
		return failed;
	const char *why = limit(certificate, wish);
	return why != NULL || sign(certificate, key) ? why : failed;
}

int
authority_make(const struct authority_wish *wish, struct text *ret,
    const char **reterr_why)
{
	X509 *certificate = X509_new();
	EVP_PKEY *key = wish->rsa ? EVP_RSA_gen(RSA_BITS) : EVP_EC_gen("P-256");
	int rc = -ENOMEM;

	*reterr_why = NULL;
	if (certificate != NULL && key != NULL) {
		*reterr_why = make(certificate, key, wish);
		rc = *reterr_why != NULL ? -EINVAL
					 : write_both(certificate, key, ret);
	}
	ERR_clear_error();
	X509_free(certificate);
	EVP_PKEY_free(key);
	return rc;
}

int
authority_renew(
    const struct authority *authority, int64_t time, struct text *ret)
{
	X509 *certificate = X509_dup(authority->certificate);
	int rc = -ENOMEM;

	if (certificate != NULL && fill(certificate, authority->key, time) &&
	    sign(certificate, authority->key))
		rc = write_both(certificate, authority->key, ret);
	ERR_clear_error();
	X509_free(certificate);
	return rc;
}
