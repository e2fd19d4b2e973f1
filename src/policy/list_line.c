/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/list_line.h"

struct str
list_word(struct str *rest)
{
	*rest = str_trim(*rest);
	size_t end = 0;
	while (end < rest->len && rest->at[end] != ' ' && rest->at[end] != '\t')
		end++;
	struct str word = { rest->at, end };
	*rest = str_skip(*rest, end);
	return word;
}

struct str
list_without_comment(struct str line, const char *marks)
{
	bool blank = true;

	for (size_t i = 0; i < line.len; i++) {
		if (blank &&
		    str_find(str_of(marks), line.at[i]) < strlen(marks))
			return str_trim((struct str){ line.at, i });
		blank = line.at[i] == ' ' || line.at[i] == '\t';
	}
	return line;
}

static enum list_line
put_name(struct list_reader *reader, struct str text, enum domain_cover more,
    int (*put)(struct domain_set *, struct str, enum domain_cover))
{
	char name[DOMAIN_NAME_MAX + 1];
	struct str parsed;
	enum domain_cover cover;

	if (domain_name_parse(text, name, &parsed, &cover, &reader->why) < 0)
		return LIST_LINE_STRANGE;
	if (more == DOMAIN_BOTH)
		cover = DOMAIN_BOTH;
	return put(&reader->group->domains, parsed, cover) < 0
		   ? LIST_LINE_NO_MEMORY
		   : LIST_LINE_TAKEN;
}

enum list_line
list_take_name(
    struct list_reader *reader, struct str text, enum domain_cover more)
{
	return put_name(reader, text, more, domain_set_add);
}

enum list_line
list_except_name(
    struct list_reader *reader, struct str text, enum domain_cover more)
{
	return put_name(reader, text, more, domain_set_except);
}
