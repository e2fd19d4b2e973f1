/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/scope.h"

#include "base/text.h"
#include "firewall/names.h"

struct scan {
	struct str rest;
	size_t depth;        /* of braces */
	struct text outside; /* what stands before a block, blanks as one */
	bool has_block;
};

/* The rest behind the next `mark`, or nothing. */
static void
skip_past(struct scan *scan, char mark)
{
	scan->rest = str_skip(scan->rest, str_find(scan->rest, mark) + 1);
}

static bool
opens_our_table(const struct text *outside)
{
	return str_eq(
	    str_trim(text_str(outside)), STR("table " FIREWALL_TABLE));
}

static bool
scan_brace(struct scan *scan, char c)
{
	if (c == '}')
		return scan->depth-- > 0;
	if (scan->depth++ > 0)
		return true;
	bool ours = opens_our_table(&scan->outside);
	text_clear(&scan->outside);
	scan->has_block = true;
	return ours;
}

static void
keep_outside(struct scan *scan, char c)
{
	bool blank = c == ' ' || c == '\t' || c == '\n';
	size_t len = scan->outside.len;

	if (!blank)
		text_addc(&scan->outside, c);
	else if (len > 0 && scan->outside.at[len - 1] != ' ')
		text_addc(&scan->outside, ' ');
}

static bool
scan_byte(struct scan *scan)
{
	char c = scan->rest.at[0];

	scan->rest = str_skip(scan->rest, 1);
	if (c == '"' && scan->depth > 0)
		skip_past(scan, '"');
	else if (c == '#')
		skip_past(scan, '\n');
	else if (c == '{' || c == '}')
		return scan_brace(scan, c);
	else if (scan->depth == 0)
		keep_outside(scan, c);
	return true;
}

bool
scope_is_ours(struct str ruleset)
{
	struct scan scan = { .rest = ruleset };
	bool good = ruleset.len > 0 && str_find(ruleset, '\0') == ruleset.len;

	while (good && scan.rest.len > 0)
		good = scan_byte(&scan);
	good = good && scan.depth == 0 && scan.has_block &&
	       str_trim(text_str(&scan.outside)).len == 0 && !scan.outside.full;
	text_fini(&scan.outside);
	return good;
}
