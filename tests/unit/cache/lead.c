/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One asks the origin, the others wait for him, and never for nothing.
 */
#include "stock.h"

struct turn {
	struct cache_lead *lead;
	struct cache_waiter *waiter;
};

static enum cache_turn
take(struct stock *s, const char *key, const char *language,
    const struct cache_object *known, struct turn *ret)
{
	struct asked asked;

	*ret = (struct turn){ NULL, NULL };
	const struct cache_wish wish = {
		.key = str_of(key),
		.request = asking(&asked, language),
		.known = known,
		.loop = &s->h.loop,
		.fn = count_call,
		.context = s,
	};
	return cache_take_turn(&s->user, &wish, &ret->lead, &ret->waiter);
}

static void
one_leads_and_all_are_called(void **state)
{
	struct cache_stats stats;
	struct turn first, others[50];
	struct stock s;

	(void)state;
	stock_begin(&s, 16 * MIB, MIB);
	assert_int_equal(take(&s, "k", NULL, NULL, &first), CACHE_TURN_LEAD);
	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_int_equal(
		    take(&s, "k", NULL, NULL, &others[i]), CACHE_TURN_WAIT);
	cache_waiter_cancel(&others[7].waiter);
	harness_round(&s.h);
	assert_int_equal(s.calls, 0);
	assert_int_equal(
	    put(&s, (struct made){ .key = "k", .length = 1 }, 'x'), 0);
	assert_int_equal(
	    take(&s, "k", NULL, NULL, &others[0]), CACHE_TURN_FOUND);
	cache_lead_end(&s.user, &first.lead, CACHE_LEAD_KEPT);
	assert_null(first.lead);
	cache_waiter_cancel(&others[9].waiter); /* its call is on its way */
	harness_round(&s.h);
	assert_int_equal(s.calls, (int)COUNT_OF(others) - 2);
	cache_stats(s.cache, &stats);
	assert_int_equal(stats.collapsed, COUNT_OF(others));
	cache_lead_end(&s.user, &first.lead, CACHE_LEAD_KEPT);
	stock_end(&s);
}

static void
who_breaks_is_followed_by_the_next(void **state)
{
	struct turn first, second, third;
	struct stock s;

	(void)state;
	stock_begin(&s, 16 * MIB, MIB);
	assert_int_equal(take(&s, "k", NULL, NULL, &first), CACHE_TURN_LEAD);
	assert_int_equal(take(&s, "k", NULL, NULL, &second), CACHE_TURN_WAIT);
	assert_int_equal(take(&s, "l", NULL, NULL, &third), CACHE_TURN_LEAD);
	cache_lead_end(&s.user, &first.lead, CACHE_LEAD_GONE);
	harness_round(&s.h);
	assert_int_equal(s.calls, 1);
	assert_int_equal(take(&s, "k", NULL, NULL, &second), CACHE_TURN_LEAD);
	assert_int_equal(take(&s, "k", NULL, NULL, &first), CACHE_TURN_WAIT);
	cache_waiter_cancel(&first.waiter);
	cache_lead_end(&s.user, &second.lead, CACHE_LEAD_GONE);
	cache_lead_end(&s.user, &third.lead, CACHE_LEAD_GONE);
	stock_end(&s);
}

static void
nobody_waits_for_what_cannot_be_kept(void **state)
{
	struct turn first, second;
	struct stock s;

	(void)state;
	stock_begin(&s, 16 * MIB, MIB);
	assert_int_equal(take(&s, "k", NULL, NULL, &first), CACHE_TURN_LEAD);
	assert_int_equal(take(&s, "k", NULL, NULL, &second), CACHE_TURN_WAIT);
	cache_lead_end(&s.user, &first.lead, CACHE_LEAD_NOT_KEPT);
	harness_round(&s.h);
	assert_int_equal(s.calls, 1);
	assert_int_equal(take(&s, "k", NULL, NULL, &second), CACHE_TURN_ALONE);
	assert_int_equal(take(&s, "l", NULL, NULL, &first), CACHE_TURN_LEAD);
	cache_lead_end(&s.user, &first.lead, CACHE_LEAD_GONE);
	/* It could be kept after all: somebody asked alone. */
	assert_int_equal(
	    put(&s, (struct made){ .key = "k", .length = 1 }, 'x'), 0);
	assert_int_equal(take(&s, "k", NULL, NULL, &second), CACHE_TURN_FOUND);
	const struct cache_object *stale = find(&s, "k", NULL);
	assert_int_equal(take(&s, "k", NULL, stale, &second), CACHE_TURN_LEAD);
	cache_lead_end(&s.user, &second.lead, CACHE_LEAD_GONE);
	stock_end(&s);
}

/* As soon as it is known by what the response varies. */
static void
other_variants_are_other_requests(void **state)
{
	struct turn de, en, again;
	struct stock s;

	(void)state;
	stock_begin(&s, 16 * MIB, MIB);
	assert_int_equal(take(&s, "k", "de", NULL, &de), CACHE_TURN_LEAD);
	assert_int_equal(take(&s, "k", "en", NULL, &en), CACHE_TURN_WAIT);
	assert_int_equal(
	    put(&s,
		(struct made){
		    .key = "k", .vary = "accept-language:de\n", .length = 1 },
		'd'),
	    0);
	cache_lead_end(&s.user, &de.lead, CACHE_LEAD_KEPT);
	harness_round(&s.h);
	assert_int_equal(s.calls, 1);
	assert_null(find(&s, "k", "en"));
	assert_int_equal(take(&s, "k", "en", NULL, &en), CACHE_TURN_LEAD);
	assert_int_equal(take(&s, "k", "fr", NULL, &de), CACHE_TURN_LEAD);
	assert_int_equal(take(&s, "k", "en", NULL, &again), CACHE_TURN_WAIT);
	cache_lead_end(&s.user, &de.lead, CACHE_LEAD_GONE);
	harness_round(&s.h);
	assert_int_equal(s.calls, 1);
	cache_lead_end(&s.user, &en.lead, CACHE_LEAD_GONE);
	harness_round(&s.h);
	assert_int_equal(s.calls, 2);
	stock_end(&s);
}

static void
what_is_stale_is_validated_by_one(void **state)
{
	struct turn first, second;
	struct asked asked;
	struct stock s;

	(void)state;
	stock_begin(&s, 16 * MIB, MIB);
	assert_int_equal(
	    put(&s, (struct made){ .key = "k", .length = 1 }, 'x'), 0);
	const struct cache_object *stale = find(&s, "k", NULL);
	assert_int_equal(take(&s, "k", NULL, stale, &first), CACHE_TURN_LEAD);
	assert_int_equal(take(&s, "k", NULL, stale, &second), CACHE_TURN_WAIT);
	assert_null(cache_lead_begin(&s.user, STR("k"), asking(&asked, NULL)));
	cache_lead_end(&s.user, &first.lead, CACHE_LEAD_GONE);
	first.lead = cache_lead_begin(&s.user, STR("k"), asking(&asked, NULL));
	assert_non_null(first.lead);
	harness_round(&s.h);
	assert_int_equal(s.calls, 1);
	cache_lead_end(&s.user, &first.lead, CACHE_LEAD_KEPT);
	stock_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_leads_and_all_are_called),
		cmocka_unit_test(who_breaks_is_followed_by_the_next),
		cmocka_unit_test(nobody_waits_for_what_cannot_be_kept),
		cmocka_unit_test(other_variants_are_other_requests),
		cmocka_unit_test(what_is_stale_is_validated_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
