/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/weights.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/text.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void
lists_come_into_one_order(void **state)
{
	static const struct {
		const char *value, *want; /* NULL: not to the letter */
	} cases[] = {
		{ "", "" },
		{ "a", "a" },
		{ "b,a", "a b" },
		{ "c, a , B", "a B c" },
		{ "ab, a, abc", "a ab abc" },
		{ "a;q=1, b;q=1.000, c;q=0, d;q=0.000", "a b c;q=0 d;q=0" },
		{ "a;q=0.1, b;q=0.12, c;q=0.123, d;q=0.10",
		    "a;q=0.1 b;q=0.12 c;q=0.123 d;q=0.1" },
		{ "a;q=0.005", "a;q=0.005" },
		{ "a;q=0.", "a;q=0" },
		{ "a ; q=0.5", "a;q=0.5" },
		{ "a;Q=0.5", "a;q=0.5" },
		{ "a;q=0.5, a;q=0.4", "a;q=0.4 a;q=0.5" },
		{ "a, a", "a a" },
		{ "a;", NULL },
		{ "a;q", NULL },
		{ "a;q=", NULL },
		{ "a;q=x", NULL },
		{ "a;q=2", NULL },
		{ "a;q=1.001", NULL },
		{ "a;q=0.1234", NULL },
		{ "a;q=00", NULL },
		{ "a;q=.5", NULL },
		{ "a;q= 1", NULL },
		{ "a;x=1", NULL },
		{ "a;q=1;x=1", NULL },
		{ "a b", NULL },
		{ "\"a\"", NULL },
		{ ";q=1", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct cache_weights weights = { .count = 0 };
		struct text text = TEXT_EMPTY;
		bool good = cache_weights_add(&weights, str_of(cases[i].value));
		assert_int_equal(good, cases[i].want != NULL);
		for (size_t j = 0; good && j < weights.count; j++) {
			char digits[CACHE_WEIGHT_BYTES];
			if (j > 0)
				text_addc(&text, ' ');
			text_add(&text, weights.items[j].token);
			text_add(&text,
			    cache_weight_text(&weights.items[j], digits));
		}
		if (good && !str_is(text_str(&text), cases[i].want))
			fail_msg("'%s' is '%.*s'", cases[i].value,
			    STR_ARG(text_str(&text)));
		text_fini(&text);
	}
}

static void
there_is_room_for_so_many(void **state)
{
	struct cache_weights weights = { .count = 0 };

	(void)state;
	for (size_t i = 0; i < CACHE_WEIGHTS_MAX; i++)
		assert_true(cache_weights_add(&weights, STR("a")));
	assert_false(cache_weights_add(&weights, STR("a")));
	assert_int_equal(weights.count, CACHE_WEIGHTS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_come_into_one_order),
		cmocka_unit_test(there_is_room_for_so_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
