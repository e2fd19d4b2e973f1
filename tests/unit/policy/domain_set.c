/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy/domain_set: covers, exceptions, folding, and a naive twin. */
#include "policy/domain_set.h"

#include "name_walk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define NAMES_MAX 40
#define ROUNDS    500
#define ASKS      1000 /* a round, open and then frozen: 1,000,000 */
#define MANY      100000

static void
add(struct domain_set *set, const char *name, enum domain_cover cover)
{
	assert_int_equal(domain_set_add(set, str_of(name), cover), 0);
}

static void
except(struct domain_set *set, const char *name, enum domain_cover cover)
{
	assert_int_equal(domain_set_except(set, str_of(name), cover), 0);
}

static bool
covers(const struct domain_set *set, const char *name)
{
	return domain_set_covers(set, str_of(name));
}

static void
empty(void **state)
{
	struct domain_set set = { 0 };

	(void)state;
	assert_false(covers(&set, "example.com"));
	assert_int_equal(domain_set_freeze(&set), 0);
	assert_false(covers(&set, "example.com"));
	assert_false(covers(&set, ""));
	assert_int_equal(set.room, 0);
	domain_set_fini(&set);
	domain_set_fini(&set);
}

static void
check_covers(const struct domain_set *set)
{
	assert_true(covers(set, "one.example"));
	assert_false(covers(set, "a.one.example"));
	assert_false(covers(set, "two.example"));
	assert_true(covers(set, "a.two.example"));
	assert_true(covers(set, "b.a.two.example"));
	assert_true(covers(set, "three.example"));
	assert_true(covers(set, "a.three.example"));
	assert_false(covers(set, "athree.example"));
	assert_false(covers(set, "example"));
	assert_false(covers(set, "three.example.test"));
	/* What no policy holds, but a peer may ask for. */
	assert_false(covers(set, "one.example."));
	assert_false(covers(set, "."));
	assert_false(covers(set, "..."));
	assert_true(covers(set, ".three.example"));
}

static void
each_cover(void **state)
{
	struct domain_set set = { 0 };

	(void)state;
	add(&set, "one.example", DOMAIN_ITSELF);
	add(&set, "two.example", DOMAIN_UNDER);
	add(&set, "three.example", DOMAIN_UNDER);
	add(&set, "three.example", DOMAIN_ITSELF);
	check_covers(&set);
	assert_int_equal(domain_set_freeze(&set), 0);
	check_covers(&set);
	/* It may grow again. */
	add(&set, "four.example", DOMAIN_BOTH);
	assert_int_equal(set.count, 4);
	check_covers(&set);
	assert_true(covers(&set, "a.four.example"));
	domain_set_fini(&set);
}

static void
longest_decides(void **state)
{
	struct domain_set set = { 0 };

	(void)state;
	except(&set, "cdn.example.com", DOMAIN_BOTH);
	add(&set, "example.com", DOMAIN_BOTH);
	add(&set, "ads.cdn.example.com", DOMAIN_ITSELF);
	/* At equal length the exception, whoever comes first. */
	except(&set, "www.example.net", DOMAIN_ITSELF);
	add(&set, "www.example.net", DOMAIN_BOTH);
	for (unsigned frozen = 0; frozen < 2; frozen++) {
		assert_true(covers(&set, "example.com"));
		assert_true(covers(&set, "a.example.com"));
		assert_false(covers(&set, "cdn.example.com"));
		assert_false(covers(&set, "a.cdn.example.com"));
		assert_true(covers(&set, "ads.cdn.example.com"));
		assert_false(covers(&set, "a.ads.cdn.example.com"));
		assert_false(covers(&set, "www.example.net"));
		assert_true(covers(&set, "a.www.example.net"));
		assert_true(
		    domain_set_covers_under(&set, STR("www.example.net")));
		assert_false(
		    domain_set_covers_under(&set, STR("cdn.example.com")));
		assert_int_equal(domain_set_freeze(&set), 0);
	}
	domain_set_fini(&set);
}

