/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection of this host is broken off, no other one, and no listener. */
#include "firewall/socket_end.h"

#include "namespace.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct pair {
	int client, server;
	struct address_port ours, peer; /* as the client has them */
};

static struct address_port
name_of(int fd, int (*get)(int, struct sockaddr *restrict, socklen_t *restrict))
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);

	assert_int_equal(get(fd, (struct sockaddr *)&name, &len), 0);
	return address_from_sockaddr((struct sockaddr *)&name);
}

static int
listen_at(const char *address)
{
	struct address_port at = { .port = 0 };
	struct sockaddr_storage name;

	assert_int_equal(address_parse(str_of(address), &at.address), 0);
	socklen_t len = address_to_sockaddr(at, &name);
	int listener = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&name, len), 0);
	assert_int_equal(listen(listener, 8), 0);
	return listener;
}

/* address: where a client finds the listener. */
static struct pair
connect_to(int listener, const char *address)
{
	struct address_port at = name_of(listener, getsockname);
	struct sockaddr_storage name;
	struct pair pair;

	assert_int_equal(address_parse(str_of(address), &at.address), 0);
	socklen_t len = address_to_sockaddr(at, &name);
	pair.client = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
	    connect(pair.client, (struct sockaddr *)&name, len), 0);
	pair.server = accept(listener, NULL, NULL);
	assert_true(pair.server >= 0);
	pair.ours = name_of(pair.client, getsockname);
	pair.peer = name_of(pair.client, getpeername);
	return pair;
}

static void
close_pair(struct pair *pair)
{
	(void)close(pair->client);
	(void)close(pair->server);
}

static void
assert_broken(int fd, int error)
{
	char byte;

	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, error);
}

static void
assert_carries(const struct pair *pair)
{
	char byte = 'x';

	assert_int_equal(send(pair->client, &byte, 1, 0), 1);
	assert_int_equal(recv(pair->server, &byte, 1, 0), 1);
}

static void
breaks_off_one(const char *address)
{
	int listener = listen_at(address);
	struct pair ended = connect_to(listener, address);
	struct pair other = connect_to(listener, address);

	(void)close(listener);
	int rc = socket_end(ended.ours, ended.peer);
	if (rc == -EOPNOTSUPP)
		skip(); /* a kernel without it */
	assert_int_equal(rc, 0);
	assert_broken(ended.client, ECONNABORTED);
	assert_broken(ended.server, ECONNRESET);
	assert_carries(&other);
	assert_int_equal(socket_end(ended.ours, ended.peer), -ENOENT);
	close_pair(&other);
	close_pair(&ended);
}

static void
breaks_off_one_of_ipv4(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	breaks_off_one("127.0.0.1");
}

static void
breaks_off_one_of_ipv6(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	breaks_off_one("::1");
}

/* A listener at every address of both families takes one of IPv4. */
static void
breaks_off_ipv4_in_a_socket_of_ipv6(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	int listener = listen_at("::");
	struct pair ended = connect_to(listener, "127.0.0.1");

	int rc = socket_end(ended.peer, ended.ours);
	if (rc == -EOPNOTSUPP)
		skip();
	assert_int_equal(rc, 0);
	assert_broken(ended.server, ECONNABORTED);
	struct pair next = connect_to(listener, "127.0.0.1");
	close_pair(&next);
	close_pair(&ended);
	(void)close(listener);
}

enum way_to_go {
	CLIENT_FIRST,
	SERVER_FIRST,
	BY_RESET
};

static void
go(struct pair *pair, enum way_to_go way)
{
	struct linger at_once = { .l_onoff = 1 };

	if (way == BY_RESET)
		assert_int_equal(setsockopt(pair->client, SOL_SOCKET, SO_LINGER,
				     &at_once, sizeof(at_once)),
		    0);
	(void)close(way == SERVER_FIRST ? pair->server : pair->client);
	(void)close(way == SERVER_FIRST ? pair->client : pair->server);
}

/* For the kernel, the socket that listens is the next best to be ended. */
static void
leaves_the_listener_of_one_that_has_gone(void **state)
{
	static const struct {
		const char *listens, *address;
	} rows[] = {
		{ "127.0.0.1", "127.0.0.1" },
		{ "0.0.0.0", "127.0.0.1" },
		{ "::1", "::1" },
		{ "::", "::1" },
		{ "::", "127.0.0.1" },
	};

	(void)state;
	NEED_NAMESPACE();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int listener = listen_at(rows[i].listens);
		for (enum way_to_go way = CLIENT_FIRST; way <= BY_RESET;
		     way++) {
			struct pair gone =
			    connect_to(listener, rows[i].address);
			go(&gone, way);
			assert_int_equal(
			    socket_end(gone.peer, gone.ours), -ENOENT);
			struct pair next =
			    connect_to(listener, rows[i].address);
			assert_carries(&next);
			close_pair(&next);
		}
		(void)close(listener);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(breaks_off_one_of_ipv4),
		cmocka_unit_test(breaks_off_one_of_ipv6),
		cmocka_unit_test(breaks_off_ipv4_in_a_socket_of_ipv6),
		cmocka_unit_test(leaves_the_listener_of_one_that_has_gone),
	};

	return cmocka_run_group_tests(tests, namespace_setup, NULL);
}
