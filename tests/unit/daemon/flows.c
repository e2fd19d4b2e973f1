/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of living flows when a policy has come into force; and what it
 * costs, with a hundred thousand of them.
 */
#include "daemon/flows.h"

#include "../firewall/living.h"
#include "../policy/memory.h"

#include "base/clock.h"
#include "event/event.h"

#include <sys/resource.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

#define ZONES "zone lan = int0 10.0.0.0/8\nzone wan = ext0\n"
#define OPEN  ZONES "allow lan -> wan tcp 443 log\nallow lan -> wan\n"
#define SHUT                                                                   \
	ZONES "reject lan -> wan tcp 443\ndrop lan -> wan udp 53 log\n"        \
	      "allow lan -> wan\n"

static const struct living flows[] = {
	{ IPPROTO_TCP, "10.0.0.4", 40000, "192.0.2.1", 443, 0, 0 },
	{ IPPROTO_TCP, "10.0.0.5", 40000, "192.0.2.1", 443, 0,
	    TCP_CONNTRACK_TIME_WAIT },
	{ IPPROTO_TCP, "10.0.0.6", 40000, "192.0.2.1", 80, 0, 0 },
	{ IPPROTO_UDP, "10.0.0.7", 40000, "192.0.2.1", 53, 0, 0 },
};

static struct {
	size_t count;
	size_t of_flows;
	uint16_t ports[4];
	char verdicts[4][16];
	char words[200];
} told;

static void
sink(const struct event *event, void *context)
{
	(void)context;
	told.count++;
	if (event->source.address.family == ADDRESS_NONE) {
		(void)snprintf(
		    told.words, sizeof(told.words), "%s", event->reason);
		return;
	}
	assert_string_equal(event->reason, "the policy has changed");
	if (told.of_flows < ROWS(told.ports)) {
		told.ports[told.of_flows] = event->port;
		(void)snprintf(
		    told.verdicts[told.of_flows], 16, "%s", event->verdict);
	}
	told.of_flows++;
}

static struct generation
generation_of(const char *text)
{
	return (struct generation){ .policy = memory_policy(text) };
}

static int
begin(void **state)
{
	(void)state;
	living_break(LIVING_FAULT_NONE, 0, 0, 0);
	if (namespace_is_ours)
		living_forget_all();
	memset(&told, 0, sizeof(told));
	event_sink_set(sink, NULL);
	return 0;
}

static size_t
words_are(const struct flows_tally *tally, const char *want)
{
	struct text words = TEXT_EMPTY;

	flows_add_words(tally, &words);
	assert_string_equal(words.at != NULL ? words.at : "", want);
	text_fini(&words);
	return 0;
}

/* Counting changes nothing; ending ends them once. */
static void
the_forbidden_are_counted_and_ended(void **state)
{
	struct generation open = generation_of(OPEN);
	struct generation shut = generation_of(SHUT);

	(void)state;
	NEED_NAMESPACE();
	living_make_all(flows, ROWS(flows));
	assert_int_equal(flows_count(&open, NULL).forbidden, 0);
	for (int i = 0; i < 2; i++) {
		struct flows_tally would = flows_count(&shut, &open);
		assert_int_equal(would.forbidden, 2);
		assert_int_equal(would.ended, 0);
	}
	assert_int_equal(told.count, 0);
	struct flows_tally ended = flows_end_forbidden(&shut, &open);
	assert_int_equal(ended.ended, 2);
	assert_int_equal(ended.rc, 0);
	(void)words_are(&ended, "2 living flows ended");
	ended = flows_end_forbidden(&shut, &open);
	assert_int_equal(ended.ended, 0);
	(void)words_are(&ended, "");
	policy_unref(open.policy);
	policy_unref(shut.policy);
}

/* By the rule that forbids it, or by the one that had allowed it. */
static void
whose_rule_logs_is_told(void **state)
{
	struct generation open = generation_of(OPEN);
	struct generation shut = generation_of(SHUT);

	(void)state;
	NEED_NAMESPACE();
	living_make_all(flows, ROWS(flows));
	(void)flows_end_forbidden(&shut, &open);
	assert_int_equal(told.of_flows, 2);
	size_t https = told.ports[0] == 443 ? 0 : 1;
	assert_int_equal(told.ports[https], 443);
	assert_string_equal(told.verdicts[https], "reject");
	assert_string_equal(told.verdicts[1 - https], "drop");
	assert_string_equal(
	    told.words, "the policy has changed: 2 living flows ended");
	assert_int_equal(told.count, 3);
	policy_unref(open.policy);
	policy_unref(shut.policy);
}

