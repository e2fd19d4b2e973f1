/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One array, searched from its front: heads have a dozen fields, and comparing
 * their ids is faster than any index that would have to be built first.
 */
#include "http/fields.h"

#include <errno.h>

#include "http/limits.h"
#include "http/octet.h"

#define FIELDS_ROOM_MAX (HTTP_FIELDS_MAX + HTTP_FIELDS_ADDED_MAX)
#define ROOM_FIRST      8 /* what an answer of our own holds */

int
http_fields_room(struct http_fields *fields, struct arena *arena, size_t more)
{
	if (more > FIELDS_ROOM_MAX || fields->count > FIELDS_ROOM_MAX - more)
		return -E2BIG;
	if (fields->room - fields->count >= more)
		return 0;
	struct http_field *items =
	    arena_array(arena, fields->count + more, sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	if (fields->count > 0)
		memcpy(items, fields->items, fields->count * sizeof(*items));
	fields->items = items;
	fields->room = fields->count + more;
	return 0;
}

static bool
is_field(struct str name, struct str value)
{
	return http_octet_all(name, HTTP_OCTET_TOKEN) &&
	       http_octet_value_span(value) == value.len;
}

/* Doubling: the old arrays stay in the arena and are smaller than the last. */
static int
ensure_one(struct http_fields *fields, struct arena *arena)
{
	size_t more = fields->count > ROOM_FIRST ? fields->count : ROOM_FIRST;

	if (fields->count < fields->room)
		return 0;
	if (fields->count >= FIELDS_ROOM_MAX)
		return -E2BIG;
	if (more > FIELDS_ROOM_MAX - fields->count)
		more = FIELDS_ROOM_MAX - fields->count;
	return http_fields_room(fields, arena, more);
}

int
http_fields_add(struct http_fields *fields, struct arena *arena,
    struct str name, struct str value)
{
	value = http_octet_trim(value);
	if (!is_field(name, value))
		return -EINVAL;
	int error = ensure_one(fields, arena);
	if (error < 0)
		return error;
	fields->items[fields->count++] = (struct http_field){
		.name = name,
		.value = value,
		.id = (uint8_t)http_name_find(name),
	};
	return 0;
}

int
http_fields_add_all(struct http_fields *fields, struct arena *arena,
    const struct http_field_text *texts, size_t count)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = http_fields_add(
		    fields, arena, texts[i].name, texts[i].value);
	return rc;
}

bool
http_field_is_named(const struct http_field *field, struct str name)
{
	return str_eq_nocase(field->name, name);
}

static bool
is_same(const struct http_field *field, enum http_name id, struct str name)
{
	if (id != HTTP_NAME_OTHER)
		return field->id == id;
	return field->id == HTTP_NAME_OTHER && http_field_is_named(field, name);
}

/* Removes the fields of the name from the index on. */
static size_t
remove_from(
    struct http_fields *fields, size_t from, enum http_name id, struct str name)
{
	size_t kept = from;

	for (size_t i = from; i < fields->count; i++)
		if (!is_same(&fields->items[i], id, name))
			fields->items[kept++] = fields->items[i];
	size_t removed = fields->count - kept;
	fields->count = kept;
	return removed;
}

static size_t
find_index(const struct http_fields *fields, enum http_name id, struct str name)
{
	size_t i = 0;

	while (i < fields->count && !is_same(&fields->items[i], id, name))
		i++;
	return i;
}

int
http_fields_set(struct http_fields *fields, struct arena *arena,
    struct str name, struct str value)
{
	enum http_name id = http_name_find(name);
	size_t at = find_index(fields, id, name);

	value = http_octet_trim(value);
	if (at == fields->count)
		return http_fields_add(fields, arena, name, value);
	if (!is_field(name, value))
		return -EINVAL;
	/* What we set is meant to be sent, whatever Connection had named. */
	fields->items[at] = (struct http_field){
		.name = name,
		.value = value,
		.id = (uint8_t)id,
	};
	(void)remove_from(fields, at + 1, id, name);
	return 0;
}

size_t
http_fields_remove(struct http_fields *fields, enum http_name name)
{
	if (name == HTTP_NAME_OTHER)
		return 0;
	return remove_from(fields, 0, name, http_name_text(name));
}

size_t
http_fields_remove_named(struct http_fields *fields, struct str name)
{
	return remove_from(fields, 0, http_name_find(name), name);
}

static const struct http_field *
at_index(const struct http_fields *fields, size_t i)
{
	return i < fields->count ? &fields->items[i] : NULL;
}

const struct http_field *
http_fields_get(const struct http_fields *fields, enum http_name name)
{
	if (name == HTTP_NAME_OTHER)
		return NULL;
	return at_index(fields, find_index(fields, name, http_name_text(name)));
}

const struct http_field *
http_fields_find(const struct http_fields *fields, struct str name)
{
	return at_index(fields, find_index(fields, http_name_find(name), name));
}

/*
 * The length of the first member with what surrounds it.  A quoted string that
 * is not closed goes on to the end of the value: better one odd member than
 * two that the sender did not mean.
 */
static size_t
member_span(struct str s)
{
	bool quoted = false;
	size_t i = 0;

	for (; i < s.len && (quoted || s.at[i] != ','); i++) {
		if (s.at[i] == '"')
			quoted = !quoted;
		else if (quoted && s.at[i] == '\\' && i + 1 < s.len)
			i++;
	}
	return i;
}

bool
http_list_next(struct str *rest, struct str *ret)
{
	while (rest->len > 0) {
		size_t span = member_span(*rest);
		struct str member =
		    http_octet_trim((struct str){ rest->at, span });
		*rest = str_skip(*rest, span + 1);
		if (member.len > 0) {
			*ret = member;
			return true;
		}
	}
	return false;
}

bool
http_members_next(struct http_members *members, struct str *ret)
{
	const struct http_fields *fields = members->fields;

	while (!http_list_next(&members->rest, ret)) {
		while (members->next < fields->count &&
		       fields->items[members->next].id != members->name)
			members->next++;
		if (members->next == fields->count)
			return false;
		members->rest = fields->items[members->next++].value;
	}
	return true;
}
