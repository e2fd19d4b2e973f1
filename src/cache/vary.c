/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One walk over a request's fields makes the normal value piece by piece.  The
 * pieces go to a text, or are compared with a key as far as they agree: that
 * is how writing and matching cannot differ.  Read-only; any thread.
 */
#include "cache/vary.h"

#include <errno.h>

#include "cache/head.h"
#include "cache/weights.h"
#include "http/octet.h"

/* Where the pieces go: `out`, or if that is NULL the comparison. */
struct sink {
	struct text *out;
	struct str rest; /* of the key's value */
	bool differs;
};

static bool
begins_lower(struct str rest, struct str piece)
{
	for (size_t i = 0; i < piece.len; i++)
		if (rest.at[i] != ascii_lower(piece.at[i]))
			return false;
	return true;
}

static void
put(struct sink *sink, struct str piece, bool lower)
{
	if (piece.len == 0)
		return;
	if (sink->out != NULL) {
		for (size_t i = 0; i < piece.len; i++)
			text_addc(
			    sink->out, (char)(lower ? ascii_lower(piece.at[i])
						    : piece.at[i]));
		return;
	}
	if (sink->differs || sink->rest.len < piece.len ||
	    (lower ? !begins_lower(sink->rest, piece)
		   : memcmp(sink->rest.at, piece.at, piece.len) != 0))
		sink->differs = true;
	else
		sink->rest = str_skip(sink->rest, piece.len);
}

static void
put_mark(struct sink *sink, char mark)
{
	if (sink->out != NULL)
		text_addc(sink->out, mark);
	else if (sink->differs || sink->rest.len == 0 ||
		 sink->rest.at[0] != mark)
		sink->differs = true;
	else
		sink->rest = str_skip(sink->rest, 1);
}

/* Of a name, as it is sent on: what is for our hop the origin does not see. */
static bool
is_of(const struct http_field *field, enum http_name id, struct str name)
{
	if (field->hop || field->id != id ||
	    http_name_use((enum http_name)field->id) == HTTP_NAME_USE_HOP)
		return false;
	return id != HTTP_NAME_OTHER || http_field_is_named(field, name);
}

static void
put_list(const struct http_fields *fields, enum http_name id, struct str name,
    struct sink *sink)
{
	bool first = true;

	for (size_t i = 0; i < fields->count; i++) {
		if (!is_of(&fields->items[i], id, name))
			continue;
		struct str rest = fields->items[i].value, member;
		while (http_list_next(&rest, &member)) {
			if (!first)
				put_mark(sink, ',');
			put(sink, member, false);
			first = false;
		}
	}
}

/* False if it is not what its RFC says. */
static bool
gather_weights(const struct http_fields *fields, enum http_name id,
    struct str name, struct cache_weights *ret)
{
	ret->count = 0; /* the items are too many to be zeroed each time */
	for (size_t i = 0; i < fields->count; i++)
		if (is_of(&fields->items[i], id, name) &&
		    !cache_weights_add(ret, fields->items[i].value))
			return false;
	return true;
}

/* False, and nothing was put, if it is not what its RFC says. */
static bool
put_weights(const struct http_fields *fields, enum http_name id,
    struct str name, struct sink *sink)
{
	struct cache_weights weights;

	if (!gather_weights(fields, id, name, &weights))
		return false;
	for (size_t i = 0; i < weights.count; i++) {
		char digits[CACHE_WEIGHT_BYTES];
		if (i > 0)
			put_mark(sink, ',');
		put(sink, weights.items[i].token, true);
		put(sink, cache_weight_text(&weights.items[i], digits), false);
	}
	return true;
}

static bool
has_field(const struct http_fields *fields, enum http_name id, struct str name)
{
	for (size_t i = 0; i < fields->count; i++)
		if (is_of(&fields->items[i], id, name))
			return true;
	return false;
}

/* What stands behind the name in a line of the key. */
static void
put_value(
    const struct http_request *request, struct str name, struct sink *sink)
{
	const struct http_fields *fields = &request->fields;
	enum http_name id = http_name_find(name);
	bool weighted =
	    id == HTTP_NAME_ACCEPT_ENCODING || id == HTTP_NAME_ACCEPT_LANGUAGE;

	if (!has_field(fields, id, name))
		return;
	put_mark(sink, ':');
	if (!weighted || !put_weights(fields, id, name, sink))
		put_list(fields, id, name, sink);
}

static struct str
name_of(struct str line)
{
	return (struct str){ line.at, str_find(line, ':') };
}

