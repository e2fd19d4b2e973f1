/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Servers whose certificates are wrong, each in its own way, and what is found
 * to be wrong with them.
 */
#include "net/tls.h"

#include "certificates.h"
#include "stream_ends.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>

/* ---- certificates ---- */

enum certificate {
	ROOT,
	MIDDLE,
	GOOD,   /* of the middle one */
	DIRECT, /* of the root */
	EXPIRED,
	EARLY,
	NAMED, /* otherwise */
	EXPIRED_AND_NAMED,
	SELF,
	STRANGE_ROOT,
	STRANGE,
	SHORT_KEY,      /* RSA of 1,024 bits */
	WEAK_SIGNATURE, /* signed with it */
	CERTIFICATE_COUNT,
};

static struct {
	EVP_PKEY *key, *small;
	X509 *all[CERTIFICATE_COUNT];
	char pem[8192];
	struct tls_settings *settings;
} made;

static const char name[] = "DNS:server.example";

/* By whom: one that was made already. */
static void
make(enum certificate which, enum certificate issuer, struct recipe recipe)
{
	recipe.name = recipe.name != NULL ? recipe.name : "server.example";
	recipe.issuer = issuer != which ? made.all[issuer] : NULL;
	recipe.key = recipe.key != NULL ? recipe.key : made.key;
	recipe.issuer_key = made.key;
	made.all[which] = make_certificate(&recipe);
}

static void
make_all(void)
{
	static const char access[] = "caIssuers;URI:http://ca.example/a.der";
	const char *why;

	made.key = EVP_EC_gen("P-256");
	made.small = EVP_RSA_gen(1024);
	make(ROOT, ROOT, (struct recipe){ .name = "root" });
	make(MIDDLE, ROOT, (struct recipe){ .name = "middle" });
	make(GOOD, MIDDLE,
	    (struct recipe){ .alternative = name, .access = access });
	make(DIRECT, ROOT, (struct recipe){ .alternative = name });
	make(EXPIRED, ROOT,
	    (struct recipe){ .alternative = name, .until = -60 });
	make(EARLY, ROOT, (struct recipe){ .alternative = name, .from = 60 });
	make(NAMED, ROOT, (struct recipe){ .alternative = "DNS:b.example" });
	make(EXPIRED_AND_NAMED, ROOT,
	    (struct recipe){ .alternative = "DNS:b.example", .until = -60 });
	make(SELF, SELF, (struct recipe){ .alternative = name });
	make(STRANGE_ROOT, STRANGE_ROOT, (struct recipe){ .name = "strange" });
	make(STRANGE, STRANGE_ROOT, (struct recipe){ .alternative = name });
	make(SHORT_KEY, ROOT,
	    (struct recipe){ .alternative = name, .key = made.small });
	make(WEAK_SIGNATURE, ROOT,
	    (struct recipe){ .alternative = name, .digest = EVP_sha1() });
	made.settings = tls_settings_create(
	    pem_of_certificate(made.all[ROOT], made.pem, sizeof(made.pem)),
	    &why);
	assert_non_null(made.settings);
}

static void
unmake_all(void)
{
	tls_settings_unref(made.settings);
	for (size_t i = 0; i < CERTIFICATE_COUNT; i++)
		X509_free(made.all[i]);
	EVP_PKEY_free(made.key);
	EVP_PKEY_free(made.small);
}

/* ---- what an authority says of one ---- */

struct saying {
	bool is_there;
	int status; /* V_OCSP_CERTSTATUS_... */
	enum certificate about, by;
	long from, until; /* seconds from now; 0: an hour */
	bool is_spoilt;
};

/* *ret is the caller's, by OPENSSL_free. */
static int
say(const struct saying *saying, unsigned char **ret)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	X509 *by = made.all[saying->by];
	OCSP_CERTID *id = OCSP_cert_to_id(NULL, made.all[saying->about], by);
	ASN1_TIME *now = X509_gmtime_adj(NULL, saying->from - 3600);
	ASN1_TIME *next =
	    X509_gmtime_adj(NULL, saying->until != 0 ? saying->until : 3600);
	int revoked = saying->status == V_OCSP_CERTSTATUS_REVOKED;

	assert_non_null(OCSP_basic_add1_status(
	    basic, id, saying->status, 0, revoked ? now : NULL, now, next));
	assert_int_equal(OCSP_basic_sign(basic, by, made.key, EVP_sha256(),
			     NULL, saying->is_spoilt ? OCSP_NOCERTS : 0),
	    1);
	OCSP_RESPONSE *response =
	    OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	*ret = NULL;
	int len = i2d_OCSP_RESPONSE(response, ret);
	assert_true(len > 0);
	if (saying->is_spoilt)
		(*ret)[len - 1] ^= 1;
	OCSP_RESPONSE_free(response);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(now);
	ASN1_TIME_free(next);
	return len;
}

