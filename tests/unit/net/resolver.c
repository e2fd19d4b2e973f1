/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The resolver against a small DNS server on the same loop (dns_server.h): its
 * answers, its cache, those who ask together, and servers that do not answer.
 */
#include "net/resolver.h"
#include "dns_server.h"
#include "harness.h"

#include <stdio.h>
#include <sys/socket.h>

/* ---- asking ---- */

struct lab {
	struct harness h;
	struct server server;
	struct resolver *resolver;
	int waiting; /* the loop stops when nobody waits any more */
};

struct asker {
	struct resolver_query query;
	struct lab *lab;
	struct resolver_answer answer;
	int64_t at;
	int calls;
	/* What it does when it is called. */
	bool destroys;
	struct asker *cancels;
	struct asker *asks;
	const char *asks_name;
};

static void ask(struct lab *lab, struct asker *asker, const char *name);

static void
on_answer(struct resolver_query *query, const struct resolver_answer *answer)
{
	struct asker *asker = query->context;
	struct lab *lab = asker->lab;

	asker->calls++;
	asker->answer = *answer;
	asker->at = loop_now(&lab->h.loop);
	lab->waiting--;
	if (asker->cancels != NULL) {
		resolver_cancel(&asker->cancels->query);
		lab->waiting--;
	}
	if (asker->asks != NULL)
		ask(lab, asker->asks, asker->asks_name);
	if (asker->destroys)
		resolver_destroy(&lab->resolver);
	if (lab->waiting == 0 || asker->destroys)
		loop_stop(&lab->h.loop);
}

static void
asker_init(struct lab *lab, struct asker *asker)
{
	*asker = (struct asker){ .query = { .fn = on_answer, .context = asker },
		.lab = lab };
}

static void
ask(struct lab *lab, struct asker *asker, const char *name)
{
	assert_int_equal(
	    resolver_ask(lab->resolver, str_of(name), &asker->query), 0);
	lab->waiting++;
}

static void
lab_begin(struct lab *lab, int64_t timeout, int64_t grace)
{
	*lab = (struct lab){ .waiting = 0 };
	harness_begin(&lab->h);
	server_begin(&lab->server, &lab->h.loop);
	assert_int_equal(resolver_create(&lab->h.loop,
			     &(struct resolver_options){
				 .timeout = timeout, .grace = grace },
			     &lab->resolver),
	    0);
	assert_int_equal(
	    resolver_servers(lab->resolver, &lab->server.at, 1), 0);
}

static void
lab_end(struct lab *lab)
{
	resolver_destroy(&lab->resolver);
	server_end(&lab->server);
	harness_end(&lab->h);
}

static struct resolver_answer
ask_alone(struct lab *lab, const char *name)
{
	struct asker asker;

	asker_init(lab, &asker);
	ask(lab, &asker, name);
	assert_int_equal(asker.calls, 0);
	harness_run(&lab->h);
	assert_int_equal(asker.calls, 1);
	return asker.answer;
}

/* "6" and "4" for each address in turn. */
static void
families(const struct resolver_answer *answer, char ret[static 32])
{
	for (size_t i = 0; i < answer->count; i++)
		ret[i] =
		    answer->addresses[i].family == ADDRESS_IPV6 ? '6' : '4';
	ret[answer->count] = '\0';
}

/* ---- answers ---- */

