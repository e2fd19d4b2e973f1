/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/dial.h"

#include "policies.h"

#include <sys/socket.h>

struct test {
	struct harness h;
	struct dial dial;
	int called, fd;
	size_t which;
	int descriptors;
};

static void
on_done(struct dial *dial, int fd, size_t which)
{
	struct test *t = dial->context;

	t->called++;
	t->fd = fd;
	t->which = which;
	loop_stop(&t->h.loop);
}

static void
begin(struct test *t)
{
	t->descriptors = open_fds();
	harness_begin(&t->h);
	t->dial = (struct dial){ .fn = on_done, .context = t };
	t->called = 0;
}

static void
end(struct test *t)
{
	if (t->called > 0 && t->fd >= 0)
		(void)close(t->fd);
	harness_end(&t->h);
	assert_int_equal(open_fds(), t->descriptors);
}

static void
dial(struct test *t, struct address_port *servers, size_t count)
{
	dial_start(&t->dial, &t->h.loop, servers, count);
	if (t->called == 0)
		harness_run(&t->h);
	assert_int_equal(t->called, 1);
	assert_null(t->dial.loop);
}

/* Nobody listens there: the port was just given back. */
static struct address_port
closed_port(void)
{
	struct address_port at;

	(void)close(listen_somewhere(ADDRESS_IPV4, &at));
	return at;
}

/* A listener whose queue is full does not answer. */
struct deaf {
	struct address_port at;
	int listener, first;
};

static void
deaf_begin(struct deaf *deaf)
{
	deaf->listener = listen_somewhere(ADDRESS_IPV4, &deaf->at);
	assert_int_equal(listen(deaf->listener, 0), 0);
	deaf->first =
	    socket_connect(&(struct socket_connect){ .to = deaf->at });
	assert_true(deaf->first >= 0);
	while (socket_connect_result(deaf->first) == -EINPROGRESS)
		;
}

static void
deaf_end(struct deaf *deaf)
{
	(void)close(deaf->first);
	(void)close(deaf->listener);
}

static void
one_that_takes_it(void **state)
{
	struct address_port at, peer;
	int listener = listen_somewhere(ADDRESS_IPV4, &at);
	struct test t;

	(void)state;
	begin(&t);
	dial(&t, &at, 1);
	assert_true(t.fd >= 0);
	assert_int_equal(t.which, 0);
	assert_int_equal(socket_peer(t.fd, &peer), 0);
	assert_int_equal(peer.port, at.port);
	end(&t);
	(void)close(listener);
}

static void
the_next_when_one_refuses(void **state)
{
	struct address_port servers[3] = { closed_port(), closed_port() };
	int listener = listen_somewhere(ADDRESS_IPV4, &servers[2]);
	struct test t;

	(void)state;
	begin(&t);
	int64_t before = clock_now();
	dial(&t, servers, 3);
	assert_true(t.fd >= 0);
	assert_int_equal(t.which, 2);
	assert_true(clock_now() - before < PROXY_DIAL_STAGGER);
	end(&t);
	(void)close(listener);
}

static void
all_refuse(void **state)
{
	struct address_port servers[6];
	struct test t;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(servers); i++)
		servers[i] = closed_port();
	begin(&t);
	dial(&t, servers, COUNT_OF(servers));
	assert_int_equal(t.fd, -ECONNREFUSED);
	end(&t);
}

/* Errors that need no packet are passed over within the call. */
static void
addresses_that_cannot_be_tried(void **state)
{
	struct address_port servers[3] = {
		{ address_of("255.255.255.255"), 80 },
		{ address_of("224.0.0.1"), 80 },
	};
	int listener = listen_somewhere(ADDRESS_IPV4, &servers[2]);
	struct test t;

	(void)state;
	begin(&t);
	dial(&t, servers, 3);
	assert_int_equal(t.which, 2);
	end(&t);
	begin(&t);
	dial_start(&t.dial, &t.h.loop, servers, 2);
	assert_int_equal(t.called, 1);
	assert_true(t.fd < 0);
	end(&t);
	begin(&t);
	dial_start(&t.dial, &t.h.loop, servers, 0);
	assert_int_equal(t.called, 1);
	assert_int_equal(t.fd, -EADDRNOTAVAIL);
	end(&t);
	(void)close(listener);
}

static void
the_next_when_one_is_deaf(void **state)
{
	struct address_port servers[2];
	int listener = listen_somewhere(ADDRESS_IPV4, &servers[1]);
	struct deaf deaf;
	struct test t;

	(void)state;
	deaf_begin(&deaf);
	servers[0] = deaf.at;
	begin(&t);
	int64_t before = clock_now();
	dial(&t, servers, 2);
	assert_int_equal(t.which, 1);
	assert_true(clock_now() - before >= PROXY_DIAL_STAGGER);
	end(&t);
	deaf_end(&deaf);
	(void)close(listener);
}

/* More are deaf than may be tried at once; the last one waits in vain. */
static void
all_are_deaf(void **state)
{
	struct address_port servers[PROXY_DIAL_ATTEMPTS_MAX + 1];
	struct deaf deaf;
	struct test t;

	(void)state;
	deaf_begin(&deaf);
	for (size_t i = 0; i < COUNT_OF(servers); i++)
		servers[i] = deaf.at;
	begin(&t);
	dial_start(&t.dial, &t.h.loop, servers, COUNT_OF(servers));
	t.dial.deadline = clock_now() + 5 * PROXY_DIAL_STAGGER;
	harness_run(&t.h);
	assert_int_equal(t.called, 1);
	assert_int_equal(t.fd, -ETIMEDOUT);
	assert_int_equal(t.dial.next, PROXY_DIAL_ATTEMPTS_MAX);
	end(&t);
	deaf_end(&deaf);
}

