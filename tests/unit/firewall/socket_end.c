/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection of this host is broken off, and no other one. */
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

static struct pair
connect_to(const char *address)
{
	struct address_port at = { .port = 0 };
	struct sockaddr_storage name;
	struct pair pair;

	assert_int_equal(address_parse(str_of(address), &at.address), 0);
	socklen_t len = address_to_sockaddr(at, &name);
	int listener = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&name, len), 0);
	assert_int_equal(listen(listener, 8), 0);
	len = sizeof(name);
	assert_int_equal(
	    getsockname(listener, (struct sockaddr *)&name, &len), 0);
	pair.client = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
	    connect(pair.client, (struct sockaddr *)&name, len), 0);
	pair.server = accept(listener, NULL, NULL);
	assert_true(pair.server >= 0);
	pair.ours = name_of(pair.client, getsockname);
	pair.peer = name_of(pair.client, getpeername);
	(void)close(listener);
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
breaks_off_one(const char *address)
{
	struct pair ended = connect_to(address), other = connect_to(address);
	char byte = 'x';

	int rc = socket_end(ended.ours, ended.peer);
	if (rc == -EOPNOTSUPP)
		skip(); /* a kernel without it */
	assert_int_equal(rc, 0);
	assert_broken(ended.client, ECONNABORTED);
	assert_broken(ended.server, ECONNRESET);
	assert_int_equal(send(other.client, &byte, 1, 0), 1);
	assert_int_equal(recv(other.server, &byte, 1, 0), 1);
	assert_int_equal(socket_end(ended.ours, ended.peer), -ENOENT);
	close_pair(&ended);
	close_pair(&other);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(breaks_off_one_of_ipv4),
		cmocka_unit_test(breaks_off_one_of_ipv6),
	};

	return cmocka_run_group_tests(tests, namespace_setup, NULL);
}