static void
every_kind_of_answer(void **state)
{
	static const struct {
		const char *name;
		enum resolver_status status;
		const char *families;
		int64_t ttl_s; /* at most */
	} rows[] = {
		{ "both.example", RESOLVER_STATUS_OK, "64644", 300 },
		{ "four.example", RESOLVER_STATUS_OK, "44", 300 },
		{ "six.example", RESOLVER_STATUS_OK, "66", 300 },
		{ "none.example", RESOLVER_STATUS_NO_ADDRESS, "", 10 },
		{ "absent.example", RESOLVER_STATUS_NO_NAME, "", 10 },
		{ "failing.example", RESOLVER_STATUS_FAILED, "", 1 },
		{ "refused.example", RESOLVER_STATUS_FAILED, "", 1 },
		{ "garbage.example", RESOLVER_STATUS_FAILED, "", 1 },
		{ "alias.example", RESOLVER_STATUS_OK, "64", 60 },
		{ "dangling.example", RESOLVER_STATUS_NO_ADDRESS, "", 10 },
		{ "many.example", RESOLVER_STATUS_OK, "6464646464646464", 300 },
		{ "cut.example", RESOLVER_STATUS_OK, "6464646464646464", 300 },
		{ "zero.example", RESOLVER_STATUS_OK, "64", 0 },
		{ "long.example", RESOLVER_STATUS_OK, "64", 3600 },
		{ "negative.example", RESOLVER_STATUS_OK, "64", 0 },
		{ "lame.example", RESOLVER_STATUS_OK, "4", 10 },
		{ "unsure.example", RESOLVER_STATUS_FAILED, "", 1 },
	};
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct resolver_answer answer = ask_alone(&lab, rows[i].name);
		char got[32];
		families(&answer, got);
		assert_int_equal(answer.status, rows[i].status);
		assert_string_equal(got, rows[i].families);
		assert_true(answer.ttl <= rows[i].ttl_s * CLOCK_SECOND);
		assert_true(answer.ttl >= (rows[i].ttl_s - 1) * CLOCK_SECOND);
	}
	assert_true(lab.server.asked_tcp > 0);
	lab_end(&lab);
}

static void
addresses_come_as_the_server_orders_them(void **state)
{
	static const char *const expected[] = { "2001:db8::1", "192.0.2.1",
		"2001:db8::2", "192.0.2.2", "192.0.2.3" };
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	struct resolver_answer answer = ask_alone(&lab, "both.example");
	assert_int_equal(answer.count, COUNT_OF(expected));
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		char text[ADDRESS_TEXT_BYTES];
		assert_string_equal(
		    address_format(answer.addresses[i], text), expected[i]);
	}
	lab_end(&lab);
}

static void
what_is_not_a_name_is_refused(void **state)
{
	static const char *const names[] = { "", ".", "a..example",
		"a b.example", "192.0.2.1", "2001:db8::1", "a.example..",
		"*.example" };
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct asker asker;
		asker_init(&lab, &asker);
		assert_int_equal(
		    resolver_ask(lab.resolver, str_of(names[i]), &asker.query),
		    -EINVAL);
	}
	harness_round(&lab.h);
	assert_int_equal(lab.server.asked, 0);
	lab_end(&lab);
}

static void
every_status_has_a_word(void **state)
{
	(void)state;
	for (int i = 0; i < RESOLVER_STATUS_COUNT; i++)
		assert_non_null(resolver_status_word((enum resolver_status)i));
	assert_string_equal(
	    resolver_status_word(RESOLVER_STATUS_NO_NAME), "no such name");
}

/* ---- the cache ---- */

