/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose address gatehoused gives away: that of a client whose connection was
 * handed over, where the policy keeps it, and no other, whatever it is shown.
 */
#include "daemon/client_source.h"

#include "../firewall/namespace.h"
#include "net/socket.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>

static char policy_text[] = "zone lan   = int0 10.0.0.0/24 2001:db8:1::/64\n"
			    "zone guest = int1 10.0.9.0/24\n"
			    "zone wan   = ext0\n"
			    "proxy {\n"
			    "intercept tcp 80 for lan keep source\n"
			    "intercept tcp 80 for guest\n"
			    "intercept tcp 81 for lan\n"
			    "intercept udp 443 for lan quic\n"
			    "intercept udp 444 for lan\n"
			    "}\n"
			    "allow lan, guest -> wan\n";

static int
read_text(void *context, const char *path, size_t bytes_max, struct text *ret)
{
	(void)path;
	(void)bytes_max;
	text_addz(ret, context);
	return 0;
}

static struct policy *
read_policy(void)
{
	struct policy_loader loader = { .read = read_text,
		.context = policy_text };
	struct policy *policy = NULL, *kept = NULL;
	struct report report;

	report_init(&report);
	assert_int_equal(
	    policy_load("test.policy", &loader, &report, &policy, &kept), 0);
	report_fini(&report);
	policy_unref(kept);
	return policy;
}

static struct address_port
place(const char *text, uint16_t port)
{
	struct address_port at = { .port = port };

	assert_int_equal(address_parse(str_of(text), &at.address), 0);
	return at;
}

/* A client, and its connection as the proxy has it. */
struct handed {
	int listener, client, fd;
};

static struct handed
hand_over(const char *from, const char *to, uint16_t port, bool transparent)
{
	struct socket_listen listen = { .at = place(to, port),
		.transparent = transparent };
	struct socket_connect connect = { .from = place(from, 0),
		.to = listen.at };
	struct socket_accepted accepted;
	struct handed handed = { .listener = socket_listen(&listen) };

	assert_true(handed.listener >= 0);
	handed.client = socket_connect(&connect);
	assert_true(handed.client >= 0);
	struct pollfd readable = { .fd = handed.listener, .events = POLLIN };
	assert_int_equal(poll(&readable, 1, 5000), 1);
	assert_int_equal(socket_accept(handed.listener, &accepted, 1), 1);
	handed.fd = accepted.fd;
	return handed;
}

static void
let_go(struct handed *handed)
{
	(void)close(handed->fd);
	(void)close(handed->client);
	(void)close(handed->listener);
}

static int
setup(void **state)
{
	int rc = namespace_setup(state);

	if (!namespace_is_ours)
		return rc;
	/* The kernel's own routes to the addresses of IPv6 come later. */
	shell("ip addr add 10.0.0.4/32 dev lo; ip addr add 10.0.9.4/32 dev lo;"
	      "ip addr add 203.0.113.80/32 dev lo;"
	      "ip addr add 2001:db8:1::4/128 dev lo nodad;"
	      "ip addr add 2001:db8:f::80/128 dev lo nodad;"
	      "ip -6 route add local 2001:db8::/32 dev lo");
	*state = read_policy();
	return 0;
}

static int
teardown(void **state)
{
	if (namespace_is_ours)
		policy_unref(*state);
	return 0;
}

/* Whoever has it can change neither address nor port. */
static void
assert_fixed(int fd, struct address_port other)
{
	struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(other, &sa);

	for (int i = 0; i < 2; i++) {
		assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), -1);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(socket_connect_on(fd, other), 0);
		assert_int_equal(connect(fd, &nowhere, sizeof(nowhere)), 0);
	}
}

static void
the_clients_own(void **state)
{
	static const char *const pairs[][2] = {
		{ "10.0.0.4", "203.0.113.80" },
		{ "2001:db8:1::4", "2001:db8:f::80" },
	};

	NEED_NAMESPACE();
	for (size_t i = 0; i < 2; i++) {
		struct handed handed =
		    hand_over(pairs[i][0], pairs[i][1], 80, true);
		int fd = client_source_make(*state, handed.fd);
		struct address_port at;
		assert_true(fd >= 0);
		assert_int_equal(socket_local(fd, &at), 0);
		assert_true(
		    address_eq(at.address, place(pairs[i][0], 0).address));
		assert_in_range(at.port, FIREWALL_KEPT_PORT,
		    FIREWALL_KEPT_PORT + FIREWALL_KEPT_PORTS - 1);
		assert_true(socket_is_transparent(fd));
		assert_int_equal(socket_peer(fd, &at), -ENOTCONN);
		assert_fixed(fd, place(pairs[i][1], 80));
		(void)close(fd);
		let_go(&handed);
	}
}

static void
assert_refused(const struct policy *policy, int fd)
{
	assert_int_equal(client_source_make(policy, fd), -EPERM);
}

