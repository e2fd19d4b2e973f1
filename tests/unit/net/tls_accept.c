/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS to clients: a client of OpenSSL's in a thread, which is as modern, as old
 * or as rude as a test wants.
 */
#include "net/tls_accept.h"

#include "certificates.h"
#include "net/tls_impl.h"
#include "stream_ends.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>

#define PEM_BYTES 8192

/* ---- certificates ---- */

static struct {
	EVP_PKEY *key, *rsa, *small;
	X509 *authority, *server, *rsa_server, *other_authority;
	X509 *client, *stale_client, *strange_client;
	struct tls_identity *identity, *rsa_identity;
	struct tls_settings *clients;
} made;

static X509 *
sign(struct recipe recipe)
{
	recipe.issuer = made.authority;
	recipe.issuer_key = made.key;
	recipe.key = recipe.key != NULL ? recipe.key : made.key;
	return make_certificate(&recipe);
}

static void
make_all(void)
{
	static const char client[] =
	    "email:anna@client.example,DNS:desk.client.example,"
	    "DNS:second.client.example";
	struct recipe strange = { .name = "other", .key = NULL };
	char pem[PEM_BYTES];
	const char *why;

	made.key = EVP_EC_gen("P-256");
	made.rsa = EVP_RSA_gen(2048);
	made.authority = sign((struct recipe){ .name = "authority" });
	made.server = sign((struct recipe){
	    .name = "server.example", .alternative = "DNS:server.example" });
	made.rsa_server = sign((struct recipe){ .name = "server.example",
	    .alternative = "DNS:server.example",
	    .key = made.rsa });
	made.client =
	    sign((struct recipe){ .name = "anna", .alternative = client });
	made.stale_client = sign((struct recipe){
	    .name = "anna", .alternative = client, .until = -60 });
	strange.key = made.key;
	made.other_authority = make_certificate(&strange);
	made.strange_client = make_certificate(&(struct recipe){ .name = "eve",
	    .alternative = client,
	    .issuer = made.other_authority,
	    .key = made.key });
	made.identity = tls_identity_of(made.server, NULL, made.key);
	made.rsa_identity = tls_identity_of(made.rsa_server, NULL, made.rsa);
	made.clients = tls_settings_create(
	    pem_of_certificate(made.authority, pem, sizeof(pem)), &why);
	assert_non_null(made.clients);
}

static void
unmake_all(void)
{
	tls_settings_unref(made.clients);
	tls_identity_unref(made.identity);
	tls_identity_unref(made.rsa_identity);
	X509_free(made.authority);
	X509_free(made.other_authority);
	X509_free(made.server);
	X509_free(made.rsa_server);
	X509_free(made.client);
	X509_free(made.stale_client);
	X509_free(made.strange_client);
	EVP_PKEY_free(made.key);
	EVP_PKEY_free(made.rsa);
}

/* ---- the client ---- */

enum manner {
	GREETS, /* says "hi" and reads until the end */
	PLAIN,  /* speaks HTTP */
	SILENT, /* says nothing until the server has gone */
	LEAVES, /* says nothing and goes */
	RANDOM, /* begins as TLS does and goes on as it does not */
};

struct client {
	pthread_t thread;
	SSL_CTX *context;
	SSL_SESSION *session; /* the newest; offered to the next */
	char name[32];        /* "": it says none */
	int fd;
	enum manner manner;
	/* What it saw. */
	bool shook;
	int alert;
	char protocol[16];
	int key_type;
	X509_NAME *authority; /* of which it was asked for a certificate */
};

static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	struct client *client = SSL_get_app_data(ssl);

	SSL_SESSION_free(client->session);
	client->session = session;
	return 1;
}

static void
note_alert(struct client *client)
{
	int reason = ERR_GET_REASON(ERR_peek_error());

	if (reason > SSL_AD_REASON_OFFSET)
		client->alert = reason - SSL_AD_REASON_OFFSET;
}

static void
note_what_is(struct client *client, SSL *ssl)
{
	const unsigned char *at;
	unsigned len;
	X509 *server = SSL_get0_peer_certificate(ssl);
	const STACK_OF(X509_NAME) *names = SSL_get0_peer_CA_list(ssl);

	client->shook = true;
	client->key_type = EVP_PKEY_get_base_id(X509_get0_pubkey(server));
	SSL_get0_alpn_selected(ssl, &at, &len);
	assert_true(len < sizeof(client->protocol));
	if (len > 0)
		memcpy(client->protocol, at, len);
	client->protocol[len] = '\0';
	if (sk_X509_NAME_num(names) > 0)
		client->authority = X509_NAME_dup(sk_X509_NAME_value(names, 0));
}

