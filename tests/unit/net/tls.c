/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS to a server of OpenSSL's in a thread, which is as honest or as awkward as
 * a test wants; certificates are made here.
 */
#include "net/tls.h"

#include "certificates.h"
#include "stream_ends.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

/* ---- certificates ---- */

static struct {
	EVP_PKEY *key;
	X509 *authority, *server, *expired;
	char pem[4096];
	size_t pem_len;
} made;

static X509 *
make(struct recipe recipe)
{
	recipe.issuer = made.authority;
	recipe.key = made.key;
	return make_certificate(&recipe);
}

static void
make_all(void)
{
	static const char names[] = "DNS:server.example,IP:127.0.0.1";

	made.key = EVP_EC_gen("P-256");
	made.authority = make((struct recipe){ .name = "authority" });
	made.server = make(
	    (struct recipe){ .name = "server.example", .alternative = names });
	made.expired = make((struct recipe){
	    .name = "server.example", .alternative = names, .until = -60 });
	made.pem_len =
	    pem_of_certificate(made.authority, made.pem, sizeof(made.pem)).len;
}

/* ---- the server ---- */

enum manner {
	ECHOES,       /* until the client's end, then its own */
	CUTS,         /* says something and closes without a word */
	PLAIN,        /* speaks no TLS */
	SILENT,       /* says nothing until the client has gone */
	ENDS_AT_ONCE, /* closes without a word */
	SAYS_TWO,     /* two records in one segment, and its end */
};

struct server {
	pthread_t thread;
	SSL_CTX *context;
	int fd;
	enum manner manner;
};

static void
send_back(SSL *ssl)
{
	char bytes[20000];
	int n;

	while ((n = SSL_read(ssl, bytes, sizeof(bytes))) > 0)
		assert_int_equal(SSL_write(ssl, bytes, n), n);
	(void)SSL_shutdown(ssl);
}

static void
speak(struct server *server, SSL *ssl)
{
	char byte;

	if (SSL_accept(ssl) != 1)
		return;
	if (server->manner == ECHOES) {
		send_back(ssl);
	} else if (server->manner == CUTS) {
		(void)SSL_write(ssl, "half", 4);
	} else {
		(void)SSL_write(ssl, "one", 3);
		(void)SSL_write(ssl, "two", 3);
		(void)SSL_shutdown(ssl);
		(void)SSL_read(ssl, &byte, 1);
	}
}

static void *
run_server(void *context)
{
	struct server *server = context;
	char byte;

	if (server->manner == PLAIN) {
		(void)!send(server->fd, "HTTP/1.1 400 No\r\n\r\n", 19, 0);
		(void)!recv(server->fd, &byte, 1, MSG_WAITALL);
	} else if (server->manner == SILENT) {
		while (recv(server->fd, &byte, 1, 0) > 0)
			;
	} else if (server->manner != ENDS_AT_ONCE) {
		SSL *ssl = SSL_new(server->context);
		(void)SSL_set_fd(ssl, server->fd);
		speak(server, ssl);
		SSL_free(ssl);
	}
	(void)close(server->fd);
	return NULL;
}

static SSL_CTX *
server_context(X509 *certificate, int version)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	assert_int_equal(SSL_CTX_use_certificate(context, certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(context, made.key), 1);
	SSL_CTX_set_security_level(context, 0);
	(void)SSL_CTX_set_min_proto_version(context, version);
	(void)SSL_CTX_set_max_proto_version(context, version);
	(void)SSL_CTX_set_session_id_context(
	    context, (const unsigned char *)"x", 1);
	return context;
}

/* ---- the client ---- */

struct test {
	struct harness h;
	struct tls_settings *settings;
	struct tls_peer *peer;
	struct tls_handshake handshake;
	struct server server;
	struct end end;
	int calls, error;
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
	loop_stop(&t->h.loop);
}