static void
covered_names_fold(void **state)
{
	struct domain_set set = { 0 };
	enum domain_cover cover;
	struct str name;
	size_t seen = 0;

	(void)state;
	add(&set, "a.example.com", DOMAIN_BOTH);
	add(&set, "example.com", DOMAIN_BOTH);
	add(&set, "example.com", DOMAIN_ITSELF);
	add(&set, "b.a.example.com", DOMAIN_ITSELF);
	except(&set, "example.net", DOMAIN_BOTH); /* of nothing */
	assert_int_equal(domain_set_freeze(&set), 0);
	assert_int_equal(set.count, 1);
	assert_int_equal(set.exceptions, 0);
	for (size_t i = 0; i < set.room; i++) {
		assert_false(domain_set_exception(&set, i, &name, &cover));
		if (!domain_set_entry(&set, i, &name, &cover))
			continue;
		assert_true(str_is(name, "example.com"));
		assert_int_equal(cover, DOMAIN_BOTH);
		seen++;
	}
	assert_int_equal(seen, 1);
	domain_set_fini(&set);
}

/* One list's exception takes nothing out of another list. */
static void
exceptions_stay_at_home(void **state)
{
	struct domain_set ads = { 0 }, evil = { 0 };

	(void)state;
	add(&ads, "example.com", DOMAIN_BOTH);
	except(&ads, "ok.example.com", DOMAIN_BOTH);
	add(&evil, "ok.example.com", DOMAIN_ITSELF);
	add(&evil, "test", DOMAIN_UNDER);
	assert_int_equal(domain_set_freeze(&evil), 0);
	assert_int_equal(domain_set_add_all(&ads, &evil), 0);
	assert_true(covers(&ads, "ok.example.com"));
	assert_false(covers(&ads, "a.ok.example.com"));
	assert_true(covers(&ads, "www.example.com"));
	assert_true(covers(&ads, "a.test"));
	domain_set_fini(&ads);
	domain_set_fini(&evil);
}

static size_t
fill(uint32_t *x, struct naive_name *list, struct domain_set *set)
{
	size_t count = random_next(x) % NAMES_MAX + 1;

	for (size_t i = 0; i < count; i++) {
		random_name(x, &list[i].name);
		list[i].cover = (enum domain_cover)(1 + random_next(x) % 3);
		list[i].except = random_next(x) % 4 == 0;
		assert_int_equal(
		    (list[i].except ? domain_set_except : domain_set_add)(
			set, list[i].name.name, list[i].cover),
		    0);
	}
	return count;
}

static void
ask(uint32_t *x, const struct naive_name *list, size_t count,
    const struct domain_set *set)
{
	for (size_t i = 0; i < ASKS; i++) {
		struct random_name asked;
		random_name(x, &asked);
		if (naive_covers(list, count, asked.name) !=
		    domain_set_covers(set, asked.name))
			fail_msg("%s", asked.bytes);
	}
}

static void
twin(void **state)
{
	static struct naive_name list[NAMES_MAX];
	uint32_t x = 1;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct domain_set set = { 0 };
		size_t count = fill(&x, list, &set);
		ask(&x, list, count, &set);
		assert_int_equal(domain_set_freeze(&set), 0);
		ask(&x, list, count, &set);
		domain_set_fini(&set);
	}
}

/* After a freeze nothing is left that says what is said already. */
static void
frozen_is_smallest(void **state)
{
	static struct naive_name list[NAMES_MAX];
	uint32_t x = 2;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct domain_set set = { 0 }, again = { 0 };
		(void)fill(&x, list, &set);
		assert_int_equal(domain_set_freeze(&set), 0);
		assert_int_equal(domain_set_add_all(&again, &set), 0);
		assert_int_equal(domain_set_freeze(&again), 0);
		assert_int_equal(again.count, set.count);
		assert_int_equal(again.exceptions, set.exceptions);
		domain_set_fini(&set);
		domain_set_fini(&again);
	}
}

static void
joined_twin(void **state)
{
	static struct naive_name list_a[NAMES_MAX], list_b[NAMES_MAX];
	uint32_t x = 3;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct domain_set a = { 0 }, b = { 0 };
		size_t count_a = fill(&x, list_a, &a);
		size_t count_b = fill(&x, list_b, &b);
		if (round % 2 == 0)
			assert_int_equal(domain_set_freeze(&b), 0);
		assert_int_equal(domain_set_add_all(&a, &b), 0);
		for (size_t i = 0; i < ASKS / 4; i++) {
			struct random_name asked;
			random_name(&x, &asked);
			assert_int_equal(domain_set_covers(&a, asked.name),
			    naive_covers(list_a, count_a, asked.name) ||
				naive_covers(list_b, count_b, asked.name));
		}
		domain_set_fini(&a);
		domain_set_fini(&b);
	}
}

