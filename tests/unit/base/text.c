/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/text: growth, the NUL behind the end, and `full` that sticks. */
#include "base/text.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void
assert_text(const struct text *text, struct str want)
{
	assert_false(text->full);
	assert_true(str_eq(text_str(text), want));
	assert_int_equal(text->at[text->len], '\0');
	assert_true(text->len < text->room);
}

static void
empty(void **state)
{
	struct text text = TEXT_EMPTY;

	(void)state;
	assert_null(text_str(&text).at);
	assert_int_equal(text_str(&text).len, 0);
	text_clear(&text);
	assert_null(text.at);
	text_add(&text, (struct str){ NULL, 0 });
	assert_text(&text, STR(""));
	text_fini(&text);
	assert_null(text.at);
	text_fini(&text);
}

static void
adding(void **state)
{
	struct text text = TEXT_EMPTY;

	(void)state;
	text_add(&text, STR("a\0b"));
	text_addc(&text, '\0');
	text_addz(&text, "cd");
	text_addz(&text, "");
	text_addz(&text, NULL);
	text_addf(&text, "[%d %s]", -5, "x");
	text_addf(&text, "%s", "");
	text_pad(&text, '.', 3);
	text_pad(&text, '.', 0);
	assert_text(&text, STR("a\0b\0cd[-5 x]..."));
	text_fini(&text);
}

static void
numbers(void **state)
{
	static const uint64_t tried[] = { 0, 9, 10, 65535, INT64_MAX,
		UINT64_MAX };
	struct text ours = TEXT_EMPTY, printed = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < sizeof(tried) / sizeof(*tried); i++) {
		text_add_number(&ours, tried[i]);
		text_addf(&printed, "%" PRIu64, tried[i]);
		assert_text(&ours, text_str(&printed));
	}
	text_fini(&ours);
	text_fini(&printed);
}

/* Each way of adding, over every border that the room grows at. */
static void
growth(void **state)
{
	(void)state;
	for (size_t len = 0; len < 1100; len++) {
		struct text one = TEXT_EMPTY, many = TEXT_EMPTY,
			    formatted = TEXT_EMPTY;
		text_pad(&one, 'x', len);
		for (size_t i = 0; i < len; i++)
			text_addc(&many, 'x');
		text_addz(&many, "");
		text_addf(&formatted, "%s", text_str(&one).at);
		assert_int_equal(one.len, len);
		assert_text(&many, text_str(&one));
		assert_text(&formatted, text_str(&one));
		text_fini(&one);
		text_fini(&many);
		text_fini(&formatted);
	}
}

static void
clearing_keeps_the_room(void **state)
{
	struct text text = TEXT_EMPTY;

	(void)state;
	text_pad(&text, 'x', 5000);
	const char *before = text.at;
	text_clear(&text);
	assert_int_equal(text.len, 0);
	assert_string_equal(text.at, "");
	text_addz(&text, "again");
	assert_ptr_equal(text.at, before);
	assert_text(&text, STR("again"));
	text_fini(&text);
}

static void
cutting_back(void **state)
{
	struct text text = TEXT_EMPTY;

	(void)state;
	text_cut(&text, 0);
	assert_null(text.at);
	text_addz(&text, "abcdef");
	text_cut(&text, 6);
	assert_text(&text, STR("abcdef"));
	text_cut(&text, 2);
	text_addz(&text, "x");
	assert_text(&text, STR("abx"));
	text_cut(&text, 0);
	assert_text(&text, STR(""));
	text_fini(&text);
}

/*
 * A length that no memory has: refused before anything is read or written,
 * and nothing is added behind the hole.
 */
static void
full_sticks(void **state)
{
	static const size_t lengths[] = { SIZE_MAX, SIZE_MAX - 3,
		SIZE_MAX / 2 + 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct text text = TEXT_EMPTY;
		text_addz(&text, "kept");
		text_pad(&text, 'x', lengths[i]);
		assert_true(text.full);
		text_addz(&text, "lost");
		text_addc(&text, 'l');
		text_addf(&text, "%s", "lost");
		text_pad(&text, 'l', 1);
		assert_true(text.full);
		assert_true(str_is(text_str(&text), "kept"));
		text_clear(&text);
		text_addz(&text, "whole");
		assert_text(&text, STR("whole"));
		text_fini(&text);
	}
}

static void
full_from_the_start(void **state)
{
	struct text text = TEXT_EMPTY;

	(void)state;
	text_add(&text, (struct str){ "x", SIZE_MAX });
	assert_true(text.full);
	assert_null(text.at);
	text_clear(&text);
	assert_false(text.full);
	text_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(adding),
		cmocka_unit_test(numbers),
		cmocka_unit_test(growth),
		cmocka_unit_test(clearing_keeps_the_room),
		cmocka_unit_test(cutting_back),
		cmocka_unit_test(full_sticks),
		cmocka_unit_test(full_from_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
