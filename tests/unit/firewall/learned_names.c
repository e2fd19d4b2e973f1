/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which names addresses have: what is kept, until when, and what goes when
 * there is no room.
 */
#include "firewall/learned_names.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

static struct address
address_of(const char *text)
{
	struct address ret;

	assert_int_equal(address_parse(str_of(text), &ret), 0);
	return ret;
}

static int
put(struct learned_names *names, const char *zone, const char *address,
    const char *name, int64_t ends)
{
	struct learned_address *one =
	    learned_names_address(names, str_of(zone), address_of(address));

	assert_non_null(one);
	return learned_names_put(names, one, str_of(name), ends);
}

/* "NAME NAME" in the order of their coming; "" for an unknown address. */
static void
assert_names(const struct learned_names *names, const char *zone,
    const char *address, const char *want)
{
	const struct learned_address *one =
	    learned_names_find(names, str_of(zone), address_of(address));
	struct text got = TEXT_EMPTY;

	for (size_t i = 0; one != NULL && i < one->names.count; i++)
		text_addf(&got, "%s%.*s", i > 0 ? " " : "",
		    STR_ARG(one->names.items[i].name));
	if (!str_is(text_str(&got), want))
		fail_msg("%s %s: wanted '%s', got '%.*s'", zone, address, want,
		    STR_ARG(text_str(&got)));
	text_fini(&got);
}

static void
an_address_has_the_names_of_its_zone(void **state)
{
	struct learned_names names = LEARNED_NAMES_EMPTY;

	(void)state;
	assert_names(&names, "lan", "192.0.2.1", "");
	assert_int_equal(put(&names, "lan", "192.0.2.1", "a.example", 1000), 1);
	assert_int_equal(put(&names, "lan", "192.0.2.1", "b.example", 1000), 1);
	put(&names, "lan", "2001:db8::1", "a.example", 1000);
	put(&names, "guest", "192.0.2.1", "c.example", 1000);
	assert_names(&names, "lan", "192.0.2.1", "a.example b.example");
	assert_names(&names, "guest", "192.0.2.1", "c.example");
	assert_names(&names, "lan", "2001:db8::1", "a.example");
	assert_names(&names, "la", "192.0.2.1", "");
	assert_names(&names, "lan", "192.0.2.2", "");
	assert_int_equal(names.count, 4);
	assert_int_equal(names.addresses, 3);
	learned_names_fini(&names);
	assert_int_equal(names.count, 0);
}

static void
an_answer_that_says_no_more_is_no_news(void **state)
{
	const int64_t slack = LEARNED_NAMES_SLACK;
	struct learned_names names = LEARNED_NAMES_EMPTY;

	(void)state;
	put(&names, "lan", "192.0.2.1", "a.example", 10 * slack);
	assert_int_equal(
	    put(&names, "lan", "192.0.2.1", "a.example", 11 * slack), 0);
	assert_int_equal(
	    put(&names, "lan", "192.0.2.1", "a.example", 9 * slack), 0);
	assert_int_equal(
	    put(&names, "lan", "192.0.2.1", "a.example", 11 * slack + 1), 1);
	const struct learned_address *one =
	    learned_names_find(&names, STR("lan"), address_of("192.0.2.1"));
	assert_int_equal(one->names.items[0].ends, 11 * slack + 1);
	assert_int_equal(names.count, 1);
	learned_names_fini(&names);
}

static void
the_name_that_ends_last_is_the_one_that_is_told(void **state)
{
	struct learned_names names = LEARNED_NAMES_EMPTY;

	(void)state;
	put(&names, "lan", "192.0.2.1", "a.example", 2000);
	put(&names, "lan", "192.0.2.1", "b.example", 3000);
	put(&names, "lan", "192.0.2.1", "c.example", 1000);
	const struct learned_address *one =
	    learned_names_find(&names, STR("lan"), address_of("192.0.2.1"));
	assert_true(str_is(learned_address_name(one), "b.example"));
	learned_names_fini(&names);
}

/* ---- room ---- */

struct lost {
	size_t addresses, empty;
};

static void
count_lost(void *context, struct learned_address *address)
{
	struct lost *lost = context;

	lost->addresses++;
	lost->empty += address->names.count == 0;
}

