/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that are told: each answer to who waits for it, a window of those that
 * are on their way, and nobody waits for ever.
 */
#include "proxy/learning.h"

#include <errno.h>

#include "../net/harness.h"

struct test {
	struct harness h;
	struct learning *learning;
};

struct asker {
	struct learning_errand *errand;
	int calls;
	bool is_known;
};

/* What was sent, and what sending gives. */
static uint32_t sent[LEARNING_MAX];
static size_t sent_count;
static int sending;
static char last_name[HOSTNAME_MAX + 1];

static int
send_it(uint32_t number, const struct learning_wish *wish)
{
	if (sending < 0)
		return sending;
	sent[sent_count++] = number;
	memcpy(last_name, wish->name, sizeof(last_name));
	return 0;
}

static void
begin(struct test *t)
{
	sending = 0;
	sent_count = 0;
	harness_begin(&t->h);
	t->learning = learning_create(send_it);
	assert_non_null(t->learning);
}

static void
end(struct test *t)
{
	learning_destroy(&t->learning);
	assert_null(t->learning);
	harness_end(&t->h);
}

static void
on_known(bool is_known, void *context)
{
	struct asker *asker = context;

	asker->errand = NULL;
	asker->calls++;
	asker->is_known = is_known;
}

static const struct learning_wish wish = {
	.zone = "lan",
	.name = "git.example",
	.seconds = 60,
	.count = 1,
	.addresses = { { .bytes = { 192, 0, 2, 1 }, .family = ADDRESS_IPV4 } },
};

static int
tell(struct test *t, struct asker *asker)
{
	*asker = (struct asker){ 0 };
	return learning_tell(
	    t->learning, &wish, &t->h.loop, on_known, asker, &asker->errand);
}

static void
each_answer_is_for_who_waits_for_it(void **state)
{
	struct asker first, second;
	struct test t;

	(void)state;
	begin(&t);
	assert_int_equal(tell(&t, &first), 0);
	assert_int_equal(tell(&t, &second), 0);
	assert_int_equal(sent_count, 2);
	assert_string_equal(last_name, "git.example");
	learning_answer(t.learning, sent[1], 0);
	learning_answer(t.learning, sent[1], 0);      /* once more: nothing */
	learning_answer(t.learning, sent[1] + 77, 0); /* nobody's */
	learning_answer(t.learning, sent[0], -EPERM);
	assert_int_equal(first.calls + second.calls, 0);
	loop_deliver(&t.h.loop);
	assert_int_equal(first.calls, 1);
	assert_false(first.is_known);
	assert_int_equal(second.calls, 1);
	assert_true(second.is_known);
	end(&t);
}

/* Before the answer, and while it is on its way. */
static void
cancelled_it_is_silent(void **state)
{
	struct asker asker;
	struct test t;

	(void)state;
	begin(&t);
	assert_int_equal(tell(&t, &asker), 0);
	learning_cancel(&asker.errand);
	assert_null(asker.errand);
	learning_answer(t.learning, sent[0], 0);
	loop_deliver(&t.h.loop);
	assert_int_equal(tell(&t, &asker), 0);
	learning_answer(t.learning, sent[1], 0);
	learning_cancel(&asker.errand);
	loop_deliver(&t.h.loop);
	assert_int_equal(asker.calls, 0);
	learning_cancel(&asker.errand); /* NULL is fine */
	end(&t);
}