static void
answers_are_kept_for_their_time(void **state)
{
	static const struct {
		const char *name;
		int asked_once, asked_twice;
	} rows[] = {
		{ "both.example", 2, 2 },
		{ "none.example", 2, 2 },
		{ "absent.example", 2, 2 },
		{ "zero.example", 2, 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct lab lab;
		lab_begin(&lab, 0, 0);
		struct resolver_answer first = ask_alone(&lab, rows[i].name);
		assert_int_equal(lab.server.asked, rows[i].asked_once);
		struct resolver_answer second = ask_alone(&lab, rows[i].name);
		assert_int_equal(lab.server.asked, rows[i].asked_twice);
		assert_int_equal(second.status, first.status);
		assert_int_equal(second.count, first.count);
		assert_true(second.ttl <= first.ttl);
		lab_end(&lab);
	}
}

static void
new_servers_are_asked_anew(void **state)
{
	struct address_port servers[RESOLVER_SERVERS_MAX + 1];
	struct asker asker;
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	for (size_t i = 0; i < COUNT_OF(servers); i++)
		servers[i] = lab.server.at;
	(void)ask_alone(&lab, "both.example");
	assert_int_equal(resolver_servers(lab.resolver, servers, 1), 0);
	(void)ask_alone(&lab, "both.example");
	assert_int_equal(lab.server.asked, 4);
	assert_int_equal(resolver_servers(lab.resolver, servers, 0), -EINVAL);
	assert_int_equal(
	    resolver_servers(lab.resolver, servers, RESOLVER_SERVERS_MAX + 1),
	    -EINVAL);
	asker_init(&lab, &asker);
	ask(&lab, &asker, "four.example");
	assert_int_equal(resolver_servers(lab.resolver, servers, 1), -EBUSY);
	harness_run(&lab.h);
	assert_int_equal(
	    resolver_servers(lab.resolver, servers, RESOLVER_SERVERS_MAX), 0);
	lab_end(&lab);
}

/* One more than the table holds: the one that was asked for longest ago goes,
 * the others stay. */
static void
the_table_of_names_is_bounded(void **state)
{
	enum {
		BATCH = 64
	};
	static struct asker askers[BATCH];
	struct lab lab;
	char name[32];

	(void)state;
	lab_begin(&lab, 0, 0);
	for (int at = 0; at < RESOLVER_NAMES_MAX; at += BATCH) {
		for (int i = 0; i < BATCH; i++) {
			(void)snprintf(
			    name, sizeof(name), "n%d.example", at + i);
			asker_init(&lab, &askers[i]);
			ask(&lab, &askers[i], name);
		}
		harness_run(&lab.h);
	}
	assert_int_equal(lab.server.asked, 2 * RESOLVER_NAMES_MAX);
	(void)ask_alone(&lab, "n0.example");
	assert_int_equal(lab.server.asked, 2 * RESOLVER_NAMES_MAX);
	(void)ask_alone(&lab, "one.more.example");
	assert_int_equal(lab.server.asked, 2 * RESOLVER_NAMES_MAX + 2);
	(void)ask_alone(&lab, "n0.example");
	(void)ask_alone(&lab, "n2.example");
	assert_int_equal(lab.server.asked, 2 * RESOLVER_NAMES_MAX + 2);
	(void)ask_alone(&lab, "n1.example");
	assert_int_equal(lab.server.asked, 2 * RESOLVER_NAMES_MAX + 4);
	lab_end(&lab);
}

/* A name that somebody waits for is not put out, however old it is. */
static void
open_questions_keep_their_place(void **state)
{
	enum {
		BATCH = 64
	};
	static struct asker askers[BATCH];
	struct asker waiting;
	struct lab lab;
	char name[32];

	(void)state;
	lab_begin(&lab, 10 * CLOCK_SECOND, 10 * CLOCK_SECOND);
	asker_init(&lab, &waiting);
	ask(&lab, &waiting, "late.example");
	lab.waiting--;
	for (int at = 0; at < RESOLVER_NAMES_MAX + BATCH; at += BATCH) {
		for (int i = 0; i < BATCH; i++) {
			(void)snprintf(
			    name, sizeof(name), "n%d.example", at + i);
			asker_init(&lab, &askers[i]);
			ask(&lab, &askers[i], name);
		}
		harness_run(&lab.h);
	}
	assert_int_equal(waiting.calls, 0);
	lab.waiting++;
	server_release(&lab.server);
	harness_run(&lab.h);
	assert_int_equal(waiting.calls, 1);
	assert_int_equal(waiting.answer.count, 2);
	lab_end(&lab);
}

/* ---- several who ask ---- */

static void
equal_questions_are_joined(void **state)
{
	static const char *const names[] = { "both.example", "BOTH.example",
		"both.example.", "Both.Example." };
	struct asker askers[COUNT_OF(names)];
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		asker_init(&lab, &askers[i]);
		ask(&lab, &askers[i], names[i]);
	}
	harness_run(&lab.h);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		assert_int_equal(askers[i].calls, 1);
		assert_int_equal(askers[i].answer.count, 5);
	}
	assert_int_equal(lab.server.asked, 2);
	lab_end(&lab);
}