static void
put_number(struct learned_names *names, unsigned number, int64_t ends)
{
	char address[32], name[32];

	(void)snprintf(address, sizeof(address), "10.%u.%u.%u",
	    number >> 16 & 255, number >> 8 & 255, number & 255);
	(void)snprintf(name, sizeof(name), "a%u.example", number);
	put(names, "lan", address, name, ends);
}

static void
those_that_end_first_make_room(void **state)
{
	struct learned_names names = LEARNED_NAMES_EMPTY;
	struct lost lost = { 0 };
	int64_t now = clock_now();

	(void)state;
	/* In no order: the odd ones are over. */
	for (unsigned i = 0; i < FIREWALL_LEARNED_MAX; i++)
		put_number(&names, i,
		    now + ((i % 8 == 1) ? -(int64_t)i : 3600 + (int64_t)i) *
			      CLOCK_SECOND);
	assert_true(learned_names_are_full(&names));
	assert_int_equal(learned_names_make_room(&names, count_lost, &lost), 0);
	assert_int_equal(names.count, FIREWALL_LEARNED_MAX - LEARNED_NAMES_GO);
	assert_int_equal(names.addresses, names.count);
	assert_int_equal(lost.addresses, LEARNED_NAMES_GO);
	assert_int_equal(lost.empty, LEARNED_NAMES_GO);
	assert_int_equal(names.forgotten, 0); /* half of those were over */
	assert_int_equal(learned_names_make_room(&names, count_lost, &lost), 0);
	assert_int_equal(names.forgotten, 0);
	assert_int_equal(learned_names_make_room(&names, count_lost, &lost), 0);
	assert_int_equal(names.forgotten, LEARNED_NAMES_GO);
	/* The first of those that were not over. */
	assert_names(&names, "lan", "10.0.0.0", "");
	assert_names(&names, "lan", "10.0.255.254", "a65534.example");
	learned_names_fini(&names);
}

static void
an_address_with_a_name_left_stays(void **state)
{
	struct learned_names names = LEARNED_NAMES_EMPTY;
	struct lost lost = { 0 };
	int64_t now = clock_now();

	(void)state;
	for (unsigned i = 0; i < LEARNED_NAMES_GO; i++)
		put_number(&names, i, now - CLOCK_SECOND);
	put(&names, "lan", "10.0.0.7", "stays.example", now + CLOCK_SECOND);
	assert_int_equal(learned_names_make_room(&names, count_lost, &lost), 0);
	assert_int_equal(names.count, 1);
	assert_int_equal(names.addresses, 1);
	assert_int_equal(lost.addresses, LEARNED_NAMES_GO);
	assert_int_equal(lost.empty, LEARNED_NAMES_GO - 1);
	assert_names(&names, "lan", "10.0.0.7", "stays.example");
	learned_names_fini(&names);
}

static void
one_address_has_so_many_names(void **state)
{
	struct learned_names names = LEARNED_NAMES_EMPTY;
	int64_t now = clock_now();
	char name[32];

	(void)state;
	for (int i = 0; i <= LEARNED_NAMES_AT_ADDRESS; i++) {
		(void)snprintf(name, sizeof(name), "a%d.example", i);
		put(&names, "lan", "192.0.2.1", name,
		    now + (1 + (i + 5) % 1000) * 60 * CLOCK_SECOND);
	}
	assert_int_equal(names.count, LEARNED_NAMES_AT_ADDRESS);
	assert_int_equal(names.forgotten, 1);
	const struct learned_address *one =
	    learned_names_find(&names, STR("lan"), address_of("192.0.2.1"));
	/* The one that would have ended first. */
	for (size_t i = 0; i < one->names.count; i++)
		assert_false(str_is(one->names.items[i].name, "a995.example"));
	learned_names_fini(&names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_has_the_names_of_its_zone),
		cmocka_unit_test(an_answer_that_says_no_more_is_no_news),
		cmocka_unit_test(
		    the_name_that_ends_last_is_the_one_that_is_told),
		cmocka_unit_test(those_that_end_first_make_room),
		cmocka_unit_test(an_address_with_a_name_left_stays),
		cmocka_unit_test(one_address_has_so_many_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