static struct str
numbered(char buffer[static 32], unsigned i)
{
	int len = snprintf(buffer, 32, "n%u.example", i);

	return (struct str){ buffer, (size_t)len };
}

static void
many(void **state)
{
	struct domain_set set = { 0 }, copy = { 0 };
	char buffer[32];

	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(domain_set_add(&set, numbered(buffer, i * 2),
				     DOMAIN_ITSELF),
		    0);
	assert_int_equal(domain_set_freeze(&set), 0);
	assert_int_equal(set.count, MANY);
	/* In the order of another set, which must not crowd. */
	assert_int_equal(domain_set_add_all(&copy, &set), 0);
	assert_int_equal(copy.count, MANY);
	assert_int_equal(copy.open.seed, 0);
	for (unsigned i = 0; i < 2 * MANY; i++) {
		struct str name = numbered(buffer, i);
		assert_int_equal(domain_set_covers(&set, name), i % 2 == 0);
		assert_int_equal(domain_set_covers(&copy, name), i % 2 == 0);
	}
	domain_set_fini(&set);
	domain_set_fini(&copy);
}

/* Names that somebody chose so that their hashes begin alike. */
static void
crowd(void **state)
{
	enum {
		CROWD = 2000
	};
	struct domain_set set = { 0 };
	char buffer[32];
	unsigned count = 0, last = 0;

	(void)state;
	for (unsigned i = 0; count < CROWD; i++) {
		struct str name = numbered(buffer, i);
		if (name_hash(0, name) >> 20 != 0)
			continue;
		assert_int_equal(domain_set_add(&set, name, DOMAIN_ITSELF), 0);
		last = i;
		count++;
	}
	/* A seed was drawn, and no run is long any more. */
	assert_int_not_equal(set.open.seed, 0);
	assert_int_equal(set.count, CROWD);
	assert_int_equal(domain_set_freeze(&set), 0);
	assert_true(set.frozen.group_max < 64);
	for (unsigned i = 0; i <= last; i++) {
		struct str name = numbered(buffer, i);
		assert_int_equal(domain_set_covers(&set, name),
		    name_hash(0, name) >> 20 == 0);
	}
	domain_set_fini(&set);
}

/* 127 labels, and lengths around the eight bytes of a step. */
static void
odd_lengths(void **state)
{
	struct domain_set set = { 0 };
	char name[DOMAIN_NAME_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i % 2 == 0 ? 'a' : '.';
	struct str longest = { name, DOMAIN_NAME_MAX };
	assert_int_equal(domain_set_add(&set, longest, DOMAIN_ITSELF), 0);
	assert_true(domain_set_covers(&set, longest));
	assert_false(domain_set_covers(&set, str_skip(longest, 2)));
	assert_false(
	    domain_set_covers(&set, (struct str){ name, sizeof(name) }));
	add(&set, "a.a", DOMAIN_UNDER);
	assert_int_equal(domain_set_freeze(&set), 0);
	assert_int_equal(set.count, 1);
	assert_true(domain_set_covers(&set, str_skip(longest, 2)));
	domain_set_fini(&set);
	for (size_t len = 1; len <= 26; len++) {
		char label[] = "abcdefghijklmnopqrstuvwxyz.example";
		struct domain_set one = { 0 };
		struct str text = { label + 26 - len, len + 8 };
		assert_int_equal(domain_set_add(&one, text, DOMAIN_ITSELF), 0);
		assert_int_equal(domain_set_freeze(&one), 0);
		/* The same bytes with others before and behind them. */
		assert_true(domain_set_covers(&one, text));
		label[33] = '.';
		assert_false(domain_set_covers(&one, text));
		domain_set_fini(&one);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(each_cover),
		cmocka_unit_test(longest_decides),
		cmocka_unit_test(covered_names_fold),
		cmocka_unit_test(exceptions_stay_at_home),
		cmocka_unit_test(odd_lengths),
		cmocka_unit_test(many),
		cmocka_unit_test(crowd),
		cmocka_unit_test(twin),
		cmocka_unit_test(frozen_is_smallest),
		cmocka_unit_test(joined_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
