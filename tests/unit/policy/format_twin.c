/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies by chance, laid out by chance: the form means the same, is its own
 * form, and is the same form for every layout.
 */
#include "policy/diff.h"
#include "policy/format.h"

#include "random_files.h"

static void
form_of(const char *text, struct text *out)
{
	struct source source = { .name = STR("test.policy"),
		.text = str_of(text) };
	struct report report;

	report_init(&report);
	assert_int_equal(policy_format(&source, &report, out), 0);
	report_fini(&report);
}

/* Blanks where blanks may be; line ends behind what goes on. */
static void
lay_out(const char *text, bool comments, struct text *out)
{
	bool quoted = false;

	for (const char *at = text; *at != '\0'; at++) {
		char before = at > text ? at[-1] : '\n';
		quoted ^= *at == '"';
		if (*at == '\n' && comments && chance(6) == 0)
			text_addz(out, ONE_OF(" # why", "#", "   #  # \t"));
		if (*at == '\n' && chance(5) == 0)
			text_addz(out, ONE_OF("\r", "\n", " \t\n\n\n"));
		if (!quoted && before == ',' && chance(3) == 0)
			text_addz(
			    out, comments && chance(3) == 0 ? "# c\n" : "\n");
		if (!quoted && *at == ' ' && chance(4) == 0)
			text_addz(out, ONE_OF("\t", "  ", "    "));
		text_addc(out, *at);
	}
}

static void
check_same(const char *a, const char *b)
{
	struct policy *x = policy_of(a), *y = policy_of(b);
	struct text words = TEXT_EMPTY;
	struct diff diff;

	assert_non_null(x);
	assert_non_null(y);
	assert_int_equal(policy_diff(x, y, &diff), 0);
	if (!diff_is_empty(&diff)) {
		(void)diff_describe(&diff, &words);
		(void)fprintf(stderr, "%s\n%s\n%s", a, b, words.at);
		fail();
	}
	assert_int_equal(x->rule_count, y->rule_count);
	for (size_t i = 0; i < x->rule_count; i++)
		assert_true(str_eq(x->rules[i].label, y->rules[i].label));
	diff_fini(&diff);
	policy_unref(x);
	policy_unref(y);
}

static void
forms_mean_the_same(void **state)
{
	unsigned rounds = twin_rounds(300);

	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		struct text text = TEXT_EMPTY, laid = TEXT_EMPTY;
		struct text form = TEXT_EMPTY, again = TEXT_EMPTY;
		add_random_policy(&text, 10);
		lay_out(text.at, true, &laid);
		form_of(laid.at, &form);
		check_same(laid.at, form.at);
		form_of(form.at, &again);
		assert_string_equal(form.at, again.at);
		text_fini(&text);
		text_fini(&laid);
		text_fini(&form);
		text_fini(&again);
	}
}

/* But for blank lines and comments, which are the author's. */
static void
drop_blank_lines(struct text *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < text->len; i++)
		if (text->at[i] != '\n' ||
		    (kept > 0 && text->at[kept - 1] != '\n'))
			text->at[kept++] = text->at[i];
	text_cut(text, kept);
}

static void
layout_is_nothing(void **state)
{
	unsigned rounds = twin_rounds(1000);

	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		struct text text = TEXT_EMPTY, laid = TEXT_EMPTY;
		struct text a = TEXT_EMPTY, b = TEXT_EMPTY;
		add_random_policy(&text, 10);
		form_of(text.at, &a);
		lay_out(text.at, false, &laid);
		drop_blank_lines(&laid);
		form_of(laid.at, &b);
		assert_string_equal(a.at, b.at);
		text_fini(&text);
		text_fini(&laid);
		text_fini(&a);
		text_fini(&b);
	}
}

static void
check_parts(const char *whole, const char *main_file)
{
	struct text forms[COUNT_OF(part_texts)] = { TEXT_EMPTY };
	struct text form = TEXT_EMPTY;

	check_same(whole, main_file);
	for (size_t i = 0; i < COUNT_OF(part_texts); i++) {
		if (part_texts[i] == NULL)
			continue;
		form_of(part_texts[i], &forms[i]);
		text_addz(&forms[i], ""); /* of nothing, too */
		part_texts[i] = forms[i].at;
	}
	form_of(main_file, &form);
	check_same(whole, form.at);
	for (size_t i = 0; i < COUNT_OF(part_texts); i++)
		text_fini(&forms[i]);
	text_fini(&form);
}

/* However it is spread over files, and whatever form these have. */
static void
files_mean_the_whole(void **state)
{
	unsigned rounds = twin_rounds(300), split = 0;

	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		struct text whole = TEXT_EMPTY;
		struct files files;
		add_random_policy(&whole, 12);
		split_into_files(whole.at, &files);
		split += files.count > 1;
		check_parts(whole.at, files.main.at);
		files_fini(&files);
		text_fini(&whole);
	}
	assert_true(split > rounds / 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_is_nothing),
		cmocka_unit_test(forms_mean_the_same),
		cmocka_unit_test(files_mean_the_whole),
	};

	flavours_mix = true;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
