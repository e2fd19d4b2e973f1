/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory runs out while the proxy serves: the n-th allocation fails, for n =
 * 1, 2, ... until all goes well.  Each time the client sees an end, and
 * nothing leaks, neither memory nor descriptors.
 *
 * The worker is no thread; client and server are naked sockets, which the
 * test moves between the rounds of the worker's loop.
 */
#include "../net/failing_story.h"

#include "policies.h"
#include "proxy/client.h"
#include "proxy/crowd.h"
#include "proxy/pool.h"
#include "proxy/sessions.h"
#include "proxy/worker.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

#ifndef SANITIZED

/* The parents are the server, whose port is put in. */
static const char text[] = "zone lan = int0 10.0.0.0/24\n"
			   "zone wan = ext0\n"
			   "parent http = http 127.0.0.1:%u\n"
			   "parent socks = socks5 127.0.0.1:%u\n"
			   "proxy { listen 10.0.0.1:3128 for lan }\n"
			   "allow lan -> http.example via http\n"
			   "allow lan -> socks.example via socks\n"
			   "reject lan -> self path \"/no*\" as \"no\"\n"
			   "allow lan -> self\n";

/* A story goes on for so long only if somebody waits in vain. */
#define ROUNDS_MAX 20000

#define SAID_MAX 4096

struct side {
	int fd;
	char said[SAID_MAX]; /* by the proxy */
	size_t len;
	bool over;
};

struct story {
	struct harness h;
	struct worker worker;
	struct pools *pools;
	struct address_port listener, server_at;
	int server_listener;
	struct side client, server;
	const char *answer; /* of the server, to each head; NULL: an echo */
	size_t answered;    /* bytes of the head or the echo before */
	bool speaks_socks;  /* to a greeting, and to each request */
};

static void
begin(struct story *s)
{
	struct resolver_options options = { 0 };
	char policy[600];

	*s = (struct story){ .client.fd = -1, .server.fd = -1 };
	harness_begin(&s->h);
	s->worker.loop = &s->h.loop;
	s->listener = (struct address_port){ address_of("10.0.0.1"), 3128 };
	s->server_listener = listen_somewhere(ADDRESS_IPV4, &s->server_at);
	(void)snprintf(
	    policy, sizeof(policy), text, s->server_at.port, s->server_at.port);
	s->worker.generation = generation_of(policy);
	assert_int_equal(
	    resolver_create(&s->h.loop, &options, &s->worker.resolver), 0);
	s->pools = pools_create();
	assert_non_null(s->pools);
	assert_int_equal(tally_slot_init(&s->worker.tally), 0);
	s->worker.slots = slots_create();
	assert_non_null(s->worker.slots);
	s->worker.crowd = crowd_create(10, "too many");
	assert_non_null(s->worker.crowd);
	s->worker.slow_heads = crowd_create(10, "too slow");
	assert_non_null(s->worker.slow_heads);
	s->worker.pool = pool_create(&s->h.loop, s->pools);
	assert_non_null(s->worker.pool);
	s->worker.sessions = sessions_create(&s->h.loop);
	assert_non_null(s->worker.sessions);
}

static void
end(struct story *s)
{
	while (s->worker.clients != NULL)
		client_destroy(s->worker.clients);
	pool_destroy(&s->worker.pool);
	sessions_destroy(&s->worker.sessions);
	pools_destroy(&s->pools);
	slots_destroy(&s->worker.slots);
	tally_slot_fini(&s->worker.tally);
	crowd_destroy(s->worker.crowd);
	crowd_destroy(s->worker.slow_heads);
	resolver_destroy(&s->worker.resolver);
	proxy_generation_unref(s->worker.generation);
	arena_spare_fini(&s->worker.spare);
	text_fini(&s->worker.scratch);
	(void)close(s->server_listener);
	if (s->client.fd >= 0)
		(void)close(s->client.fd);
	if (s->server.fd >= 0)
		(void)close(s->server.fd);
	harness_end(&s->h);
}

/* ---- the two ends ---- */

static void
hear(struct side *side)
{
	if (side->fd < 0 || side->over)
		return;
	ssize_t n = recv(side->fd, side->said + side->len,
	    SAID_MAX - 1 - side->len, MSG_DONTWAIT);
	if (n > 0)
		side->len += (size_t)n;
	else if (n == 0 || errno != EAGAIN)
		side->over = true;
	side->said[side->len] = '\0';
}

