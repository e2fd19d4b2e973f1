/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/combination against policy/partition, which lists what one text can
 * match; and far more patterns than can be listed.
 */
#include "policy/combination.h"

#include "policy/partition.h"

#include "random_policy.h"

#define PATTERNS 5

static const char *
random_pattern(bool is_path)
{
	return is_path ? ONE_OF("/a/*", "/a*", "*a*", "*b", "*/b/*", "/a/b",
			     "*", "/*a*b", "*ab*", "*a*a*", "*ba*", "/",
			     "*a*b*", "/a", "*aa", "/a*a", "*b*a*b")
		       : ONE_OF("", "*", "a*", "*a", "*a*", "b", "*ab*", "*ba*",
			     "ab", "*a*b*", "*b*a*", "a*b", "*aa*", "a**b",
			     "aba", "*ab*ba*", "*bb", "*a*a");
}

static void
fail_with(const struct str *patterns, size_t count, size_t bits)
{
	for (size_t i = 0; i < count; i++)
		print_error("%c\"%.*s\" ",
		    (bits >> (count - 1 - i) & 1) != 0 ? '+' : '-',
		    STR_ARG(patterns[i]));
	fail();
}

static void
expect_combinations(struct diagram *d, uint32_t found,
    const struct partition *texts, const struct str *patterns, size_t count)
{
	/* A partition has an atom of nothing, whether a text is so or not. */
	for (size_t bits = 1; bits < (size_t)1 << count; bits++) {
		bool listed = false;
		for (size_t atom = 0; atom < texts->count; atom++) {
			size_t has = 0;
			for (size_t i = 0; i < count; i++)
				has = has * 2 + partition_has(texts, atom, i);
			listed |= has == bits;
		}
		bool is = diagram_at(d, found, 7, (unsigned)count, bits) ==
			  DIAGRAM_ALL;
		if (is != listed)
			fail_with(patterns, count, bits);
	}
}

static void
compare(bool is_path)
{
	struct combination_condition conditions[PATTERNS];
	struct str patterns[PATTERNS];
	size_t count = 1 + chance(PATTERNS);
	struct partition texts;
	struct diagram d;
	uint32_t found;

	diagram_init(&d);
	for (size_t i = 0; i < count; i++) {
		patterns[i] = str_of(random_pattern(is_path));
		conditions[i] = (struct combination_condition){ &patterns[i], 1,
			7 + (uint32_t)i };
	}
	assert_int_equal(is_path ? partition_paths(&texts, patterns, count)
				 : partition_texts(&texts, patterns, count),
	    0);
	assert_int_equal(
	    combination_find(&d, conditions, count, is_path, &found), 0);
	expect_combinations(&d, found, &texts, patterns, count);
	partition_fini(&texts);
	diagram_fini(&d);
}

static void
partition_agrees(void **state)
{
	unsigned rounds = twin_rounds(500);

	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		compare(false);
		compare(true);
	}
}

static bool
can(const struct diagram *d, uint32_t found, const char *bits)
{
	uint8_t values[300];

	for (size_t i = 0; i < 300; i++)
		values[i] = bits[i % strlen(bits)] == '1';
	return diagram_has(d, found, values);
}

/* Three hundred words may be in a text or not, as one likes. */
static void
many(void **state)
{
	static struct combination_condition conditions[300];
	static struct str patterns[300];
	static char texts[300][8];
	struct diagram d;
	uint32_t found;

	(void)state;
	diagram_init(&d);
	for (unsigned i = 0; i < 300; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "*x%03uy*", i);
		patterns[i] = str_of(texts[i]);
		conditions[i] =
		    (struct combination_condition){ &patterns[i], 1, i };
	}
	assert_int_equal(
	    combination_find(&d, conditions, 300, false, &found), 0);
	assert_int_equal(found, DIAGRAM_ALL);
	patterns[3] = STR("*x002y*x00*");
	patterns[4] = STR("x00*");
	assert_int_equal(
	    combination_find(&d, conditions, 300, false, &found), 0);
	assert_true(can(&d, found, "10"));
	assert_true(can(&d, found, "0"));
	/* Both, but the third is not met where the second is not. */
	assert_true(can(&d, found, "1"));
	assert_false(can(&d, found, "110101"));
	diagram_fini(&d);
}

/* One condition of several patterns is met by any of them. */
static void
several(void **state)
{
	static const struct str first[] = { STR_INIT("a*"), STR_INIT("*b") };
	static const struct str second[] = { STR_INIT("*") };
	static const struct str third[] = { STR_INIT("ab"), STR_INIT("c") };
	static const struct combination_condition conditions[] = {
		{ first, 2, 0 }, { second, 1, 1 }, { third, 2, 2 }
	};
	static const bool possible[] = { false, false, true, true, false, false,
		true, true };
	struct diagram d;
	uint32_t found;

	(void)state;
	diagram_init(&d);
	assert_int_equal(combination_find(&d, conditions, 3, false, &found), 0);
	for (size_t i = 0; i < COUNT_OF(possible); i++)
		assert_int_equal(
		    diagram_at(&d, found, 0, 3, i) == DIAGRAM_ALL, possible[i]);
	diagram_fini(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several),
		cmocka_unit_test(many),
		cmocka_unit_test(partition_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
