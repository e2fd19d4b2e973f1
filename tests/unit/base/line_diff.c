/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines that are new and lines that are gone, and what stands around them. */
#include "base/line_diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void
assert_diff(const char *before, const char *after, const char *wanted)
{
	struct text out = TEXT_EMPTY;

	assert_int_equal(line_diff(str_of(before), str_of(after), &out), 0);
	assert_string_equal(out.at != NULL ? out.at : "", wanted);
	text_fini(&out);
}

static void
lines_are_compared(void **state)
{
	(void)state;
	assert_diff("", "", "");
	assert_diff("a\nb\n", "a\nb\n", "");
	assert_diff("", "a\n", "+a\n");
	assert_diff("a\n", "", "-a\n");
	assert_diff("a\nb\nc\n", "a\nc\n", " a\n-b\n c\n");
	assert_diff("a\nb\nc\n", "a\nx\nc\n", " a\n-b\n+x\n c\n");
	assert_diff("a\na\n", "a\n", " a\n-a\n");
	assert_diff("a\nb\n", "b\na\n", "-a\n b\n+a\n");
}

static void
what_is_far_from_a_change_is_left_out(void **state)
{
	(void)state;
	assert_diff("1\n2\n3\n4\n5\nx\n5\n4\n3\n2\ny\n1\n2\n3\n4\n5\n",
	    "1\n2\n3\n4\n5\nX\n5\n4\n3\n2\ny\n1\n2\n3\n4\nZ\n",
	    "@@\n 3\n 4\n 5\n-x\n+X\n 5\n 4\n 3\n@@\n 2\n 3\n 4\n-5\n+Z\n");
}

/* What is applied to the one gives the other. */
static void
any_two_texts(void **state)
{
	(void)state;
	srand(181);
	for (int round = 0; round < 2000; round++) {
		char a[32], b[32], left[64] = "", right[64] = "";
		struct text out = TEXT_EMPTY;
		size_t n = 0, m = 0;
		for (int i = rand() % 8; i > 0; i--) {
			a[n++] = (char)('a' + rand() % 3);
			a[n++] = '\n';
		}
		for (int i = rand() % 8; i > 0; i--) {
			b[m++] = (char)('a' + rand() % 3);
			b[m++] = '\n';
		}
		struct str one = { a, n }, other = { b, m };
		assert_int_equal(line_diff(one, other, &out), 0);
		size_t l = 0, r = 0;
		bool whole = true;
		for (struct str rest = text_str(&out); rest.len > 0;) {
			struct str line = str_cut(&rest, '\n');
			whole = whole && line.at[0] != '@';
			if (line.at[0] != '+' && line.at[0] != '@') {
				left[l++] = line.at[1];
				left[l++] = '\n';
			}
			if (line.at[0] != '-' && line.at[0] != '@') {
				right[r++] = line.at[1];
				right[r++] = '\n';
			}
		}
		if (out.len == 0)
			assert_true(str_eq(one, other));
		else if (whole && l >= n && r >= m) {
			assert_true(str_eq((struct str){ left, l }, one));
			assert_true(str_eq((struct str){ right, r }, other));
		} else
			assert_true(l <= n && r <= m);
		text_fini(&out);
	}
}

static void
what_differs_too_much_is_all_new(void **state)
{
	struct text a = TEXT_EMPTY, b = TEXT_EMPTY, out = TEXT_EMPTY;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		text_addf(&a, "a%d\n", i);
		text_addf(&b, "b%d\n", i);
	}
	assert_int_equal(line_diff(text_str(&a), text_str(&b), &out), 0);
	assert_true(str_starts(text_str(&out), STR("-a0\n-a1\n")));
	assert_true(str_ends(text_str(&out), STR("+b2999\n")));
	assert_int_equal(out.len, a.len + b.len + 6000);
	text_fini(&a);
	text_fini(&b);
	text_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_compared),
		cmocka_unit_test(what_is_far_from_a_change_is_left_out),
		cmocka_unit_test(any_two_texts),
		cmocka_unit_test(what_differs_too_much_is_all_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
