/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ends of flows become events, of those whose rule says `log` alone. */
#include "firewall/flow_log.h"

#include "../policy/memory.h"
#include "living.h"

#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "event/counter.h"
#include "event/event.h"
#include "firewall/names.h"

#define POLICY                                                                 \
	"zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"                       \
	"hours now = mon-sun 00:00-24:00\n"                                    \
	"reject lan -> 192.0.2.9 log\n"                                        \
	"allow lan -> wan tcp 443 log as \"web\"\n"                            \
	"allow lan -> wan\n"

static struct policy *policy;
static struct flow_log *flow_log;

static struct {
	size_t count;
	struct event last;
	char rule[32], from[32];
} told;

static void
sink(const struct event *event, void *context)
{
	(void)context;
	told.count++;
	told.last = *event;
	(void)snprintf(
	    told.rule, sizeof(told.rule), "%.*s", STR_ARG(event->rule_name));
	(void)snprintf(
	    told.from, sizeof(told.from), "%.*s", STR_ARG(event->zone_from));
}

static int
setup(void **state)
{
	struct text why = TEXT_EMPTY;

	if (namespace_setup(state) < 0)
		return -1;
	policy = memory_policy(POLICY);
	event_sink_set(sink, NULL);
	return namespace_is_ours ? conntrack_count_flows(&why) : 0;
}

static int
teardown(void **state)
{
	(void)state;
	policy_unref(policy);
	return 0;
}

static int
begin(void **state)
{
	struct text why = TEXT_EMPTY;

	(void)state;
	if (!namespace_is_ours)
		return 0;
	living_forget_all();
	memset(&told, 0, sizeof(told));
	return flow_log_open(&flow_log, &why);
}

static int
end(void **state)
{
	(void)state;
	flow_log_close(flow_log);
	flow_log = NULL;
	return 0;
}

static const struct living web = { IPPROTO_TCP, "10.0.0.4", 40000, "192.0.2.1",
	443, 0, 0 };

/* Makes it, and has its time come. */
static void
live_and_end(struct living flow)
{
	living_make_all(&flow, 1);
	living_forget(&flow);
}

static int
read_log(bool *ret_lost)
{
	struct flows_court court = { .policy = policy };

	return flow_log_read(flow_log, &court, ret_lost);
}

static void
an_end_is_told(void **state)
{
	int64_t recorded = counter_get(COUNTER_FLOWS_RECORDED);
	bool lost;

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(read_log(&lost), 0);
	live_and_end(web);
	assert_int_equal(read_log(&lost), 1);
	assert_false(lost);
	assert_int_equal(told.count, 1);
	assert_int_equal(counter_get(COUNTER_FLOWS_RECORDED) - recorded, 1);
	assert_string_equal(told.last.enforcer, "firewall");
	assert_string_equal(told.last.phase, "packet");
	assert_string_equal(told.last.verdict, "allow");
	assert_string_equal(told.last.reason, "the flow has ended");
	assert_int_equal(told.last.rule_line, 5);
	assert_string_equal(told.rule, "web");
	assert_string_equal(told.from, "lan");
	assert_int_equal(told.last.source.port, 40000);
	assert_int_equal(told.last.port, 443);
	assert_true(told.last.counted && told.last.measured);
	assert_in_range(told.last.duration, 1, 5 * CLOCK_SECOND);
	struct address_port to = { told.last.destination, 443 };
	assert_true(
	    told.last.flow == event_flow_id(IPPROTO_TCP, told.last.source, to));
}

/* No log, refused today, the proxy's, ended by us, and none of the policy's. */
static void
others_are_not_told(void **state)
{
	const struct living others[] = {
		{ IPPROTO_TCP, "10.0.0.4", 1, "192.0.2.1", 80, 0, 0 },
		{ IPPROTO_TCP, "10.0.0.4", 2, "192.0.2.9", 443, 0, 0 },
		{ IPPROTO_TCP, "10.0.0.4", 3, "192.0.2.1", 443,
		    FIREWALL_MARK_HANDOVER, 0 },
		{ IPPROTO_TCP, "10.0.0.4", 4, "192.0.2.1", 443,
		    FIREWALL_MARK_ENDED, 0 },
		{ IPPROTO_TCP, "10.0.0.4", 5, "192.0.2.1", 443,
		    FIREWALL_MARK_PROXY, 0 },
		{ IPPROTO_TCP, "127.0.0.1", 6, "127.0.0.1", 443, 0, 0 },
		{ IPPROTO_UDP, "10.0.0.4", 7, "192.0.2.1", 443, 0, 0 },
	};
	bool lost;

	(void)state;
	NEED_NAMESPACE();
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		live_and_end(others[i]);
	assert_int_equal(read_log(&lost), 0);
	assert_int_equal(told.count, 0);
}

