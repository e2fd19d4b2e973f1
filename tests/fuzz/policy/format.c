/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The canonical form of any text that reads as a policy.  Must hold:
 *
 * - the form reads as a policy, and its syntax is that of the text: the same
 *   words in the same lists;
 * - the form of the form is the form.
 */
#include "policy/format.h"

#include "policy/syntax.h"

#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>

#define BYTES_MAX ((size_t)64 << 20)

static void
add_word(struct text *out, const struct syntax_word *word)
{
	if (word->text.at == NULL)
		text_addz(out, " -");
	else
		text_addf(out, " <%.*s>", STR_ARG(word->text));
}

static void
add_words(struct text *out, const struct syntax_word *words)
{
	text_addz(out, " [");
	for (; words != NULL; words = words->next)
		add_word(out, words);
	text_addz(out, " ]");
}

static void
add_services(struct text *out, const struct syntax_service *services)
{
	text_addz(out, " (");
	for (; services != NULL; services = services->next) {
		add_word(out, &services->what);
		add_word(out, &services->detail);
	}
	text_addz(out, " )");
}

static void
add_groups(struct text *out, const struct syntax_group *groups)
{
	for (; groups != NULL; groups = groups->next) {
		text_addz(out, "\ngroup");
		add_word(out, &groups->name);
		add_words(out, groups->members);
	}
}

static void
add_definitions(struct text *out, const struct syntax *syntax)
{
	add_groups(out, syntax->zones);
	add_groups(out, syntax->names);
	for (const struct syntax_list *list = syntax->lists; list != NULL;
	     list = list->next) {
		text_addz(out, "\nlist");
		add_word(out, &list->name);
		add_word(out, &list->kind);
		add_word(out, &list->file);
	}
	for (const struct syntax_service_name *name = syntax->services;
	     name != NULL; name = name->next) {
		text_addz(out, "\nservice");
		add_word(out, &name->name);
		add_services(out, name->services);
	}
}

static void
add_proxy(struct text *out, const struct syntax *syntax)
{
	for (const struct syntax_listen *listen = syntax->listens;
	     listen != NULL; listen = listen->next) {
		text_addz(out, "\nlisten");
		add_word(out, &listen->address);
		add_words(out, listen->zones);
	}
	for (const struct syntax_intercept *one = syntax->intercepts;
	     one != NULL; one = one->next) {
		text_addz(out, "\nintercept");
		add_services(out, one->services);
		add_words(out, one->zones);
	}
	for (const struct syntax_masquerade *one = syntax->masquerades;
	     one != NULL; one = one->next) {
		text_addz(out, "\nmasquerade");
		add_words(out, one->from);
		add_words(out, one->to);
	}
}

static void
add_rules(struct text *out, const struct syntax *syntax)
{
	for (const struct syntax_rule *rule = syntax->rules; rule != NULL;
	     rule = rule->next) {
		text_addz(out, "\nrule");
		add_word(out, &rule->verdict);
		add_words(out, rule->from);
		add_words(out, rule->to);
		add_services(out, rule->services);
		add_services(out, rule->target);
		add_words(out, rule->methods);
		add_words(out, rule->paths);
		add_word(out, &rule->label);
		add_word(out, &rule->log);
		add_word(out, &rule->direct);
	}
}

/* The line behind `by` follows its rule, and so may change. */
static bool
is_line(const struct syntax_case *one, size_t i)
{
	uint64_t line;

	return i + 1 == one->count && i > 0 &&
	       str_is(one->tokens[i - 1].text, "by") &&
	       str_number(one->tokens[i].text, UINT32_MAX, &line) == 0;
}

static void
add_tests(struct text *out, const struct syntax *syntax)
{
	for (const struct syntax_test *test = syntax->tests; test != NULL;
	     test = test->next) {
		text_addz(out, "\ntest");
		add_word(out, &test->title);
		for (const struct syntax_case *one = test->cases; one != NULL;
		     one = one->next) {
			text_addz(out, "\n ");
			for (size_t i = 0; i < one->count; i++)
				text_addf(out, " %d:%.*s",
				    (int)one->tokens[i].kind,
				    is_line(one, i)
					? 1
					: (int)one->tokens[i].text.len,
				    is_line(one, i) ? "N"
						    : one->tokens[i].text.at);
		}
	}
}

/* False if the text does not read as a policy. */
static bool
dump(struct str text, struct text *out)
{
	struct source source = { .name = STR("fuzz"), .text = text };
	struct syntax syntax;
	struct report report;
	struct arena arena;

	report_init(&report);
	arena_init(&arena, BYTES_MAX);
	int rc = policy_parse(&source, &arena, &report, NULL, &syntax);
	bool good = rc == 0 && report.errors == 0;
	if (good) {
		add_definitions(out, &syntax);
		add_proxy(out, &syntax);
		add_rules(out, &syntax);
		add_tests(out, &syntax);
	}
	syntax_fini(&syntax);
	arena_fini(&arena);
	report_fini(&report);
	return good;
}

static int
format(struct str text, struct text *out)
{
	struct source source = { .name = STR("fuzz"), .text = text };
	struct report report;

	report_init(&report);
	int rc = policy_format(&source, &report, out);
	must((rc == 0) == (report.errors == 0));
	report_fini(&report);
	return rc;
}

static void
show(const char *what, struct str text)
{
	(void)fprintf(stderr, "--- %s\n%.*s\n", what, STR_ARG(text));
}

static void
must_be_same(struct str a, struct str b, struct str form)
{
	if (str_eq(a, b))
		return;
	show("form", form);
	show("one", a);
	show("other", b);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text form = TEXT_EMPTY, again = TEXT_EMPTY;
	struct text before = TEXT_EMPTY, after = TEXT_EMPTY;
	struct str input = { (const char *)data, size };

	bool good = dump(input, &before);
	int rc = format(input, &form);
	must(good == (rc == 0));
	if (good) {
		must(dump(text_str(&form), &after));
		must_be_same(
		    text_str(&before), text_str(&after), text_str(&form));
		must(format(text_str(&form), &again) == 0);
		must_be_same(
		    text_str(&form), text_str(&again), text_str(&form));
	}
	text_fini(&form);
	text_fini(&again);
	text_fini(&before);
	text_fini(&after);
	return 0;
}