/* Nobody hears of it, but what was asked is known afterwards. */
static void
cancelled_is_silent(void **state)
{
	struct asker cancelled, other;
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	asker_init(&lab, &cancelled);
	asker_init(&lab, &other);
	ask(&lab, &cancelled, "both.example");
	ask(&lab, &other, "four.example");
	resolver_cancel(&cancelled.query);
	resolver_cancel(&cancelled.query);
	lab.waiting--;
	harness_run(&lab.h);
	assert_int_equal(other.calls, 1);
	/* Known already: cancelled between the asking and the telling. */
	ask(&lab, &cancelled, "four.example");
	resolver_cancel(&cancelled.query);
	lab.waiting--;
	(void)ask_alone(&lab, "both.example");
	assert_int_equal(lab.server.asked, 4);
	assert_int_equal(cancelled.calls, 0);
	lab_end(&lab);
}

/* The first of three who are told ends the others' waiting. */
static void
a_callback_may_cancel_others(void **state)
{
	struct asker askers[2];
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	for (size_t i = 0; i < COUNT_OF(askers); i++) {
		asker_init(&lab, &askers[i]);
		askers[i].cancels = &askers[1 - i];
		ask(&lab, &askers[i], "both.example");
	}
	harness_run(&lab.h);
	harness_round(&lab.h);
	assert_int_equal(askers[0].calls + askers[1].calls, 1);
	lab_end(&lab);
}

/* Of those who wait for one name, any may leave. */
static void
each_of_the_joined_may_be_cancelled(void **state)
{
	enum {
		ASKERS = 3
	};

	(void)state;
	for (int leaving = 0; leaving < ASKERS; leaving++) {
		struct asker askers[ASKERS];
		struct lab lab;
		lab_begin(&lab, 0, 0);
		for (int i = 0; i < ASKERS; i++) {
			asker_init(&lab, &askers[i]);
			ask(&lab, &askers[i], "both.example");
		}
		resolver_cancel(&askers[leaving].query);
		lab.waiting--;
		harness_run(&lab.h);
		for (int i = 0; i < ASKERS; i++)
			assert_int_equal(askers[i].calls, i != leaving);
		lab_end(&lab);
	}
}

static void
a_callback_may_ask(void **state)
{
	static const struct {
		const char *name;
		int asked;
	} rows[] = {
		{ "both.example", 2 },
		{ "four.example", 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct asker first, second;
		struct lab lab;
		lab_begin(&lab, 0, 0);
		asker_init(&lab, &first);
		asker_init(&lab, &second);
		first.asks = &second;
		first.asks_name = rows[i].name;
		ask(&lab, &first, "both.example");
		harness_run(&lab.h);
		assert_int_equal(second.calls, 1);
		assert_int_equal(second.answer.status, RESOLVER_STATUS_OK);
		assert_int_equal(lab.server.asked, rows[i].asked);
		lab_end(&lab);
	}
}

static void
a_callback_may_destroy_the_resolver(void **state)
{
	static const char *const names[] = { "both.example", "both.example",
		"silent.example" };
	struct asker askers[COUNT_OF(names)];
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		asker_init(&lab, &askers[i]);
		askers[i].destroys = true;
		ask(&lab, &askers[i], names[i]);
	}
	harness_run(&lab.h);
	harness_round(&lab.h);
	assert_null(lab.resolver);
	assert_int_equal(
	    askers[0].calls + askers[1].calls + askers[2].calls, 1);
	lab_end(&lab);
}

#define AT_ONCE (RESOLVER_LOOKUPS_MAX / 2) /* names */

static void
ask_many(struct lab *lab, struct asker *askers, int count)
{
	char name[32];

	for (int i = 0; i < count; i++) {
		asker_init(lab, &askers[i]);
		(void)snprintf(name, sizeof(name), "n%d.example", i);
		ask(lab, &askers[i], name);
	}
}

static void
too_many_questions_stand_in_line(void **state)
{
	static struct asker askers[RESOLVER_NAMES_MAX + 1];
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	ask_many(&lab, askers, RESOLVER_NAMES_MAX);
	/* No more than are kept; but one that is there can be joined. */
	asker_init(&lab, &askers[RESOLVER_NAMES_MAX]);
	assert_int_equal(resolver_ask(lab.resolver, STR("more.example"),
			     &askers[RESOLVER_NAMES_MAX].query),
	    -ENOBUFS);
	ask(&lab, &askers[RESOLVER_NAMES_MAX], "n2000.example");
	harness_run(&lab.h);
	for (int i = 0; i <= RESOLVER_NAMES_MAX; i++) {
		assert_int_equal(askers[i].calls, 1);
		assert_int_equal(askers[i].answer.status, RESOLVER_STATUS_OK);
	}
	assert_int_equal(
	    ask_alone(&lab, "both.example").status, RESOLVER_STATUS_OK);
	lab_end(&lab);
}

