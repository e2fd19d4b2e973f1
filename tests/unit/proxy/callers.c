/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/callers.h"

#include "../net/harness.h"
#include "proxy/worker.h"

#include <errno.h>

static struct worker here, there;

static struct address_port
place(const char *text)
{
	struct address_port at;

	assert_int_equal(address_port_parse(str_of(text), &at), 0);
	return at;
}

static struct caller
caller_of(const char *client, uint16_t port, struct worker *worker)
{
	struct caller caller = { .listener = place("10.0.0.1:3128"),
		.client = place(client),
		.worker = worker };

	caller.client.port = port;
	return caller;
}

static struct worker *
worker_of(struct callers *callers, const char *listener, const char *from)
{
	struct address_port at = place(listener), client = place(from);

	return callers_worker(callers, &at, &client);
}

static void
by_address_and_port(void **state)
{
	struct callers *callers = callers_create();
	struct caller one = caller_of("10.0.0.4:1", 4000, &here);
	struct caller two = caller_of("10.0.0.4:1", 4001, &there);
	struct caller same = caller_of("10.0.0.4:1", 4001, &here);

	(void)state;
	assert_int_equal(callers_add(callers, &one), 0);
	assert_int_equal(callers_add(callers, &two), 0);
	assert_int_equal(callers_add(callers, &same), -EADDRINUSE);
	assert_ptr_equal(
	    worker_of(callers, "10.0.0.1:3128", "10.0.0.4:4000"), &here);
	assert_ptr_equal(
	    worker_of(callers, "10.0.0.1:3128", "10.0.0.4:4001"), &there);
	assert_null(worker_of(callers, "10.0.0.1:3128", "10.0.0.4:4002"));
	assert_null(worker_of(callers, "10.0.0.1:3128", "10.0.0.5:4000"));
	assert_null(worker_of(callers, "10.0.0.1:3129", "10.0.0.4:4000"));
	assert_null(worker_of(callers, "10.0.0.2:3128", "10.0.0.4:4000"));
	callers_remove(callers, &one);
	callers_remove(callers, &one);
	callers_remove(callers, &same);
	assert_null(worker_of(callers, "10.0.0.1:3128", "10.0.0.4:4000"));
	assert_ptr_equal(
	    worker_of(callers, "10.0.0.1:3128", "10.0.0.4:4001"), &there);
	callers_remove(callers, &two);
	callers_destroy(callers);
	callers_destroy(NULL);
}

/* Those that did not say are known by their first, the oldest before. */
static void
the_first_port_is_the_oldest_s(void **state)
{
	struct callers *callers = callers_create();
	struct caller one = caller_of("10.0.0.4:1", 0, &here);
	struct caller two = caller_of("10.0.0.4:1", 0, &there);
	struct address_port at = place("10.0.0.1:3128");
	struct address_port from = place("10.0.0.4:5000");

	(void)state;
	assert_int_equal(callers_add(callers, &one), 0);
	assert_int_equal(callers_add(callers, &two), 0);
	assert_null(callers_mine(callers, &here, &at, &from));
	for (int i = 0; i < 2; i++)
		assert_ptr_equal(
		    worker_of(callers, "10.0.0.1:3128", "10.0.0.4:5000"),
		    &here);
	assert_int_equal(one.client.port, 5000);
	assert_ptr_equal(callers_mine(callers, &here, &at, &from), &one);
	assert_null(callers_mine(callers, &there, &at, &from));
	assert_ptr_equal(
	    worker_of(callers, "10.0.0.1:3128", "10.0.0.4:5001"), &there);
	assert_null(worker_of(callers, "10.0.0.1:3128", "10.0.0.4:5002"));
	callers_remove(callers, &one);
	callers_remove(callers, &two);
	callers_destroy(callers);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_address_and_port),
		cmocka_unit_test(the_first_port_is_the_oldest_s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