static void
speak(struct client *client)
{
	SSL *ssl = SSL_new(client->context);
	char byte;

	(void)SSL_set_fd(ssl, client->fd);
	(void)SSL_set_app_data(ssl, client);
	if (client->name[0] != '\0')
		(void)SSL_set_tlsext_host_name(ssl, client->name);
	if (client->session != NULL)
		(void)SSL_set_session(ssl, client->session);
	ERR_clear_error();
	if (SSL_connect(ssl) == 1) {
		note_what_is(client, ssl);
		/* A new ticket of 1.2 is not told to who resumes. */
		if (SSL_version(ssl) == TLS1_2_VERSION &&
		    SSL_session_reused(ssl) == 1)
			(void)on_session(ssl, SSL_get1_session(ssl));
		(void)SSL_write(ssl, "hi", 2);
		while (SSL_read(ssl, &byte, 1) > 0)
			;
	}
	note_alert(client);
	(void)SSL_shutdown(ssl);
	SSL_free(ssl);
}

static void *
run_client(void *context)
{
	static const char plain[] = "CONNECT a.example:443 HTTP/1.1\r\n\r\n";
	static const char strange[] =
	    "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00";
	struct client *client = context;
	char byte;

	if (client->manner == GREETS)
		speak(client);
	else if (client->manner == PLAIN)
		(void)!send(client->fd, plain, sizeof(plain) - 1, 0);
	else if (client->manner == RANDOM)
		(void)!send(client->fd, strange, sizeof(strange) - 1, 0);
	while (client->manner != GREETS && client->manner != LEAVES &&
	       recv(client->fd, &byte, 1, 0) > 0)
		;
	(void)close(client->fd);
	return NULL;
}

static SSL_CTX *
client_context(int version)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set_security_level(context, 0);
	(void)SSL_CTX_set_min_proto_version(context, version);
	(void)SSL_CTX_set_max_proto_version(context, version);
	(void)SSL_CTX_set_session_cache_mode(
	    context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
	SSL_CTX_sess_set_new_cb(context, on_session);
	return context;
}

/* ---- the server ---- */

struct test {
	struct harness h;
	struct tls_server *server;
	struct tls_handshake handshake;
	struct tls_answer answer;
	struct client client;
	struct end end;
	/* How it answers. */
	enum tls_alert refuses_with;
	bool answers_later;
	struct loop_deferred later;
	/* What it saw. */
	struct hello hello;
	struct tls_subject subject;
	int calls, asked, error;
	int descriptors;
};

static void
on_shaken(struct tls_handshake *handshake, int error)
{
	struct test *t = handshake->context;

	t->calls++;
	t->error = error;
	t->end =
	    (struct end){ .loop = &t->h.loop, .stream = handshake->stream };
	handshake->stream = NULL;
	t->subject = (struct tls_subject){ .common_name = "" };
	if (handshake->subject != NULL)
		t->subject = *handshake->subject;
	loop_stop(&t->h.loop);
}

static void
answer(struct loop_deferred *later)
{
	struct test *t = later->context;

	if (t->refuses_with != 0)
		tls_accept_refuse(&t->handshake, t->refuses_with);
	else
		tls_accept_answer(&t->handshake, &t->answer);
}

static void
on_asked(struct tls_handshake *handshake)
{
	struct test *t = handshake->context;

	t->asked++;
	t->hello = *handshake->hello;
	if (t->answers_later)
		loop_stop(&t->h.loop);
	else
		answer(&t->later);
}

static void
begin(struct test *t, int version)
{
	*t = (struct test){
		.descriptors = open_fds(),
		.answer = { .identity = made.identity, .session = STR("one") },
	};
	t->later = (struct loop_deferred){ .fn = answer, .context = t };
	harness_begin(&t->h);
	t->server = tls_server_create();
	assert_non_null(t->server);
	t->client = (struct client){ .context = client_context(version),
		.name = "server.example" };
}

