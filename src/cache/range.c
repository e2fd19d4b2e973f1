/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers are read with saturation: a position past the end of any content is
 * past the end of this one.  Read-only; any thread.
 */
#include "cache/range.h"

#include <errno.h>

#include "cache/head.h"
#include "http/date.h"
#include "http/etag.h"
#include "http/octet.h"

#define UNTIL_THE_END UINT64_MAX

/* Digits and nothing else.  0 or -EINVAL. */
static int
parse_position(struct str text, uint64_t *ret)
{
	uint64_t number = 0;

	if (text.len == 0)
		return -EINVAL;
	for (size_t i = 0; i < text.len; i++) {
		if (!ascii_is_digit(text.at[i]))
			return -EINVAL;
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(
			number, (uint64_t)(text.at[i] - '0'), &number))
			number = UINT64_MAX;
	}
	*ret = number;
	return 0;
}

/* "first-last" or "first-"; 0 or -EINVAL. */
static int
parse_int_range(struct str spec, struct cache_range *ret)
{
	struct cache_range range = { .last = UNTIL_THE_END };
	size_t dash = str_find(spec, '-');
	struct str behind = str_skip(spec, dash + 1);

	if (dash == spec.len ||
	    parse_position((struct str){ spec.at, dash }, &range.first) < 0)
		return -EINVAL;
	if (behind.len > 0 && parse_position(behind, &range.last) < 0)
		return -EINVAL;
	if (range.last < range.first)
		return -EINVAL;
	*ret = range;
	return 0;
}

/*
 * One range-spec against a whole of `length`.  1 and the range; 0 if it lies
 * outside; -EINVAL.
 */
static int
parse_spec(struct str spec, uint64_t length, struct cache_range *ret)
{
	uint64_t suffix;

	if (spec.len > 0 && spec.at[0] == '-') {
		if (parse_position(str_skip(spec, 1), &suffix) < 0)
			return -EINVAL;
		ret->first = suffix < length ? length - suffix : 0;
		ret->last = length - 1;
		return suffix > 0;
	}
	if (parse_int_range(spec, ret) < 0)
		return -EINVAL;
	if (ret->last > length - 1)
		ret->last = length - 1;
	return ret->first < length;
}

/* What is behind "bytes=", which units are compared to without case. */
static bool
cut_unit(struct str *value)
{
	struct str unit = STR("bytes=");

	if (value->len < unit.len ||
	    !str_eq_nocase((struct str){ value->at, unit.len }, unit))
		return false;
	*value = str_skip(*value, unit.len);
	return true;
}

static bool
overlaps(const struct cache_ranges *ranges, const struct cache_range *range)
{
	for (size_t i = 0; i < ranges->count; i++)
		if (range->first <= ranges->items[i].last &&
		    ranges->items[i].first <= range->last)
			return true;
	return false;
}

/* RFC 9110, 14.1.1 and 14.2 */
enum cache_range_answer
cache_range_parse(struct str value, uint64_t length, struct cache_ranges *ret)
{
	struct cache_ranges ranges = { .count = 0 };
	struct str spec;
	size_t specs = 0;

	/* Of nothing no Content-Range can name a part. */
	if (length == 0 || !cut_unit(&value))
		return CACHE_RANGE_WHOLE;
	while (http_list_next(&value, &spec)) {
		struct cache_range range;
		int inside = parse_spec(spec, length, &range);
		if (inside < 0 || ++specs > CACHE_RANGES_MAX)
			return CACHE_RANGE_WHOLE;
		if (inside == 0)
			continue;
		if (overlaps(&ranges, &range))
			return CACHE_RANGE_WHOLE;
		ranges.items[ranges.count++] = range;
	}
	if (specs == 0)
		return CACHE_RANGE_WHOLE;
	if (ranges.count == 0)
		return CACHE_RANGE_NONE;
	*ret = ranges;
	return CACHE_RANGE_PARTS;
}

int
cache_range_parse_open(struct str value, struct cache_range *ret)
{
	return cut_unit(&value) ? parse_int_range(value, ret) : -EINVAL;
}

struct str
cache_range_value(const struct http_request *request)
{
	struct str value = { "", 0 };
	size_t count = 0;

	for (size_t i = 0; i < request->fields.count; i++)
		if (request->fields.items[i].id == HTTP_NAME_RANGE) {
			value = request->fields.items[i].value;
			count++;
		}
	return count == 1 ? value : (struct str){ "", 0 };
}

/*
 * RFC 9110, 8.8.2.2: Last-Modified is strong if the representation cannot have
 * changed twice in its second, which the Date tells.
 */
static bool
is_strong_date(const struct cache_meta *meta)
{
	return (meta->flags & CACHE_META_DATED) != 0 &&
	       meta->last_modified != HTTP_UNSAID &&
	       meta->date - meta->last_modified >= 1;
}

/* RFC 9110, 13.1.5: an exact match of something strong. */
static bool
if_range_holds(struct str value, const struct cache_meta *meta, struct str head)
{
	int64_t date;

	if (http_etag_is_valid(value))
		return http_etag_strong_eq(value, cache_meta_etag(meta, head));
	return is_strong_date(meta) &&
	       http_date_parse(value, meta->response_time, &date) == 0 &&
	       date == meta->last_modified;
}

bool
cache_range_is_wanted(const struct http_request *request,
    const struct cache_meta *meta, struct str head)
{
	const struct http_field *if_range =
	    http_fields_get(&request->fields, HTTP_NAME_IF_RANGE);

	if (request->method != HTTP_METHOD_GET ||
	    cache_range_value(request).len == 0)
		return false;
	return if_range == NULL || if_range_holds(if_range->value, meta, head);
}

