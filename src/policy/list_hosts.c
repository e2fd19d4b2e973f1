/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/list_hosts: hosts files, and files of plain names.
 *
 * `0.0.0.0 ads.example.com tracker.example.com # comment`: the names, whatever
 * the address.  `ads.example.com`, `*.example.com`, `.example.com` alone: as a
 * policy writes them.  `#` and `;` start a comment anywhere.
 *
 * A hosts file also names the host that it was made for.  Its names without a
 * dot (localhost, ip6-allnodes) and `localhost.localdomain` mean nothing here.
 */
#include "policy/list_line.h"

static bool
is_own_name(struct str name)
{
	struct address address;

	return str_find(name, '.') == name.len ||
	       address_parse(name, &address) == 0 ||
	       str_ends(name, STR(".localdomain")) ||
	       str_ends(name, STR(".localdomain6"));
}

static struct str
without_comment(struct str line)
{
	size_t i = 0;

	while (i < line.len && line.at[i] != '#' && line.at[i] != ';')
		i++;
	return str_trim((struct str){ line.at, i });
}

bool
list_hosts_is(struct str line)
{
	struct address address;

	line = without_comment(line);
	struct str first = list_word(&line);
	return str_trim(line).len > 0 && address_parse(first, &address) == 0;
}

static enum list_line
read_names(struct list_reader *reader, struct str rest)
{
	enum list_line is = LIST_LINE_NOTHING;

	while (is != LIST_LINE_NO_MEMORY && str_trim(rest).len > 0) {
		struct str name = list_word(&rest);
		if (is_own_name(name))
			continue;
		enum list_line one =
		    list_take_name(reader, name, DOMAIN_ITSELF);
		if (one > is)
			is = one;
	}
	return is;
}

enum list_line
list_hosts_read(struct list_reader *reader, struct str line)
{
	struct address address;

	line = without_comment(line);
	if (line.len == 0)
		return LIST_LINE_NOTHING;
	struct str rest = line;
	struct str first = list_word(&rest);
	if (str_trim(rest).len == 0)
		return list_take_name(reader, first, DOMAIN_ITSELF);
	if (address_parse(first, &address) == 0)
		return read_names(reader, rest);
	reader->why = "expected one name, or an address and names";
	return LIST_LINE_STRANGE;
}