/* Addresses that come later: those of the other family come next. */
static void
more_of_them_on_the_way(void **state)
{
	struct address_port servers[4];
	struct deaf deaf;
	struct test t;

	(void)state;
	deaf_begin(&deaf);
	servers[0] = servers[1] = servers[2] = deaf.at;
	int listener = listen_somewhere(ADDRESS_IPV6, &servers[3]);
	begin(&t);
	dial_start(&t.dial, &t.h.loop, servers, 1);
	int64_t before = clock_now();
	dial_more(&t.dial, 4);
	harness_run(&t.h);
	assert_int_equal(t.called, 1);
	assert_true(t.fd >= 0);
	assert_int_equal(t.which, 1);
	assert_int_equal(servers[1].address.family, ADDRESS_IPV6);
	assert_int_equal(servers[3].address.family, ADDRESS_IPV4);
	assert_true(clock_now() - before >= PROXY_DIAL_STAGGER - 10 * CLOCK_MS);
	assert_true(clock_now() - before < 2 * PROXY_DIAL_STAGGER);
	end(&t);
	(void)close(listener);
	deaf_end(&deaf);
}

static void
a_cancelled_dial_is_silent(void **state)
{
	struct address_port servers[2];
	int listener = listen_somewhere(ADDRESS_IPV4, &servers[1]);
	struct deaf deaf;
	struct test t;

	(void)state;
	deaf_begin(&deaf);
	servers[0] = deaf.at;
	begin(&t);
	dial_cancel(&t.dial);
	dial_start(&t.dial, &t.h.loop, servers, 2);
	dial_cancel(&t.dial);
	dial_cancel(&t.dial);
	harness_run_for(&t.h, PROXY_DIAL_STAGGER + 50 * CLOCK_MS);
	assert_int_equal(t.called, 0);
	end(&t);
	deaf_end(&deaf);
	(void)close(listener);
}

/* ---- from a client's address ---- */

static uint32_t wanted;

static int
want(uint32_t number, int client)
{
	wanted = number;
	assert_int_equal(client, 7);
	return 0;
}

/* A socket that has the address, as gatehoused would send it. */
static int
source_at(const char *address)
{
	struct address_port at = { .address = address_of(address) };
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(at, &sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	return fd;
}

/* What comes of it if this is the answer; 0: there is none. */
static void
dial_from_client(struct test *t, struct address_port *server, int answer)
{
	struct sources *sources = sources_create(want, NULL);

	t->dial.sources = sources;
	t->dial.client = 7;
	t->dial.from4 = address_of("127.0.0.2");
	dial_start(&t->dial, &t->h.loop, server, 1);
	assert_int_equal(t->called, 0);
	if (answer != 0)
		sources_answer(sources, wanted, answer);
	else
		t->dial.deadline = clock_now();
	harness_run(&t->h);
	assert_int_equal(t->called, 1);
	sources_destroy(&sources);
}

static void
from_the_clients_address_or_not_at_all(void **state)
{
	struct address_port server, peer;
	int listener = listen_somewhere(ADDRESS_IPV4, &server);
	struct socket_accepted accepted;
	struct test t;

	(void)state;
	begin(&t);
	dial_from_client(&t, &server, source_at("127.0.0.2"));
	assert_true(t.fd >= 0);
	assert_int_equal(socket_local(t.fd, &peer), 0);
	assert_true(address_eq(peer.address, address_of("127.0.0.2")));
	end(&t);
	assert_int_equal(socket_accept(listener, &accepted, 1), 1);
	(void)close(accepted.fd);
	const int answers[] = { source_at("127.0.0.3"), -EPERM, 0 };
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		begin(&t);
		t.descriptors -= i == 0;
		dial_from_client(&t, &server, answers[i]);
		assert_int_equal(t.fd, DIAL_NO_SOURCE);
		end(&t);
	}
	assert_int_equal(socket_accept(listener, &accepted, 1), 0);
	(void)close(listener);
}

static void
a_cancelled_dial_takes_no_source(void **state)
{
	struct sources *sources = sources_create(want, NULL);
	struct address_port server;
	int listener = listen_somewhere(ADDRESS_IPV4, &server);
	struct test t;

	(void)state;
	begin(&t);
	t.dial.sources = sources;
	t.dial.client = 7;
	t.dial.from4 = address_of("127.0.0.2");
	dial_start(&t.dial, &t.h.loop, &server, 1);
	sources_answer(sources, wanted, source_at("127.0.0.2"));
	dial_cancel(&t.dial);
	loop_deliver(&t.h.loop);
	assert_int_equal(t.called, 0);
	end(&t);
	sources_destroy(&sources);
	(void)close(listener);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_takes_it),
		cmocka_unit_test(the_next_when_one_refuses),
		cmocka_unit_test(all_refuse),
		cmocka_unit_test(addresses_that_cannot_be_tried),
		cmocka_unit_test(the_next_when_one_is_deaf),
		cmocka_unit_test(all_are_deaf),
		cmocka_unit_test(more_of_them_on_the_way),
		cmocka_unit_test(a_cancelled_dial_is_silent),
		cmocka_unit_test(from_the_clients_address_or_not_at_all),
		cmocka_unit_test(a_cancelled_dial_takes_no_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