static void
what_is_no_handed_over_client(void **state)
{
	NEED_NAMESPACE();
	struct handed handed = hand_over("10.0.0.4", "203.0.113.80", 80, true);
	int one = 1, ends[2];
	int datagrams = socket(AF_INET, SOCK_DGRAM, 0);

	assert_refused(*state, handed.client);
	assert_refused(*state, handed.listener);
	assert_int_equal(setsockopt(datagrams, IPPROTO_IP, IP_TRANSPARENT, &one,
			     sizeof(one)),
	    0);
	assert_refused(*state, datagrams);
	assert_int_equal(socket_pair(ends), 0);
	assert_refused(*state, ends[0]);
	assert_refused(*state, -1);
	let_go(&handed);
	handed = hand_over("10.0.0.4", "203.0.113.80", 80, false);
	assert_refused(*state, handed.fd);
	let_go(&handed);
	(void)close(datagrams);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void
whose_source_is_not_kept(void **state)
{
	NEED_NAMESPACE();
	struct handed guest = hand_over("10.0.9.4", "203.0.113.80", 80, true);
	struct handed other = hand_over("10.0.0.4", "203.0.113.80", 81, true);
	struct handed wan = hand_over("203.0.113.80", "10.0.0.4", 80, true);

	assert_refused(*state, guest.fd);
	assert_refused(*state, other.fd);
	assert_refused(*state, wan.fd);
	let_go(&guest);
	let_go(&other);
	let_go(&wan);
}

/* Where anybody may have any address. */
static void
of_another_namespace(void **state)
{
	NEED_NAMESPACE();
	int here = namespace_current(), there = namespace_create();

	namespace_go(there);
	shell("ip addr add 10.0.0.4/32 dev lo;"
	      "ip addr add 203.0.113.80/32 dev lo");
	struct handed handed = hand_over("10.0.0.4", "203.0.113.80", 80, true);
	namespace_go(here);
	assert_refused(*state, handed.fd);
	let_go(&handed);
	(void)close(here);
	(void)close(there);
}

static int
stand(const struct policy *policy, const char *client, const char *server,
    uint16_t port)
{
	struct firewall_own own = { place("10.0.0.1", 0).address, 0 };
	/* The policy is lent. */
	struct generation generation = {
		.policy = policy_ref((struct policy *)(uintptr_t)policy)
	};
	const struct channel_stand wish = { 7, place(client, 40000),
		place(server, port) };

	generation.own.items = &own;
	generation.own.count = 1;
	int fd = client_source_stand(&generation, &wish);
	policy_unref(generation.policy);
	return fd;
}

/* What it sends comes from the server, and only its client's datagrams come. */
static void
one_that_stands_for_a_server(void **state)
{
	static const char *const pairs[][2] = {
		{ "10.0.0.4", "203.0.113.80" },
		{ "2001:db8:1::4", "2001:db8:f::80" },
	};

	NEED_NAMESPACE();
	for (size_t i = 0; i < 2; i++) {
		int fd = stand(*state, pairs[i][0], pairs[i][1], 443);
		int second = stand(*state, pairs[i][0], pairs[i][1], 443);
		struct address_port at;
		assert_true(fd >= 0);
		assert_true(second >= 0);
		assert_int_equal(socket_local(fd, &at), 0);
		assert_true(
		    address_eq(at.address, place(pairs[i][1], 0).address));
		assert_int_equal(at.port, 443);
		assert_int_equal(socket_peer(fd, &at), 0);
		assert_true(
		    address_eq(at.address, place(pairs[i][0], 0).address));
		assert_int_equal(at.port, 40000);
		(void)close(fd);
		(void)close(second);
	}
}

/* Where QUIC is not handed over, or to whom, or by whom. */
static void
one_that_stands_for_nobody(void **state)
{
	static const struct {
		const char *client, *server;
		uint16_t port;
	} rows[] = {
		{ "10.0.0.4", "203.0.113.80", 444 },
		{ "10.0.0.4", "203.0.113.80", 80 },
		{ "10.0.9.4", "203.0.113.80", 443 },
		{ "203.0.113.80", "10.0.0.4", 443 },
		{ "10.0.0.4", "10.0.0.1", 443 },
		{ "10.0.0.1", "203.0.113.80", 443 },
		{ "10.0.0.4", "127.0.0.1", 443 },
		{ "127.0.0.1", "203.0.113.80", 443 },
	};

	NEED_NAMESPACE();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
		    stand(*state, rows[i].client, rows[i].server, rows[i].port),
		    -EPERM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clients_own),
		cmocka_unit_test(what_is_no_handed_over_client),
		cmocka_unit_test(whose_source_is_not_kept),
		cmocka_unit_test(of_another_namespace),
		cmocka_unit_test(one_that_stands_for_a_server),
		cmocka_unit_test(one_that_stands_for_nobody),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
