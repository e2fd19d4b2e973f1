/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's interfaces and addresses, and the news that they changed. */
#include "firewall/addresses.h"

#include "namespace.h"

#include <poll.h>
#include <sys/socket.h>

static struct addresses
read_now(void)
{
	struct addresses now = ADDRESSES_EMPTY;
	struct text why = TEXT_EMPTY;
	int rc = addresses_read(&now, &why);

	if (rc != 0)
		fail_msg("%d: %s", rc, why.at);
	assert_int_equal(why.len, 0);
	text_fini(&why);
	return now;
}

static int
end(void **state)
{
	(void)state;
	if (namespace_is_ours)
		shell("ip link del v0 2>/dev/null || :");
	return 0;
}

/* How often "INTERFACE ADDRESS/BITS" with or without "broadcast" is there. */
static size_t
find(const struct addresses *all, const char *line)
{
	size_t count = 0;

	for (size_t i = 0; i < all->addresses.count; i++) {
		const struct host_address *one = &all->addresses.items[i];
		char text[ADDRESS_TEXT_BYTES], got[128];
		(void)snprintf(got, sizeof(got), "%s %s/%u%s",
		    one->interface_name, address_format(one->address, text),
		    one->prefix_bits, one->is_broadcast ? " broadcast" : "");
		count += strcmp(got, line) == 0;
	}
	return count;
}

static const struct host_interface *
interface_of(const struct addresses *all, const char *name)
{
	return addresses_find_interface(all, str_of(name));
}

static void
reads_interfaces(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	shell("ip link add v0 type veth peer name v1 && ip link set v0 up");
	struct addresses all = read_now();
	assert_int_equal(all.interfaces.count, 3);
	assert_true(interface_of(&all, "lo")->is_loopback);
	assert_true(interface_of(&all, "lo")->is_up);
	assert_true(interface_of(&all, "v0")->is_up);
	assert_false(interface_of(&all, "v0")->is_loopback);
	assert_false(interface_of(&all, "v1")->is_up);
	assert_int_equal(interface_of(&all, "v1")->index, if_nametoindex("v1"));
	assert_null(interface_of(&all, "v2"));
	assert_null(interface_of(&all, "v"));
	addresses_fini(&all);
}

static void
reads_addresses(void **state)
{
	static const char *const expected[] = {
		"lo 127.0.0.1/8",
		"lo 127.255.255.255/8 broadcast",
		"lo ::1/128",
		"v0 10.0.0.1/24",
		"v0 10.0.0.255/24 broadcast",
		"v0 10.0.1.1/24",
		"v0 10.0.1.255/24 broadcast",
		"v0 192.0.2.1/31",
		"v0 192.0.2.9/32",
		"v0 198.51.100.1/28",
		"v0 198.51.100.15/28 broadcast",
		"v0 198.51.100.12/28 broadcast",
		"v0 2001:db8:1::1/64",
	};
	size_t count = sizeof(expected) / sizeof(expected[0]);

	(void)state;
	NEED_NAMESPACE();
	shell("ip link add v0 type veth peer name v1 && "
	      "ip addr add 10.0.0.1/24 dev v0 && "
	      "ip addr add 10.0.1.1/24 brd + dev v0 && "
	      "ip addr add 192.0.2.1/31 dev v0 && "
	      "ip addr add 192.0.2.9 peer 192.0.2.10/32 dev v0 && "
	      "ip addr add 198.51.100.1/28 brd 198.51.100.12 dev v0 && "
	      "ip addr add 2001:db8:1::1/64 dev v0 nodad");
	struct addresses all = read_now();
	for (size_t i = 0; i < count; i++)
		if (find(&all, expected[i]) != 1)
			fail_msg(
			    "%s: %zu", expected[i], find(&all, expected[i]));
	assert_int_equal(all.addresses.count, count);
	addresses_fini(&all);
}

/* Duplicate address detection must see another host with our address. */
static void
leaves_out_an_address_that_another_host_has(void **state)
{
	struct pollfd poll_fd = { .events = POLLIN };
	struct text why = TEXT_EMPTY;
	struct addresses all = ADDRESSES_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	shell("ip link add v0 type veth peer name v1 && "
	      "ip link set v0 up && ip link set v1 up && "
	      "ip addr add 2001:db8:1::1/64 dev v1 nodad");
	poll_fd.fd = addresses_monitor_open(&why);
	shell("ip addr add 2001:db8:1::1/64 dev v0");
	struct text shown = TEXT_EMPTY;
	do {
		assert_int_equal(poll(&poll_fd, 1, 10000), 1);
		assert_int_equal(addresses_monitor_read(poll_fd.fd), 1);
		shell_read(&shown, "ip -6 addr show dev v0");
	} while (!text_has(&shown, "dadfailed"));
	all = read_now();
	assert_int_equal(find(&all, "v0 2001:db8:1::1/64"), 0);
	assert_int_equal(find(&all, "v1 2001:db8:1::1/64"), 1);
	addresses_fini(&all);
	text_fini(&shown);
	text_fini(&why);
	(void)close(poll_fd.fd);
}