/* Those who leave the line are not asked for, and nobody waits for them. */
static void
who_leaves_the_line_is_not_asked_for(void **state)
{
	static struct asker askers[AT_ONCE + 100];
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	ask_many(&lab, askers, AT_ONCE + 100);
	for (int i = AT_ONCE; i < AT_ONCE + 99; i++) {
		resolver_cancel(&askers[i].query);
		lab.waiting--;
	}
	harness_run(&lab.h);
	assert_int_equal(askers[AT_ONCE + 99].calls, 1);
	assert_int_equal(askers[AT_ONCE].calls, 0);
	assert_int_equal(lab.server.asked, 2 * (AT_ONCE + 1));
	assert_int_equal(
	    ask_alone(&lab, "n512.example").status, RESOLVER_STATUS_OK);
	assert_int_equal(lab.server.asked, 2 * (AT_ONCE + 2));
	lab_end(&lab);
}

/* ---- servers that do not answer ---- */

#define SHORT (200 * CLOCK_MS)

static void
silence_is_a_timeout(void **state)
{
	struct lab lab;
	int asked;

	(void)state;
	lab_begin(&lab, SHORT, 0);
	int64_t begin = loop_now(&lab.h.loop);
	struct resolver_answer answer = ask_alone(&lab, "silent.example");
	assert_int_equal(answer.status, RESOLVER_STATUS_TIMEOUT);
	assert_true(loop_now(&lab.h.loop) - begin <= SHORT + CLOCK_SECOND);
	/* For a moment it is believed, and c-ares is done with it. */
	harness_run_for(&lab.h, SHORT);
	asked = lab.server.asked;
	assert_true(asked >= 2);
	answer = ask_alone(&lab, "silent.example");
	assert_int_equal(answer.status, RESOLVER_STATUS_TIMEOUT);
	assert_int_equal(lab.server.asked, asked);
	/* That the name is not there stands above that half is silent. */
	answer = ask_alone(&lab, "odd.example");
	assert_int_equal(answer.status, RESOLVER_STATUS_NO_NAME);
	lab_end(&lab);
}

/* The time of who stands in line is that of the others. */
static void
silence_is_a_timeout_in_line(void **state)
{
	static struct asker askers[AT_ONCE + 10];
	struct lab lab;
	char name[32];

	(void)state;
	lab_begin(&lab, SHORT, 0);
	int64_t begin = clock_now();
	for (int i = 0; i < AT_ONCE + 10; i++) {
		asker_init(&lab, &askers[i]);
		(void)snprintf(name, sizeof(name), "s%d.silent.example", i);
		ask(&lab, &askers[i], name);
	}
	harness_run(&lab.h);
	assert_true(clock_now() - begin <= SHORT + CLOCK_SECOND);
	for (int i = 0; i < AT_ONCE + 10; i++)
		assert_int_equal(
		    askers[i].answer.status, RESOLVER_STATUS_TIMEOUT);
	/* Once c-ares is done with them, others are asked for. */
	assert_int_equal(
	    ask_alone(&lab, "both.example").status, RESOLVER_STATUS_OK);
	lab_end(&lab);
}

/* What a round of the loop takes for its other work is not the server's
 * time. */
static void
the_time_begins_with_the_question(void **state)
{
	struct lab lab;

	(void)state;
	lab_begin(&lab, SHORT, 0);
	int64_t late = loop_now(&lab.h.loop) + SHORT;
	while (clock_now() <= late)
		continue;
	assert_int_equal(
	    ask_alone(&lab, "both.example").status, RESOLVER_STATUS_OK);
	lab_end(&lab);
}

/* Within its time: a request is not refused because of a lost datagram. */
static void
what_is_lost_three_times_is_asked_again(void **state)
{
	struct lab lab;

	(void)state;
	lab_begin(&lab, CLOCK_SECOND, 0);
	assert_int_equal(
	    ask_alone(&lab, "lossy.example").status, RESOLVER_STATUS_OK);
	assert_int_equal(lab.server.asked, 8);
	lab_end(&lab);
}

