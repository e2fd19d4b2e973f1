/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy route of the hand-over: there once, or not at all. */
#include "firewall/routes.h"

#include "namespace.h"

#define RULES6 "ip -6 rule show"
#define RULES4 "ip -4 rule show"
#define ROUTE4 "ip -4 route show table 26472 2>/dev/null || :"
#define ROUTE6 "ip -6 route show table 26472 2>/dev/null || :"

#define OUR_RULE "200:\tfrom all fwmark 0x1000000/0x1000000 lookup 26472"

static size_t
occurrences(const char *command, const char *words)
{
	struct text said = TEXT_EMPTY;

	shell_read(&said, command);
	size_t count = text_occurrences(&said, words);
	text_fini(&said);
	return count;
}

static void
assert_routes(size_t ipv4, size_t ipv6)
{
	assert_int_equal(occurrences(RULES4, OUR_RULE), ipv4);
	assert_int_equal(occurrences(RULES4, "26472"), ipv4);
	assert_int_equal(occurrences(ROUTE4, "local default dev lo"), ipv4);
	assert_int_equal(occurrences(ROUTE4, "\n"), ipv4);
	assert_int_equal(occurrences(RULES6, OUR_RULE), ipv6);
	assert_int_equal(occurrences(RULES6, "26472"), ipv6);
	assert_int_equal(occurrences(ROUTE6, "local default dev lo"), ipv6);
	assert_int_equal(occurrences(ROUTE6, "\n"), ipv6);
}

static void
good(int rc, struct text *why)
{
	if (rc != 0)
		fail_msg("%d: %s", rc, why->at);
	assert_int_equal(why->len, 0);
}

static int
end(void **state)
{
	struct text why = TEXT_EMPTY;

	(void)state;
	if (!namespace_is_ours)
		return 0;
	good(routes_remove(&why), &why);
	assert_routes(0, 0);
	text_fini(&why);
	return 0;
}

static void
installs_once_however_often(void **state)
{
	struct text why = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	assert_routes(0, 0);
	for (int i = 0; i < 3; i++) {
		good(routes_install(&why), &why);
		assert_routes(1, 1);
	}
	text_fini(&why);
}

static size_t
local(const char *command)
{
	return occurrences(command, "local 192.0.2.1 ") +
	       occurrences(command, "local 2001:db8:9::1 ");
}

/* What it is for: a marked packet to anywhere is taken for local. */
static void
brings_marked_packets_home(void **state)
{
	struct text why = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	shell("ip link add d0 type veth peer name d1 && "
	      "ip link set d0 up && ip link set d1 up && "
	      "ip addr add 10.0.0.1/24 dev d0 && "
	      "ip route add default via 10.0.0.2 && "
	      "ip -6 addr add 2001:db8::1/64 dev d0 nodad && "
	      "ip -6 route add default via 2001:db8::2");
	good(routes_install(&why), &why);
	assert_int_equal(local("ip route get 192.0.2.1 mark 0x01000000"), 1);
	assert_int_equal(local("ip route get 192.0.2.1 mark 0x41000000"), 1);
	assert_int_equal(local("ip route get 192.0.2.1 mark 0x02000000"), 0);
	assert_int_equal(
	    local("ip route get 2001:db8:9::1 mark 0x01000000"), 1);
	assert_int_equal(local("ip route get 2001:db8:9::1"), 0);
	shell("ip link del d0");
	text_fini(&why);
}

static void
removes_all_and_only_its_own(void **state)
{
	struct text why = TEXT_EMPTY, before = TEXT_EMPTY, after = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	shell("ip rule add fwmark 0x1000000/0x1000000 lookup 7 pref 201 && "
	      "ip rule add fwmark 0x1000000 lookup 26472 pref 199");
	shell_read(&before, RULES4 ";" RULES6 "; ip route show table all");
	good(routes_remove(&why), &why);
	good(routes_install(&why), &why);
	good(routes_remove(&why), &why);
	good(routes_remove(&why), &why);
	shell_read(&after, RULES4 ";" RULES6 "; ip route show table all");
	assert_string_equal(after.at, before.at);
	shell("ip rule del pref 201 && ip rule del pref 199");
	text_fini(&before);
	text_fini(&after);
	text_fini(&why);
}

/* A route of another kind in our table must not be taken for ours. */
static void
replaces_a_route_that_stands_in_its_place(void **state)
{
	struct text why = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	shell("ip route add unreachable default table 26472 && "
	      "ip -6 route add unreachable default dev lo table 26472 "
	      "metric 1024");
	good(routes_install(&why), &why);
	assert_int_equal(occurrences(ROUTE4, "local default dev lo"), 1);
	assert_int_equal(occurrences(ROUTE4, "unreachable"), 0);
	assert_int_equal(occurrences(ROUTE6, "local default dev lo"), 1);
	shell("ip -6 route flush table 26472");
	text_fini(&why);
}

static void
leaves_out_ipv6_where_there_is_none(void **state)
{
	struct text why = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	shell("echo 1 >/proc/sys/net/ipv6/conf/lo/disable_ipv6");
	good(routes_install(&why), &why);
	assert_routes(1, 0);
	good(routes_remove(&why), &why);
	assert_routes(0, 0);
	shell("echo 0 >/proc/sys/net/ipv6/conf/lo/disable_ipv6");
	text_fini(&why);
}

/* Switched off after the installation, it must still go away. */
static void
removes_ipv6_that_was_switched_off_later(void **state)
{
	struct text why = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	good(routes_install(&why), &why);
	shell("echo 1 >/proc/sys/net/ipv6/conf/lo/disable_ipv6");
	good(routes_remove(&why), &why);
	assert_routes(0, 0);
	shell("echo 0 >/proc/sys/net/ipv6/conf/lo/disable_ipv6");
	text_fini(&why);
}

static void
says_what_the_kernel_says(void **state)
{
	struct text why = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	shell("ip link set lo down");
	assert_int_equal(routes_install(&why), -ENETDOWN);
	assert_true(text_has(&why, "the route for IPv6 packets to the proxy "
				   "was not installed: Network is down"
				   " (Nexthop device is not up)"));
	assert_true(text_has(&why, "lo must be up"));
	shell("ip link set lo up");
	text_fini(&why);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, end)
	const struct CMUnitTest tests[] = {
		TEST(installs_once_however_often),
		TEST(brings_marked_packets_home),
		TEST(removes_all_and_only_its_own),
		TEST(replaces_a_route_that_stands_in_its_place),
		TEST(leaves_out_ipv6_where_there_is_none),
		TEST(removes_ipv6_that_was_switched_off_later),
		TEST(says_what_the_kernel_says),
	};
#undef TEST

	return cmocka_run_group_tests(tests, namespace_setup, NULL);
}