static int
on_status(SSL *ssl, void *context)
{
	const struct saying *saying = context;
	unsigned char *bytes;

	if (!saying->is_there)
		return SSL_TLSEXT_ERR_NOACK;
	int len = say(saying, &bytes);
	(void)SSL_set_tlsext_status_ocsp_resp(ssl, bytes, len);
	return SSL_TLSEXT_ERR_OK;
}

/* ---- the server ---- */

struct server {
	pthread_t thread;
	SSL_CTX *context;
	int fd;
	bool shook;
	int alert;
};

static void *
run_server(void *context)
{
	struct server *server = context;
	SSL *ssl = SSL_new(server->context);
	char bytes[16];
	int n;

	(void)SSL_set_fd(ssl, server->fd);
	ERR_clear_error();
	server->shook = SSL_accept(ssl) == 1;
	while (server->shook && (n = SSL_read(ssl, bytes, sizeof(bytes))) > 0)
		(void)SSL_write(ssl, bytes, n);
	int reason = ERR_GET_REASON(ERR_peek_error());
	if (reason > SSL_AD_REASON_OFFSET)
		server->alert = reason - SSL_AD_REASON_OFFSET;
	(void)SSL_shutdown(ssl);
	SSL_free(ssl);
	(void)close(server->fd);
	return NULL;
}

