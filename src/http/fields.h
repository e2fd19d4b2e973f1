/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/fields: the fields of one message, in their order.
 *
 * Names and values are lent: from the input buffer for those that were parsed,
 * from the caller for those that were added; they must outlive the fields.
 * The array is in an arena and is never larger than HTTP_FIELDS_MAX +
 * HTTP_FIELDS_ADDED_MAX.  Nothing enters it that could not be written as a
 * field line (RFC 9110, 5): a name is a token, a value holds no control.
 *
 * One thread at a time.
 */
#ifndef GATEHOUSE_HTTP_FIELDS_H
#define GATEHOUSE_HTTP_FIELDS_H

#include "base/arena.h"
#include "http/name.h"

struct http_field {
	struct str name;  /* a token, spelled as it came */
	struct str value; /* without the blanks around it; may be empty */
	uint8_t id;       /* enum http_name */
	bool hop;         /* named by Connection: not to be written on */
};

struct http_fields {
	struct http_field *items; /* in the arena */
	size_t count;
	size_t room;
};

/*
 * Makes room for `more` fields.  0; -E2BIG past the limit; -ENOMEM.  Only the
 * parser, which knows how many come, need call it.
 */
int http_fields_room(
    struct http_fields *fields, struct arena *arena, size_t more);

/* Appends.  0; -EINVAL for what cannot be a field; -E2BIG; -ENOMEM. */
int http_fields_add(struct http_fields *fields, struct arena *arena,
    struct str name, struct str value);

struct http_field_text {
	struct str name, value;
};

/* Appends all, up to the first error. */
int http_fields_add_all(struct http_fields *fields, struct arena *arena,
    const struct http_field_text *texts, size_t count);

/*
 * Replaces the first field of the name and removes the others, or adds one.
 * Errors as http_fields_add; nothing changes then.
 */
int http_fields_set(struct http_fields *fields, struct arena *arena,
    struct str name, struct str value);

/* Removes all fields of the name; says how many there were. */
size_t http_fields_remove(struct http_fields *fields, enum http_name name);
size_t http_fields_remove_named(struct http_fields *fields, struct str name);

/*
 * The first field of the name, or NULL: lent until the next change.  The first
 * of several is not the whole value; where the field is a list, ask for its
 * members.
 */
const struct http_field *http_fields_get(
    const struct http_fields *fields, enum http_name name);
const struct http_field *http_fields_find(
    const struct http_fields *fields, struct str name);

/* Whether the field is of this name, in any spelling. */
bool http_field_is_named(const struct http_field *field, struct str name);

/*
 * The next member of a comma-separated list, trimmed, in *ret; false at the
 * end.  Commas in quoted strings do not count, empty members are left out
 * (RFC 9110, 5.6.1).  *rest starts as the value.
 */
bool http_list_next(struct str *rest, struct str *ret);

/* The members of all fields of one name, in order, as if of one list. */
struct http_members {
	const struct http_fields *fields;
	enum http_name name;
	size_t next;
	struct str rest;
};

#define HTTP_MEMBERS(fields_, name_)                                           \
	((struct http_members){ .fields = (fields_), .name = (name_) })

bool http_members_next(struct http_members *members, struct str *ret);

#endif
