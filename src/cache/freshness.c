/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/freshness.h"

#include <errno.h>

#include "http/date.h"

/* 4.2.2: "a typical setting of this fraction might be 10%". */
#define HEURISTIC_PART 10

int
cache_freshness_date(const struct http_fields *fields, enum http_name name,
    int64_t now, int64_t *ret)
{
	const struct http_field *first = http_fields_get(fields, name);

	if (first == NULL)
		return -EINVAL;
	for (size_t i = 0; i < fields->count; i++)
		if (fields->items[i].id == name &&
		    !str_eq(fields->items[i].value, first->value))
			return -EINVAL;
	return http_date_parse(first->value, now, ret);
}

/* 5.1: the first member counts, and one that is no number does not. */
static uint32_t
said_age(const struct http_response *response)
{
	struct http_members members =
	    HTTP_MEMBERS(&response->fields, HTTP_NAME_AGE);
	struct str member;
	uint32_t age;

	if (!http_members_next(&members, &member) ||
	    cache_seconds_parse(member, &age) < 0)
		return 0;
	return age;
}

/* 4.2.3 */
static void
set_age(const struct http_response *response, const struct cache_times *times,
    struct cache_meta *meta)
{
	int64_t delay = times->response - times->request;
	int64_t corrected =
	    (int64_t)said_age(response) + (delay > 0 ? delay : 0);
	int64_t apparent = times->response - meta->date;

	meta->corrected_age =
	    cache_seconds_of(apparent > corrected ? apparent : corrected);
}

static void
set_dates(const struct http_response *response, const struct cache_times *times,
    struct cache_meta *meta)
{
	const struct http_fields *fields = &response->fields;
	int64_t now = times->response;

	meta->response_time = now;
	if (cache_freshness_date(fields, HTTP_NAME_DATE, now, &meta->date) == 0)
		meta->flags |= CACHE_META_DATED;
	else
		meta->date = now;
	if (cache_freshness_date(
		fields, HTTP_NAME_LAST_MODIFIED, now, &meta->last_modified) < 0)
		meta->last_modified = HTTP_UNSAID;
}

/* RFC 9110, 15.1; elsewhere `public` allows it (RFC 9111, 5.2.2.9). */
static bool
may_be_guessed(unsigned status, const struct cache_control *control)
{
	switch (status) {
	case 200:
	case 203:
	case 204:
	case 206:
	case 300:
	case 301:
	case 308:
	case 404:
	case 405:
	case 410:
	case 414:
	case 501:
		return true;
	default:
		return cache_control_says(control, CACHE_DIRECTIVE_PUBLIC);
	}
}

static bool
is_pragma_no_cache(const struct http_fields *fields)
{
	const struct http_field *pragma =
	    http_fields_get(fields, HTTP_NAME_PRAGMA);

	return pragma != NULL &&
	       str_eq_nocase(pragma->value, STR("no-cache")) &&
	       http_fields_get(fields, HTTP_NAME_CACHE_CONTROL) == NULL;
}

/*
 * 4.2.2.  Nothing is guessed of what sets a cookie, which may be meant for one
 * client, nor where an old server says no-cache in its old words; both are
 * stored if freshness is said in plain.
 */
static uint32_t
guess(const struct http_response *response, const struct cache_rules *rules,
    const struct cache_meta *meta)
{
	const struct http_fields *fields = &response->fields;

	if (meta->last_modified == HTTP_UNSAID ||
	    http_fields_get(fields, HTTP_NAME_SET_COOKIE) != NULL ||
	    is_pragma_no_cache(fields))
		return 0;
	int64_t part = (meta->date - meta->last_modified) / HEURISTIC_PART;
	return cache_seconds_of(
	    part > rules->heuristic_max ? rules->heuristic_max : part);
}

/* 5.3: what is no date, and dates that differ, are in the past. */
static uint32_t
until_expires(
    const struct http_response *response, const struct cache_meta *meta)
{
	int64_t expires;

	if (cache_freshness_date(&response->fields, HTTP_NAME_EXPIRES,
		meta->response_time, &expires) < 0)
		return 0;
	return cache_seconds_of(expires - meta->date);
}

/* 4.2.1 */
static enum cache_freshness
set_lifetime(const struct http_response *response,
    const struct cache_control *control, const struct cache_rules *rules,
    struct cache_meta *meta)
{
	bool expires = !control->targeted &&
		       http_fields_get(&response->fields, HTTP_NAME_EXPIRES);

	if (cache_control_says(control, CACHE_DIRECTIVE_S_MAXAGE))
		meta->lifetime = control->seconds[CACHE_DIRECTIVE_S_MAXAGE];
	else if (cache_control_says(control, CACHE_DIRECTIVE_MAX_AGE))
		meta->lifetime = control->seconds[CACHE_DIRECTIVE_MAX_AGE];
	else if (expires)
		meta->lifetime = until_expires(response, meta);
	else if (!may_be_guessed(response->status, control))
		return CACHE_FRESHNESS_NONE;
	else {
		meta->lifetime = guess(response, rules, meta);
		meta->flags |= CACHE_META_HEURISTIC;
		return CACHE_FRESHNESS_HEURISTIC;
	}
	return CACHE_FRESHNESS_EXPLICIT;
}

static uint32_t
seconds_of(const struct cache_control *control, enum cache_directive id)
{
	return cache_control_says(control, id) ? control->seconds[id] : 0;
}

/* s-maxage has the meaning of proxy-revalidate in it (5.2.2.10). */
static void
set_flags(const struct cache_control *control, struct cache_meta *meta)
{
	meta->stale_while_revalidate =
	    seconds_of(control, CACHE_DIRECTIVE_STALE_WHILE_REVALIDATE);
	meta->stale_if_error =
	    seconds_of(control, CACHE_DIRECTIVE_STALE_IF_ERROR);
	if (cache_control_says(control, CACHE_DIRECTIVE_NO_CACHE))
		meta->flags |= CACHE_META_NO_CACHE;
	if (cache_control_says(control, CACHE_DIRECTIVE_IMMUTABLE))
		meta->flags |= CACHE_META_IMMUTABLE;
	if (cache_control_says(control, CACHE_DIRECTIVE_MUST_REVALIDATE) ||
	    cache_control_says(control, CACHE_DIRECTIVE_PROXY_REVALIDATE) ||
	    cache_control_says(control, CACHE_DIRECTIVE_S_MAXAGE))
		meta->flags |= CACHE_META_MUST_REVALIDATE;
}

enum cache_freshness
cache_freshness_of(const struct http_response *response,
    const struct cache_control *control, const struct cache_times *times,
    const struct cache_rules *rules, struct cache_meta *meta)
{
	set_dates(response, times, meta);
	set_age(response, times, meta);
	set_flags(control, meta);
	return set_lifetime(response, control, rules, meta);
}