static void
can_check(struct test *t, const char *signatures)
{
	char list[64];

	(void)snprintf(list, sizeof(list), "%s", signatures);
	assert_int_equal(SSL_CTX_set1_sigalgs_list(t->client.context, list), 1);
}

static struct stream *
connect_both(struct test *t, const struct stream_limits *limits)
{
	struct stream *stream;
	int fds[2];

	tcp_pair(fds, 0);
	/* Its thread waits for each call. */
	assert_int_equal(fcntl(fds[1], F_SETFL, 0), 0);
	t->client.fd = fds[1];
	t->client.shook = false;
	t->client.alert = 0;
	assert_int_equal(stream_create(&t->h.loop, fds[0], limits, &stream), 0);
	t->calls = 0;
	t->asked = 0;
	return stream;
}

static void
accept_it(struct test *t, struct stream *stream, int64_t timeout)
{
	t->handshake = (struct tls_handshake){
		.fn = on_shaken, .ask = on_asked, .context = t
	};
	tls_accept_start(&t->handshake, &stream, t->server, timeout);
	assert_null(stream);
}

static void
start(struct test *t, enum manner manner, int64_t timeout)
{
	struct stream *stream = connect_both(t, &stream_limits_usual);

	t->client.manner = manner;
	accept_it(t, stream, timeout);
	assert_int_equal(
	    pthread_create(&t->client.thread, NULL, run_client, &t->client), 0);
}

static void
shake(struct test *t, enum manner manner)
{
	start(t, manner, 10 * CLOCK_SECOND);
	harness_run(&t->h);
	assert_int_equal(t->calls, 1);
}

/* The server goes; so does the client, which has heard all by then. */
static void
part(struct test *t)
{
	end_fini(&t->end);
	/* What lingers does so in the loop. */
	while (t->client.thread != 0 &&
	       pthread_tryjoin_np(t->client.thread, NULL) == EBUSY)
		harness_round(&t->h);
	t->client.thread = 0;
}

static void
end(struct test *t)
{
	SSL_CTX_free(t->client.context);
	SSL_SESSION_free(t->client.session);
	X509_NAME_free(t->client.authority);
	tls_server_unref(t->server);
	harness_end(&t->h);
	assert_int_equal(open_fds(), t->descriptors);
}

static void
hear_greeting(struct test *t)
{
	stream_use(t->end.stream, &end_user, &t->end);
	stream_read_start(t->end.stream);
	t->end.stop_at = 2;
	harness_run(&t->h);
	assert_true(str_is(text_str(&t->end.taken), "hi"));
}

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

/* ---- tests ---- */

static void
both_versions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		struct test t;
		begin(&t, versions[i]);
		shake(&t, GREETS);
		assert_int_equal(t.error, 0);
		assert_int_equal(t.asked, 1);
		assert_int_equal(t.handshake.failure, TLS_FAILURE_NONE);
		assert_int_equal(t.handshake.protocol, TLS_PROTOCOL_NONE);
		assert_false(t.handshake.resumed);
		assert_null(t.handshake.hello);
		hear_greeting(&t);
		part(&t);
		assert_true(t.client.shook);
		assert_int_equal(t.client.alert, 0);
		end(&t);
	}
}

static void
the_hello_is_shown(void **state)
{
	static const unsigned char offered[] = "\x02h2\x08http/1.1";
	struct test t;

	(void)state;
	begin(&t, TLS1_3_VERSION);
	(void)SSL_CTX_set_alpn_protos(
	    t.client.context, offered, sizeof(offered) - 1);
	can_check(&t, "ECDSA+SHA256:RSA-PSS+SHA256");
	shake(&t, GREETS);
	assert_true(str_is(hello_server_name(&t.hello), "server.example"));
	assert_true(hello_offers(&t.hello, STR("h2")));
	assert_true(hello_offers(&t.hello, STR("http/1.1")));
	assert_false(hello_offers(&t.hello, STR("h3")));
	assert_true(hello_verifies(&t.hello, 0x0403));
	assert_true(hello_verifies(&t.hello, 0x0804));
	assert_false(hello_verifies(&t.hello, 0x0503));
	assert_int_equal(t.hello.signature_count, 2);
	part(&t);
	t.client.name[0] = '\0';
	shake(&t, GREETS);
	assert_null(hello_server_name(&t.hello).at);
	part(&t);
	end(&t);
}

