/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/change.h"

#include "cli/columns.h"
#include "policy/diff_statement.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* Where the terminal does not say, and the least that makes sense. */
#define COLUMNS     80
#define COLUMNS_MIN 40
#define INDENT      2
#define INDENT_MORE 4 /* of what goes on */

/* The text, how wide it may be and where its lines begin. */
struct page {
	struct text *out;
	size_t columns, indent;
};

/* Adds words, and begins a line where the next one would end beyond the page.
 */
static void
add_wrapped(struct str words, size_t indent, const struct page *page)
{
	size_t column = indent, next = page->indent + INDENT_MORE;
	struct text *out = page->out;

	text_pad(out, ' ', indent);
	while (words.len > 0) {
		struct str word = str_cut(&words, ' ');
		bool first = column == indent;
		if (!first && column + 1 + word.len > page->columns) {
			text_addc(out, '\n');
			text_pad(out, ' ', next);
			column = indent = next;
		} else if (!first) {
			text_addc(out, ' ');
			column++;
		}
		text_add(out, word);
		column += word.len;
	}
}

/* In one line where there is room, else what changes below whose it is. */
static void
add_class(const struct diff *diff, const struct diff_class *class,
    const struct page *page)
{
	struct text *out = page->out;
	struct text change = TEXT_EMPTY;
	struct str line = diff_line(diff, class);

	diff_say_change(diff, class, &change);
	add_wrapped(line, page->indent, page);
	if (page->indent + line.len + 2 + change.len <= page->columns) {
		text_addz(out, "  ");
		text_add(out, text_str(&change));
	} else {
		text_addc(out, '\n');
		add_wrapped(
		    text_str(&change), page->indent + INDENT_MORE, page);
	}
	text_addc(out, '\n');
	out->full |= change.full;
	text_fini(&change);
}

static int
add_interface(struct diff *diff, const struct diff_interface *one,
    const struct page *page)
{
	struct text words = TEXT_EMPTY;
	int rc = diff_say_interface(diff, one, &words);

	add_wrapped(text_str(&words), page->indent, page);
	text_addc(page->out, '\n');
	text_fini(&words);
	return rc;
}

static void
add_statement(void *context, struct str statement, bool is_new)
{
	const struct page *page = context;
	struct text words = TEXT_EMPTY;

	diff_say_statement(statement, is_new, &words);
	add_wrapped(text_str(&words), page->indent, page);
	text_addc(page->out, '\n');
	page->out->full |= words.full;
	text_fini(&words);
}

static void
add_untold(size_t count, struct text *out)
{
	text_addf(out,
	    "  and flows fare differently in %zu more way%s; 'gatehouse "
	    "history diff' has all\n",
	    count, count == 1 ? "" : "s");
}

static int
add_all(struct diff *diff, struct page *page)
{
	int rc = 0;

	for (size_t i = 0; i < diff->interfaces.count && rc == 0; i++)
		rc = add_interface(diff, &diff->interfaces.items[i], page);
	if (rc == 0 && diff->statements > 0)
		rc = statement_diff(diff->before.policy, diff->after.policy,
		    add_statement, page);
	for (size_t i = 0; i < diff->classes.count && rc == 0; i++)
		add_class(diff, &diff->classes.items[i], page);
	if (diff->untold > 0)
		add_untold(diff->untold, page->out);
	return rc < 0 || !page->out->full ? rc : -ENOMEM;
}

int
change_wrap(struct diff *diff, unsigned columns, struct text *out)
{
	struct page page = { out, columns > COLUMNS_MIN ? columns : COLUMNS_MIN,
		0 };

	return add_all(diff, &page);
}

static const char *
why_unknown(int rc)
{
	switch (-rc) {
	case E2BIG:
		return "the policies differ in too many ways";
	case ETIME:
		return "it takes too long to find out";
	default:
		return "there is not enough memory to compare them";
	}
}

enum status
change_print(const struct policy *before, const struct policy *after,
    const struct diff_bounds *bounds, const struct change_words *words)
{
	enum status status = STATUS_WORLD;
	unsigned columns = columns_of_terminal(STDOUT_FILENO);
	struct text out = TEXT_EMPTY;
	struct page page = { &out, columns > COLUMNS_MIN ? columns : COLUMNS,
		INDENT };
	struct diff diff;

	int rc = policy_diff_within(before, after, bounds, &diff);
	if (rc == 0)
		rc = add_all(&diff, &page);
	if (rc < 0) {
		(void)printf("%s: %s\n", words->unknown, why_unknown(rc));
	} else if (diff_is_empty(&diff)) {
		(void)printf("%s\n", words->none);
		status = STATUS_GOOD;
	} else {
		(void)printf("%s:\n", words->some);
		print_text(&out);
		status = STATUS_NO;
	}
	diff_fini(&diff);
	text_fini(&out);
	return status;
}