static int
choose(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
    const unsigned char *list, unsigned len, void *context)
{
	const char *ours = context;
	unsigned char *found;

	(void)ssl;
	if (SSL_select_next_proto(&found, ret_len, (const unsigned char *)ours,
		(unsigned)strlen(ours), list, len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*ret = found;
	return SSL_TLSEXT_ERR_OK;
}

/* ---- the client ---- */

struct test {
	struct harness h;
	struct tls_peer *peer;
	struct tls_handshake handshake;
	struct server server;
	struct saying saying;
	struct end end;
	int error;
	int chain_count;
	X509 *first;
	int descriptors;
};

static void
on_shaken(struct tls_handshake *handshake, int error)
{
	struct test *t = handshake->context;

	t->error = error;
	t->chain_count = sk_X509_num(handshake->chain);
	X509_free(t->first);
	t->first = NULL;
	if (handshake->chain != NULL)
		t->first = X509_dup(sk_X509_value(handshake->chain, 0));
	t->end =
	    (struct end){ .loop = &t->h.loop, .stream = handshake->stream };
	handshake->stream = NULL;
	loop_stop(&t->h.loop);
}

static void
begin(struct test *t, int version, enum certificate which, bool with_middle)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	*t = (struct test){ .descriptors = open_fds(),
		.server.context = context,
		.handshake = { .fn = on_shaken, .context = t } };
	harness_begin(&t->h);
	t->peer = tls_peer_create(made.settings, STR("server.example"),
	    (struct address){ .family = 0 });
	SSL_CTX_set_security_level(context, 0);
	(void)SSL_CTX_set_min_proto_version(context, version);
	(void)SSL_CTX_set_max_proto_version(context, version);
	assert_int_equal(
	    SSL_CTX_use_cert_and_key(context, made.all[which],
		which == SHORT_KEY ? made.small : made.key, NULL, 1),
	    1);
	if (with_middle)
		(void)SSL_CTX_add1_chain_cert(context, made.all[MIDDLE]);
	(void)SSL_CTX_set_tlsext_status_cb(context, on_status);
	(void)SSL_CTX_set_tlsext_status_arg(context, &t->saying);
	(void)SSL_CTX_set_session_id_context(
	    context, (const unsigned char *)"x", 1);
}

static void
shake(struct test *t)
{
	struct stream *stream;
	int fds[2];

	tcp_pair(fds, 0);
	/* Its thread waits for each call. */
	assert_int_equal(fcntl(fds[1], F_SETFL, 0), 0);
	t->server.fd = fds[1];
	t->server.alert = 0;
	assert_int_equal(
	    stream_create(&t->h.loop, fds[0], &stream_limits_usual, &stream),
	    0);
	tls_handshake_start(&t->handshake, &stream, t->peer, 10 * CLOCK_SECOND);
	assert_int_equal(
	    pthread_create(&t->server.thread, NULL, run_server, &t->server), 0);
	harness_run(&t->h);
}

/* A ticket of 1.3 comes with the first words. */
static void
talk(struct test *t)
{
	stream_use(t->end.stream, &end_user, &t->end);
	stream_read_start(t->end.stream);
	assert_int_equal(stream_write(t->end.stream, STR("word")), 0);
	t->end.stop_at = 4;
	harness_run(&t->h);
}

static void
part(struct test *t)
{
	end_fini(&t->end);
	/* What lingers does so in the loop. */
	while (pthread_tryjoin_np(t->server.thread, NULL) == EBUSY)
		harness_round(&t->h);
}

static void
end(struct test *t)
{
	X509_free(t->first);
	SSL_CTX_free(t->server.context);
	tls_peer_unref(t->peer);
	harness_end(&t->h);
	assert_int_equal(open_fds(), t->descriptors);
}

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

/* ---- tests ---- */

static void
what_is_wrong_with_each(void **state)
{
	static const struct {
		enum certificate certificate;
		bool with_middle;
		enum tls_verdict verdict;
		int alert;
	} rows[] = {
		{ GOOD, true, TLS_VERDICT_VALID, 0 },
		{ DIRECT, false, TLS_VERDICT_VALID, 0 },
		{ DIRECT, true, TLS_VERDICT_VALID, 0 },
		{ GOOD, false, TLS_VERDICT_INCOMPLETE, SSL_AD_UNKNOWN_CA },
		{ EXPIRED, false, TLS_VERDICT_EXPIRED,
		    SSL_AD_CERTIFICATE_EXPIRED },
		{ EARLY, false, TLS_VERDICT_EARLY, SSL_AD_BAD_CERTIFICATE },
		{ NAMED, false, TLS_VERDICT_NAME, SSL_AD_BAD_CERTIFICATE },
		{ SELF, false, TLS_VERDICT_SELF, SSL_AD_UNKNOWN_CA },
		{ STRANGE, false, TLS_VERDICT_UNKNOWN, SSL_AD_UNKNOWN_CA },
		{ SHORT_KEY, false, TLS_VERDICT_WEAK, SSL_AD_BAD_CERTIFICATE },
		{ WEAK_SIGNATURE, false, TLS_VERDICT_WEAK,
		    SSL_AD_BAD_CERTIFICATE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows) * 2; i++) {
		enum tls_verdict verdict = rows[i / 2].verdict;
		bool good = verdict == TLS_VERDICT_VALID;
		struct test t;
		begin(&t, versions[i % 2], rows[i / 2].certificate,
		    rows[i / 2].with_middle);
		shake(&t);
		assert_int_equal(t.error, good ? 0 : -EPERM);
		assert_int_equal(t.handshake.failure,
		    good ? TLS_FAILURE_NONE : TLS_FAILURE_CERTIFICATE);
		assert_string_equal(tls_verdict_name(t.handshake.verdict),
		    tls_verdict_name(verdict));
		assert_int_equal(
		    t.handshake.wrong, good ? 0 : TLS_VERDICT_BIT(verdict));
		assert_int_equal(t.handshake.detail[0] == '\0', good);
		assert_int_equal(t.chain_count, 1 + rows[i / 2].with_middle);
		assert_int_equal(
		    X509_cmp(t.first, made.all[rows[i / 2].certificate]), 0);
		part(&t);
		/* The server hears of it, too. */
		assert_int_equal(t.server.alert > 0, !good);
		end(&t);
	}
}

/* That alone, and nothing of it is remembered. */
static void
some_of_it_may_be_tolerated(void **state)
{
	static const struct {
		enum certificate certificate;
		unsigned tolerated;
		unsigned wrong;
		int error;
	} rows[] = {
		{ EXPIRED, TLS_VERDICT_BIT(TLS_VERDICT_EXPIRED),
		    TLS_VERDICT_BIT(TLS_VERDICT_EXPIRED), 0 },
		{ EXPIRED, TLS_VERDICT_BIT(TLS_VERDICT_NAME),
		    TLS_VERDICT_BIT(TLS_VERDICT_EXPIRED), -EPERM },
		{ SELF, ~0u, TLS_VERDICT_BIT(TLS_VERDICT_SELF), 0 },
		{ EXPIRED_AND_NAMED, TLS_VERDICT_BIT(TLS_VERDICT_NAME),
		    TLS_VERDICT_BIT(TLS_VERDICT_NAME) |
			TLS_VERDICT_BIT(TLS_VERDICT_EXPIRED),
		    -EPERM },
		{ EXPIRED_AND_NAMED, ~0u,
		    TLS_VERDICT_BIT(TLS_VERDICT_NAME) |
			TLS_VERDICT_BIT(TLS_VERDICT_EXPIRED),
		    0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows) * 2; i++) {
		size_t row = i / 2;
		struct test t;
		begin(&t, versions[i % 2], rows[row].certificate, false);
		t.handshake.tolerated = rows[row].tolerated;
		shake(&t);
		assert_int_equal(t.error, rows[row].error);
		assert_int_equal(t.handshake.wrong, rows[row].wrong);
		assert_int_equal(t.chain_count, 1);
		if (t.error == 0)
			talk(&t);
		part(&t);
		t.handshake.tolerated = 0;
		shake(&t);
		assert_int_equal(t.error, -EPERM);
		assert_false(t.handshake.resumed);
		part(&t);
		end(&t);
	}
}

static void
what_the_server_brings_from_its_authority(void **state)
{
	static const struct {
		struct saying saying;
		enum tls_verdict verdict;
	} rows[] = {
		{ { true, V_OCSP_CERTSTATUS_GOOD, GOOD, MIDDLE, 0, 0, false },
		    TLS_VERDICT_VALID },
		{ { true, V_OCSP_CERTSTATUS_REVOKED, GOOD, MIDDLE, 0, 0,
		      false },
		    TLS_VERDICT_REVOKED },
		/* It is old, but none is given back. */
		{ { true, V_OCSP_CERTSTATUS_REVOKED, GOOD, MIDDLE, -7200, -3600,
		      false },
		    TLS_VERDICT_REVOKED },
		/* Of another certificate, by another authority, nonsense. */
		{ { true, V_OCSP_CERTSTATUS_REVOKED, DIRECT, MIDDLE, 0, 0,
		      false },
		    TLS_VERDICT_VALID },
		{ { true, V_OCSP_CERTSTATUS_REVOKED, GOOD, STRANGE_ROOT, 0, 0,
		      false },
		    TLS_VERDICT_VALID },
		{ { true, V_OCSP_CERTSTATUS_REVOKED, GOOD, MIDDLE, 0, 0, true },
		    TLS_VERDICT_VALID },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows) * 2; i++) {
		enum tls_verdict verdict = rows[i / 2].verdict;
		bool good = verdict == TLS_VERDICT_VALID;
		struct test t;
		begin(&t, versions[i % 2], GOOD, true);
		t.saying = rows[i / 2].saying;
		shake(&t);
		assert_int_equal(t.error, good ? 0 : -EPERM);
		assert_int_equal(t.handshake.verdict, verdict);
		assert_string_equal(t.handshake.detail,
		    good ? "" : "its issuer has revoked it");
		part(&t);
		t.handshake.tolerated = ~0u;
		shake(&t);
		assert_int_equal(t.error, 0);
		assert_int_equal(t.handshake.verdict, verdict);
		part(&t);
		end(&t);
	}
}