static void
what_is_spoken(void **state)
{
	static const struct {
		const char *offered;
		unsigned ours;
		enum tls_protocol chosen;
		int alert;
	} rows[] = {
		{ "\x02h2\x08http/1.1", TLS_PROTOCOL_HTTP1, TLS_PROTOCOL_HTTP1,
		    0 },
		{ "\x02h2\x08http/1.1", TLS_PROTOCOL_HTTP2, TLS_PROTOCOL_HTTP2,
		    0 },
		{ "\x08http/1.1\x02h2", TLS_PROTOCOL_HTTP1 | TLS_PROTOCOL_HTTP2,
		    TLS_PROTOCOL_HTTP2, 0 },
		{ "\x03xyz\x08http/1.1",
		    TLS_PROTOCOL_HTTP1 | TLS_PROTOCOL_HTTP2, TLS_PROTOCOL_HTTP1,
		    0 },
		{ "\x02h2", 0, TLS_PROTOCOL_NONE, 0 },
		{ "", TLS_PROTOCOL_HTTP1, TLS_PROTOCOL_NONE, 0 },
		{ "\x02h2", TLS_PROTOCOL_HTTP1, TLS_PROTOCOL_NONE,
		    SSL_AD_NO_APPLICATION_PROTOCOL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		static const char *const words[] = { "", "http/1.1", "h2" };
		struct test t;
		begin(&t, TLS1_3_VERSION);
		(void)SSL_CTX_set_alpn_protos(t.client.context,
		    (const unsigned char *)rows[i].offered,
		    (unsigned)strlen(rows[i].offered));
		t.answer.protocols = rows[i].ours;
		shake(&t, GREETS);
		assert_int_equal(t.error, rows[i].alert == 0 ? 0 : -EPROTO);
		assert_int_equal(t.handshake.protocol, rows[i].chosen);
		part(&t);
		assert_int_equal(t.client.alert, rows[i].alert);
		if (rows[i].alert == 0)
			assert_string_equal(
			    t.client.protocol, words[rows[i].chosen]);
		end(&t);
	}
}

static void
the_answer_may_come_later(void **state)
{
	struct test t;

	(void)state;
	begin(&t, TLS1_3_VERSION);
	t.answers_later = true;
	start(&t, GREETS, 10 * CLOCK_SECOND);
	harness_run(&t.h);
	assert_int_equal(t.asked, 1);
	harness_round(&t.h);
	assert_int_equal(t.asked, 1);
	assert_int_equal(t.calls, 0);
	assert_non_null(t.handshake.hello);
	loop_defer(&t.h.loop, &t.later);
	harness_run(&t.h);
	assert_int_equal(t.calls, 1);
	assert_int_equal(t.error, 0);
	hear_greeting(&t);
	part(&t);
	end(&t);
}

static void
the_answer_may_never_come(void **state)
{
	struct test t;

	(void)state;
	begin(&t, TLS1_3_VERSION);
	t.answers_later = true;
	start(&t, GREETS, 50 * CLOCK_MS);
	harness_run(&t.h);
	assert_int_equal(t.asked, 1);
	harness_run(&t.h);
	assert_int_equal(t.calls, 1);
	assert_int_equal(t.error, -ETIMEDOUT);
	assert_int_equal(t.handshake.failure, TLS_FAILURE_TIME);
	part(&t);
	end(&t);
}

static void
it_is_given_up_while_somebody_thinks(void **state)
{
	struct test t;

	(void)state;
	begin(&t, TLS1_3_VERSION);
	t.answers_later = true;
	start(&t, GREETS, 10 * CLOCK_SECOND);
	harness_run(&t.h);
	tls_handshake_cancel(&t.handshake);
	part(&t);
	assert_int_equal(t.calls, 0);
	assert_false(t.client.shook);
	end(&t);
}

/* All of the hello was read by somebody else, or some of it. */
static void
what_was_read_before_is_part_of_it(void **state)
{
	(void)state;
	static const size_t have[] = { 1, 5, 200, 64 << 10 };
	for (size_t i = 0; i < COUNT_OF(have); i++) {
		struct stream_limits limits = stream_limits_usual;
		struct test t;
		begin(&t, TLS1_3_VERSION);
		limits.input_bytes_max = have[i];
		struct stream *stream = connect_both(&t, &limits);
		t.client.manner = GREETS;
		assert_int_equal(pthread_create(&t.client.thread, NULL,
				     run_client, &t.client),
		    0);
		t.end = (struct end){ .loop = &t.h.loop,
			.stream = stream,
			.lets_lie = true,
			.stop_on = 'd' };
		stream_use(stream, &end_user, &t.end);
		stream_read_start(stream);
		harness_run(&t.h);
		stream_read_stop(stream);
		stream_use(stream, NULL, NULL);
		assert_true(stream_input(stream).len > 0);
		accept_it(&t, stream, 10 * CLOCK_SECOND);
		harness_run(&t.h);
		assert_int_equal(t.error, 0);
		hear_greeting(&t);
		part(&t);
		end(&t);
	}
}

static void
who_is_refused_hears_why(void **state)
{
	static const enum tls_alert alerts[] = { TLS_ALERT_ACCESS_DENIED,
		TLS_ALERT_UNRECOGNIZED_NAME, TLS_ALERT_HANDSHAKE_FAILURE };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(alerts) * 2; i++) {
		struct test t;
		begin(&t, versions[i / COUNT_OF(alerts)]);
		t.refuses_with = alerts[i % COUNT_OF(alerts)];
		shake(&t, GREETS);
		assert_int_equal(t.error, -EACCES);
		assert_int_equal(t.handshake.failure, TLS_FAILURE_REFUSED);
		assert_null(t.end.stream);
		part(&t);
		assert_int_equal(t.client.alert, t.refuses_with);
		end(&t);
	}
}