enum cache_range_answer
cache_range_of(const struct http_request *request,
    const struct cache_meta *meta, struct str head, uint64_t length,
    struct cache_ranges *ret)
{
	if (meta->status != 200 || !cache_range_is_wanted(request, meta, head))
		return CACHE_RANGE_WHOLE;
	return cache_range_parse(cache_range_value(request), length, ret);
}

void
cache_range_add_content_range(
    const struct cache_range *range, int64_t complete, struct text *out)
{
	text_addz(out, "bytes ");
	text_add_number(out, range->first);
	text_addc(out, '-');
	text_add_number(out, range->last);
	text_addc(out, '/');
	if (complete == HTTP_UNSAID)
		text_addc(out, '*');
	else
		text_add_number(out, (uint64_t)complete);
}

void
cache_range_add_unsatisfied(uint64_t complete, struct text *out)
{
	text_addz(out, "bytes */");
	text_add_number(out, complete);
}

/* RFC 9110, 14.4: with a last position, and all below the length. */
int
cache_range_parse_content_range(
    struct str value, struct cache_range *ret, int64_t *ret_complete)
{
	struct str unit = STR("bytes "), length = value;
	struct cache_range range;
	uint64_t complete = INT64_MAX;

	if (value.len < unit.len ||
	    !str_eq_nocase((struct str){ value.at, unit.len }, unit))
		return -EINVAL;
	length = str_skip(value, unit.len);
	struct str spec = str_cut(&length, '/');
	bool star = str_is(length, "*");
	if (parse_int_range(spec, &range) < 0 || range.last == UNTIL_THE_END ||
	    (!star && parse_position(length, &complete) < 0) ||
	    complete > INT64_MAX || range.last >= complete)
		return -EINVAL;
	*ret = range;
	*ret_complete = star ? HTTP_UNSAID : (int64_t)complete;
	return 0;
}

bool
cache_range_of_response(const struct http_response *response,
    struct cache_range *ret, int64_t *ret_complete)
{
	const struct http_field *only = NULL;

	for (size_t i = 0; i < response->fields.count; i++) {
		const struct http_field *field = &response->fields.items[i];
		if (field->id != HTTP_NAME_CONTENT_RANGE)
			continue;
		if (only != NULL)
			return false;
		only = field;
	}
	if (only == NULL ||
	    cache_range_parse_content_range(only->value, ret, ret_complete) < 0)
		return false;
	return response->framing != HTTP_FRAMING_LENGTH ||
	       (uint64_t)response->content_length == ret->last - ret->first + 1;
}

/* The range asked for, as far as it can be told without the length. */
static bool
range_asked(struct str value, int64_t complete, struct cache_range *ret)
{
	struct cache_ranges ranges;

	if (complete == HTTP_UNSAID)
		return cache_range_parse_open(value, ret) == 0;
	if (cache_range_parse(value, (uint64_t)complete, &ranges) !=
		CACHE_RANGE_PARTS ||
	    ranges.count != 1)
		return false;
	*ret = ranges.items[0];
	return true;
}

bool
cache_range_of_part(const struct http_request *request,
    const struct cache_meta *meta, struct str head, uint64_t have,
    struct cache_range *ret)
{
	uint64_t first = (uint64_t)meta->range_first;
	struct cache_range range;

	if ((meta->status != 200 && meta->status != 206) ||
	    !cache_range_is_wanted(request, meta, head) ||
	    !range_asked(
		cache_range_value(request), meta->content_length, &range))
		return false;
	if (range.first < first || range.last >= first + have)
		return false;
	*ret = range;
	return true;
}

struct str
cache_range_validator(const struct cache_meta *meta, struct str head)
{
	struct str tag = cache_meta_etag(meta, head);
	struct http_field field;

	if (tag.len > 0)
		return http_etag_is_weak(tag) ? (struct str){ "", 0 } : tag;
	while (is_strong_date(meta) && cache_head_next(&head, &field))
		if (field.id == HTTP_NAME_LAST_MODIFIED)
			return field.value;
	return (struct str){ "", 0 };
}

static bool
is_beginning(const struct cache_meta *meta, uint64_t have)
{
	return (meta->status == 200 || meta->status == 206) &&
	       meta->range_first == 0 && have > 0 &&
	       meta->content_length != HTTP_UNSAID &&
	       have < (uint64_t)meta->content_length;
}

bool
cache_range_missing(const struct cache_meta *meta, struct str head,
    uint64_t have, struct cache_range *ret)
{
	if (!is_beginning(meta, have) ||
	    cache_range_validator(meta, head).len == 0)
		return false;
	ret->first = have;
	ret->last = (uint64_t)meta->content_length - 1;
	return true;
}

/* The 206 has the same strong validator. */
static bool
shares_validator(const struct http_response *response,
    const struct cache_meta *meta, struct str head)
{
	struct str validator = cache_range_validator(meta, head);
	const struct http_field *modified =
	    http_fields_get(&response->fields, HTTP_NAME_LAST_MODIFIED);

	if (validator.len == 0)
		return false;
	if (http_etag_is_valid(validator))
		return http_etag_strong_eq(
		    validator, http_etag_of(&response->fields));
	return http_fields_get(&response->fields, HTTP_NAME_ETAG) == NULL &&
	       modified != NULL && str_eq(modified->value, validator);
}

bool
cache_range_continues(const struct cache_meta *meta, struct str head,
    uint64_t have, const struct http_response *response, uint64_t *ret_skip)
{
	struct cache_range range;
	int64_t complete;

	if (response->status != 206 || !is_beginning(meta, have) ||
	    !cache_range_of_response(response, &range, &complete) ||
	    !shares_validator(response, meta, head))
		return false;
	if (complete != meta->content_length || range.first > have ||
	    range.last < have)
		return false;
	*ret_skip = have - range.first;
	return true;
}
