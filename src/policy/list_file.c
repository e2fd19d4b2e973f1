/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/list_file.h"

#include <errno.h>

/* What one line was. */
enum line_is {
	LINE_NOTHING, /* blank or comment */
	LINE_TAKEN,
	LINE_STRANGE,
	LINE_NO_MEMORY,
};

struct list_reader {
	const char *path;
	struct report *report;
	struct policy_group *group;
	uint32_t line;
	size_t taken, strange;
	struct str first_strange;
	uint32_t first_strange_line;
	const char *first_why;
};

static struct str
without_comment(struct str line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.at[i] == '#' || line.at[i] == ';')
			return str_trim((struct str){ line.at, i });
	return str_trim(line);
}

static enum line_is
read_address_line(struct list_reader *reader, struct str line)
{
	struct address_range range;

	line = without_comment(line);
	if (line.len == 0)
		return LINE_NOTHING;
	if (address_range_parse(line, &range, &reader->first_why) < 0)
		return LINE_STRANGE;
	return address_set_add(&reader->group->addresses, &range) < 0
		   ? LINE_NO_MEMORY
		   : LINE_TAKEN;
}

static enum line_is
take_name(struct list_reader *reader, struct str text, bool with_under)
{
	char name[DOMAIN_NAME_MAX + 1];
	struct str parsed;
	enum domain_cover cover;

	if (domain_name_parse(text, name, &parsed, &cover, &reader->first_why) <
	    0)
		return LINE_STRANGE;
	if (with_under)
		cover = DOMAIN_BOTH;
	return domain_set_add(&reader->group->domains, parsed, cover) < 0
		   ? LINE_NO_MEMORY
		   : LINE_TAKEN;
}

static struct str
next_word(struct str *rest)
{
	*rest = str_trim(*rest);
	size_t end = 0;
	while (end < rest->len && rest->at[end] != ' ' && rest->at[end] != '\t')
		end++;
	struct str word = { rest->at, end };
	*rest = str_skip(*rest, end);
	return word;
}

/*
 * `127.0.0.1 name name`: the names of a hosts file.  Those without a dot
 * (localhost, ip6-allnodes) are the host's own and mean nothing here.
 */
static enum line_is
read_hosts_names(struct list_reader *reader, struct str rest)
{
	enum line_is is = LINE_NOTHING;
	struct address address;

	while (is != LINE_NO_MEMORY && str_trim(rest).len > 0) {
		struct str name = next_word(&rest);
		if (str_find(name, '.') == name.len ||
		    address_parse(name, &address) == 0)
			continue;
		enum line_is one = take_name(reader, name, false);
		if (one > is)
			is = one;
	}
	return is;
}

/* `||name^`, with nothing behind it that would narrow what is meant. */
static enum line_is
read_adblock_line(struct list_reader *reader, struct str line)
{
	struct str name = str_skip(line, 2);

	if (name.len == 0 || name.at[name.len - 1] != '^') {
		reader->first_why = "only '||name^' is understood of AdBlock";
		return LINE_STRANGE;
	}
	name.len--;
	return take_name(reader, name, true);
}

static enum line_is
read_domain_line(struct list_reader *reader, struct str line)
{
	struct address address;

	line = str_trim(line);
	if (str_starts(line, STR("!")) || str_starts(line, STR("[")))
		return LINE_NOTHING;
	if (str_starts(line, STR("||")))
		return read_adblock_line(reader, line);
	line = without_comment(line);
	if (line.len == 0)
		return LINE_NOTHING;
	struct str rest = line;
	struct str first = next_word(&rest);
	if (address_parse(first, &address) == 0)
		return read_hosts_names(reader, rest);
	if (str_trim(rest).len > 0) {
		reader->first_why =
		    "expected one name, or an address and names";
		return LINE_STRANGE;
	}
	return take_name(reader, first, false);
}

static void
note_strange(struct list_reader *reader, struct str line, const char **why)
{
	if (reader->strange++ > 0)
		return;
	reader->first_strange = line;
	reader->first_strange_line = reader->line;
	*why = reader->first_why;
}

/* A place in the list's file that outlives its text: the line is copied. */
static struct place
strange_place(struct list_reader *reader)
{
	struct arena *arena = &reader->report->arena;
	struct source *source = arena_new(arena, struct source);

	if (source == NULL)
		return (struct place){ 0 };
	source->name = arena_str(arena, str_of(reader->path));
	source->text = arena_str(arena, reader->first_strange);
	source->lines_before = reader->first_strange_line - 1;
	return (struct place){ source, 0, (uint32_t)source->text.len };
}

static int
conclude(struct list_reader *reader, struct place declared, const char *why)
{
	if (reader->strange > 0 && reader->taken == 0) {
		report_error(reader->report, declared,
		    "nothing in %s is understood", reader->path);
		report_hint(reader->report, "its line %u: %s",
		    reader->first_strange_line, why);
		return -EINVAL;
	}
	if (reader->strange > 0) {
		report_warning(reader->report, "list-lines",
		    strange_place(reader),
		    "%zu of %zu lines are not understood and left out",
		    reader->strange, reader->strange + reader->taken);
		report_hint(reader->report, "here: %s", why);
	} else if (reader->taken == 0) {
		report_warning(reader->report, "list-empty", declared,
		    "the list is empty: %s", reader->path);
	}
	return 0;
}

int
list_file_read(struct str text, const char *path, bool domains,
    struct place declared, struct report *report, struct policy_group *group)
{
	struct list_reader reader = {
		.path = path, .report = report, .group = group
	};
	const char *why = "";

	while (text.len > 0) {
		struct str line = str_cut(&text, '\n');
		reader.line++;
		enum line_is is = domains ? read_domain_line(&reader, line)
					  : read_address_line(&reader, line);
		if (is == LINE_NO_MEMORY)
			return -ENOMEM;
		if (is == LINE_STRANGE)
			note_strange(&reader, line, &why);
		reader.taken += is == LINE_TAKEN;
	}
	address_set_freeze(&group->addresses);
	if (domain_set_freeze(&group->domains) < 0)
		return -ENOMEM;
	return conclude(&reader, declared, why);
}
