/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who did not take our certificate: for how long, and how many of them.
 */
#include "proxy/inspection.h"

#include "net/authority.h"
#include "policies.h"
#include "proxy/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum zone {
	LAN = 1,
	GUEST = 2,
};

static struct inspection *
make_inspection(void)
{
	struct authority_wish wish = { .name = STR("Test CA"),
		.time = (int64_t)86400 * CLOCK_SECOND };
	struct text pem = TEXT_EMPTY;
	struct policy policy = { .inspects = true };
	const char *why = NULL;

	assert_int_equal(authority_make(&wish, &pem, &why), 0);
	policy.ca.pem = text_str(&pem);
	struct text words = TEXT_EMPTY;
	struct inspection *inspection =
	    inspection_create(&policy, NULL, &words);
	text_fini(&words);
	text_fini(&pem);
	assert_non_null(inspection);
	return inspection;
}

static size_t
count(struct inspection *inspection)
{
	struct inspection_pin pins[7];
	size_t place = 0, all = 0, some;

	do {
		some = inspection_pins(inspection, &place, pins, 7);
		all += some;
	} while (some == 7);
	return all;
}

static void
it_is_of_a_zone_and_a_name(void **state)
{
	struct inspection *inspection = make_inspection();
	struct inspection_pin pin;
	size_t place = 0;

	(void)state;
	inspection_note_pinned(inspection, GUEST, STR("bank.example"));
	inspection_note_pinned(inspection, GUEST, STR("bank.example"));
	assert_true(
	    inspection_is_pinned(inspection, GUEST, STR("bank.example")));
	assert_false(
	    inspection_is_pinned(inspection, LAN, STR("bank.example")));
	assert_false(
	    inspection_is_pinned(inspection, GUEST, STR("www.bank.example")));
	assert_int_equal(count(inspection), 1);
	assert_int_equal(inspection_pins(inspection, &place, &pin, 1), 1);
	assert_int_equal(pin.zone, GUEST);
	assert_string_equal(pin.host, "bank.example");
	assert_true(pin.left > 0 && pin.left <= INSPECTION_PINNED);
	inspection_unref(inspection);
}

static void
it_ends_with_its_hour(void **state)
{
	struct inspection *inspection = make_inspection();
	struct str bank = STR("bank.example");

	(void)state;
	inspection_note_pinned(inspection, GUEST, bank);
	inspection_age_pins(inspection, INSPECTION_PINNED - CLOCK_SECOND * 60);
	assert_true(inspection_is_pinned(inspection, GUEST, bank));
	inspection_age_pins(inspection, CLOCK_SECOND * 60);
	assert_false(inspection_is_pinned(inspection, GUEST, bank));
	assert_int_equal(count(inspection), 0);
	inspection_note_pinned(inspection, GUEST, bank);
	assert_true(inspection_is_pinned(inspection, GUEST, bank));
	inspection_unref(inspection);
}

/* The last is always there, whatever else it took the place of. */
static void
there_are_so_many_at_most(void **state)
{
	struct inspection *inspection = make_inspection();
	char name[32];

	(void)state;
	for (int i = 0; i < 3 * PROXY_PINS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "n%d.example", i);
		inspection_note_pinned(inspection, LAN, str_of(name));
		assert_true(
		    inspection_is_pinned(inspection, LAN, str_of(name)));
	}
	assert_true(count(inspection) <= PROXY_PINS_MAX);
	assert_true(count(inspection) > PROXY_PINS_MAX * 3 / 4);
	inspection_unref(inspection);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_of_a_zone_and_a_name),
		cmocka_unit_test(it_ends_with_its_hour),
		cmocka_unit_test(there_are_so_many_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
