/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS over TLS: both ends are ours, over sockets whose buffers are soon full.
 */
#include "certificates.h"
#include "net/tls_accept.h"
#include "stream_ends.h"

#include <openssl/ssl.h>

#define BYTES ((size_t)200000)

/* ---- certificates ---- */

static struct {
	EVP_PKEY *key;
	X509 *authority, *server;
	struct tls_identity *identity;
	struct tls_settings *settings;
} made;

static int
make_all(void **state)
{
	char pem[8192];
	const char *why;

	(void)state;
	tls_begin(-1);
	made.key = EVP_EC_gen("P-256");
	made.authority = make_certificate(
	    &(struct recipe){ .name = "authority", .key = made.key });
	made.server = make_certificate(&(struct recipe){
	    .name = "server.example",
	    .alternative = "DNS:server.example",
	    .issuer = made.authority,
	    .key = made.key,
	});
	made.identity = tls_identity_of(made.server, NULL, made.key);
	made.settings = tls_settings_create(
	    pem_of_certificate(made.authority, pem, sizeof(pem)), &why);
	return made.settings == NULL;
}

static int
unmake_all(void **state)
{
	(void)state;
	tls_settings_unref(made.settings);
	tls_identity_unref(made.identity);
	X509_free(made.server);
	X509_free(made.authority);
	EVP_PKEY_free(made.key);
	return 0;
}

/* ---- both ends ---- */

struct test {
	struct harness h;
	struct tls_server *server;
	struct tls_peer *peer;
	struct tls_handshake asks, accepts;
	struct stream *streams[2]; /* of who asks, of who accepts */
	int shaken, error, depth;
	struct end ends[2];
};

static void shake(struct test *t);

static void
arrive(struct test *t, int which, struct tls_handshake *handshake, int error)
{
	t->streams[which] = handshake->stream;
	handshake->stream = NULL;
	if (error < 0)
		t->error = error;
	if (++t->shaken == 2 && --t->depth > 0 && t->error == 0)
		shake(t);
	else if (t->shaken == 2)
		loop_stop(&t->h.loop);
}

static void
on_asked_for(struct tls_handshake *handshake, int error)
{
	arrive(handshake->context, 0, handshake, error);
}

static void
on_accepted(struct tls_handshake *handshake, int error)
{
	arrive(handshake->context, 1, handshake, error);
}

static void
on_hello(struct tls_handshake *handshake)
{
	struct tls_answer answer = { .identity = made.identity,
		.session = STR("one") };

	tls_accept_answer(handshake, &answer);
}

static void
shake(struct test *t)
{
	t->shaken = 0;
	t->asks = (struct tls_handshake){ .fn = on_asked_for, .context = t };
	t->accepts = (struct tls_handshake){
		.fn = on_accepted, .ask = on_hello, .context = t
	};
	tls_accept_start(
	    &t->accepts, &t->streams[1], t->server, 10 * CLOCK_SECOND);
	tls_handshake_start(
	    &t->asks, &t->streams[0], t->peer, 10 * CLOCK_SECOND);
}

static void
begin(struct test *t, int depth, const char *name)
{
	int fds[2];

	*t = (struct test){ .depth = depth };
	harness_begin(&t->h);
	t->server = tls_server_create();
	t->peer =
	    tls_peer_create(made.settings, str_of(name), (struct address){ 0 });
	tcp_pair(fds, SMALL);
	for (int i = 0; i < 2; i++)
		assert_int_equal(stream_create(&t->h.loop, fds[i],
				     &stream_limits_usual, &t->streams[i]),
		    0);
	shake(t);
	harness_run(&t->h);
}

static void
use(struct test *t)
{
	for (int i = 0; i < 2; i++) {
		t->ends[i] =
		    (struct end){ .loop = &t->h.loop, .stream = t->streams[i] };
		stream_use(t->streams[i], &end_user, &t->ends[i]);
		stream_read_start(t->streams[i]);
	}
}

static void
end(struct test *t)
{
	for (int i = 0; i < 2; i++)
		end_fini(&t->ends[i]);
	tls_peer_unref(t->peer);
	tls_server_unref(t->server);
	harness_end(&t->h);
}

static void
fill(char *bytes, int which)
{
	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (char)(i * 31 + i / 251 + (size_t)which);
}

/* Far more than any buffer below holds, both ways at once. */
static void
all_that_is_written_comes(struct test *t)
{
	static char bytes[2][BYTES];

	for (int i = 0; i < 2; i++) {
		fill(bytes[i], i);
		assert_int_equal(stream_write(t->streams[i],
				     (struct str){ bytes[i], BYTES }),
		    0);
	}
	for (int i = 0; i < 2; i++) {
		t->ends[i].stop_at = BYTES;
		while (t->ends[i].taken.len < BYTES)
			harness_run(&t->h);
		assert_int_equal(t->ends[i].taken.len, BYTES);
		assert_memory_equal(
		    text_str(&t->ends[i].taken).at, bytes[1 - i], BYTES);
		t->ends[i].stop_at = 0;
	}
}

static void
each_layer_carries_the_next(void **state)
{
	(void)state;
	for (int depth = 1; depth <= 3; depth++) {
		struct test t;
		begin(&t, depth, "server.example");
		assert_int_equal(t.error, 0);
		use(&t);
		all_that_is_written_comes(&t);
		for (int i = 0; i < 2; i++)
			stream_shutdown(t.streams[i]);
		for (int i = 0; i < 2; i++) {
			run_until_told(&t.h, &t.ends[i], 'e');
			run_until_told(&t.h, &t.ends[i], 'f');
			assert_int_equal(t.ends[i].error, 0);
		}
		end(&t);
	}
}

/* A bare FIN is nobody's word (RFC 8446, 6.1), however deep it is heard. */
static void
an_end_that_nobody_signed_is_a_failure(void **state)
{
	(void)state;
	for (int depth = 1; depth <= 3; depth++) {
		struct test t;
		begin(&t, depth, "server.example");
		use(&t);
		assert_int_equal(shutdown(stream_fd(t.streams[1]), SHUT_WR), 0);
		run_until_told(&t.h, &t.ends[0], 'x');
		assert_int_equal(t.ends[0].error, -ECONNRESET);
		end(&t);
	}
}

/* The alert goes through the layer below, which is as good as before. */
static void
a_layer_that_fails_is_told_by_the_one_below(void **state)
{
	struct test t;

	(void)state;
	begin(&t, 1, "server.example");
	tls_peer_unref(t.peer);
	t.peer = tls_peer_create(
	    made.settings, STR("other.example"), (struct address){ 0 });
	t.depth = 1;
	shake(&t);
	harness_run(&t.h);
	assert_int_equal(t.error, -EPROTO);
	assert_int_equal(t.asks.failure, TLS_FAILURE_CERTIFICATE);
	assert_int_equal(t.accepts.failure, TLS_FAILURE_ALERT);
	assert_int_equal(t.accepts.alert, SSL_AD_BAD_CERTIFICATE);
	end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_layer_carries_the_next),
		cmocka_unit_test(an_end_that_nobody_signed_is_a_failure),
		cmocka_unit_test(a_layer_that_fails_is_told_by_the_one_below),
	};

	return cmocka_run_group_tests(tests, make_all, unmake_all);
}