static void
each_has_the_key_that_it_can_check(void **state)
{
	static const struct {
		const char *signatures;
		int type;
	} rows[] = {
		{ "RSA-PSS+SHA256:ECDSA+SHA256", EVP_PKEY_EC },
		{ "RSA-PSS+SHA256:RSA+SHA256", EVP_PKEY_RSA },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows) * 2; i++) {
		struct test t;
		begin(&t, versions[i / 2]);
		t.answer.other = made.rsa_identity;
		can_check(&t, rows[i % 2].signatures);
		shake(&t, GREETS);
		assert_int_equal(t.error, 0);
		part(&t);
		assert_int_equal(t.client.key_type, rows[i % 2].type);
		end(&t);
	}
	assert_false(tls_identity_is_alike(made.identity, made.rsa_identity));
	assert_true(tls_identity_is_alike(made.identity, made.identity));
}

static void
clients_have_certificates(void **state)
{
	static const struct {
		X509 **has;
		enum tls_demand demand;
		enum tls_failure failure;
		enum tls_verdict verdict;
		int alert;
		const char *name;
	} rows[] = {
		{ &made.client, TLS_DEMAND_ALWAYS, TLS_FAILURE_NONE,
		    TLS_VERDICT_VALID, 0, "anna" },
		{ &made.client, TLS_DEMAND_OPTIONAL, TLS_FAILURE_NONE,
		    TLS_VERDICT_VALID, 0, "anna" },
		{ &made.client, TLS_DEMAND_NONE, TLS_FAILURE_NONE,
		    TLS_VERDICT_VALID, 0, "" },
		{ NULL, TLS_DEMAND_OPTIONAL, TLS_FAILURE_NONE,
		    TLS_VERDICT_VALID, 0, "" },
		{ NULL, TLS_DEMAND_ALWAYS, TLS_FAILURE_NO_CERTIFICATE,
		    TLS_VERDICT_VALID, -1, "" },
		{ &made.stale_client, TLS_DEMAND_OPTIONAL,
		    TLS_FAILURE_CERTIFICATE, TLS_VERDICT_EXPIRED,
		    SSL_AD_CERTIFICATE_EXPIRED, "" },
		{ &made.strange_client, TLS_DEMAND_ALWAYS,
		    TLS_FAILURE_CERTIFICATE, TLS_VERDICT_UNKNOWN,
		    SSL_AD_UNKNOWN_CA, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows) * 2; i++) {
		size_t row = i / 2;
		struct test t;
		begin(&t, versions[i % 2]);
		t.answer.demand = rows[row].demand;
		t.answer.authorities = made.clients;
		if (rows[row].has != NULL)
			assert_int_equal(
			    SSL_CTX_use_cert_and_key(t.client.context,
				*rows[row].has, made.key, NULL, 1),
			    1);
		shake(&t, GREETS);
		assert_int_equal(t.handshake.failure, rows[row].failure);
		assert_int_equal(t.handshake.verdict, rows[row].verdict);
		assert_string_equal(t.subject.common_name, rows[row].name);
		if (t.subject.common_name[0] != '\0') {
			assert_string_equal(
			    t.subject.email, "anna@client.example");
			assert_string_equal(
			    t.subject.host, "desk.client.example");
		}
		part(&t);
		if (rows[row].alert >= 0)
			assert_int_equal(t.client.alert, rows[row].alert);
		else
			assert_true(t.client.alert > 0);
		if (t.client.shook && rows[row].demand != TLS_DEMAND_NONE)
			assert_int_equal(
			    X509_NAME_cmp(t.client.authority,
				X509_get_subject_name(made.authority)),
			    0);
		end(&t);
	}
}