/* Of one line of a key. */
static bool
line_matches(struct str line, const struct http_request *request)
{
	struct str name = name_of(line);
	struct sink sink = { .rest = str_skip(line, name.len) };

	put_value(request, name, &sink);
	return !sink.differs && sink.rest.len == 0;
}

bool
cache_vary_matches(struct str key, const struct http_request *request)
{
	bool matches = true;

	while (matches && key.len > 0)
		matches = line_matches(str_cut(&key, '\n'), request);
	return matches;
}

/* ---- the language that is liked best ---- */

#define LANGUAGE STR("accept-language")

/* The one that is liked better than each other; empty if there is none. */
static struct str
best_language(const struct http_request *request)
{
	struct cache_weights weights;
	struct str best = { "", 0 };
	unsigned most = 0;

	if (!gather_weights(&request->fields, HTTP_NAME_ACCEPT_LANGUAGE,
		LANGUAGE, &weights))
		return best;
	for (size_t i = 0; i < weights.count; i++) {
		const struct cache_weight *one = &weights.items[i];
		if (one->thousands == most)
			best = (struct str){ "", 0 };
		if (one->thousands <= most)
			continue;
		most = one->thousands;
		best = one->token;
	}
	return best;
}

/* Of the content; empty if it has none, or several. */
static struct str
only_language(struct str head)
{
	struct str only = { "", 0 };
	struct http_field field;

	while (cache_head_next(&head, &field)) {
		if (!http_field_is_named(&field, STR("Content-Language")))
			continue;
		if (only.len > 0 ||
		    str_find(field.value, ',') < field.value.len)
			return (struct str){ "", 0 };
		only = field.value;
	}
	return only;
}

static bool
is_best_language(struct str head, const struct http_request *request)
{
	struct str language = only_language(head);

	return language.len > 0 &&
	       str_eq_nocase(language, best_language(request));
}

bool
cache_vary_selects(
    struct str key, struct str head, const struct http_request *request)
{
	bool selects = true;

	while (selects && key.len > 0) {
		struct str line = str_cut(&key, '\n');
		selects = line_matches(line, request) ||
			  (str_eq(name_of(line), LANGUAGE) &&
			      is_best_language(head, request));
	}
	return selects;
}

/* Letters of different case come as if they were of one. */
static int
compare_names(struct str a, struct str b)
{
	for (size_t i = 0; i < a.len && i < b.len; i++) {
		int difference = ascii_lower(a.at[i]) - ascii_lower(b.at[i]);
		if (difference != 0)
			return difference;
	}
	return a.len < b.len ? -1 : a.len > b.len;
}

struct names {
	struct str items[CACHE_VARY_NAMES_MAX];
	size_t count;
};

/* We may write it ourselves, of the client's address: two requests that are
 * alike as they came are not as they went. */
static bool
is_ours(struct str name)
{
	return str_eq_nocase(name, STR("X-Forwarded-For"));
}

/* Keeps them sorted, each once. */
static int
add_name(struct names *names, struct str name)
{
	size_t at = 0;

	if (!http_octet_all(name, HTTP_OCTET_TOKEN) || str_is(name, "*") ||
	    is_ours(name))
		return -EINVAL;
	while (at < names->count && compare_names(names->items[at], name) < 0)
		at++;
	if (at < names->count && compare_names(names->items[at], name) == 0)
		return 0;
	if (names->count == CACHE_VARY_NAMES_MAX)
		return -EINVAL;
	memmove(&names->items[at + 1], &names->items[at],
	    (names->count - at) * sizeof(names->items[0]));
	names->items[at] = name;
	names->count++;
	return 0;
}

static int
gather_names(const struct http_fields *fields, struct names *names)
{
	struct http_members members = HTTP_MEMBERS(fields, HTTP_NAME_VARY);
	struct str name;

	while (http_members_next(&members, &name)) {
		int error = add_name(names, name);
		if (error < 0)
			return error;
	}
	return 0;
}

bool
cache_vary_is_possible(const struct http_fields *response_fields)
{
	struct names names = { .count = 0 };

	return gather_names(response_fields, &names) == 0;
}

int
cache_vary_key(const struct http_fields *response_fields,
    const struct http_request *request, struct text *out)
{
	struct sink sink = { .out = out };
	struct names names = { .count = 0 };
	size_t begin = out->len;
	int error = gather_names(response_fields, &names);

	if (error < 0)
		return error;
	for (size_t i = 0; i < names.count; i++) {
		put(&sink, names.items[i], true);
		put_value(request, names.items[i], &sink);
		text_addc(out, '\n');
	}
	if (out->full)
		return -ENOMEM;
	if (out->len - begin <= CACHE_VARY_BYTES_MAX)
		return 0;
	text_cut(out, begin);
	return -E2BIG;
}