#define MANY 1000

static void
make_many(size_t count)
{
	struct mnl_socket *socket = living_open();
	char from[64];
	struct living flow = flows[0];

	flow.from = from;
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(from, sizeof(from), "10.%zu.%zu.%zu", i / 65536,
		    i / 256 % 256, i % 256);
		flow.port = i % 2 == 0 ? 443 : 80;
		living_make(socket, &flow);
	}
	(void)mnl_socket_close(socket);
}

/* A moment's want of memory is none; a lasting one is said, and ends what it
 * can. */
static void
a_broken_wire_is_said(void **state)
{
	static const struct {
		enum living_fault fault;
		int error;
		long until, times;
		bool recovers;
	} rows[] = {
		{ LIVING_FAULT_RECEIVE, ENOBUFS, 0, 1, true },
		{ LIVING_FAULT_RECEIVE, ENOBUFS, 200, 1, true },
		{ LIVING_FAULT_RECEIVE, ENOBUFS, 200, -1, false },
		{ LIVING_FAULT_RECEIVE, EPERM, 0, 1, false },
		{ LIVING_FAULT_CUT, 0, 0, -1, false },
		{ LIVING_FAULT_SEND, EPERM, 0, -1, false },
	};
	struct generation shut = generation_of(SHUT);

	(void)state;
	NEED_NAMESPACE();
	for (size_t i = 0; i < ROWS(rows); i++) {
		make_many(MANY);
		living_break(
		    rows[i].fault, rows[i].error, rows[i].until, rows[i].times);
		struct flows_tally tally = flows_end_forbidden(&shut, NULL);
		living_break(LIVING_FAULT_NONE, 0, 0, 0);
		size_t left = flows_count(&shut, NULL).forbidden;
		/* What was ended without an answer is not boasted of. */
		assert_true(tally.ended + left <= MANY / 2);
		if (rows[i].recovers)
			assert_int_equal(tally.ended, MANY / 2);
		assert_int_equal(tally.rc < 0, !rows[i].recovers);
		assert_int_equal(left > 0, !rows[i].recovers);
		if (!rows[i].recovers)
			assert_non_null(
			    strstr(told.words, "could not all be judged"));
		living_forget_all();
	}
	policy_unref(shut.policy);
}

/* The journal is not flooded by one change. */
static void
no_more_are_told_than_a_thousand(void **state)
{
	struct generation shut = generation_of(ZONES "reject lan -> wan log\n");

	(void)state;
	NEED_NAMESPACE();
	make_many(FLOWS_TOLD_MAX + 50);
	struct flows_tally tally = flows_end_forbidden(&shut, NULL);
	assert_int_equal(tally.ended, FLOWS_TOLD_MAX + 50);
	assert_int_equal(told.of_flows, FLOWS_TOLD_MAX);
	assert_int_equal(told.count, FLOWS_TOLD_MAX + 1);
	policy_unref(shut.policy);
}

static double
cpu_ms(void)
{
	struct rusage used;

	(void)getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e3 +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e3;
}

/* Within a second of processor time, with a list of three hundred rules. */
static void
judges_a_hundred_thousand(void **state)
{
	struct text text = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	text_addz(&text, ZONES);
	for (int i = 0; i < 300; i++)
		text_addf(&text, "drop 10.0.%d.7 -> 198.51.100.%d tcp 25\n",
		    i % 256, i % 256);
	text_addz(&text, "reject lan -> wan tcp 443\nallow lan -> wan\n");
	struct generation shut = generation_of(text.at);
	make_many(100000);
	double start = cpu_ms();
	assert_int_equal(flows_count(&shut, NULL).forbidden, 50000);
	double judged = cpu_ms();
	assert_int_equal(flows_end_forbidden(&shut, NULL).ended, 50000);
	double ended = cpu_ms();
	print_message("  100000 flows judged in %.0f ms, 50000 of them ended "
		      "in %.0f ms more (processor time)\n",
	    judged - start, (ended - judged) - (judged - start));
	assert_true(judged - start < (UNDER_SANITIZER ? 20000 : 1000));
	text_fini(&text);
	policy_unref(shut.policy);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
		TEST(the_forbidden_are_counted_and_ended),
		TEST(whose_rule_logs_is_told),
		TEST(a_broken_wire_is_said),
		TEST(no_more_are_told_than_a_thousand),
		TEST(judges_a_hundred_thousand),
	};
#undef TEST

	return cmocka_run_group_tests(tests, namespace_setup, NULL);
}
