/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/list_adblock: filter lists of browsers, as far as they speak of names.
 *
 *	||example.com^             the name and what is under it
 *	@@||cdn.example.com^       takes that out again
 *	||example.com^$important   the same; `all` likewise
 *	! comment, [Adblock Plus]
 *
 * All else is a rule for pages and not for names: element hiding (`##`, `#@#`),
 * paths, patterns, and options that narrow a rule (`$third-party`).  A gateway
 * that took such a rule for the whole name would refuse more than the list
 * says; it is skipped and counted.
 */
#include "policy/list_line.h"

static bool
is_one_of(char c, struct str set)
{
	return str_find(set, c) < set.len;
}

/* `name##selector`, `##selector`, `name#@#...`, `#?#`, `#$#`, `#%#`. */
static bool
hides_elements(struct str line)
{
	for (size_t i = 0; i + 1 < line.len; i++) {
		if (line.at[i] != '#')
			continue;
		/* Behind a blank it is a comment of some other format. */
		if (i > 0 && (line.at[i - 1] == ' ' || line.at[i - 1] == '\t'))
			return false;
		if (line.at[i + 1] == '#')
			return i > 0 || (line.len > 2 && line.at[2] != ' ' &&
					    line.at[2] != '#');
		return i + 2 < line.len && line.at[i + 2] == '#' &&
		       is_one_of(line.at[i + 1], STR("@?$%"));
	}
	return false;
}

bool
list_adblock_is(struct str line)
{
	return str_starts(line, STR("||")) || str_starts(line, STR("@@")) ||
	       str_starts(line, STR("[Adblock")) || hides_elements(line);
}

/* Whether the options leave the rule about all that the name serves. */
static bool
are_wide(struct str options)
{
	while (options.len > 0) {
		struct str option = str_cut(&options, ',');
		if (!str_is(option, "important") && !str_is(option, "all"))
			return false;
	}
	return true;
}

/* The name between `||` and `^`; false if the rule is of another kind. */
static bool
name_of(struct str rule, struct str *ret)
{
	if (!str_starts(rule, STR("||")))
		return false;
	struct str rest = str_skip(rule, 2);
	struct str name = str_cut(&rest, '^');
	if (rest.at == NULL)
		return false;
	if (str_starts(rest, STR("|")))
		rest = str_skip(rest, 1);
	if (rest.len > 0 && (rest.at[0] != '$' || !are_wide(str_skip(rest, 1))))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (is_one_of(name.at[i], STR("*/?=&|$:")))
			return false;
	*ret = name;
	return name.len > 0;
}

enum list_line
list_adblock_read(struct list_reader *reader, struct str line)
{
	struct str name;

	if (line.at[0] == '!' || line.at[0] == '[')
		return LIST_LINE_NOTHING;
	bool except = str_starts(line, STR("@@"));
	/* Some lists have `||name^ # comment`. */
	struct str rule = list_without_comment(line, "#");
	if (!name_of(except ? str_skip(rule, 2) : rule, &name))
		return LIST_LINE_SKIPPED;
	return except ? list_except_name(reader, name, DOMAIN_BOTH)
		      : list_take_name(reader, name, DOMAIN_BOTH);
}
