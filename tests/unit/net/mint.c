/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/mint.h"

#include "base/hostname.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define YEAR ((int64_t)365 * 86400 * CLOCK_SECOND)

/* By how much the clock on the wall is wrong: what calls it calls this. */
static time_t wrong_s;

int
clock_gettime(clockid_t clock, struct timespec *ret)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, ret);

	if (clock == CLOCK_REALTIME)
		ret->tv_sec += wrong_s;
	return rc;
}

static struct mint *
mint_of(const struct str *only, size_t count)
{
	struct authority_wish wish = { .name = STR("Test CA"),
		.time = YEAR,
		.only = only,
		.only_count = count };
	struct text pem = TEXT_EMPTY;
	const char *why = NULL;

	assert_int_equal(authority_make(&wish, &pem, &why), 0);
	struct authority *authority = authority_read(text_str(&pem), &why);
	assert_non_null(authority);
	struct mint *mint = mint_create(authority);
	assert_non_null(mint);
	authority_unref(authority);
	text_fini(&pem);
	return mint;
}

/* A server's certificate, not signed: nobody looks at that here. */
static X509 *
server(const char *names, long days)
{
	X509 *made = X509_new();
	EVP_PKEY *key = EVP_EC_gen("P-256");

	assert_int_equal(X509_set_version(made, X509_VERSION_3), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(made), -86400));
	assert_non_null(
	    X509_gmtime_adj(X509_getm_notAfter(made), days * 86400));
	assert_int_equal(X509_set_pubkey(made, key), 1);
	assert_int_equal(
	    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN",
		MBSTRING_ASC, (const unsigned char *)"common", -1, -1, 0),
	    1);
	X509_EXTENSION *alternative =
	    X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
	assert_non_null(alternative);
	assert_int_equal(X509_add_ext(made, alternative, -1), 1);
	X509_EXTENSION_free(alternative);
	assert_true(X509_sign(made, key, EVP_sha256()) > 0);
	EVP_PKEY_free(key);
	return made;
}

static int
make(struct mint *mint, const char *host, const X509 *like,
    struct tls_identity **ret)
{
	struct mint_order order = { str_of(host), like, true };
	struct tls_identity *other = NULL;
	int rc = mint_make(mint, &order, ret, &other);

	tls_identity_unref(other);
	return rc;
}

static bool
is_for(const struct tls_identity *identity, const char *host)
{
	return X509_check_host(tls_identity_certificate(identity), host, 0,
		   X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
}

static void
what_is_made_is_like_the_server_s(void **state)
{
	struct mint *mint = mint_of(NULL, 0);
	X509 *like = server("DNS:www.example.com,DNS:*.example.net,"
			    "IP:192.0.2.1,email:a@example.com,URI:http://x/",
	    30);
	struct tls_identity *identity;

	(void)state;
	assert_int_equal(make(mint, "www.example.com", like, &identity), 0);
	X509 *made = tls_identity_certificate(identity);
	assert_true(is_for(identity, "www.example.com"));
	assert_true(is_for(identity, "a.example.net"));
	assert_false(is_for(identity, "example.org"));
	assert_int_equal(X509_check_ip_asc(made, "192.0.2.1", 0), 1);
	assert_int_equal(X509_check_email(made, "a@example.com", 0, 0), 0);
	assert_int_equal(ASN1_TIME_compare(X509_get0_notAfter(made),
			     X509_get0_notAfter(like)),
	    0);
	assert_int_equal(X509_check_ca(made), 0);
	tls_identity_unref(identity);
	X509_free(like);
	mint_unref(mint);
}

/* One whose certificate ends behind the CA's is shown until that ends. */
static void
it_ends_with_the_ca(void **state)
{
	struct mint *mint = mint_of(NULL, 0);
	X509 *like = server("DNS:www.example.com", 3650);
	struct tls_identity *identity;

	(void)state;
	assert_int_equal(make(mint, "www.example.com", like, &identity), 0);
	assert_true(ASN1_TIME_compare(
			X509_get0_notAfter(tls_identity_certificate(identity)),
			X509_get0_notAfter(like)) < 0);
	tls_identity_unref(identity);
	X509_free(like);
	mint_unref(mint);
}

static void
it_is_made_once(void **state)
{
	struct mint *mint = mint_of(NULL, 0);
	X509 *like = server("DNS:www.example.com", 30);
	X509 *renewed = server("DNS:www.example.com", 60);
	struct tls_identity *one, *again, *other, *none;
	uint64_t made, kept;

	(void)state;
	assert_int_equal(make(mint, "www.example.com", like, &one), 0);
	assert_int_equal(make(mint, "www.example.com", renewed, &other), 0);
	assert_int_equal(make(mint, "www.example.com", NULL, &none), 0);
	assert_ptr_not_equal(one, other);
	assert_ptr_not_equal(one, none);
	/* Once more at the most, for the key of RSA that came meanwhile. */
	assert_int_equal(make(mint, "www.example.com", like, &again), 0);
	mint_count(mint, &made, &kept);
	assert_true(made == 3 + (again != one) && made + kept == 4);
	tls_identity_unref(one);
	tls_identity_unref(again);
	tls_identity_unref(other);
	tls_identity_unref(none);
	X509_free(like);
	X509_free(renewed);
	mint_unref(mint);
}

/* RSA for those alone who may need it, and then beside what is kept. */
static void
rsa_is_made_for_who_may_need_it(void **state)
{
	struct mint *mint = mint_of(NULL, 0);
	struct mint_order order = { .host = STR("www.example.com") };
	struct tls_identity *one, *again, *other;
	uint64_t made, kept;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(mint_make(mint, &order, &one, &other), 0);
		assert_null(other);
		tls_identity_unref(one);
	}
	mint_count(mint, &made, &kept);
	assert_true(made == 1 && kept == 1);
	/* Its key is made by another thread. */
	order.rsa_too = true;
	do {
		assert_int_equal(mint_make(mint, &order, &one, &other), 0);
		if (other == NULL)
			tls_identity_unref(one);
	} while (other == NULL);
	assert_false(tls_identity_is_alike(one, other));
	order.rsa_too = false;
	tls_identity_unref(other);
	assert_int_equal(mint_make(mint, &order, &again, &other), 0);
	assert_ptr_equal(again, one);
	tls_identity_unref(again);
	tls_identity_unref(other);
	tls_identity_unref(one);
	mint_unref(mint);
}