static void
only_so_many_are_on_their_way(void **state)
{
	enum {
		MANY = LEARNING_SENT_MAX + 3
	};
	struct asker askers[MANY];
	struct test t;

	(void)state;
	begin(&t);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(tell(&t, &askers[i]), 0);
	assert_int_equal(sent_count, LEARNING_SENT_MAX);
	/* One that waits in the queue is cancelled, at its end and in it. */
	learning_cancel(&askers[MANY - 1].errand);
	learning_cancel(&askers[LEARNING_SENT_MAX].errand);
	learning_answer(t.learning, sent[0], 0);
	assert_int_equal(sent_count, LEARNING_SENT_MAX + 1);
	loop_deliver(&t.h.loop);
	/* One that is on its way makes room as well. */
	assert_int_equal(tell(&t, &askers[0]), 0);
	assert_int_equal(sent_count, LEARNING_SENT_MAX + 1);
	learning_cancel(&askers[1].errand);
	assert_int_equal(sent_count, LEARNING_SENT_MAX + 2);
	for (size_t i = 0; i < sent_count; i++)
		learning_answer(t.learning, sent[i], 0);
	loop_deliver(&t.h.loop);
	assert_int_equal(askers[0].calls, 1);
	assert_int_equal(askers[LEARNING_SENT_MAX + 1].calls, 1);
	end(&t);
}

static void
there_is_a_place_for_so_many(void **state)
{
	static struct asker askers[LEARNING_MAX];
	struct asker one_more;
	struct test t;

	(void)state;
	begin(&t);
	for (size_t i = 0; i < LEARNING_MAX; i++)
		assert_int_equal(tell(&t, &askers[i]), 0);
	assert_int_equal(tell(&t, &one_more), -EBUSY);
	learning_cancel(&askers[7].errand);
	assert_int_equal(tell(&t, &askers[7]), 0);
	for (size_t i = 0; i < LEARNING_MAX; i++)
		learning_cancel(&askers[i].errand);
	end(&t);
}

/* What nobody waits for gives way to what somebody does. */
static void
a_mention_is_left_out_where_others_wait(void **state)
{
	struct asker asker;
	struct test t;

	(void)state;
	begin(&t);
	for (size_t i = 0; i < LEARNING_SENT_MAX; i++)
		learning_mention(t.learning, &wish, &t.h.loop);
	assert_int_equal(sent_count, LEARNING_SENT_MAX / 2);
	assert_int_equal(tell(&t, &asker), 0);
	assert_int_equal(sent_count, LEARNING_SENT_MAX / 2 + 1);
	for (size_t i = 0; i < sent_count; i++)
		learning_answer(t.learning, sent[i], 0);
	loop_deliver(&t.h.loop);
	assert_int_equal(asker.calls, 1);
	end(&t);
}

static void
nobody_waits_for_ever(void **state)
{
	struct asker asker, unsent;
	struct test t;

	(void)state;
	begin(&t);
	assert_int_equal(tell(&t, &asker), 0);
	sending = -EAGAIN;
	assert_int_equal(tell(&t, &unsent), 0);
	int64_t began = clock_now();
	while (asker.calls + unsent.calls < 2)
		harness_run_for(&t.h, 50 * CLOCK_MS);
	assert_true(clock_now() - began >= LEARNING_WAIT - 50 * CLOCK_MS);
	assert_false(asker.is_known);
	assert_false(unsent.is_known);
	sending = 0;
	learning_answer(t.learning, sent[0], 0); /* too late */
	loop_deliver(&t.h.loop);
	assert_int_equal(asker.calls, 1);
	end(&t);
}

static void
a_thread_that_ends_leaves_nothing(void **state)
{
	struct asker asker;
	struct test t;

	(void)state;
	begin(&t);
	assert_int_equal(tell(&t, &asker), 0);
	learning_mention(t.learning, &wish, &t.h.loop);
	learning_leave(t.learning, &t.h.loop);
	learning_answer(t.learning, sent[0], 0);
	loop_deliver(&t.h.loop);
	assert_int_equal(asker.calls, 0);
	end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_answer_is_for_who_waits_for_it),
		cmocka_unit_test(cancelled_it_is_silent),
		cmocka_unit_test(only_so_many_are_on_their_way),
		cmocka_unit_test(there_is_a_place_for_so_many),
		cmocka_unit_test(a_mention_is_left_out_where_others_wait),
		cmocka_unit_test(nobody_waits_for_ever),
		cmocka_unit_test(a_thread_that_ends_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