/* What a client thinks of our certificate is in its alert. */
static void
a_client_that_does_not_trust_us(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		struct test t;
		begin(&t, versions[i]);
		SSL_CTX_set_verify(t.client.context, SSL_VERIFY_PEER, NULL);
		shake(&t, GREETS);
		assert_int_equal(t.error, -EPROTO);
		assert_int_equal(t.handshake.failure, TLS_FAILURE_ALERT);
		assert_int_equal(t.handshake.alert, SSL_AD_UNKNOWN_CA);
		assert_string_equal(t.handshake.detail, "unknown CA");
		part(&t);
		end(&t);
	}
}

static void
greet(struct test *t, const char *context)
{
	t->answer.session = str_of(context);
	shake(t, GREETS);
	assert_int_equal(t->error, 0);
	hear_greeting(t);
	part(t);
}

static void
sessions_are_resumed_in_their_context(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		struct test t;
		begin(&t, versions[i]);
		greet(&t, "one");
		assert_false(t.handshake.resumed);
		greet(&t, "one");
		assert_true(t.handshake.resumed);
		greet(&t, "another");
		assert_false(t.handshake.resumed);
		greet(&t, "another");
		assert_true(t.handshake.resumed);
		end(&t);
	}
}

/* With the certificate of a client, which is in the ticket. */
static void
who_resumes_is_who_he_was(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		struct test t;
		begin(&t, versions[i]);
		t.answer.demand = TLS_DEMAND_ALWAYS;
		t.answer.authorities = made.clients;
		(void)SSL_CTX_use_cert_and_key(
		    t.client.context, made.client, made.key, NULL, 1);
		greet(&t, "one");
		greet(&t, "one");
		assert_true(t.handshake.resumed);
		assert_string_equal(t.subject.common_name, "anna");
		end(&t);
	}
}

static void
tickets_grow_old(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		struct test t;
		begin(&t, versions[i]);
		greet(&t, "one");
		tls_server_age(t.server, 3601 * CLOCK_SECOND);
		greet(&t, "one");
		assert_true(t.handshake.resumed);
		/* It was given a new one. */
		tls_server_age(t.server, 3601 * CLOCK_SECOND);
		greet(&t, "one");
		assert_true(t.handshake.resumed);
		tls_server_age(t.server, 7201 * CLOCK_SECOND);
		greet(&t, "one");
		assert_false(t.handshake.resumed);
		end(&t);
	}
}

static void
who_cannot_be_spoken_to(void **state)
{
	static const struct {
		int version;
		const char *suites;
		enum manner manner;
		enum tls_failure failure;
		int error;
	} rows[] = {
		{ TLS1_1_VERSION, NULL, GREETS, TLS_FAILURE_VERSION, -EPROTO },
		{ TLS1_2_VERSION, "AES128-SHA", GREETS, TLS_FAILURE_SUITE,
		    -EPROTO },
		{ TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", GREETS,
		    TLS_FAILURE_SUITE, -EPROTO },
		{ TLS1_3_VERSION, NULL, PLAIN, TLS_FAILURE_NOT_TLS, -EPROTO },
		{ TLS1_3_VERSION, NULL, RANDOM, TLS_FAILURE_PROTOCOL, -EPROTO },
		{ TLS1_3_VERSION, NULL, SILENT, TLS_FAILURE_TIME, -ETIMEDOUT },
		{ TLS1_3_VERSION, NULL, LEAVES, TLS_FAILURE_CLOSED,
		    -ECONNRESET },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test t;
		begin(&t, rows[i].version);
		if (rows[i].suites != NULL)
			assert_int_equal(SSL_CTX_set_cipher_list(
					     t.client.context, rows[i].suites),
			    1);
		start(&t, rows[i].manner,
		    rows[i].manner == SILENT ? 20 * CLOCK_MS
					     : 10 * CLOCK_SECOND);
		harness_run(&t.h);
		assert_int_equal(t.handshake.failure, rows[i].failure);
		assert_int_equal(t.error, rows[i].error);
		assert_true(t.handshake.detail[0] != '\0');
		assert_null(t.end.stream);
		part(&t);
		end(&t);
	}
}

