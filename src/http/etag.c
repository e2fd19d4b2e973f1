/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/etag.h"

bool
http_etag_is_weak(struct str tag)
{
	return tag.len >= 2 && tag.at[0] == 'W' && tag.at[1] == '/';
}

static struct str
without_weak(struct str tag)
{
	return str_skip(tag, http_etag_is_weak(tag) ? 2 : 0);
}

/* etagc: 0x21, 0x23 to 0x7e, and all above 0x7f. */
static bool
is_etagc(char c)
{
	unsigned char byte = (unsigned char)c;

	return byte > 0x20 && byte != '"' && byte != 0x7f;
}

bool
http_etag_is_valid(struct str tag)
{
	struct str opaque = without_weak(tag);

	if (opaque.len < 2 || opaque.at[0] != '"' ||
	    opaque.at[opaque.len - 1] != '"')
		return false;
	for (size_t i = 1; i < opaque.len - 1; i++)
		if (!is_etagc(opaque.at[i]))
			return false;
	return true;
}

bool
http_etag_strong_eq(struct str a, struct str b)
{
	return http_etag_is_valid(a) && !http_etag_is_weak(a) && str_eq(a, b);
}

bool
http_etag_weak_eq(struct str a, struct str b)
{
	return http_etag_is_valid(a) && http_etag_is_valid(b) &&
	       str_eq(without_weak(a), without_weak(b));
}

struct str
http_etag_of(const struct http_fields *fields)
{
	struct str tag = { "", 0 };
	size_t count = 0;

	for (size_t i = 0; i < fields->count; i++)
		if (fields->items[i].id == HTTP_NAME_ETAG) {
			tag = fields->items[i].value;
			count++;
		}
	if (count != 1 || !http_etag_is_valid(tag))
		return (struct str){ "", 0 };
	return tag;
}

static bool
is_between_tags(char c)
{
	return c == ' ' || c == '\t' || c == ',';
}

/*
 * The next tag of a list, with what is before the next comma if it is no tag.
 * A backslash is a letter of a tag like any other (8.8.3), so that the reader
 * of lists with quoted strings will not do.
 */
static bool
next_tag(struct str *rest, struct str *ret)
{
	while (rest->len > 0 && is_between_tags(rest->at[0]))
		*rest = str_skip(*rest, 1);
	struct str opaque = without_weak(*rest);
	size_t end = rest->len - opaque.len;
	if (opaque.len > 0 && opaque.at[0] == '"')
		end += str_find(str_skip(opaque, 1), '"') + 2;
	if (end > rest->len)
		end = rest->len;
	end += str_find(str_skip(*rest, end), ',');
	*ret = str_trim((struct str){ rest->at, end });
	*rest = str_skip(*rest, end);
	return ret->len > 0;
}

bool
http_etag_is_listed(
    const struct http_fields *fields, enum http_name name, struct str tag)
{
	struct str listed;

	for (size_t i = 0; i < fields->count; i++) {
		struct str rest = fields->items[i].value;
		if (fields->items[i].id != name)
			continue;
		if (str_is(rest, "*"))
			return true;
		while (next_tag(&rest, &listed))
			if (http_etag_weak_eq(listed, tag))
				return true;
	}
	return false;
}