/* The whole machine, the server with it: it has not had its time then. */
static void
a_machine_that_stood_still_has_asked_nobody(void **state)
{
	struct asker asker;
	struct lab lab;

	(void)state;
	lab_begin(&lab, SHORT, 0);
	asker_init(&lab, &asker);
	ask(&lab, &asker, "both.example");
	int64_t late = clock_now() + 2 * SHORT;
	while (clock_now() <= late)
		continue;
	harness_run(&lab.h);
	assert_int_equal(asker.answer.status, RESOLVER_STATUS_OK);
	lab_end(&lab);
}

#define DEAF 3

/* Sockets that take questions and never answer: the lab's server stays the
 * first if `after` it, or is not asked at all. */
static void
add_deaf_servers(struct lab *lab, bool after, int ret_fds[static DEAF])
{
	struct address_port servers[1 + DEAF] = { lab->server.at };

	for (size_t i = 0; i < DEAF; i++) {
		struct address_port at = lab->server.at;
		struct sockaddr_storage sa;
		at.address.bytes[3] = (uint8_t)(i + 2);
		socklen_t len = address_to_sockaddr(at, &sa);
		ret_fds[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		assert_int_equal(
		    bind(ret_fds[i], (struct sockaddr *)&sa, len), 0);
		servers[1 + i] = at;
	}
	assert_int_equal(
	    resolver_servers(lab->resolver, after ? servers : servers + 1,
		after ? 1 + DEAF : DEAF),
	    0);
}

/* c-ares would take its time with each of the deaf; the whole time is the
 * resolver's, and what was asked ends behind its back. */
static void
the_whole_time_holds_for_many_servers(void **state)
{
	struct resolver_answer answer;
	struct lab lab;
	int fds[DEAF];

	(void)state;
	lab_begin(&lab, SHORT, 0);
	add_deaf_servers(&lab, false, fds);
	int64_t begin = loop_now(&lab.h.loop);
	answer = ask_alone(&lab, "both.example");
	int64_t took = loop_now(&lab.h.loop) - begin;
	assert_int_equal(answer.status, RESOLVER_STATUS_TIMEOUT);
	assert_true(took >= SHORT && took < SHORT + CLOCK_SECOND);
	assert_int_equal(
	    resolver_servers(lab.resolver, &lab.server.at, 1), -EBUSY);
	for (size_t i = 0; i < DEAF; i++)
		(void)close(fds[i]);
	lab_end(&lab);
}

/* Nothing can be sent to broadcast, which is known before dns_ask returns. */
static void
a_failure_at_once_is_told_by_the_loop(void **state)
{
	struct address_port nowhere = { .port = 53 };
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	assert_int_equal(
	    address_parse(STR("255.255.255.255"), &nowhere.address), 0);
	assert_int_equal(resolver_servers(lab.resolver, &nowhere, 1), 0);
	assert_int_equal(
	    ask_alone(&lab, "both.example").status, RESOLVER_STATUS_FAILED);
	lab_end(&lab);
}

static void
a_closed_port_is_a_failure(void **state)
{
	struct address_port closed, servers[2];
	struct lab lab;
	int fd = listen_somewhere(ADDRESS_IPV4, &closed);

	(void)state;
	(void)close(fd);
	lab_begin(&lab, 0, 0);
	servers[0] = closed;
	servers[1] = lab.server.at;
	assert_int_equal(resolver_servers(lab.resolver, servers, 1), 0);
	assert_int_equal(
	    ask_alone(&lab, "both.example").status, RESOLVER_STATUS_FAILED);
	/* With a second server that lives, it does not matter. */
	assert_int_equal(resolver_servers(lab.resolver, servers, 2), 0);
	assert_int_equal(
	    ask_alone(&lab, "both.example").status, RESOLVER_STATUS_OK);
	lab_end(&lab);
}

static void
one_silent_family_costs_a_grace_only(void **state)
{
	const int64_t grace = 20 * CLOCK_MS;
	struct asker asker;
	struct lab lab;
	char got[32];

	(void)state;
	lab_begin(&lab, 10 * CLOCK_SECOND, grace);
	int64_t begin = loop_now(&lab.h.loop);
	asker_init(&lab, &asker);
	ask(&lab, &asker, "half.example");
	harness_run(&lab.h);
	families(&asker.answer, got);
	assert_string_equal(got, "4");
	assert_true(asker.at - begin >= grace);
	assert_true(asker.at - begin < 2 * CLOCK_SECOND);
	lab_end(&lab);
}

/* Who asks later gets the late half as well, without a new question. */
static void
the_late_half_completes_the_answer(void **state)
{
	struct resolver_answer answer;
	struct lab lab;
	char got[32];

	(void)state;
	lab_begin(&lab, 10 * CLOCK_SECOND, CLOCK_MS);
	answer = ask_alone(&lab, "late.example");
	families(&answer, got);
	assert_string_equal(got, "4");
	server_release(&lab.server);
	do {
		answer = ask_alone(&lab, "late.example");
	} while (answer.count < 2);
	families(&answer, got);
	assert_string_equal(got, "64");
	assert_int_equal(lab.server.asked, 2);
	lab_end(&lab);
}

static void
ask_for(struct lab *lab, struct asker *asker, const char *name,
    enum resolver_patience patience)
{
	asker_init(lab, asker);
	asker->query.patience = patience;
	ask(lab, asker, name);
}

static void
is_answered(const struct asker *asker, const char *expected, bool whole)
{
	char got[32];

	assert_int_equal(asker->calls, 1);
	families(&asker->answer, got);
	assert_string_equal(got, expected);
	assert_int_equal(asker->answer.whole, whole);
}

/* RFC 8305, 3: IPv6 is dialled at once, IPv4 joins when it comes. */
static void
who_is_eager_does_not_wait_for_ipv4(void **state)
{
	struct asker eager, usual, later, rest;
	struct lab lab;

	(void)state;
	lab_begin(&lab, 10 * CLOCK_SECOND, 5 * CLOCK_SECOND);
	int64_t begin = loop_now(&lab.h.loop);
	ask_for(&lab, &usual, "slow.example", RESOLVER_USUAL);
	ask_for(&lab, &eager, "slow.example", RESOLVER_EAGER);
	lab.waiting = 1; /* the loop stops with the first */
	harness_run(&lab.h);
	is_answered(&eager, "66", false);
	assert_true(eager.at - begin < 2 * CLOCK_SECOND);
	ask_for(&lab, &later, "slow.example", RESOLVER_EAGER);
	harness_run(&lab.h);
	is_answered(&later, "66", false);
	assert_int_equal(usual.calls, 0);
	ask_for(&lab, &rest, "slow.example", RESOLVER_REST);
	lab.waiting = 2;
	server_release(&lab.server);
	harness_run(&lab.h);
	is_answered(&usual, "646", true);
	is_answered(&rest, "646", true);
	ask_for(&lab, &eager, "slow.example", RESOLVER_EAGER);
	harness_run(&lab.h);
	is_answered(&eager, "646", true);
	assert_int_equal(lab.server.asked, 2);
	lab_end(&lab);
}

/* And for IPv6 as long as anybody; what comes later is told all the same. */
static void
the_rest_comes_after_the_grace(void **state)
{
	struct asker eager, rest;
	struct lab lab;

	(void)state;
	lab_begin(&lab, 10 * CLOCK_SECOND, 20 * CLOCK_MS);
	int64_t begin = loop_now(&lab.h.loop);
	ask_for(&lab, &eager, "late.example", RESOLVER_EAGER);
	harness_run(&lab.h);
	is_answered(&eager, "4", false);
	assert_true(eager.at - begin >= 20 * CLOCK_MS);
	ask_for(&lab, &rest, "late.example", RESOLVER_REST);
	server_release(&lab.server);
	harness_run(&lab.h);
	is_answered(&rest, "64", true);
	lab_end(&lab);
	/* It never comes: the whole time is waited for, not longer. */
	lab_begin(&lab, SHORT, CLOCK_MS);
	ask_for(&lab, &eager, "half.example", RESOLVER_EAGER);
	harness_run(&lab.h);
	is_answered(&eager, "4", false);
	ask_for(&lab, &rest, "half.example", RESOLVER_REST);
	harness_run(&lab.h);
	is_answered(&rest, "4", true);
	lab_end(&lab);
}

/* By how much the loop was late, the half has more time. */
static struct resolver_answer
ask_when_given_up(struct lab *lab, const char *name)
{
	int64_t latest = clock_now() + 10 * CLOCK_SECOND;
	struct resolver_answer answer = ask_alone(lab, name);

	while (answer.ttl > RESOLVER_TTL_HALF && clock_now() < latest) {
		harness_run_for(&lab->h, 10 * CLOCK_MS);
		answer = ask_alone(lab, name);
	}
	return answer;
}

/* After grace the rest of the time still ends; the half counts as silent,
 * also if c-ares has not given it up yet. */
static void
the_late_half_is_given_up_in_the_end(void **state)
{
	static const bool deaf[] = { false, true };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(deaf); i++) {
		struct resolver_answer answer;
		struct lab lab;
		int fds[DEAF];
		lab_begin(&lab, SHORT, CLOCK_MS);
		if (deaf[i])
			add_deaf_servers(&lab, true, fds);
		answer = ask_alone(&lab, "half.example");
		assert_int_equal(answer.count, 1);
		assert_true(answer.ttl > RESOLVER_TTL_HALF);
		harness_run_for(&lab.h, SHORT + 10 * CLOCK_MS);
		answer = ask_when_given_up(&lab, "half.example");
		assert_int_equal(answer.count, 1);
		assert_true(answer.ttl <= RESOLVER_TTL_HALF);
		for (size_t j = 0; deaf[i] && j < DEAF; j++)
			(void)close(fds[j]);
		lab_end(&lab);
	}
}

