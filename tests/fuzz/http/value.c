/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of fields that have a grammar of their own.  The first byte of the
 * input says which reader is asked, the rest is the value.  Must hold:
 *
 * - a date that is read is written as a date that is read as the same;
 * - the members of a dictionary are spans of it, and come to an end;
 * - a tag is in a list of it and another, whatever its bytes;
 * - a reference comes to a URI that is written, read, and resolved to itself.
 */
#include "http/date.h"
#include "http/etag.h"
#include "http/reference.h"
#include "http/structured.h"
#include "pieces.h"

#define NOW INT64_C(1767340800)

static void
check_date(struct str value)
{
	char text[HTTP_DATE_BYTES], again[HTTP_DATE_BYTES];
	int64_t seconds, same;

	if (http_date_parse(value, NOW, &seconds) < 0)
		return;
	http_date_format(seconds, text);
	must(http_date_parse(str_of(text), NOW, &same) == 0);
	must(same == seconds);
	http_date_format(same, again);
	must(strcmp(text, again) == 0);
}

static bool
is_inside(struct str part, struct str whole)
{
	return part.len == 0 || (part.at >= whole.at &&
				    part.at + part.len <= whole.at + whole.len);
}

static void
check_dictionary(struct str value)
{
	struct str rest = value;
	struct http_structured member;
	int more;

	do {
		size_t before = rest.len;
		more = http_structured_next(&rest, &member);
		must(more <= 0 || rest.len < before);
		must(more <= 0 ||
		     (member.key.len > 0 && is_inside(member.key, value) &&
			 is_inside(member.text, value)));
	} while (more > 0);
	must(more == 0 || more == -EINVAL);
}

static void
check_etag(struct str value)
{
	struct http_fields fields = { 0 };
	struct text list = TEXT_EMPTY;
	struct arena arena;

	must(http_etag_weak_eq(value, value) == http_etag_is_valid(value));
	must(http_etag_strong_eq(value, value) ==
	     (http_etag_is_valid(value) && !http_etag_is_weak(value)));
	arena_init(&arena, 1 << 20);
	text_addz(&list, "W/\"0\", ");
	text_add(&list, value);
	text_addz(&list, ",\"1\"");
	if (http_fields_add(
		&fields, &arena, STR("If-None-Match"), text_str(&list)) == 0 &&
	    http_etag_is_valid(value))
		must(http_etag_is_listed(
		    &fields, HTTP_NAME_IF_NONE_MATCH, value));
	arena_fini(&arena);
	text_fini(&list);
}

static void
check_reference(struct str value)
{
	struct text text = TEXT_EMPTY, twice = TEXT_EMPTY;
	struct http_uri base, uri, again;
	enum http_fault fault;
	struct arena arena;

	arena_init(&arena, 1 << 20);
	must(http_uri_parse(
		 STR("http://a.example/b/c/d?e"), &arena, &base, &fault) == 0);
	if (http_reference_resolve(&base, value, &arena, &uri, &fault) == 0) {
		http_uri_add(&uri, &text);
		must(http_reference_resolve(
			 &base, text_str(&text), &arena, &again, &fault) == 0);
		http_uri_add(&again, &twice);
		must(str_eq(text_str(&text), text_str(&twice)));
	}
	arena_fini(&arena);
	text_fini(&text);
	text_fini(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = { (const char *)data, size };
	unsigned reader = piece_directions(&input);
	struct str value = piece_copy(input);

	if (reader % 4 == 0)
		check_date(value);
	else if (reader % 4 == 1)
		check_dictionary(value);
	else if (reader % 4 == 2)
		check_etag(value);
	else
		check_reference(value);
	piece_free(value);
	return 0;
}
