/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/authority_impl.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

static const char no_memory[] = "there is no memory for it";

/* NIST SP 800-57: less than 112 bits are no strength any more. */
#define STRENGTH_BITS_MIN 112

static BIO *
reading(struct str bytes)
{
	return bytes.len <= INT32_MAX
		   ? BIO_new_mem_buf(bytes.at, (int)bytes.len)
		   : NULL;
}

static X509 *
read_certificate(struct str pem)
{
	BIO *bio = reading(pem);
	X509 *certificate =
	    bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	(void)BIO_free(bio);
	return certificate;
}

/* A key under a password is none: nobody is there to say it. */
static int
no_password(char *buffer, int size, int writing, void *context)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

static EVP_PKEY *
read_key(struct str pem)
{
	BIO *bio = reading(pem);
	EVP_PKEY *key =
	    bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL)
			: NULL;

	(void)BIO_free(bio);
	return key;
}

static bool
may_sign(X509 *certificate)
{
	uint32_t usage = X509_get_key_usage(certificate);

	return X509_check_ca(certificate) == 1 &&
	       (usage == UINT32_MAX || (usage & KU_KEY_CERT_SIGN) != 0);
}

static const char *
find_fault(const struct authority *authority)
{
	if (authority->certificate == NULL)
		return "its certificate cannot be read";
	if (authority->key == NULL)
		return "its key cannot be read, perhaps for want of a password";
	if (!may_sign(authority->certificate))
		return "its certificate is no CA's, so nobody would trust what "
		       "it signs";
	if (X509_check_private_key(authority->certificate, authority->key) != 1)
		return "its key is not that of its certificate";
	if (EVP_PKEY_get_security_bits(authority->key) < STRENGTH_BITS_MIN)
		return "its key is too weak";
	return NULL;
}

struct authority *
authority_read(struct str pem, const char **reterr_why)
{
	struct authority *authority = calloc(1, sizeof(*authority));

	if (authority == NULL) {
		*reterr_why = no_memory;
		return NULL;
	}
	authority->refs = 1;
	authority->certificate = read_certificate(pem);
	authority->key = read_key(pem);
	const char *fault = find_fault(authority);
	ERR_clear_error();
	if (fault == NULL)
		return authority;
	*reterr_why = fault;
	authority_unref(authority);
	return NULL;
}

struct authority *
authority_ref(struct authority *authority)
{
	(void)__atomic_add_fetch(&authority->refs, 1, __ATOMIC_RELAXED);
	return authority;
}

/* OpenSSL wipes private keys as it frees them. */
void
authority_unref(struct authority *authority)
{
	if (authority == NULL ||
	    __atomic_sub_fetch(&authority->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	X509_free(authority->certificate);
	EVP_PKEY_free(authority->key);
	free(authority);
}

/* ---- when ---- */

static int64_t
wall_of(const ASN1_TIME *time)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm) != 1)
		return 0;
	return (int64_t)timegm(&tm) * CLOCK_SECOND;
}

int64_t
authority_begins(const struct authority *authority)
{
	return wall_of(X509_get0_notBefore(authority->certificate));
}

int64_t
authority_ends(const struct authority *authority)
{
	return wall_of(X509_get0_notAfter(authority->certificate));
}

const char *
authority_objection(const struct authority *authority, int64_t now)
{
	if (now >= authority_ends(authority))
		return "it has expired";
	return now < authority_begins(authority) ? "it is not valid yet" : NULL;
}

/* ---- told ---- */

static void
add_bio(BIO *bio, struct text *out)
{
	char *at;
	long len = BIO_get_mem_data(bio, &at);

	if (len > 0)
		text_add(out, (struct str){ at, (size_t)len });
}

static void
describe_names(const struct authority *authority, struct text *out)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio == NULL)
		return;
	(void)X509_NAME_print_ex(bio,
	    X509_get_subject_name(authority->certificate), 0,
	    XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
	text_addz(out, "name         ");
	add_bio(bio, out);
	text_addc(out, '\n');
	(void)BIO_free(bio);
}

static void
describe_time(const char *word, int64_t wall, struct text *out)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(wall, text);
	text_addf(out, "%-13s%.19sZ\n", word, text);
}

static void
describe_print(const struct authority *authority, struct text *out)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	(void)X509_digest(authority->certificate, EVP_sha256(), digest, &len);
	text_addz(out, "fingerprint  ");
	for (unsigned i = 0; i < len; i++)
		text_addf(out, "%s%02X", i > 0 ? ":" : "", digest[i]);
	text_addc(out, '\n');
}

/* What alone it may sign for. */
static void
describe_limits(const struct authority *authority, struct text *out)
{
	int at = X509_get_ext_by_NID(
	    authority->certificate, NID_name_constraints, -1);
	BIO *bio = at >= 0 ? BIO_new(BIO_s_mem()) : NULL;

	if (bio == NULL)
		return;
	text_addz(out, "only for\n");
	(void)X509V3_EXT_print(
	    bio, X509_get_ext(authority->certificate, at), 0, 13);
	add_bio(bio, out);
	text_addc(out, '\n');
	(void)BIO_free(bio);
}

void
authority_describe(const struct authority *authority, struct text *out)
{
	describe_names(authority, out);
	text_addf(out, "key          %s, %d bits\n",
	    EVP_PKEY_get0_type_name(authority->key),
	    EVP_PKEY_get_bits(authority->key));
	describe_time("from", authority_begins(authority), out);
	describe_time("until", authority_ends(authority), out);
	describe_print(authority, out);
	describe_limits(authority, out);
}

int
authority_export(const struct authority *authority, bool der, struct text *ret)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int written = 0;

	if (bio != NULL)
		written = der ? i2d_X509_bio(bio, authority->certificate)
			      : PEM_write_bio_X509(bio, authority->certificate);
	if (written == 1)
		add_bio(bio, ret);
	(void)BIO_free(bio);
	return written == 1 && !ret->full ? 0 : -ENOMEM;
}
