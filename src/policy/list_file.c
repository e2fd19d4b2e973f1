/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/list_file.h"

#include "policy/list_line.h"

#include <errno.h>

#define FORMAT_LINES  1000
#define EXCERPT_BYTES 200 /* of a line that is shown: more fills a screen */

/* Lines of one kind that a warning is about: how many, and the first one. */
struct noted {
	size_t count;
	struct str line;
	uint32_t number;
	const char *why;
};

struct list_walk {
	const char *path;
	struct report *report;
	struct list_reader reader;
	bool domains;
	uint32_t number; /* of the line */
	size_t taken;
	struct noted strange, skipped, host_bits;
};

/*
 * The next line, without its end: LF, CR, or CR LF.  Not by two searches: one
 * for the mark that a file does not use would run to its end at each line.
 */
static struct str
next_line(struct str *text)
{
	size_t end = 0;

	while (
	    end < text->len && text->at[end] != '\n' && text->at[end] != '\r')
		end++;
	struct str line = { text->at, end };
	bool both = end + 1 < text->len && text->at[end] == '\r' &&
		    text->at[end + 1] == '\n';
	*text = str_skip(*text, end + 1 + both);
	return line;
}

static bool
is_comment(struct str line)
{
	return line.len == 0 || line.at[0] == '!' || line.at[0] == ';' ||
	       line.at[0] == '#';
}

static bool
has_blank(struct str line)
{
	return str_find(line, ' ') < line.len ||
	       str_find(line, '\t') < line.len;
}

/* The format that this line alone has; LIST_PLAIN is no answer. */
static enum list_format
format_of(struct str line)
{
	if (list_adblock_is(line))
		return LIST_ADBLOCK;
	if (is_comment(line))
		return LIST_PLAIN;
	if (list_dnsmasq_is(line))
		return LIST_DNSMASQ;
	if (!has_blank(line))
		return LIST_PLAIN;
	if (list_hosts_is(line))
		return LIST_HOSTS;
	return list_rpz_is(line) ? LIST_RPZ : LIST_PLAIN;
}

static enum list_format
recognise(struct str text)
{
	for (unsigned i = 0; i < FORMAT_LINES && text.len > 0; i++) {
		struct str line = str_trim(next_line(&text));
		/* `##word` hides elements, or it is the title of a section. */
		if (is_comment(line))
			continue;
		enum list_format format = format_of(line);
		if (format != LIST_PLAIN)
			return format;
	}
	return LIST_PLAIN;
}

static bool
is_inside_name(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || (uint8_t)c >= 0x80;
}

/* And not a pattern: `.ads.`, `-banner.`, `/img`. */
static bool
is_plain_name(struct str line)
{
	return !has_blank(line) && str_find(line, '.') < line.len &&
	       str_find(line, '/') == line.len && is_inside_name(line.at[0]) &&
	       is_inside_name(line.at[line.len - 1]);
}

static enum list_line
read_name_line(struct list_reader *reader, struct str line, bool indented)
{
	enum list_format format = format_of(line);

	if (reader->zone.open > 0 || (reader->format == LIST_RPZ && indented))
		format = LIST_RPZ;
	/* What is left in an AdBlock file is a pattern, unless it is a name;
	 * one of a URL has no blanks. */
	if (format == LIST_PLAIN && reader->format == LIST_ADBLOCK &&
	    !is_plain_name(line) && !is_comment(line) &&
	    (!has_blank(line) || line.at[0] == '/' || line.at[0] == '|'))
		format = LIST_ADBLOCK;
	switch (format) {
	case LIST_ADBLOCK:
		return list_adblock_read(reader, line);
	case LIST_DNSMASQ:
		return list_dnsmasq_read(reader, line);
	case LIST_RPZ:
		return list_rpz_read(reader, line, indented);
	case LIST_HOSTS:
	case LIST_PLAIN:
		break;
	}
	return is_comment(line) || line.at[0] == '['
		   ? LIST_LINE_NOTHING
		   : list_hosts_read(reader, line);
}

static enum list_line
read_line(struct list_walk *walk, struct str line)
{
	struct str trimmed = str_trim(line);

	if (trimmed.len == 0)
		return LIST_LINE_NOTHING;
	if (!walk->domains)
		return list_netset_read(&walk->reader, trimmed);
	return read_name_line(&walk->reader, trimmed, trimmed.at != line.at);
}

static void
note(struct list_walk *walk, struct noted *noted, struct str line)
{
	if (noted->count++ > 0)
		return;
	if (line.len > EXCERPT_BYTES)
		line.len = EXCERPT_BYTES;
	noted->line = line;
	noted->number = walk->number;
	noted->why = walk->reader.why;
}

static int
take_line(struct list_walk *walk, struct str line)
{
	walk->number++;
	walk->reader.host_bits = false;
	switch (read_line(walk, line)) {
	case LIST_LINE_NO_MEMORY:
		return -ENOMEM;
	case LIST_LINE_STRANGE:
		note(walk, &walk->strange, line);
		break;
	case LIST_LINE_SKIPPED:
		note(walk, &walk->skipped, line);
		break;
	case LIST_LINE_TAKEN:
		walk->taken++;
		break;
	case LIST_LINE_NOTHING:
		break;
	}
	if (walk->reader.host_bits)
		note(walk, &walk->host_bits, line);
	return 0;
}

