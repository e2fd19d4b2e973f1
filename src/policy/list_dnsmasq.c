/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/list_dnsmasq: the lines of a dnsmasq configuration that block names.
 *
 *	address=/example.com/0.0.0.0   the name and what is under it, whatever
 *	                               the address; also several: /a/b/
 *	server=/example.com/           never asked for elsewhere: the same
 *	local=/example.com/            another word for server
 *	server=/cdn.example.com/#      asked for as usual: takes it out again
 *
 * `server=/name/ADDRESS` says who is to be asked, which blocks nothing, and so
 * do all other settings: they are skipped and counted.
 */
#include "policy/list_line.h"

static bool
take_key(struct str line, struct str *ret_value, bool *ret_address)
{
	static const struct {
		struct str text;
		bool address;
	} keys[] = {
		{ STR_INIT("address=/"), true },
		{ STR_INIT("server=/"), false },
		{ STR_INIT("local=/"), false },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!str_starts(line, keys[i].text))
			continue;
		*ret_value = str_skip(line, keys[i].text.len);
		*ret_address = keys[i].address;
		return true;
	}
	return false;
}

bool
list_dnsmasq_is(struct str line)
{
	struct str value;
	bool address;

	return take_key(line, &value, &address);
}

static enum list_line
read_names(struct list_reader *reader, struct str names, bool except)
{
	enum list_line is = LIST_LINE_NOTHING;

	while (names.len > 0 && is != LIST_LINE_NO_MEMORY) {
		struct str name = str_cut(&names, '/');
		enum list_line one =
		    except ? list_except_name(reader, name, DOMAIN_BOTH)
			   : list_take_name(reader, name, DOMAIN_BOTH);
		if (one > is)
			is = one;
	}
	return is;
}

enum list_line
list_dnsmasq_read(struct list_reader *reader, struct str line)
{
	struct str names;
	bool address;

	line = list_without_comment(line, "#");
	if (!take_key(line, &names, &address))
		return LIST_LINE_SKIPPED;
	size_t end = names.len;
	while (end > 0 && names.at[end - 1] != '/')
		end--;
	if (end <= 1) {
		reader->why = "expected a name between two slashes";
		return LIST_LINE_STRANGE;
	}
	struct str to = str_skip(names, end);
	names.len = end - 1;
	if (address || to.len == 0)
		return read_names(reader, names, false);
	return str_is(to, "#") ? read_names(reader, names, true)
			       : LIST_LINE_SKIPPED;
}