static void
reads_again_into_the_same(void **state)
{
	struct addresses all;
	struct text why = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	all = read_now();
	assert_int_equal(all.interfaces.count, 1);
	shell("ip link add v0 type veth peer name v1");
	assert_int_equal(addresses_read(&all, &why), 0);
	assert_int_equal(all.interfaces.count, 3);
	addresses_fini(&all);
	text_fini(&why);
}

static void
compares_by_what_matters(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	shell("ip link add v0 type veth peer name v1 && "
	      "ip addr add 10.0.0.1/24 dev v0");
	struct addresses before = read_now(), same = read_now();
	assert_true(addresses_eq(&before, &same));
	static const char *const changes[] = {
		"ip link set v0 up",
		"ip link set v1 name v2",
		"ip addr add 10.0.0.2/24 dev v0",
		"ip addr del 10.0.0.2/24 dev v0 && "
		"ip addr add 10.0.0.2/25 dev v0",
		"ip addr del 10.0.0.2/25 dev v0 && "
		"ip addr add 10.0.0.2/25 dev v2",
		"ip link add v8 type veth peer name v9",
	};
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		shell(changes[i]);
		struct addresses after = read_now();
		assert_false(addresses_eq(&before, &after));
		addresses_fini(&before);
		before = after;
	}
	shell("ip link del v8");
	addresses_fini(&before);
	addresses_fini(&same);
}

/*
 * As the daemon's loop does it: the monitor speaks, all is read again, and
 * sooner or later it differs.  IPv6 addresses are told of a moment later.
 */
static void
await_change(int fd, struct addresses *known)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	bool same = true;

	while (same) {
		assert_int_equal(poll(&poll_fd, 1, 5000), 1);
		assert_int_equal(addresses_monitor_read(fd), 1);
		struct addresses now = read_now();
		same = addresses_eq(known, &now);
		addresses_fini(known);
		*known = now;
	}
}

static void
tells_of_every_change(void **state)
{
	static const char *const changes[] = {
		"ip link add v0 type veth peer name v1",
		"ip link set v0 up",
		"ip addr add 10.0.0.1/24 dev v0",
		"ip addr add 2001:db8:1::1/64 dev v0 nodad",
		"ip addr del 10.0.0.1/24 dev v0",
		"ip link set v0 down",
		"ip link del v0",
	};
	struct text why = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	int fd = addresses_monitor_open(&why);
	assert_true(fd >= 0);
	assert_int_equal(addresses_monitor_read(fd), 0);
	struct addresses known = read_now();
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		shell(changes[i]);
		await_change(fd, &known);
	}
	assert_int_equal(known.interfaces.count, 1);
	addresses_fini(&known);
	(void)close(fd);
	text_fini(&why);
}

/* More news than the socket holds: one error, and read again as ever. */
static void
outlives_an_overflow(void **state)
{
	struct text why = TEXT_EMPTY;
	int least = 1;
	char byte;

	(void)state;
	NEED_NAMESPACE();
	int fd = addresses_monitor_open(&why);
	assert_true(fd >= 0);
	assert_int_equal(
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
	shell("ip link add v0 type veth peer name v1; for i in $(seq 100); do "
	      "echo addr add 10.0.0.$i/24 dev v0; done | ip -batch -");
	assert_int_equal(recv(fd, &byte, 1, MSG_PEEK), -1);
	assert_int_equal(errno, ENOBUFS);
	assert_int_equal(addresses_monitor_read(fd), 1);
	assert_int_equal(addresses_monitor_read(fd), 0);
	shell("ip link set v0 up");
	assert_int_equal(addresses_monitor_read(fd), 1);
	/* And an overflow alone, with its error not yet taken. */
	shell("for i in $(seq 100); do echo addr add 10.9.0.$i/32 dev v0; "
	      "done | ip -batch -");
	assert_int_equal(addresses_monitor_read(fd), 1);
	(void)close(fd);
	text_fini(&why);
}

/* Dumps that change while they are read are asked for again. */
static void
reads_while_all_changes(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	shell("ip link add v0 type veth peer name v1; for i in $(seq 250); do "
	      "echo addr add 10.1.0.$i/16 dev v0; done | ip -batch -");
	shell("( for j in 1 2 3 4 5 6 7 8; do "
	      "for i in $(seq 200); do echo addr add 10.2.$j.$i/32 dev v0; "
	      "done | ip -batch - ; done ) >/dev/null 2>&1 &");
	struct addresses all = ADDRESSES_EMPTY;
	do {
		addresses_fini(&all);
		all = read_now();
		for (int i = 1; i <= 250; i++) {
			char line[64];
			(void)snprintf(
			    line, sizeof(line), "v0 10.1.0.%d/16", i);
			assert_int_equal(find(&all, line), 1);
		}
	} while (find(&all, "v0 10.2.8.200/32") == 0);
	addresses_fini(&all);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, end)
	const struct CMUnitTest tests[] = {
		TEST(reads_interfaces),
		TEST(reads_addresses),
		TEST(leaves_out_an_address_that_another_host_has),
		TEST(reads_again_into_the_same),
		TEST(compares_by_what_matters),
		TEST(tells_of_every_change),
		TEST(outlives_an_overflow),
		TEST(reads_while_all_changes),
	};
#undef TEST

	return cmocka_run_group_tests(tests, namespace_setup, NULL);
}