/* It is kept for an hour, and not until a clock is as wrong again as it was. */
static void
it_is_kept_for_its_time(void **state)
{
	static const struct {
		time_t wrong_s;
		uint64_t made;
	} times[] = { { 0, 1 }, { 3540, 1 }, { 3660, 2 }, { 0, 3 }, { 60, 3 } };
	struct mint *mint = mint_of(NULL, 0);
	struct mint_order order = { .host = STR("www.example.com") };
	struct tls_identity *one, *other;
	uint64_t made, kept;

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		wrong_s = times[i].wrong_s;
		assert_int_equal(mint_make(mint, &order, &one, &other), 0);
		tls_identity_unref(one);
		mint_count(mint, &made, &kept);
		assert_int_equal(made, times[i].made);
	}
	wrong_s = 0;
	mint_unref(mint);
}

/* The table is bounded, and what goes out of it lives on for who has it. */
static void
what_was_not_asked_for_goes(void **state)
{
	struct mint *mint = mint_of(NULL, 0);
	struct tls_identity *first, *one;
	uint64_t made, kept;

	(void)state;
	assert_int_equal(make(mint, "first.example", NULL, &first), 0);
	for (unsigned i = 0; i < MINT_KEPT_MAX; i++) {
		char host[32];
		(void)snprintf(host, sizeof(host), "%u.example", i);
		assert_int_equal(make(mint, host, NULL, &one), 0);
		tls_identity_unref(one);
	}
	mint_count(mint, &made, &kept);
	assert_int_equal(make(mint, "first.example", NULL, &one), 0);
	uint64_t before = made;
	mint_count(mint, &made, &kept);
	assert_int_equal(made, before + 1);
	assert_true(is_for(first, "first.example"));
	tls_identity_unref(first);
	tls_identity_unref(one);
	mint_unref(mint);
}

static void
only_what_the_ca_may_sign_for(void **state)
{
	static const struct str only[] = { { "example.com", 11 },
		{ "192.0.2.0/24", 12 } };
	struct mint *mint = mint_of(only, 2);
	X509 *like = server("DNS:www.example.com,DNS:www.example.org", 30);
	struct tls_identity *identity;

	(void)state;
	assert_int_equal(make(mint, "www.example.com", like, &identity), 0);
	assert_false(is_for(identity, "www.example.org"));
	tls_identity_unref(identity);
	assert_int_equal(make(mint, "192.0.2.7", NULL, &identity), 0);
	tls_identity_unref(identity);
	assert_int_equal(
	    make(mint, "www.example.org", like, &identity), -EACCES);
	assert_int_equal(make(mint, "198.51.100.7", NULL, &identity), -EACCES);
	assert_int_equal(make(mint, "2001:db8::7", NULL, &identity), -EACCES);
	X509_free(like);
	mint_unref(mint);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_made_is_like_the_server_s),
		cmocka_unit_test(it_ends_with_the_ca),
		cmocka_unit_test(it_is_made_once),
		cmocka_unit_test(rsa_is_made_for_who_may_need_it),
		cmocka_unit_test(it_is_kept_for_its_time),
		cmocka_unit_test(what_was_not_asked_for_goes),
		cmocka_unit_test(only_what_the_ca_may_sign_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