static void
what_is_spoken(void **state)
{
	static const struct {
		unsigned offered;
		const char *servers;
		enum tls_protocol chosen;
	} rows[] = {
		{ 0, "\x02h2\x08http/1.1", TLS_PROTOCOL_HTTP1 },
		{ TLS_PROTOCOL_HTTP1, "\x02h2\x08http/1.1",
		    TLS_PROTOCOL_HTTP1 },
		{ TLS_PROTOCOL_HTTP1 | TLS_PROTOCOL_HTTP2, "\x02h2\x08http/1.1",
		    TLS_PROTOCOL_HTTP2 },
		{ TLS_PROTOCOL_HTTP1 | TLS_PROTOCOL_HTTP2, "\x08http/1.1",
		    TLS_PROTOCOL_HTTP1 },
		{ TLS_PROTOCOL_HTTP2, "\x08http/1.1", TLS_PROTOCOL_NONE },
		{ TLS_PROTOCOL_HTTP2, "\x02h2", TLS_PROTOCOL_HTTP2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows) * 2; i++) {
		struct test t;
		char ours[32];
		begin(&t, versions[i % 2], DIRECT, false);
		(void)snprintf(ours, sizeof(ours), "%s", rows[i / 2].servers);
		SSL_CTX_set_alpn_select_cb(t.server.context, choose, ours);
		t.handshake.protocols = rows[i / 2].offered;
		shake(&t);
		assert_int_equal(t.error, 0);
		assert_int_equal(t.handshake.protocol, rows[i / 2].chosen);
		part(&t);
		end(&t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_with_each),
		cmocka_unit_test(some_of_it_may_be_tolerated),
		cmocka_unit_test(what_the_server_brings_from_its_authority),
		cmocka_unit_test(what_is_spoken),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	make_all();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unmake_all();
	return failed;
}
