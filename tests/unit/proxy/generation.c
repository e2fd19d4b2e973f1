/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/generation.h"

#include "policies.h"

static char text[] = "zone lan = int0 10.0.0.0/24\n"
		     "zone wan = ext0\n"
		     "allow lan -> wan\n";

static struct proxy_generation *
with_listener(struct address_port *ret_at)
{
	struct proxy_generation *generation = generation_of(text);
	struct proxy_listener listener = { .fd = listen_somewhere(
					       ADDRESS_IPV4, ret_at) };

	listener.at = *ret_at;
	assert_int_equal(
	    proxy_generation_add_listener(generation, listener), 0);
	return generation;
}

static int
try_connect(struct address_port to)
{
	int fd = socket_connect(&(struct socket_connect){ .to = to });
	int rc = fd;

	while (fd >= 0 && (rc = socket_connect_result(fd)) == -EINPROGRESS)
		;
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

static void
the_last_reference_closes_the_listeners(void **state)
{
	int before = open_fds();
	struct address_port at;
	struct proxy_generation *generation = with_listener(&at);

	(void)state;
	assert_ptr_equal(proxy_generation_ref(generation), generation);
	proxy_generation_unref(generation);
	assert_int_equal(try_connect(at), 0);
	proxy_generation_unref(generation);
	assert_int_equal(try_connect(at), -ECONNREFUSED);
	assert_int_equal(open_fds(), before);
	proxy_generation_unref(NULL);
}

static void
the_same_again_has_descriptors_of_its_own(void **state)
{
	int before = open_fds();
	struct address_port at;
	struct proxy_generation *first = with_listener(&at);

	(void)state;
	assert_int_equal(proxy_generation_add_own(first,
			     (struct proxy_own){ address_of("10.0.0.1"), 0 }),
	    0);
	struct proxy_generation *again = proxy_generation_again(first);
	assert_non_null(again);
	assert_ptr_equal(again->policy, first->policy);
	assert_int_equal(again->number, first->number);
	assert_int_equal(again->listeners.count, 1);
	assert_int_equal(again->own.count, 0);
	assert_int_not_equal(
	    again->listeners.items[0].fd, first->listeners.items[0].fd);
	proxy_generation_unref(first);
	assert_int_equal(try_connect(at), 0);
	proxy_generation_unref(again);
	assert_int_equal(open_fds(), before);
}

static void
the_same_again_when_a_descriptor_is_lacking(void **state)
{
	int before = open_fds();
	struct address_port at;
	struct proxy_generation *first = with_listener(&at);
	int fd = first->listeners.items[0].fd;

	(void)state;
	first->listeners.items[0].fd = -1;
	assert_null(proxy_generation_again(first));
	first->listeners.items[0].fd = fd;
	proxy_generation_unref(first);
	assert_int_equal(open_fds(), before);
}

static void
addresses_of_the_gateway(void **state)
{
	struct proxy_generation *generation = generation_of(text);
	uint8_t zone = 7;

	(void)state;
	assert_false(
	    proxy_generation_owns(generation, address_of("10.0.0.1"), &zone));
	assert_int_equal(zone, 7);
	for (uint8_t i = 0; i < 40; i++) {
		struct proxy_own own = { address_of("10.0.0.0"), i };
		own.address.bytes[3] = i;
		assert_int_equal(proxy_generation_add_own(generation, own), 0);
	}
	assert_true(
	    proxy_generation_owns(generation, address_of("10.0.0.39"), &zone));
	assert_int_equal(zone, 39);
	assert_false(
	    proxy_generation_owns(generation, address_of("10.0.0.40"), &zone));
	proxy_generation_unref(generation);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_reference_closes_the_listeners),
		cmocka_unit_test(the_same_again_has_descriptors_of_its_own),
		cmocka_unit_test(the_same_again_when_a_descriptor_is_lacking),
		cmocka_unit_test(addresses_of_the_gateway),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
