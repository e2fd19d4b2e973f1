/* SPDX-License-Identifier: GPL-2.0-or-later */
/* event/event: what the sink is given, and the name of a flow. */
#include "event/event.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct seen {
	unsigned count;
	struct event last;
};

static void
remember(const struct event *event, void *context)
{
	struct seen *seen = context;

	seen->count++;
	seen->last = *event;
}

static int
no_sink(void **state)
{
	(void)state;
	event_sink_set(NULL, NULL);
	return 0;
}

static struct address_port
end(const char *text)
{
	struct address_port end;

	assert_int_equal(address_port_parse(str_of(text), &end), 0);
	return end;
}

static void
without_a_sink(void **state)
{
	(void)state;
	event_emit(&(struct event){ .verdict = "drop" });
}

static void
with_a_sink(void **state)
{
	struct seen seen = { 0 };
	struct event event = {
		.time = 4711,
		.flow = 5,
		.verdict = "reject",
		.rule_line = 12,
		.source = end("192.0.2.1:80"),
		.reason = "needs the proxy",
	};

	(void)state;
	event_sink_set(remember, &seen);
	event_emit(&event);
	assert_int_equal(seen.count, 1);
	assert_true(seen.last.time == 4711);
	assert_int_equal(seen.last.flow, 5);
	assert_ptr_equal(seen.last.verdict, event.verdict);
	assert_int_equal(seen.last.rule_line, 12);
	assert_int_equal(seen.last.source.port, 80);
	assert_ptr_equal(seen.last.reason, event.reason);
	event_sink_set(NULL, NULL);
	event_emit(&event);
	assert_int_equal(seen.count, 1);
}

static void
time_is_set_where_it_was_not(void **state)
{
	struct seen seen = { 0 };
	const struct event event = { .verdict = "drop" };
	int64_t before = clock_wall();

	(void)state;
	event_sink_set(remember, &seen);
	event_emit(&event);
	assert_true(seen.last.time >= before);
	assert_true(seen.last.time <= clock_wall());
	assert_true(event.time == 0);
}

/* Both enforcers name one connection alike, and no other the same. */
static void
flow_id(void **state)
{
	struct address_port a = end("192.0.2.1:1024"), b = end("192.0.2.2:80");
	uint64_t id = event_flow_id(6, a, b);

	(void)state;
	assert_true(id == event_flow_id(6, a, b));
	assert_true(id == event_flow_id(6, end("[::ffff:192.0.2.1]:1024"),
			      end("[::ffff:192.0.2.2]:80")));
	assert_true(id != event_flow_id(17, a, b));
	assert_true(id != event_flow_id(6, b, a));
	assert_true(id != event_flow_id(6, end("192.0.2.1:1025"), b));
	assert_true(id != event_flow_id(6, end("192.0.2.3:1024"), b));
	assert_true(id != event_flow_id(6, a, end("192.0.2.2:81")));
	assert_true(id != event_flow_id(6, a, end("192.0.2.4:80")));
	/* 0x0102 and 0x0201: both bytes of a port count. */
	assert_true(event_flow_id(6, end("192.0.2.1:258"), b) !=
		    event_flow_id(6, end("192.0.2.1:513"), b));
	assert_true(event_flow_id(6, end("[2001:db8::1]:80"), b) !=
		    event_flow_id(6, end("[2001:db8::1:1]:80"), b));
}

static void
flow_id_of_no_ends(void **state)
{
	struct address_port none = { 0 };

	(void)state;
	assert_true(
	    event_flow_id(1, none, none) != event_flow_id(58, none, none));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(without_a_sink, no_sink),
		cmocka_unit_test_teardown(with_a_sink, no_sink),
		cmocka_unit_test_teardown(
		    time_is_set_where_it_was_not, no_sink),
		cmocka_unit_test(flow_id),
		cmocka_unit_test(flow_id_of_no_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