static void
begin_as(struct test *t, const char *host, const char *address, int version,
    X509 *certificate)
{
	struct str pem = { made.pem, made.pem_len };
	struct str name = { NULL, 0 };
	struct address at = { 0 };
	const char *why = NULL;

	*t = (struct test){ .descriptors = open_fds() };
	harness_begin(&t->h);
	t->settings = tls_settings_create(pem, &why);
	assert_null(why);
	assert_non_null(t->settings);
	if (host != NULL)
		name = str_of(host);
	else
		assert_int_equal(address_parse(str_of(address), &at), 0);
	t->peer = tls_peer_create(t->settings, name, at);
	assert_non_null(t->peer);
	t->server.context = server_context(certificate, version);
}

static void
begin(struct test *t)
{
	begin_as(t, "server.example", NULL, TLS1_3_VERSION, made.server);
}

static void
start(struct test *t, enum manner manner, int64_t timeout)
{
	struct stream *stream;
	int fds[2];

	tcp_pair(fds, 0);
	/* Its thread waits for each call. */
	assert_int_equal(fcntl(fds[1], F_SETFL, 0), 0);
	t->server.fd = fds[1];
	t->server.manner = manner;
	assert_int_equal(
	    stream_create(&t->h.loop, fds[0], &stream_limits_usual, &stream),
	    0);
	t->calls = 0;
	t->handshake = (struct tls_handshake){ .fn = on_shaken, .context = t };
	tls_handshake_start(&t->handshake, &stream, t->peer, timeout);
	assert_null(stream);
	assert_int_equal(
	    pthread_create(&t->server.thread, NULL, run_server, &t->server), 0);
}

static void
shake(struct test *t, enum manner manner)
{
	start(t, manner, 10 * CLOCK_SECOND);
	harness_run(&t->h);
	assert_int_equal(t->calls, 1);
}

/* The client goes, the server's thread ends. */
static void
part(struct test *t)
{
	end_fini(&t->end);
	(void)pthread_join(t->server.thread, NULL);
}

static void
end(struct test *t)
{
	SSL_CTX_free(t->server.context);
	tls_peer_unref(t->peer);
	tls_settings_unref(t->settings);
	harness_end(&t->h);
	assert_int_equal(open_fds(), t->descriptors);
}

static void
listen_to(struct test *t)
{
	stream_use(t->end.stream, &end_user, &t->end);
	stream_read_start(t->end.stream);
}

/* ---- tests ---- */

static void
both_versions_by_name_and_address(void **state)
{
	static const struct {
		const char *host, *address;
		int version;
	} rows[] = {
		{ "server.example", NULL, TLS1_2_VERSION },
		{ "server.example", NULL, TLS1_3_VERSION },
		{ NULL, "127.0.0.1", TLS1_3_VERSION },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test t;
		begin_as(&t, rows[i].host, rows[i].address, rows[i].version,
		    made.server);
		shake(&t, ECHOES);
		assert_int_equal(t.error, 0);
		assert_string_equal(t.handshake.detail, "");
		assert_false(stream_can_splice(t.end.stream));
		assert_false(stream_is_bare(t.end.stream));
		listen_to(&t);
		assert_int_equal(stream_write(t.end.stream, STR("word")), 0);
		t.end.stop_at = 4;
		harness_run(&t.h);
		assert_true(str_is(text_str(&t.end.taken), "word"));
		part(&t);
		end(&t);
	}
}