/* The hour in which it began, for by that it was allowed. */
static void
asks_the_hour_of_the_beginning(void **state)
{
	char text[300];
	unsigned now = hours_minute_of(clock_wall());
	unsigned day = now / HOURS_DAY_MINUTES;
	static const char *const days[] = { "mon", "tue", "wed", "thu", "fri",
		"sat", "sun" };
	struct policy *timed;
	bool lost;

	(void)state;
	NEED_NAMESPACE();
	/* Yesterday too, for midnight may come between. */
	(void)snprintf(text, sizeof(text),
	    "zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"
	    "hours about = %s, %s\nallow lan -> wan during about log\n",
	    days[day], days[(day + 1) % 7]);
	timed = memory_policy(text);
	struct flows_court court = { .policy = timed,
		.minute = (now + 3 * HOURS_DAY_MINUTES) % HOURS_WEEK_MINUTES };
	live_and_end(web);
	assert_int_equal(flow_log_read(flow_log, &court, &lost), 1);
	policy_unref(timed);
}

/* What a flood loses is counted and said, and reading goes on. */
static void
counts_what_a_flood_loses(void **state)
{
	int64_t before = counter_get(COUNTER_FLOWS_LOST);
	int small = 4096;
	bool lost = false;

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(setsockopt(flow_log_fd(flow_log), SOL_SOCKET,
			     SO_RCVBUF, &small, sizeof(small)),
	    0);
	struct living flow = web;
	for (int i = 0; i < 1000; i++) {
		flow.from_port = (uint16_t)(1024 + i);
		live_and_end(flow);
	}
	assert_in_range(read_log(&lost), 0, 999);
	assert_true(lost);
	assert_true(counter_get(COUNTER_FLOWS_LOST) > before);
	live_and_end(web);
	assert_int_equal(read_log(&lost), 1);
	assert_false(lost);
}

/* What the daemon may be busy with a commit, at 10,000 ends a second. */
static void
holds_a_burst(void **state)
{
	struct mnl_socket *socket;
	struct living flow = web;
	bool lost;

	(void)state;
	NEED_NAMESPACE();
	socket = living_open();
	for (int i = 0; i < 5000; i++) {
		flow.from_port = (uint16_t)(1024 + i);
		living_make(socket, &flow);
	}
	(void)mnl_socket_close(socket);
	living_forget_all();
	int64_t start = clock_now();
	assert_int_equal(read_log(&lost), 5000);
	print_message("  5000 ends in %.1f ms\n",
	    (double)(clock_now() - start) / (double)CLOCK_MS);
	assert_false(lost);
}

static void
is_wanted_where_an_allowing_rule_logs(void **state)
{
	static const struct {
		const char *rule;
		bool wanted;
	} rows[] = {
		{ "allow lan -> wan", false },
		{ "allow lan -> wan log", true },
		{ "reject lan -> wan log", false },
		{ "report allow lan -> wan log", false },
		{ "publish wan tcp 1 -> 10.0.0.4 log", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[200];
		(void)snprintf(text, sizeof(text),
		    "zone lan = int0 10.0.0.0/24\nzone wan = ext0\n%s\n",
		    rows[i].rule);
		struct policy *one = memory_policy(text);
		assert_int_equal(flow_log_is_wanted(one), rows[i].wanted);
		policy_unref(one);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(an_end_is_told),
		TEST(others_are_not_told),
		TEST(asks_the_hour_of_the_beginning),
		TEST(counts_what_a_flood_loses),
		TEST(holds_a_burst),
		TEST(is_wanted_where_an_allowing_rule_logs),
	};
#undef TEST

	return cmocka_run_group_tests(tests, setup, teardown);
}
