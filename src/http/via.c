/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Via field, read as a list and written as one line.
 */
#include "http/via.h"

#include "http/octet.h"

/*
 * member = received-protocol RWS received-by [ RWS comment ].  A comment with
 * a comma in it is cut in two by the list; its second half would have to hold
 * our name as its second word to be mistaken, and then a request is refused
 * whose sender asked for it.
 */
static struct str
received_by(struct str member)
{
	size_t blank = 0;

	while (blank < member.len && member.at[blank] != ' ' &&
	       member.at[blank] != '\t')
		blank++;
	struct str rest = http_octet_trim(str_skip(member, blank));
	size_t end = 0;
	while (end < rest.len && rest.at[end] != ' ' && rest.at[end] != '\t')
		end++;
	return (struct str){ rest.at, end };
}

bool
http_via_has(const struct http_fields *fields, struct str name)
{
	struct http_members members = HTTP_MEMBERS(fields, HTTP_NAME_VIA);
	struct str member;

	while (http_members_next(&members, &member))
		if (str_eq_nocase(received_by(member), name))
			return true;
	return false;
}

void
http_via_add(const struct http_fields *fields, enum http_version version,
    struct str name, struct text *out)
{
	struct str separator = STR("Via: ");

	for (size_t i = 0; i < fields->count; i++) {
		const struct http_field *field = &fields->items[i];
		if (field->id != HTTP_NAME_VIA || field->value.len == 0)
			continue;
		text_add(out, separator);
		text_add(out, field->value);
		separator = STR(", ");
	}
	if (name.len > 0) {
		text_add(out, separator);
		text_addz(out, http_version_word(version));
		text_addc(out, ' ');
		text_add(out, name);
		separator = STR(", ");
	}
	if (separator.len == 2)
		text_addz(out, "\r\n");
}
