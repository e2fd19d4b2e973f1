/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who the proxy is at which listener, to whoever asks for which name.
 */
#include "proxy/identities.h"

#include "../net/certificates.h"

#define PEM_BYTES 8192

/* Two for one name, by key; one for another; and whoever signs for clients. */
enum which {
	GATE,
	GATE_RSA,
	OTHER,
	STAFF,
	CERTIFICATE_COUNT,
};

static struct {
	EVP_PKEY *key, *rsa;
	char pem[CERTIFICATE_COUNT][PEM_BYTES];
	char key_pem[PEM_BYTES], rsa_pem[PEM_BYTES];
	struct policy_certificate all[CERTIFICATE_COUNT];
} made;

static void
make(enum which which, const char *name, const char *alternative)
{
	bool is_rsa = which == GATE_RSA;
	X509 *one = make_certificate(&(struct recipe){ .name = name,
	    .alternative = alternative,
	    .key = is_rsa ? made.rsa : made.key });

	made.all[which].file = STR("file.pem");
	made.all[which].pem =
	    pem_of_certificate(one, made.pem[which], PEM_BYTES);
	made.all[which].key = str_of(is_rsa ? made.rsa_pem : made.key_pem);
	X509_free(one);
}

static void
make_all(void)
{
	made.key = EVP_EC_gen("P-256");
	made.rsa = EVP_RSA_gen(2048);
	(void)pem_of_key(made.key, made.key_pem, PEM_BYTES);
	(void)pem_of_key(made.rsa, made.rsa_pem, PEM_BYTES);
	make(GATE, "gate", "DNS:gate.example.com");
	make(GATE_RSA, "gate", "DNS:gate.example.com");
	make(OTHER, "other", "DNS:*.example.net");
	make(STAFF, "staff", NULL);
}

/* One listener in plain, one with three certificates, one with clients. */
struct story {
	struct policy_certificate three[3];
	struct policy_listen listens[3];
	struct policy policy;
	struct text why;
	struct address_port plain, names, staff;
};

static void
begin(struct story *s)
{
	*s = (struct story){ .why = TEXT_EMPTY };
	assert_int_equal(
	    address_port_parse(STR("10.0.0.1:3128"), &s->plain), 0);
	assert_int_equal(
	    address_port_parse(STR("10.0.0.1:3129"), &s->names), 0);
	assert_int_equal(
	    address_port_parse(STR("10.0.0.1:3130"), &s->staff), 0);
	s->three[0] = made.all[OTHER];
	s->three[1] = made.all[GATE];
	s->three[2] = made.all[GATE_RSA];
	s->listens[0] = (struct policy_listen){ .at = s->plain };
	s->listens[1] = (struct policy_listen){
		.at = s->names,
		.secure = true,
		.certificates = s->three,
		.certificate_count = 3,
	};
	s->listens[2] = (struct policy_listen){
		.at = s->staff,
		.secure = true,
		.certificates = &made.all[GATE],
		.certificate_count = 1,
		.clients = { .file = STR("staff.pem"),
		    .pem = made.all[STAFF].pem },
	};
	s->policy.listens = s->listens;
	s->policy.listen_count = 3;
}

static struct hello
hello_for(const char *name)
{
	struct hello hello = { .server_name_len = strlen(name) };

	memcpy(hello.server_name, name, hello.server_name_len);
	return hello;
}

static bool
shows(const struct tls_identity *identity, const char *name)
{
	return identity != NULL && tls_identity_is_for(identity, str_of(name));
}

