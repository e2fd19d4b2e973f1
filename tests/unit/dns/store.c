/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store: what is found, what goes first, and that it never grows. */
#include "dns/store.h"
#include "wire.h"

#include <stdio.h>

#define BYTES ((uint64_t)1 << 20)

static struct dns_key
key_of(unsigned number)
{
	struct dns_query query = { 0 };
	char name[64];

	(void)snprintf(name, sizeof(name), "N%u.example", number);
	query.question = wire_question(name, DNS_TYPE_A);
	return dns_key_of(&query);
}

static void
put(struct dns_store *store, unsigned number, int64_t now)
{
	struct dns_key key = key_of(number);
	struct dns_inquiry question = {
		.name = key.name, .type = key.type, .class = DNS_CLASS_IN
	};
	struct dns_answer *answer =
	    dns_answer_failure(&question, DNS_EXTENDED_OTHER, now);

	assert_non_null(answer);
	dns_store_put(store, &key, answer);
	dns_answer_unref(answer);
}

static bool
has(struct dns_store *store, unsigned number, int64_t now)
{
	struct dns_key key = key_of(number);
	struct dns_answer *answer = dns_store_find(store, &key, now);
	bool found = answer != NULL;

	dns_answer_unref(answer);
	return found;
}

static void
it_never_grows_and_the_used_ones_stay(void **state)
{
	struct dns_store *store = dns_store_create(BYTES);
	struct dns_store_figures figures;

	(void)state;
	assert_non_null(store);
	for (unsigned i = 0; i < 50000; i++) {
		put(store, i, CLOCK_SECOND);
		assert_true(has(store, 0, CLOCK_SECOND));
	}
	dns_store_look(store, &figures);
	assert_true(figures.bytes <= BYTES);
	assert_true(figures.answers > 1000);
	assert_false(has(store, 1, CLOCK_SECOND));
	assert_true(has(store, 49999, CLOCK_SECOND));
	dns_store_resize(store, BYTES / 4);
	dns_store_look(store, &figures);
	assert_true(figures.bytes <= BYTES / 4);
	assert_true(has(store, 49999, CLOCK_SECOND));
	dns_store_clear(store);
	dns_store_look(store, &figures);
	assert_int_equal(figures.bytes + figures.answers, 0);
	dns_store_destroy(store);
}

static void
what_is_too_old_is_gone(void **state)
{
	struct dns_store *store = dns_store_create(BYTES);
	struct dns_store_figures figures;

	(void)state;
	put(store, 1, CLOCK_SECOND);
	put(store, 1, CLOCK_SECOND); /* in the place of the first */
	dns_store_look(store, &figures);
	assert_int_equal(figures.answers, 1);
	assert_true(has(store, 1, CLOCK_SECOND + DNS_STALE_MAX));
	assert_false(has(store, 1, 3 * CLOCK_SECOND + DNS_STALE_MAX));
	dns_store_look(store, &figures);
	assert_int_equal(figures.answers, 0);
	dns_store_destroy(store);
}

static void
keys_differ_by_what_they_ask(void **state)
{
	struct dns_store *store = dns_store_create(BYTES);
	struct dns_key key = key_of(1), other = key;

	(void)state;
	put(store, 1, CLOCK_SECOND);
	other.flags = DNS_KEY_SECURE;
	assert_null(dns_store_find(store, &other, CLOCK_SECOND));
	other = key;
	other.type = DNS_TYPE_AAAA;
	assert_null(dns_store_find(store, &other, CLOCK_SECOND));
	assert_true(has(store, 1, CLOCK_SECOND));
	dns_store_destroy(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_never_grows_and_the_used_ones_stay),
		cmocka_unit_test(what_is_too_old_is_gone),
		cmocka_unit_test(keys_differ_by_what_they_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
