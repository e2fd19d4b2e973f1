/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a server's certificate, which is anything that OpenSSL reads as one, is
 * made into.  Besides not crashing: what comes out is no CA's, is for the host
 * that was asked for, and has no more names than it may.
 */
#include "net/mint.h"

#include "base/must.h"

#include <openssl/x509v3.h>

#define YEAR ((int64_t)365 * 86400 * CLOCK_SECOND)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mint *
make_mint(void)
{
	struct authority_wish wish = { .name = STR("Fuzz"), .time = YEAR };
	struct text pem = TEXT_EMPTY;
	const char *why;

	must(authority_make(&wish, &pem, &why) == 0);
	struct authority *authority = authority_read(text_str(&pem), &why);
	must(authority != NULL);
	struct mint *mint = mint_create(authority);
	must(mint != NULL);
	authority_unref(authority);
	text_fini(&pem);
	return mint;
}

static void
check(const struct tls_identity *identity)
{
	X509 *made = tls_identity_certificate(identity);
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(made, NID_subject_alt_name, NULL, NULL);

	must(X509_check_ca(made) == 0);
	must(X509_check_host(made, "www.example.com", 0,
		 X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1);
	must(sk_GENERAL_NAME_num(names) <= MINT_NAMES_MAX);
	GENERAL_NAMES_free(names);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mint *mint;
	struct tls_identity *identity, *other = NULL;
	const unsigned char *at = data;

	if (mint == NULL)
		mint = make_mint();
	X509 *like = d2i_X509(NULL, &at, (long)size);
	if (like == NULL)
		return 0;
	struct mint_order order = { STR("www.example.com"), like, true };
	if (mint_make(mint, &order, &identity, &other) == 0) {
		check(identity);
		tls_identity_unref(identity);
		tls_identity_unref(other);
	}
	X509_free(like);
	return 0;
}
