/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/share: which flows share what, and what becomes of it at their end.
 */
#include "proxy/share.h"

#include "policies.h"

#define POLICY                                                                 \
	"zone lan = lo0 10.0.0.0/24\nzone wan = lo1\n"                         \
	"proxy { intercept tcp 80 for lan }\n"                                 \
	"allow lan -> wan tcp 80 bandwidth 9MB/s bandwidth 1MB/s up per "      \
	"source quota 1M per month per source as \"a\"\n"                      \
	"allow lan -> wan tcp 80 connections 1 bandwidth 2MB/s down as "       \
	"\"b\"\n"                                                              \
	"allow lan -> wan as \"c\"\n"

struct world {
	struct proxy_generation *generation;
	const struct policy_rule *a, *b, *c;
};

static void
begin(struct world *world)
{
	static char text[] = POLICY;

	world->generation = generation_of(text);
	world->a = &world->generation->policy->rules[0];
	world->b = world->a + 1;
	world->c = world->a + 2;
}

static enum share_outcome
take(struct world *world, struct share *share, const struct policy_rule *rule,
    const char *source)
{
	return share_take(share, world->generation, rule,
	    &(struct limiter_client){ .source = address_of(source) });
}

static struct throttle *
up(struct share *share)
{
	return share_throttle(share, POLICY_DIRECTION_UP);
}

static struct throttle *
down(struct share *share)
{
	return share_throttle(share, POLICY_DIRECTION_DOWN);
}

static void
buckets_are_the_rule_s_and_the_source_s(void **state)
{
	struct share one = { 0 }, same = { 0 }, other = { 0 };
	struct world world;

	(void)state;
	begin(&world);
	assert_int_equal(take(&world, &one, world.a, "10.0.0.4"), SHARE_TAKEN);
	assert_int_equal(take(&world, &same, world.a, "10.0.0.4"), SHARE_TAKEN);
	assert_int_equal(
	    take(&world, &other, world.a, "10.0.0.5"), SHARE_TAKEN);
	/* Both scopes up, the rule's alone down. */
	assert_int_equal(up(&one)->bucket_count, 2);
	assert_int_equal(down(&one)->bucket_count, 1);
	for (int i = 0; i < 2; i++)
		assert_ptr_equal(up(&one)->buckets[i], up(&same)->buckets[i]);
	assert_ptr_equal(up(&one)->buckets[0], up(&other)->buckets[0]);
	assert_ptr_not_equal(up(&one)->buckets[1], up(&other)->buckets[1]);
	assert_ptr_equal(down(&one)->buckets[0], down(&other)->buckets[0]);
	assert_int_equal(up(&one)->buckets[0]->bytes_per_second, 9000000);
	assert_int_equal(up(&one)->buckets[1]->bytes_per_second, 1000000);
	assert_ptr_equal(up(&one)->meter, down(&same)->meter);
	assert_ptr_not_equal(up(&one)->meter, up(&other)->meter);
	share_end(&one);
	share_end(&same);
	share_end(&other);
	proxy_generation_unref(world.generation);
}

static void
a_rule_without_limits_holds_nothing(void **state)
{
	struct share share = { 0 };
	struct world world;

	(void)state;
	begin(&world);
	assert_int_equal(
	    take(&world, &share, world.c, "10.0.0.4"), SHARE_TAKEN);
	assert_false(share.taken);
	assert_int_equal(up(&share)->bucket_count, 0);
	assert_null(up(&share)->meter);
	assert_int_equal(limiter_count(world.generation->limiter), 0);
	share_end(&share);
	proxy_generation_unref(world.generation);
}

static void
what_is_used_up_takes_nothing(void **state)
{
	struct share one = { 0 }, next = { 0 }, other = { 0 };
	struct world world;

	(void)state;
	begin(&world);
	assert_int_equal(take(&world, &one, world.a, "10.0.0.4"), SHARE_TAKEN);
	assert_false(share_is_used_up(&one));
	share_note(&one, (1 << 20) - 1);
	share_note(&one, (1 << 20) - 1); /* the same bytes */
	assert_false(share_is_used_up(&one));
	share_note(&one, 1 << 20);
	assert_true(share_is_used_up(&one));
	assert_int_equal(
	    take(&world, &next, world.a, "10.0.0.4"), SHARE_USED_UP);
	assert_false(next.taken);
	assert_false(share_is_used_up(&next));
	assert_true(share_comes_back(&next) > clock_wall());
	assert_int_equal(
	    take(&world, &other, world.a, "10.0.0.5"), SHARE_TAKEN);
	share_end(&one);
	share_end(&next);
	share_end(&other);
	proxy_generation_unref(world.generation);
}

/* What throttles have counted is not counted again. */
static void
only_the_rest_is_noted(void **state)
{
	struct share share = { 0 };
	struct world world;

	(void)state;
	begin(&world);
	assert_int_equal(
	    take(&world, &share, world.a, "10.0.0.4"), SHARE_TAKEN);
	throttle_spend(up(&share), 100);
	throttle_spend(down(&share), 200);
	share_note(&share, 350);
	assert_int_equal(up(&share)->meter->used, 350);
	share_end(&share);
	proxy_generation_unref(world.generation);
}

static void
another_rule_moves_it(void **state)
{
	struct share share = { 0 }, second = { 0 };
	struct address source = address_of("10.0.0.4");
	struct world world;

	(void)state;
	begin(&world);
	assert_int_equal(
	    take(&world, &share, world.b, "10.0.0.4"), SHARE_TAKEN);
	assert_int_equal(
	    take(&world, &second, world.b, "10.0.0.4"), SHARE_LIMITED);
	assert_int_equal(down(&second)->bucket_count, 0);
	assert_int_equal(up(&share)->bucket_count, 0);
	share_move(&share, world.generation, world.a,
	    &(struct limiter_client){ .source = source });
	assert_int_equal(up(&share)->bucket_count, 2);
	assert_int_equal(down(&share)->buckets[0]->bytes_per_second, 9000000);
	assert_non_null(down(&share)->meter);
	/* It still is the one connection of the rule that let it in. */
	assert_int_equal(
	    take(&world, &second, world.b, "10.0.0.4"), SHARE_LIMITED);
	share_move(&share, world.generation, world.c,
	    &(struct limiter_client){ .source = source });
	assert_int_equal(up(&share)->bucket_count, 0);
	assert_null(up(&share)->meter);
	share_end(&share);
	assert_int_equal(
	    take(&world, &second, world.b, "10.0.0.4"), SHARE_TAKEN);
	share_end(&second);
	proxy_generation_unref(world.generation);
}

/* A flow that no rule limited is limited by the next policy's. */
static void
a_limit_comes_to_one_that_lives(void **state)
{
	struct share share = { 0 };
	struct world world;

	(void)state;
	begin(&world);
	assert_int_equal(
	    take(&world, &share, world.c, "10.0.0.4"), SHARE_TAKEN);
	share_move(&share, world.generation, world.a,
	    &(struct limiter_client){ .source = address_of("10.0.0.4") });
	assert_int_equal(up(&share)->bucket_count, 2);
	share_note(&share, 1 << 20);
	assert_true(share_is_used_up(&share));
	share_end(&share);
	proxy_generation_unref(world.generation);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_are_the_rule_s_and_the_source_s),
		cmocka_unit_test(a_rule_without_limits_holds_nothing),
		cmocka_unit_test(what_is_used_up_takes_nothing),
		cmocka_unit_test(only_the_rest_is_noted),
		cmocka_unit_test(another_rule_moves_it),
		cmocka_unit_test(a_limit_comes_to_one_that_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
