/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event/tally.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static const struct tally_flow web = {
	.name = STR_INIT("www.example.com"),
	.client = { .bytes = { 10, 0, 0, 4 }, .family = ADDRESS_IPV4 },
	.zone_from = STR_INIT("lan"),
	.zone_to = STR_INIT("wan"),
	.has_rule = true,
	.rule = { 3, 7 },
	.request = true,
	.bytes_in = 300,
	.bytes_out = 5000,
};

static const struct heavy_entry *
only(const struct tally *tally, enum tally_kind kind)
{
	const struct heavy_entry *top[2];

	assert_int_equal(heavy_top(&tally->kinds[kind], top, 2), 1);
	return top[0];
}

static void
a_flow_counts_in_each_kind(void **context)
{
	struct tally_flow refused = web;
	struct tally_rule rule;
	struct address client;
	struct tally tally;

	(void)context;
	refused.refused = true;
	refused.hit = true;
	refused.saved = 11;
	assert_int_equal(tally_init(&tally), 0);
	tally_add(&tally, &web);
	tally_add(&tally, &refused);
	const uint64_t *figures = tally.point.figures;
	assert_int_equal(figures[SERIES_ALLOWED], 1);
	assert_int_equal(figures[SERIES_REFUSED], 1);
	assert_int_equal(figures[SERIES_REQUESTS], 2);
	assert_int_equal(figures[SERIES_BYTES_OUT], 10000);
	assert_int_equal(figures[SERIES_HITS], 1);
	assert_int_equal(figures[SERIES_SAVED], 11);
	for (size_t i = 0; i < TALLY_KIND_COUNT; i++) {
		const struct heavy_entry *one =
		    only(&tally, (enum tally_kind)i);
		assert_int_equal(one->count.flows, i == TALLY_REFUSED ? 1 : 2);
		assert_int_equal(one->count.refused, 1);
	}
	const struct heavy *rules = &tally.kinds[TALLY_RULES];
	assert_true(
	    tally_rule_of(heavy_key(rules, only(&tally, TALLY_RULES)), &rule));
	assert_int_equal(rule.generation, 3);
	assert_int_equal(rule.at, 7);
	const struct heavy *clients = &tally.kinds[TALLY_CLIENTS];
	assert_true(tally_client_of(
	    heavy_key(clients, only(&tally, TALLY_CLIENTS)), &client));
	assert_true(address_eq(client, web.client));
	const struct heavy *pairs = &tally.kinds[TALLY_PAIRS];
	assert_true(
	    str_is(heavy_key(pairs, only(&tally, TALLY_PAIRS)), "lan -> wan"));
	tally_fini(&tally);
}

static void
what_is_not_known_is_left_out(void **context)
{
	struct tally_flow bare = { .zone_from = STR("lan") };
	struct tally tally;

	(void)context;
	assert_int_equal(tally_init(&tally), 0);
	tally_add(&tally, &bare);
	for (size_t i = 0; i < TALLY_KIND_COUNT; i++)
		assert_int_equal(
		    tally.kinds[i].count, i == TALLY_PAIRS ? 1 : 0);
	const struct heavy *pairs = &tally.kinds[TALLY_PAIRS];
	assert_true(
	    str_is(heavy_key(pairs, only(&tally, TALLY_PAIRS)), "lan -> -"));
	tally_fini(&tally);
}

static void
clients_that_are_none(void **context)
{
	struct address one = web.client, got;

	(void)context;
	one.family = 5;
	assert_false(tally_client_of(tally_client_key(&one), &got));
	one.family = ADDRESS_IPV4;
	one.bytes[9] = 1;
	assert_false(tally_client_of(tally_client_key(&one), &got));
	one.family = ADDRESS_IPV6;
	assert_true(tally_client_of(tally_client_key(&one), &got));
	assert_false(tally_client_of(STR("10.0.0.4"), &got));
}

/* ---- written down ---- */

static void
fill(struct tally *tally, unsigned flows)
{
	char name[HEAVY_KEY_BYTES_MAX];
	struct tally_flow flow = web;

	for (unsigned i = 0; i < flows; i++) {
		(void)snprintf(name, sizeof(name), "%0*u.example.com",
		    1 + (int)(i % 200), i);
		flow.name = str_of(name);
		flow.client.bytes[3] = (uint8_t)i;
		flow.client.bytes[2] = (uint8_t)(i >> 8);
		flow.rule.at = i;
		flow.refused = i % 3 == 0;
		tally_add(tally, &flow);
	}
}

static void
what_is_written_is_read(void **context)
{
	struct text bytes = TEXT_EMPTY, again = TEXT_EMPTY;
	struct tally tally, copy;

	(void)context;
	assert_int_equal(tally_init(&tally), 0);
	assert_int_equal(tally_init(&copy), 0);
	fill(&tally, 5000);
	assert_true(tally.kinds[TALLY_NAMES].floor > 0);
	tally_write(&tally, &bytes);
	assert_true(bytes.len <= TALLY_BYTES_MAX);
	assert_int_equal(tally_read(&copy, text_str(&bytes)), 0);
	tally_write(&copy, &again);
	assert_true(str_eq(text_str(&bytes), text_str(&again)));
	text_fini(&bytes);
	text_fini(&again);
	tally_fini(&tally);
	tally_fini(&copy);
}