/* A place in the list's file that outlives its text: the line is copied. */
static struct place
place_of(struct list_walk *walk, const struct noted *noted)
{
	struct arena *arena = &walk->report->arena;
	struct source *source = arena_new(arena, struct source);

	if (source == NULL)
		return (struct place){ 0 };
	source->name = arena_str(arena, str_of(walk->path));
	source->text = arena_str(arena, noted->line);
	source->lines_before = noted->number - 1;
	return (struct place){ source, 0, (uint32_t)source->text.len };
}

static const char *
is_or_are(size_t count)
{
	return count == 1 ? "is" : "are";
}

static void
warn_of_lines(struct list_walk *walk)
{
	size_t all = walk->taken + walk->skipped.count + walk->strange.count;

	if (walk->strange.count > 0) {
		report_warning(walk->report, "list-lines",
		    place_of(walk, &walk->strange),
		    "%zu of %zu lines %s not understood and left out",
		    walk->strange.count, all, is_or_are(walk->strange.count));
		report_hint(walk->report, "here: %s", walk->strange.why);
	}
	if (walk->skipped.count > 0)
		report_warning(walk->report, "list-skipped",
		    place_of(walk, &walk->skipped),
		    "%zu of %zu lines %s not about whole names and left out",
		    walk->skipped.count, all, is_or_are(walk->skipped.count));
	if (walk->host_bits.count > 0)
		report_warning(walk->report, "list-host-bits",
		    place_of(walk, &walk->host_bits),
		    walk->host_bits.count == 1
			? "%zu prefix has bits set behind its length, and is "
			  "taken without them"
			: "%zu prefixes have bits set behind their length, "
			  "and are taken without them",
		    walk->host_bits.count);
}

static int
refuse(struct list_walk *walk, struct place declared)
{
	report_error(
	    walk->report, declared, "nothing in %s is understood", walk->path);
	if (walk->strange.count > 0)
		report_hint(walk->report, "its line %u: %s",
		    walk->strange.number, walk->strange.why);
	else
		report_hint(walk->report,
		    "its rules are for pages, not for whole names");
	return -EINVAL;
}

static int
conclude(struct list_walk *walk, struct place declared, bool cut)
{
	if (walk->taken == 0 && walk->strange.count + walk->skipped.count > 0)
		return refuse(walk, declared);
	/* What came behind it was not read, and nobody would know. */
	if (walk->reader.zone.open > 0) {
		report_error(walk->report, declared,
		    "a parenthesis in %s is never closed", walk->path);
		return -EINVAL;
	}
	warn_of_lines(walk);
	if (walk->taken == 0)
		report_warning(walk->report, "list-empty", declared,
		    "the list is empty: %s", walk->path);
	else if (cut)
		report_warning(walk->report, "list-cut", declared,
		    "the last line of %s has no end: was it cut off?",
		    walk->path);
	return 0;
}

static int
freeze(struct policy_group *group)
{
	address_set_freeze(&group->addresses);
	return domain_set_freeze(&group->domains);
}

/* UTF-16 has a mark, too, and no line of it could be understood. */
static bool
is_utf16(struct str text)
{
	return str_starts(text, STR("\xff\xfe")) ||
	       str_starts(text, STR("\xfe\xff"));
}

int
list_file_read(struct str text, const char *path, bool domains,
    struct place declared, struct report *report, struct policy_group *group)
{
	struct list_walk walk = { .path = path,
		.report = report,
		.reader = { .group = group, .why = "" },
		.domains = domains };
	bool cut = text.len > 0 && text.at[text.len - 1] != '\n' &&
		   text.at[text.len - 1] != '\r';

	if (is_utf16(text)) {
		report_error(report, declared, "%s is not UTF-8", path);
		report_hint(report, "it is UTF-16; convert it with iconv");
		return -EINVAL;
	}
	if (str_starts(text, STR("\xef\xbb\xbf")))
		text = str_skip(text, 3);
	if (domains)
		walk.reader.format = recognise(text);
	while (text.len > 0)
		if (take_line(&walk, next_line(&text)) < 0)
			return -ENOMEM;
	group->entries = walk.taken;
	return freeze(group) < 0 ? -ENOMEM : conclude(&walk, declared, cut);
}

const char *
list_file_fault(int rc)
{
	switch (rc) {
	case -EFBIG:
		return "it is larger than 512 MiB, the most a list may have";
	case -EISDIR:
		return "it is a folder";
	case -EINVAL:
		return "it is not a regular file";
	case -EPERM:
		return "it is a link to a file that is not its owner's";
	default:
		return strerror(-rc);
	}
}

_Static_assert(POLICY_LIST_BYTES_MAX >> 20 == 512, "the fault says so");