/* ---- identities ---- */

static void
identities_come_from_pem(void **state)
{
	char certificate[PEM_BYTES], key[PEM_BYTES], both[2 * PEM_BYTES];
	const char *why = NULL;
	struct tls_identity *identity;

	(void)state;
	(void)pem_of_certificate(made.server, certificate, PEM_BYTES);
	(void)snprintf(both, sizeof(both), "%s", certificate);
	(void)pem_of_certificate(
	    made.authority, both + strlen(both), PEM_BYTES);
	identity = tls_identity_create(
	    str_of(both), pem_of_key(made.key, key, sizeof(key)), &why);
	assert_null(why);
	assert_true(tls_identity_is_for(identity, STR("server.example")));
	assert_false(tls_identity_is_for(identity, STR("other.example")));
	assert_false(tls_identity_is_for(identity, STR("")));
	struct test t;
	begin(&t, TLS1_3_VERSION);
	t.answer.identity = identity;
	shake(&t, GREETS);
	assert_int_equal(t.error, 0);
	part(&t);
	end(&t);
	tls_identity_unref(identity);
}

static void
what_is_no_identity(void **state)
{
	static const char broken[] = "-----BEGIN CERTIFICATE-----\nbm8=\n"
				     "-----END CERTIFICATE-----\n";
	char certificate[PEM_BYTES], key[PEM_BYTES], other[PEM_BYTES];
	char locked[PEM_BYTES], two[2 * PEM_BYTES];
	const char *const rows[][3] = {
		{ "", key, "there is no certificate in it that can be read" },
		{ broken, key,
		    "there is no certificate in it that can be read" },
		{ two, key, "a certificate in it cannot be read" },
		{ certificate, "", "there is no key in it that can be read" },
		{ certificate, certificate,
		    "there is no key in it that can be read" },
		{ certificate, other, "the key is not the certificate's" },
		{ certificate, locked, "the key is locked by a password" },
	};
	BIO *bio = BIO_new(BIO_s_mem());

	(void)state;
	(void)pem_of_certificate(made.server, certificate, PEM_BYTES);
	(void)pem_of_key(made.key, key, sizeof(key));
	(void)pem_of_key(made.rsa, other, sizeof(other));
	(void)snprintf(two, sizeof(two), "%s%s", certificate, broken);
	assert_int_equal(
	    PEM_write_bio_PrivateKey(bio, made.key, EVP_aes_128_cbc(),
		(const unsigned char *)"word", 4, NULL, NULL),
	    1);
	(void)take_pem(bio, locked, sizeof(locked));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *why = NULL;
		assert_null(tls_identity_create(
		    str_of(rows[i][0]), str_of(rows[i][1]), &why));
		assert_string_equal(why, rows[i][2]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_versions),
		cmocka_unit_test(the_hello_is_shown),
		cmocka_unit_test(what_is_spoken),
		cmocka_unit_test(the_answer_may_come_later),
		cmocka_unit_test(the_answer_may_never_come),
		cmocka_unit_test(it_is_given_up_while_somebody_thinks),
		cmocka_unit_test(what_was_read_before_is_part_of_it),
		cmocka_unit_test(who_is_refused_hears_why),
		cmocka_unit_test(each_has_the_key_that_it_can_check),
		cmocka_unit_test(clients_have_certificates),
		cmocka_unit_test(a_client_that_does_not_trust_us),
		cmocka_unit_test(sessions_are_resumed_in_their_context),
		cmocka_unit_test(who_resumes_is_who_he_was),
		cmocka_unit_test(tickets_grow_old),
		cmocka_unit_test(who_cannot_be_spoken_to),
		cmocka_unit_test(identities_come_from_pem),
		cmocka_unit_test(what_is_no_identity),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	make_all();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unmake_all();
	return failed;
}