static void
who_is_somebody_else(void **state)
{
	static const struct {
		const char *host, *address, *words;
	} rows[] = {
		{ "other.example", NULL, "hostname mismatch" },
		{ "sub.server.example", NULL, "hostname mismatch" },
		{ NULL, "127.0.0.2", "IP address mismatch" },
		{ NULL, "::1", "IP address mismatch" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test t;
		begin_as(&t, rows[i].host, rows[i].address, TLS1_3_VERSION,
		    made.server);
		shake(&t, ECHOES);
		assert_int_equal(t.error, -EPERM);
		assert_null(t.end.stream);
		assert_non_null(strstr(t.handshake.detail, rows[i].words));
		part(&t);
		end(&t);
	}
}

static void
a_certificate_that_has_expired(void **state)
{
	struct test t;

	(void)state;
	begin_as(&t, "server.example", NULL, TLS1_2_VERSION, made.expired);
	shake(&t, ECHOES);
	assert_int_equal(t.error, -EPERM);
	assert_string_equal(t.handshake.detail, "certificate has expired");
	part(&t);
	end(&t);
}

/* The system knows nothing of our authority. */
static void
an_authority_that_nobody_knows(void **state)
{
	struct test t;
	const char *why;

	(void)state;
	begin(&t);
	tls_peer_unref(t.peer);
	tls_settings_unref(t.settings);
	t.settings = tls_settings_create((struct str){ NULL, 0 }, &why);
	assert_non_null(t.settings);
	t.peer = tls_peer_create(
	    t.settings, STR("server.example"), (struct address){ 0 });
	shake(&t, ECHOES);
	assert_int_equal(t.error, -EPERM);
	assert_non_null(strstr(t.handshake.detail, "issuer certificate"));
	part(&t);
	end(&t);
}

static void
who_does_not_speak_it(void **state)
{
	static const struct {
		enum manner manner;
		int error;
	} rows[] = {
		{ PLAIN, -EPROTO },
		{ ENDS_AT_ONCE, -ECONNRESET },
		{ SILENT, -ETIMEDOUT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test t;
		begin(&t);
		start(&t, rows[i].manner,
		    rows[i].manner == SILENT ? 20 * CLOCK_MS
					     : 10 * CLOCK_SECOND);
		harness_run(&t.h);
		assert_int_equal(t.calls, 1);
		assert_int_equal(t.error, rows[i].error);
		assert_true(t.handshake.detail[0] != '\0');
		part(&t);
		end(&t);
	}
}

static void
an_old_version(void **state)
{
	struct test t;

	(void)state;
	begin_as(&t, "server.example", NULL, TLS1_1_VERSION, made.server);
	shake(&t, ECHOES);
	assert_true(t.error < 0);
	assert_null(t.end.stream);
	part(&t);
	end(&t);
}

/* More than all buffers hold, both ways; then each side's end. */
static void
much_and_the_ends(void **state)
{
	static char bytes[3000000];
	struct str rest = { bytes, sizeof(bytes) };
	struct test t;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7 >> 3);
	begin(&t);
	shake(&t, ECHOES);
	listen_to(&t);
	while (rest.len > 0) {
		ssize_t n = stream_write_some(t.end.stream, rest);
		assert_true(n >= 0);
		rest = str_skip(rest, (size_t)n);
		end_forget(&t.end);
		if (rest.len > 0)
			run_until_told(&t.h, &t.end, 'w');
	}
	stream_shutdown(t.end.stream);
	end_forget(&t.end);
	run_until_told(&t.h, &t.end, 'e');
	assert_int_equal(t.end.taken.len, sizeof(bytes));
	assert_memory_equal(t.end.taken.at, bytes, sizeof(bytes));
	assert_int_equal(t.end.error, 0);
	part(&t);
	end(&t);
}

/* What could not be sent is offered again by less, and in other pieces. */
static void
less_may_be_offered_the_second_time(void **state)
{
	static char bytes[1000000];
	struct str rest = { bytes, sizeof(bytes) };
	struct test t;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 11 >> 4);
	begin(&t);
	shake(&t, ECHOES);
	set_int(stream_fd(t.end.stream), SOL_SOCKET, SO_SNDBUF, SMALL);
	listen_to(&t);
	for (size_t turn = 0; rest.len > 0; turn++) {
		/* All that there is, until no more is taken; then a little. */
		size_t most = turn % 2 == 0 ? rest.len : 10 + turn % 7000;
		size_t len = most < rest.len ? most : rest.len;
		struct iovec spans[] = {
			{ .iov_base = bytes + (sizeof(bytes) - rest.len),
			    .iov_len = len / 3 },
			{ .iov_base =
				bytes + (sizeof(bytes) - rest.len) + len / 3,
			    .iov_len = len - len / 3 },
		};
		ssize_t n = turn % 3 == 0
				? stream_write_some(t.end.stream,
				      (struct str){ rest.at, len })
				: stream_write_spans(t.end.stream, spans, 2);
		assert_true(n >= 0);
		rest = str_skip(rest, (size_t)n);
		end_forget(&t.end);
		if ((size_t)n < len)
			run_until_told(&t.h, &t.end, 'w');
	}
	stream_shutdown(t.end.stream);
	end_forget(&t.end);
	run_until_told(&t.h, &t.end, 'e');
	assert_int_equal(t.end.taken.len, sizeof(bytes));
	assert_memory_equal(t.end.taken.at, bytes, sizeof(bytes));
	part(&t);
	end(&t);
}

