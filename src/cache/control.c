/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A directive is read from Cache-Control as name and argument, from a targeted
 * field as key and typed value; both then go through note_number or note_flag.
 * Read-only; any thread.
 */
#include "cache/control.h"

#include <errno.h>

#include "http/octet.h"
#include "http/structured.h"

static const struct {
	struct str text;
	bool number;
} rows[CACHE_DIRECTIVE_COUNT] = {
#define ROW(id, text, number)                                                  \
	[CACHE_DIRECTIVE_##id] = { STR_INIT(text), number },
	CACHE_DIRECTIVES(ROW)
#undef ROW
};

int
cache_seconds_parse(struct str text, uint32_t *ret)
{
	uint64_t seconds = 0;

	if (text.len == 0)
		return -EINVAL;
	for (size_t i = 0; i < text.len; i++) {
		if (!ascii_is_digit(text.at[i]))
			return -EINVAL;
		seconds = seconds * 10 + (uint64_t)(text.at[i] - '0');
		if (seconds > CACHE_SECONDS_MAX)
			seconds = CACHE_SECONDS_MAX;
	}
	*ret = (uint32_t)seconds;
	return 0;
}

static enum cache_directive
find_directive(struct str name)
{
	unsigned i = 0;

	while (i < CACHE_DIRECTIVE_COUNT && !str_eq_nocase(name, rows[i].text))
		i++;
	return (enum cache_directive)i;
}

static void
note_number(
    struct cache_control *control, enum cache_directive id, uint32_t seconds)
{
	bool more_is_less = id == CACHE_DIRECTIVE_MIN_FRESH;

	if (cache_control_says(control, id) &&
	    (control->seconds[id] > seconds) == more_is_less)
		return;
	control->said |= UINT32_C(1) << id;
	control->seconds[id] = seconds;
}

static void
note_flag(struct cache_control *control, enum cache_directive id)
{
	control->said |= UINT32_C(1) << id;
}

/* What is between the quotes; what is not quoted as it is. */
static struct str
unquote(struct str argument)
{
	if (argument.len < 2 || argument.at[0] != '"' ||
	    argument.at[argument.len - 1] != '"')
		return argument;
	return (struct str){ argument.at + 1, argument.len - 2 };
}

/* What a number directive means whose argument is missing or none. */
static uint32_t
without_number(enum cache_directive id, bool argument)
{
	/* RFC 9111, 5.2.1.2: without one, any age. */
	if (id == CACHE_DIRECTIVE_MAX_STALE && !argument)
		return CACHE_SECONDS_MAX;
	return id == CACHE_DIRECTIVE_MIN_FRESH ? CACHE_SECONDS_MAX : 0;
}

static bool
can_name_fields(enum cache_directive id)
{
	return id == CACHE_DIRECTIVE_NO_CACHE || id == CACHE_DIRECTIVE_PRIVATE;
}

/* One name at least, and nothing but names. */
static bool
is_list_of_names(struct str list)
{
	struct str member;
	bool any = false;

	while (http_list_next(&list, &member)) {
		if (!http_octet_all(member, HTTP_OCTET_TOKEN))
			return false;
		any = true;
	}
	return any;
}

/* Name and argument, which has at == NULL where there is no '='. */
static struct str
split_directive(struct str member, struct str *ret_argument)
{
	struct str argument = member;
	struct str name = str_cut(&argument, '=');

	*ret_argument = argument;
	return name;
}

static void
note_directive(struct cache_control *control, struct str member)
{
	struct str argument;
	enum cache_directive id =
	    find_directive(split_directive(member, &argument));
	bool has_argument = argument.at != NULL;
	uint32_t seconds;

	if (id == CACHE_DIRECTIVE_COUNT)
		return;
	argument = has_argument ? unquote(argument) : STR("");
	if (rows[id].number) {
		if (cache_seconds_parse(argument, &seconds) < 0)
			seconds = without_number(id, has_argument);
		note_number(control, id, seconds);
	} else if (can_name_fields(id) && is_list_of_names(argument)) {
		control->names_fields = true;
	} else {
		note_flag(control, id);
	}
}

static void
note_cache_control(
    const struct http_fields *fields, struct cache_control *control)
{
	struct http_members members =
	    HTTP_MEMBERS(fields, HTTP_NAME_CACHE_CONTROL);
	struct str member;

	while (http_members_next(&members, &member))
		note_directive(control, member);
}

static bool
has_pragma_no_cache(const struct http_fields *fields)
{
	struct http_members members = HTTP_MEMBERS(fields, HTTP_NAME_PRAGMA);
	struct str member;

	while (http_members_next(&members, &member))
		if (str_eq_nocase(member, STR("no-cache")))
			return true;
	return false;
}

void
cache_control_of_request(
    const struct http_request *request, struct cache_control *ret)
{
	const struct http_fields *fields = &request->fields;

	*ret = (struct cache_control){ 0 };
	if (http_fields_get(fields, HTTP_NAME_CACHE_CONTROL) != NULL)
		note_cache_control(fields, ret);
	else if (has_pragma_no_cache(fields))
		note_flag(ret, CACHE_DIRECTIVE_NO_CACHE);
}

/*
 * One member of a targeted field.  A value of another type than the directive
 * has is an error, which takes the whole field away.
 */
static int
note_member(struct cache_control *control, const struct http_structured *member)
{
	enum cache_directive id = find_directive(member->key);

	if (id == CACHE_DIRECTIVE_COUNT)
		return 0;
	control->said &= ~(UINT32_C(1) << id); /* the last one counts */
	if (rows[id].number) {
		if (member->type != HTTP_STRUCTURED_INTEGER)
			return -EINVAL;
		note_number(control, id, cache_seconds_of(member->number));
	} else if (member->type == HTTP_STRUCTURED_BOOLEAN) {
		if (member->number != 0)
			note_flag(control, id);
	} else if (can_name_fields(id) &&
		   member->type == HTTP_STRUCTURED_STRING &&
		   is_list_of_names(member->text)) {
		control->names_fields = true;
	} else {
		return -EINVAL;
	}
	return 0;
}

/* How many members all lines have; -EINVAL if one of them is no dictionary. */
static int
note_targeted(const struct http_fields *fields, struct cache_control *control)
{
	struct http_structured member;
	int members = 0, more = 0;

	for (size_t i = 0; i < fields->count; i++) {
		if (fields->items[i].id != HTTP_NAME_CDN_CACHE_CONTROL)
			continue;
		struct str rest = fields->items[i].value;
		while ((more = http_structured_next(&rest, &member)) > 0) {
			if (note_member(control, &member) < 0)
				return -EINVAL;
			members++;
		}
		if (more < 0)
			return more;
	}
	return members;
}

void
cache_control_of_response(
    const struct http_response *response, struct cache_control *ret)
{
	*ret = (struct cache_control){ .targeted = true };
	if (note_targeted(&response->fields, ret) > 0)
		return;
	*ret = (struct cache_control){ 0 };
	note_cache_control(&response->fields, ret);
}

/* A quoted argument ends with its quote: parameters may stand behind it. */
static bool
lists(struct str argument, struct str name)
{
	struct str list = argument, member;

	if (list.len > 0 && list.at[0] == '"') {
		list = str_skip(list, 1);
		list.len = str_find(list, '"');
	}
	while (http_list_next(&list, &member))
		if (str_eq_nocase(member, name))
			return true;
	return false;
}

/* In both fields members have one form, as far as it matters here. */
bool
cache_control_names(const struct cache_control *control,
    const struct http_fields *fields, struct str name)
{
	struct http_members members =
	    HTTP_MEMBERS(fields, control->targeted ? HTTP_NAME_CDN_CACHE_CONTROL
						   : HTTP_NAME_CACHE_CONTROL);
	struct str member, argument;

	if (!control->names_fields)
		return false;
	while (http_members_next(&members, &member)) {
		enum cache_directive id =
		    find_directive(split_directive(member, &argument));
		if (id < CACHE_DIRECTIVE_COUNT && can_name_fields(id) &&
		    lists(argument, name))
			return true;
	}
	return false;
}