static void
each_name_has_its_own(void **state)
{
	static const struct {
		const char *asked, *shown;
		bool has_other;
	} rows[] = {
		{ "gate.example.com", "gate.example.com", true },
		{ "a.example.net", "a.example.net", false },
		/* The first, to whoever asks for none of them. */
		{ "elsewhere.example.org", "a.example.net", false },
		{ "", "a.example.net", false },
	};
	char session[IDENTITIES_SESSION_BYTES];
	struct identities *identities;
	struct story s;

	(void)state;
	begin(&s);
	assert_int_equal(
	    identities_create(&s.policy, 7, NULL, &identities, &s.why), 0);
	assert_false(identities_are_at(identities, &s.plain));
	assert_true(identities_are_at(identities, &s.names));
	assert_false(identities_are_at(NULL, &s.names));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct hello hello = hello_for(rows[i].asked);
		struct tls_answer answer;
		assert_true(identities_answer(
		    identities, &s.names, &hello, session, &answer));
		assert_true(shows(answer.identity, rows[i].shown));
		assert_int_equal(answer.other != NULL, rows[i].has_other);
		assert_true(
		    answer.other == NULL ||
		    !tls_identity_is_alike(answer.identity, answer.other));
		assert_int_equal(answer.demand, TLS_DEMAND_NONE);
		assert_true(str_is(answer.session, "7 10.0.0.1:3129"));
	}
	identities_unref(identities);
}

static void
clients_are_asked_where_it_says_so(void **state)
{
	char session[IDENTITIES_SESSION_BYTES];
	struct hello hello = hello_for("");
	struct identities *identities;
	struct tls_answer answer;
	struct story s;

	(void)state;
	begin(&s);
	for (int optional = 0; optional < 2; optional++) {
		s.listens[2].clients.optional = optional != 0;
		assert_int_equal(
		    identities_create(&s.policy, 1, NULL, &identities, &s.why),
		    0);
		assert_true(identities_answer(
		    identities, &s.staff, &hello, session, &answer));
		assert_int_equal(answer.demand,
		    optional ? TLS_DEMAND_OPTIONAL : TLS_DEMAND_ALWAYS);
		assert_non_null(answer.authorities);
		assert_false(identities_answer(
		    identities, &s.plain, &hello, session, &answer));
		identities_unref(identities);
	}
}

/* The keys of tickets are those of before. */
static void
another_policy_goes_on_with_the_server(void **state)
{
	struct identities *before, *after;
	struct story s;

	(void)state;
	begin(&s);
	assert_int_equal(
	    identities_create(&s.policy, 1, NULL, &before, &s.why), 0);
	assert_int_equal(
	    identities_create(&s.policy, 2, before, &after, &s.why), 0);
	assert_ptr_equal(identities_server(before), identities_server(after));
	assert_ptr_equal(identities_ref(after), after);
	identities_unref(before);
	identities_unref(after);
	identities_unref(after);
	assert_null(identities_ref(NULL));
	s.policy.listen_count = 1;
	assert_int_equal(
	    identities_create(&s.policy, 3, NULL, &after, &s.why), 0);
	assert_null(after);
}

static void
what_cannot_be_used_is_named(void **state)
{
	struct identities *identities;
	struct story s;

	(void)state;
	begin(&s);
	s.three[1].key = str_of(made.rsa_pem);
	assert_int_equal(
	    identities_create(&s.policy, 1, NULL, &identities, &s.why),
	    -EINVAL);
	assert_null(identities);
	assert_true(str_is(text_str(&s.why),
	    "file.pem cannot be used: the key is not the certificate's"));
	text_fini(&s.why);
	begin(&s);
	s.listens[2].clients.pem = STR("words");
	assert_int_equal(
	    identities_create(&s.policy, 1, NULL, &identities, &s.why),
	    -EINVAL);
	assert_true(str_is(text_str(&s.why),
	    "staff.pem cannot be used: there is no certificate in it"));
	text_fini(&s.why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_name_has_its_own),
		cmocka_unit_test(clients_are_asked_where_it_says_so),
		cmocka_unit_test(another_policy_goes_on_with_the_server),
		cmocka_unit_test(what_cannot_be_used_is_named),
	};

	make_all();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	EVP_PKEY_free(made.key);
	EVP_PKEY_free(made.rsa);
	return failed;
}