static void
destroyed_with_open_questions(void **state)
{
	struct asker askers[3];
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	for (size_t i = 0; i < COUNT_OF(askers); i++) {
		asker_init(&lab, &askers[i]);
		ask(&lab, &askers[i],
		    i == 0 ? "silent.example" : "both.example");
	}
	lab_end(&lab);
	for (size_t i = 0; i < COUNT_OF(askers); i++)
		assert_int_equal(askers[i].calls, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_answer),
		cmocka_unit_test(addresses_come_as_the_server_orders_them),
		cmocka_unit_test(what_is_not_a_name_is_refused),
		cmocka_unit_test(every_status_has_a_word),
		cmocka_unit_test(answers_are_kept_for_their_time),
		cmocka_unit_test(new_servers_are_asked_anew),
		cmocka_unit_test(the_table_of_names_is_bounded),
		cmocka_unit_test(open_questions_keep_their_place),
		cmocka_unit_test(equal_questions_are_joined),
		cmocka_unit_test(cancelled_is_silent),
		cmocka_unit_test(a_callback_may_cancel_others),
		cmocka_unit_test(each_of_the_joined_may_be_cancelled),
		cmocka_unit_test(a_callback_may_ask),
		cmocka_unit_test(a_callback_may_destroy_the_resolver),
		cmocka_unit_test(too_many_questions_stand_in_line),
		cmocka_unit_test(who_leaves_the_line_is_not_asked_for),
		cmocka_unit_test(silence_is_a_timeout),
		cmocka_unit_test(silence_is_a_timeout_in_line),
		cmocka_unit_test(the_time_begins_with_the_question),
		cmocka_unit_test(what_is_lost_three_times_is_asked_again),
		cmocka_unit_test(a_machine_that_stood_still_has_asked_nobody),
		cmocka_unit_test(the_whole_time_holds_for_many_servers),
		cmocka_unit_test(a_failure_at_once_is_told_by_the_loop),
		cmocka_unit_test(a_closed_port_is_a_failure),
		cmocka_unit_test(one_silent_family_costs_a_grace_only),
		cmocka_unit_test(the_late_half_completes_the_answer),
		cmocka_unit_test(who_is_eager_does_not_wait_for_ipv4),
		cmocka_unit_test(the_rest_comes_after_the_grace),
		cmocka_unit_test(the_late_half_is_given_up_in_the_end),
		cmocka_unit_test(destroyed_with_open_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
