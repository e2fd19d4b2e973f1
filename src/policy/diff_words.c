/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/diff_words: what another policy would change, a line each.
 */
#include "policy/diff_impl.h"
#include "policy/diff_statement.h"

#include <errno.h>

int
diff_say_sources(
    struct diff *diff, uint32_t sources, size_t parts_max, struct text *out)
{
	struct region region;

	for (size_t i = 0; i < SPACE_DIMENSION_COUNT; i++)
		region.least[i] = region.most[i] = DIAGRAM_ALL;
	region.least[SPACE_SOURCE] = region.most[SPACE_SOURCE] = sources;
	return region_say(&diff->space, &region, SPACE_SOURCE, parts_max, out);
}

struct str
diff_line(const struct diff *diff, const struct diff_class *class)
{
	return (
	    struct str){ diff->lines.at + class->line_at, class->line_bytes };
}

int
diff_say_interface(
    struct diff *diff, const struct diff_interface *one, struct text *out)
{
	text_addf(out, "interface %.*s %s ", STR_ARG(one->name),
	    one->taken ? "now takes" : "no longer takes");
	return diff_say_sources(diff, one->sources, REGION_PARTS, out);
}

void
diff_say_change(
    const struct diff *diff, const struct diff_class *class, struct text *out)
{
	diff_say_outcome(&diff->before, &class->before, &class->after, out);
	text_addz(out, " -> ");
	diff_say_outcome(&diff->after, &class->after, &class->before, out);
}

/* Outcomes stand under each other, unless a line is longer than most. */
#define COLUMN_MAX 56

static size_t
find_column(const struct diff *diff)
{
	size_t column = 0;

	for (size_t i = 0; i < diff->classes.count; i++) {
		size_t len = diff->classes.items[i].line_bytes;
		if (len > column && len <= COLUMN_MAX)
			column = len;
	}
	return column;
}

static void
describe_class(const struct diff *diff, const struct diff_class *class,
    size_t column, struct text *out)
{
	size_t width = class->line_bytes;

	text_add(out, diff_line(diff, class));
	text_pad(out, ' ', width < column ? column - width : 0);
	text_addz(out, "  ");
	diff_say_change(diff, class, out);
	text_addc(out, '\n');
}

void
diff_say_statement(struct str statement, bool is_new, struct text *out)
{
	text_addf(
	    out, "%s %.*s", is_new ? "now" : "no longer", STR_ARG(statement));
}

static void
describe_statement(void *context, struct str statement, bool is_new)
{
	struct text *out = context;

	diff_say_statement(statement, is_new, out);
	text_addc(out, '\n');
}

int
diff_describe(struct diff *diff, struct text *out)
{
	size_t column = find_column(diff);
	int rc = 0;

	for (size_t i = 0; i < diff->interfaces.count && rc == 0; i++) {
		rc = diff_say_interface(diff, &diff->interfaces.items[i], out);
		text_addc(out, '\n');
	}
	if (rc == 0 && diff->statements > 0)
		rc = statement_diff(diff->before.policy, diff->after.policy,
		    describe_statement, out);
	for (size_t i = 0; i < diff->classes.count && rc == 0; i++)
		describe_class(diff, &diff->classes.items[i], column, out);
	return rc < 0 || !out->full ? rc : -ENOMEM;
}
