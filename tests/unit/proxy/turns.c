/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/turns.h"

#include "../net/stream_ends.h"
#include "policies.h"

struct test {
	struct harness h;
	struct turns *turns;
	struct pool_key key;
};

struct errand {
	struct test *test;
	struct turn turn;
	int called;
	bool takes_again, ends_other;
	struct errand *other;
};

static void
begin(struct test *t)
{
	memset(t, 0, sizeof(*t));
	harness_begin(&t->h);
	t->turns = turns_create(&t->h.loop);
	assert_non_null(t->turns);
	t->key = (struct pool_key){
		.server = { address_of("203.0.113.80"), 443 },
		.through = STR_INIT("tls a.example"),
	};
	turns_note(t->turns, t->key, true);
}

static void
end(struct test *t)
{
	turns_destroy(&t->turns);
	assert_null(t->turns);
	harness_end(&t->h);
}

static void
on_turn(void *context)
{
	struct errand *errand = context;

	errand->called++;
	assert_null(errand->turn.place);
	if (errand->ends_other)
		turn_end(&errand->other->turn);
	if (errand->takes_again)
		(void)turns_take(
		    errand->test->turns, errand->test->key, &errand->turn);
}

static struct errand
errand_of(struct test *t)
{
	return (struct errand){ .test = t, .turn = { .fn = on_turn } };
}

static bool
takes(struct errand *errand)
{
	errand->turn.context = errand;
	return turns_take(
	    errand->test->turns, errand->test->key, &errand->turn);
}

static void
settle(struct test *t)
{
	for (int i = 0; i < 3; i++)
		harness_round(&t->h);
}

static void
one_leads_and_the_others_wait(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	struct errand lead = errand_of(&t), a = errand_of(&t),
		      b = errand_of(&t);
	assert_true(takes(&lead));
	assert_false(takes(&a));
	assert_false(takes(&b));
	assert_true(turn_waits(&a.turn) && !turn_waits(&lead.turn));
	settle(&t);
	assert_int_equal(a.called + b.called, 0);
	turn_end(&lead.turn);
	assert_int_equal(a.called, 0);
	settle(&t);
	assert_int_equal(a.called, 1);
	assert_int_equal(b.called, 1);
	/* And a second end is none. */
	turn_end(&lead.turn);
	settle(&t);
	assert_int_equal(a.called, 1);
	end(&t);
}

/* Who is called and finds nothing leads the next. */
static void
the_next_leads(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	struct errand lead = errand_of(&t), a = errand_of(&t),
		      b = errand_of(&t);
	assert_true(takes(&lead));
	assert_false(takes(&a));
	assert_false(takes(&b));
	a.takes_again = b.takes_again = true;
	turn_end(&lead.turn);
	settle(&t);
	assert_int_equal(a.called, 1);
	assert_int_equal(b.called, 1);
	assert_false(turn_waits(&a.turn));
	assert_true(turn_waits(&b.turn));
	b.takes_again = false;
	turn_end(&a.turn);
	settle(&t);
	assert_int_equal(b.called, 2);
	end(&t);
}

static void
nobody_waits_for_a_stranger(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	struct errand a = errand_of(&t), b = errand_of(&t);
	turns_note(t.turns, t.key, false);
	assert_true(takes(&a));
	assert_true(takes(&b));
	assert_null(a.turn.place);
	end(&t);
}

static void
who_goes_is_not_called(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	struct errand lead = errand_of(&t), a = errand_of(&t),
		      b = errand_of(&t), c = errand_of(&t);
	assert_true(takes(&lead));
	assert_false(takes(&a));
	assert_false(takes(&b));
	assert_false(takes(&c));
	turn_end(&a.turn);
	b.ends_other = true;
	b.other = &c;
	turn_end(&lead.turn);
	settle(&t);
	assert_int_equal(a.called, 0);
	assert_int_equal(b.called, 1);
	assert_int_equal(c.called, 0);
	end(&t);
}

static void
room_is_for_who_waited_longest(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	struct errand a = errand_of(&t), b = errand_of(&t);
	a.turn.context = &a;
	b.turn.context = &b;
	assert_false(turns_tell(t.turns, t.key, 1));
	turns_wait(t.turns, t.key, &a.turn);
	turns_wait(t.turns, t.key, &b.turn);
	assert_true(turns_tell(t.turns, t.key, 1));
	settle(&t);
	assert_int_equal(a.called, 1);
	assert_int_equal(b.called, 0);
	assert_true(turns_tell(t.turns, t.key, 1));
	settle(&t);
	assert_int_equal(b.called, 1);
	assert_false(turns_tell(t.turns, t.key, 1));
	end(&t);
}

/* From another source, or for another name, it is another place. */
static void
places_are_their_own(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	struct errand lead = errand_of(&t), a = errand_of(&t);
	assert_true(takes(&lead));
	t.key.from = address_of("10.0.0.4");
	assert_true(takes(&a));
	turn_end(&a.turn);
	t.key.from = (struct address){ 0 };
	t.key.server.address = address_of("203.0.113.81");
	assert_false(takes(&a));
	turn_end(&a.turn);
	turn_end(&lead.turn);
	end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_leads_and_the_others_wait),
		cmocka_unit_test(the_next_leads),
		cmocka_unit_test(nobody_waits_for_a_stranger),
		cmocka_unit_test(who_goes_is_not_called),
		cmocka_unit_test(room_is_for_who_waited_longest),
		cmocka_unit_test(places_are_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