static void
an_end_without_a_word_is_a_failure(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	shake(&t, CUTS);
	/* On a busy machine it has come when the handshake is over. */
	listen_to(&t);
	run_until_told(&t.h, &t.end, 'x');
	assert_true(str_is(text_str(&t.end.taken), "half"));
	assert_null(memchr(t.end.told, 'e', t.end.told_count));
	assert_true(t.end.error == -ECONNRESET || t.end.error == -EPIPE);
	part(&t);
	end(&t);
}

/* What OpenSSL has read already is told, although the socket is empty. */
static void
records_that_come_together(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	shake(&t, SAYS_TWO);
	wait_for(stream_fd(t.end.stream), POLLIN);
	listen_to(&t);
	run_until_told(&t.h, &t.end, 'e');
	assert_true(str_is(text_str(&t.end.taken), "onetwo"));
	part(&t);
	end(&t);
}

static void
sessions_are_resumed(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		struct test t;
		begin_as(&t, "server.example", NULL, versions[i], made.server);
		for (int turn = 0; turn < 4; turn++) {
			shake(&t, ECHOES);
			assert_int_equal(t.error, 0);
			assert_int_equal(t.handshake.resumed, turn > 0);
			listen_to(&t);
			/* A ticket of 1.3 comes with the first words. */
			(void)stream_write(t.end.stream, STR("x"));
			t.end.stop_at = 1;
			harness_run(&t.h);
			part(&t);
		}
		end(&t);
	}
}

static void
one_that_is_given_up_is_silent(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	start(&t, SILENT, 10 * CLOCK_SECOND);
	harness_round(&t.h);
	tls_handshake_cancel(&t.handshake);
	tls_handshake_cancel(&t.handshake);
	harness_round(&t.h);
	assert_int_equal(t.calls, 0);
	part(&t);
	end(&t);
}

static void
what_is_no_authority(void **state)
{
	static const struct {
		const char *pem, *words;
	} rows[] = {
		{ "", "there is no certificate in it" },
		{ "words", "there is no certificate in it" },
		{ "-----BEGIN CERTIFICATE-----\nbm8=\n"
		  "-----END CERTIFICATE-----\n",
		    "a certificate in it cannot be read" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *why = NULL;
		assert_null(tls_settings_create(str_of(rows[i].pem), &why));
		assert_string_equal(why, rows[i].words);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_versions_by_name_and_address),
		cmocka_unit_test(who_is_somebody_else),
		cmocka_unit_test(a_certificate_that_has_expired),
		cmocka_unit_test(an_authority_that_nobody_knows),
		cmocka_unit_test(who_does_not_speak_it),
		cmocka_unit_test(an_old_version),
		cmocka_unit_test(much_and_the_ends),
		cmocka_unit_test(less_may_be_offered_the_second_time),
		cmocka_unit_test(an_end_without_a_word_is_a_failure),
		cmocka_unit_test(records_that_come_together),
		cmocka_unit_test(sessions_are_resumed),
		cmocka_unit_test(one_that_is_given_up_is_silent),
		cmocka_unit_test(what_is_no_authority),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	make_all();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	X509_free(made.authority);
	X509_free(made.server);
	X509_free(made.expired);
	EVP_PKEY_free(made.key);
	return failed;
}
