/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a forwarder knows of its servers, from one policy to the next. */
#include "dns/forwarder.h"
#include "../net/harness.h"
#include "wire.h"

#include <stdio.h>
#include <sys/socket.h>

struct lab {
	struct harness h;
	struct dns_store *store;
	struct dns_forwarder *forwarder;
	struct loop_watch server;
	int deaf; /* takes questions, and answers none */
	struct address_port places[2];
	int waiting;
};

static int
open_socket(struct address_port *ret)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(loopback(ADDRESS_IPV4, 0), &sa);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(socket_local(fd, ret), 0);
	return fd;
}

/* There is no such name, of whatever was asked for. */
static void
answer(struct loop_watch *watch, unsigned ready)
{
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	unsigned char bytes[512];
	ssize_t len = recvfrom(watch->fd, bytes, sizeof(bytes), 0,
	    (struct sockaddr *)&from, &from_len);

	(void)ready;
	assert_true(len > DNS_HEAD_BYTES);
	bytes[2] |= 0x80;
	bytes[3] = 0x80 | DNS_RCODE_NO_NAME;
	assert_int_equal(sendto(watch->fd, bytes, (size_t)len, 0,
			     (struct sockaddr *)&from, from_len),
	    len);
}

static void
use(struct lab *lab, size_t first, size_t count)
{
	struct dns_server_wish wishes[2] = { 0 };

	for (size_t i = 0; i < count; i++)
		wishes[i].at = lab->places[first + i];
	assert_int_equal(dns_forwarder_use(lab->forwarder, wishes, count,
			     (struct dns_ttl_limits){ 0, 3600 }),
	    0);
}

static void
lab_begin(struct lab *lab)
{
	*lab = (struct lab){ .waiting = 0 };
	harness_begin(&lab->h);
	lab->store = dns_store_create(1 << 20);
	lab->forwarder = dns_forwarder_create(&lab->h.loop, lab->store);
	lab->deaf = open_socket(&lab->places[0]);
	lab->server = (struct loop_watch){ .fd = open_socket(&lab->places[1]),
		.wanted = LOOP_READ,
		.fn = answer };
	assert_int_equal(loop_watch_start(&lab->h.loop, &lab->server), 0);
}

static void
lab_end(struct lab *lab)
{
	dns_forwarder_destroy(lab->forwarder);
	dns_store_destroy(lab->store);
	loop_watch_stop(&lab->server);
	(void)close(lab->server.fd);
	(void)close(lab->deaf);
	harness_end(&lab->h);
}

static void
on_answer(struct dns_forward *forward, struct dns_answer *got, bool stale)
{
	struct lab *lab = forward->context;

	assert_false(stale);
	assert_int_equal(got->rcode, DNS_RCODE_NO_NAME);
	if (--lab->waiting == 0)
		loop_stop(&lab->h.loop);
}

static void
ask(struct lab *lab, struct dns_forward *forward, const char *name)
{
	struct dns_query query = { .question =
				       wire_question(name, DNS_TYPE_A) };
	struct dns_key key = dns_key_of(&query);

	*forward = (struct dns_forward){ .fn = on_answer, .context = lab };
	assert_int_equal(dns_forwarder_ask(lab->forwarder, &key, forward), 0);
	lab->waiting++;
}

static int
heard_by_the_deaf(const struct lab *lab)
{
	char bytes[512];
	int count = 0;

	while (recv(lab->deaf, bytes, sizeof(bytes), 0) > 0)
		count++;
	return count;
}

/* So that an apply costs nobody the time in which that is found out. */
static void
who_is_down_is_down_in_the_next_policy(void **state)
{
	struct dns_forward forwards[4];
	struct lab lab;
	char name[32];

	(void)state;
	lab_begin(&lab);
	use(&lab, 0, 2);
	for (int i = 0; i < 3; i++) {
		(void)snprintf(name, sizeof(name), "n%d.example", i);
		ask(&lab, &forwards[i], name);
	}
	harness_run(&lab.h);
	assert_int_equal(heard_by_the_deaf(&lab), 3);
	use(&lab, 0, 2);
	ask(&lab, &forwards[3], "n3.example");
	harness_run(&lab.h);
	assert_int_equal(heard_by_the_deaf(&lab), 0);
	lab_end(&lab);
}

/* Those who wait hear the new servers, and what the old ones say now is no
 * answer any more. */
static void
who_waits_is_moved_to_other_servers(void **state)
{
	struct dns_forward forward;
	struct lab lab;

	(void)state;
	lab_begin(&lab);
	use(&lab, 0, 1);
	ask(&lab, &forward, "moved.example");
	use(&lab, 1, 1);
	harness_run(&lab.h);
	assert_int_equal(heard_by_the_deaf(&lab), 1);
	lab_end(&lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_down_is_down_in_the_next_policy),
		cmocka_unit_test(who_waits_is_moved_to_other_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