static void
say(struct side *side, const char *words, size_t len)
{
	(void)send(side->fd, words, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
take_server(struct story *s)
{
	struct socket_accepted one;

	if (socket_accept(s->server_listener, &one, 1) != 1)
		return;
	if (s->server.fd >= 0)
		(void)close(s->server.fd);
	s->server = (struct side){ .fd = one.fd };
	s->answered = 0;
}

static void
run_server(struct story *s)
{
	struct side *server = &s->server;

	take_server(s);
	hear(server);
	if (server->fd < 0 || server->len == s->answered)
		return;
	if (s->speaks_socks && s->answered < 3) {
		say(server, "\x05\x00", 2);
		s->answered = 3;
		return;
	}
	if (s->speaks_socks && s->answered == 3) {
		say(server, "\x05\x00\x00\x01\0\0\0\0\0\0", 10);
	} else if (s->answer == NULL) {
		say(server, server->said + s->answered,
		    server->len - s->answered);
	} else if (strstr(server->said + s->answered, "\r\n\r\n") != NULL) {
		say(server, s->answer, strlen(s->answer));
	} else {
		return;
	}
	s->answered = server->len;
}

/* Until the client has heard the words, or a page, or that it is over. */
static void
run_until(struct story *s, const char *words)
{
	int rounds = 0;

	while (!s->client.over && strstr(s->client.said, words) == NULL &&
	       strstr(s->client.said, "</html>") == NULL) {
		harness_round(&s->h);
		run_server(s);
		hear(&s->client);
		assert_true(++rounds < ROUNDS_MAX);
	}
}

/* The client's own end; the worker forgets it. */
static void
hang_up(struct story *s)
{
	int rounds = 0;

	(void)close(s->client.fd);
	s->client.fd = -1;
	if (s->server.fd >= 0)
		(void)shutdown(s->server.fd, SHUT_WR);
	while (s->worker.clients != NULL) {
		harness_round(&s->h);
		run_server(s);
		assert_true(++rounds < ROUNDS_MAX);
	}
}

/* ---- clients ---- */

static struct address_port
peer(void)
{
	return (struct address_port){ address_of("10.0.0.4"), 40000 };
}

static void
connect_explicitly(struct story *s)
{
	int fds[2];

	tcp_pair(fds, 0);
	s->client.fd = fds[0];
	client_create(&s->worker, false, &s->listener, fds[1], peer());
}

/* What was handed over has the server's address as its own. */
static void
connect_intercepted(struct story *s)
{
	s->client.fd =
	    socket_connect(&(struct socket_connect){ .to = s->server_at });
	assert_true(s->client.fd >= 0);
	client_create(&s->worker, true, &s->listener,
	    accept_one_of(s->server_listener), peer());
}

static void
ask(struct story *s, const char *method, const char *path, const char *rest)
{
	char words[SAID_MAX];

	int len = snprintf(words, sizeof(words),
	    "%s http://127.0.0.1:%u%s HTTP/1.1\r\nHost: a\r\n%s", method,
	    s->server_at.port, path, rest);
	say(&s->client, words, (size_t)len);
}

/* ---- stories ---- */

/*
 * Only what the proxy does may fail: not what the test prepares.  Whether it
 * has failed is what the caller looks at afterwards.
 */
static void
play(void (*act)(struct story *s))
{
	long armed = until_failure;
	struct story s;

	until_failure = -1;
	begin(&s);
	until_failure = armed;
	act(&s);
	armed = until_failure;
	until_failure = -1;
	end(&s);
	until_failure = armed;
}

static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
static const char chunks[] =
    "HTTP/1.1 103 Hints\r\nLink: a\r\n\r\n"
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "2\r\nok\r\n0\r\n\r\n";

static void
two_requests(struct story *s)
{
	s->answer = ok;
	connect_explicitly(s);
	ask(s, "GET", "/a%2fb/../c", "\r\n");
	run_until(s, "ok");
	s->client.len = 0;
	s->client.said[0] = '\0';
	ask(s, "GET", "/", "Connection: close\r\n\r\n");
	run_until(s, "ok");
	hang_up(s);
}

/* In two pieces: the first takes a place among those that come slowly. */
static void
slow_head(struct story *s)
{
	int rounds = 0;

	s->answer = ok;
	connect_explicitly(s);
	say(&s->client, "GET http:", 9);
	while (!s->client.over && crowd_count(s->worker.slow_heads) == 0) {
		harness_round(&s->h);
		hear(&s->client);
		assert_true(++rounds < ROUNDS_MAX);
	}
	char words[200];
	int len = snprintf(words, sizeof(words),
	    "//127.0.0.1:%u/ HTTP/1.1\r\nHost: a\r\n\r\n", s->server_at.port);
	say(&s->client, words, (size_t)len);
	run_until(s, "ok");
	assert_int_equal(crowd_count(s->worker.slow_heads), 0);
	hang_up(s);
	assert_int_equal(crowd_count(s->worker.crowd), 0);
}

static void
content_both_ways(struct story *s)
{
	s->answer = chunks;
	connect_explicitly(s);
	ask(s, "POST", "/",
	    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
	run_until(s, "0\r\n\r\n");
	hang_up(s);
}

static void
refusal(struct story *s)
{
	connect_explicitly(s);
	ask(s, "GET", "//no", "\r\n");
	run_until(s, "</html>");
	hang_up(s);
}

static void
fault(struct story *s)
{
	connect_explicitly(s);
	say(&s->client, "GET\n", 4);
	run_until(s, "</html>");
	hang_up(s);
}

static void
tunnel(struct story *s)
{
	char words[200];

	connect_explicitly(s);
	int len = snprintf(words, sizeof(words),
	    "CONNECT 127.0.0.1:%u HTTP/1.1\r\nHost: a\r\n\r\nhello",
	    s->server_at.port);
	say(&s->client, words, (size_t)len);
	run_until(s, "hello");
	hang_up(s);
}

static void
intercepted_tunnel(struct story *s)
{
	connect_intercepted(s);
	say(&s->client, "\x80hello", 6);
	run_until(s, "hello");
	hang_up(s);
}

static void
intercepted_request(struct story *s)
{
	static const char words[] = "GET /a HTTP/1.0\r\n\r\n";

	s->answer = chunks;
	connect_intercepted(s);
	say(&s->client, words, sizeof(words) - 1);
	run_until(s, "ok");
	hang_up(s);
}

static const char open_way[] = "HTTP/1.1 200 OK\r\n\r\nhello";

/* Two of them, the second one on the kept connection. */
static void
via_urls(struct story *s)
{
	static const char words[] =
	    "GET http://http.example/ HTTP/1.1\r\nHost: a\r\n\r\n";

	s->answer = ok;
	connect_explicitly(s);
	for (int i = 0; i < 2; i++) {
		s->client.len = 0;
		s->client.said[0] = '\0';
		say(&s->client, words, sizeof(words) - 1);
		run_until(s, "ok");
	}
	hang_up(s);
}

static void
via_connect(struct story *s)
{
	static const char words[] =
	    "CONNECT http.example:443 HTTP/1.1\r\nVia: 1.1 b\r\n"
	    "Host: a\r\n\r\n";

	s->answer = open_way;
	connect_explicitly(s);
	say(&s->client, words, sizeof(words) - 1);
	run_until(s, "hello");
	hang_up(s);
}

static void
via_socks(struct story *s)
{
	static const char words[] =
	    "GET http://socks.example/ HTTP/1.1\r\nHost: a\r\n\r\n";

	s->answer = ok;
	s->speaks_socks = true;
	connect_explicitly(s);
	say(&s->client, words, sizeof(words) - 1);
	run_until(s, "ok");
	hang_up(s);
}

#define SURVIVES(act)                                                          \
	static void play_##act(void)                                           \
	{                                                                      \
		play(act);                                                     \
	}                                                                      \
	static void act##_survives(void **state)                               \
	{                                                                      \
		(void)state;                                                   \
		fail_each_allocation(play_##act);                              \
	}

SURVIVES(two_requests)
SURVIVES(slow_head)
SURVIVES(content_both_ways)
SURVIVES(refusal)
SURVIVES(fault)
SURVIVES(tunnel)
SURVIVES(intercepted_tunnel)
SURVIVES(intercepted_request)
SURVIVES(via_urls)
SURVIVES(via_connect)
SURVIVES(via_socks)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_requests_survives),
		cmocka_unit_test(slow_head_survives),
		cmocka_unit_test(content_both_ways_survives),
		cmocka_unit_test(refusal_survives),
		cmocka_unit_test(fault_survives),
		cmocka_unit_test(tunnel_survives),
		cmocka_unit_test(intercepted_tunnel_survives),
		cmocka_unit_test(intercepted_request_survives),
		cmocka_unit_test(via_urls_survives),
		cmocka_unit_test(via_connect_survives),
		cmocka_unit_test(via_socks_survives),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