/* Whatever is read, what can be merged keeps to its bounds. */
static void
what_was_tampered_with(void **context)
{
	struct text bytes = TEXT_EMPTY;
	struct tally tally, copy, sum;
	unsigned refused = 0;

	(void)context;
	assert_int_equal(tally_init(&tally), 0);
	assert_int_equal(tally_init(&copy), 0);
	assert_int_equal(tally_init(&sum), 0);
	fill(&tally, 40);
	tally_write(&tally, &bytes);
	for (size_t i = 0; i < bytes.len; i += 1 + i % 7) {
		char kept = bytes.at[i];
		bytes.at[i] = (char)(kept ^ (1 << i % 8));
		tally_clear(&copy);
		if (tally_read(&copy, text_str(&bytes)) == 0)
			tally_merge(&sum, &copy);
		else
			refused++;
		bytes.at[i] = kept;
	}
	assert_true(refused > 50);
	for (size_t cut = 0; cut < bytes.len; cut += 13) {
		tally_clear(&copy);
		assert_int_equal(
		    tally_read(&copy, (struct str){ bytes.at, cut }), -EBADMSG);
	}
	text_addc(&bytes, '\0');
	tally_clear(&copy);
	assert_int_equal(tally_read(&copy, text_str(&bytes)), -EBADMSG);
	text_fini(&bytes);
	tally_fini(&tally);
	tally_fini(&copy);
	tally_fini(&sum);
}

/* ---- of a thread ---- */

#define FLOWS 200000

struct counting {
	struct tally_slot slot;
	atomic_bool done;
};

static void *
count(void *context)
{
	struct counting *counting = context;

	for (unsigned i = 0; i < FLOWS; i++) {
		struct tally *tally = tally_slot_begin(&counting->slot);
		tally_add(tally, &web);
		tally_slot_end(&counting->slot, tally);
	}
	atomic_store(&counting->done, true);
	return NULL;
}

/* Who asks all the time gets each flow once. */
static void
nothing_is_lost_between_two_threads(void **context)
{
	static struct counting counting;
	pthread_t thread;
	struct tally sum;

	(void)context;
	assert_int_equal(tally_slot_init(&counting.slot), 0);
	assert_int_equal(tally_init(&sum), 0);
	assert_int_equal(pthread_create(&thread, NULL, count, &counting), 0);
	while (!atomic_load(&counting.done))
		(void)tally_slot_take(&counting.slot, &sum);
	(void)pthread_join(thread, NULL);
	assert_true(tally_slot_take(&counting.slot, &sum));
	assert_int_equal(sum.point.figures[SERIES_ALLOWED], FLOWS);
	assert_int_equal(only(&sum, TALLY_NAMES)->count.flows, FLOWS);
	tally_fini(&sum);
	tally_slot_fini(&counting.slot);
}

static void
one_that_is_held_is_left_alone(void **context)
{
	struct tally_slot slot;
	struct tally sum;

	(void)context;
	assert_int_equal(tally_slot_init(&slot), 0);
	assert_int_equal(tally_init(&sum), 0);
	struct tally *tally = tally_slot_begin(&slot);
	tally_add(tally, &web);
	assert_false(tally_slot_take(&slot, &sum));
	tally_slot_end(&slot, tally);
	assert_true(tally_slot_take(&slot, &sum));
	assert_int_equal(sum.point.figures[SERIES_ALLOWED], 1);
	tally_fini(&sum);
	tally_slot_fini(&slot);
}

/* Others have the processor, too. */
static int64_t
thread_time(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * CLOCK_SECOND + now.tv_nsec;
}

/* What it costs on a request's way: names and clients of a busy proxy. */
static void
the_cost_of_a_flow(void **context)
{
	static char names[4096][32];
	struct tally_flow flow = web;
	struct tally_slot slot;
	uint32_t at = 1;

	(void)context;
	assert_int_equal(tally_slot_init(&slot), 0);
	for (unsigned i = 0; i < 4096; i++)
		(void)snprintf(
		    names[i], sizeof(names[i]), "host-%u.example.com", i);
	int64_t began = thread_time();
	for (unsigned i = 0; i < FLOWS; i++) {
		at = at * 1664525 + 1013904223;
		flow.name = str_of(names[(at >> 16) & (at >> 4) & 4095]);
		flow.client.bytes[3] = (uint8_t)(at >> 24);
		flow.rule.at = (at >> 20) & 31;
		struct tally *tally = tally_slot_begin(&slot);
		tally_add(tally, &flow);
		tally_slot_end(&slot, tally);
	}
	print_message("a flow takes %lld ns\n",
	    (long long)((thread_time() - began) / FLOWS));
	tally_slot_fini(&slot);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_counts_in_each_kind),
		cmocka_unit_test(what_is_not_known_is_left_out),
		cmocka_unit_test(clients_that_are_none),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(what_was_tampered_with),
		cmocka_unit_test(nothing_is_lost_between_two_threads),
		cmocka_unit_test(one_that_is_held_is_left_alone),
		cmocka_unit_test(the_cost_of_a_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
