/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages for the tests of the rules: written as lines that end in '\n', read
 * by the real parser.  The time is MORNING, of which the tests write the date.
 */
#ifndef GATEHOUSE_TESTS_CACHE_MESSAGES_H
#define GATEHOUSE_TESTS_CACHE_MESSAGES_H

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/text.h"
#include "cache/head.h"
#include "http/parse.h"

/* Fri, 02 Jan 2026 08:00:00 GMT */
#define MORNING      INT64_C(1767340800)
#define MORNING_DATE "Fri, 02 Jan 2026 08:00:00 GMT"
#define DATED        "Date: " MORNING_DATE "\n"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static inline struct str
with_crlf(const char *first, const char *lines, struct arena *arena)
{
	struct text text = TEXT_EMPTY;

	text_addz(&text, first);
	for (; *lines != '\0'; lines++) {
		if (*lines == '\n')
			text_addc(&text, '\r');
		text_addc(&text, *lines);
	}
	text_addz(&text, "\r\n");
	struct str kept = arena_str(arena, text_str(&text));
	text_fini(&text);
	return kept;
}

/* "GET /x" and fields; the host is a.example. */
static inline struct http_request
request_to(const char *line, const char *fields, struct arena *arena)
{
	struct http_arrival arrival = { .scheme = HTTP_SCHEME_HTTP };
	struct http_head_scan scan = { 0 };
	struct text first = TEXT_EMPTY;
	struct http_request request;
	enum http_fault fault;

	text_addf(&first, "%s HTTP/1.1\r\nHost: a.example\r\n", line);
	struct str bytes = with_crlf(first.at, fields, arena);
	text_fini(&first);
	if (http_request_parse(
		bytes, &scan, &arrival, arena, &request, &fault) <= 0)
		fail_msg("'%s' with '%s' is no request", line, fields);
	return request;
}

static inline struct http_request
request_of(const char *fields, struct arena *arena)
{
	return request_to("GET /a/b?c", fields, arena);
}

static inline struct http_response
response_to(enum http_method method, unsigned status, const char *fields,
    struct arena *arena)
{
	struct http_head_scan scan = { 0 };
	struct text first = TEXT_EMPTY;
	struct http_response response;
	enum http_fault fault;

	text_addf(&first, "HTTP/1.1 %u x\r\n", status);
	struct str bytes = with_crlf(first.at, fields, arena);
	text_fini(&first);
	if (http_response_parse(
		bytes, &scan, method, arena, &response, &fault) <= 0)
		fail_msg("%u with '%s' is no response", status, fields);
	return response;
}

static inline struct http_response
response_of(unsigned status, const char *fields, struct arena *arena)
{
	return response_to(HTTP_METHOD_GET, status, fields, arena);
}

/* A stored response, received in the MORNING. */
struct stored {
	struct cache_meta meta;
	struct str head;
	enum cache_refusal refusal;
};

static inline struct stored
store_with(const struct http_request *request, unsigned status,
    const char *fields, const struct cache_rules *rules, struct arena *arena)
{
	struct cache_times times = { MORNING, MORNING };
	struct http_response response = response_of(status, fields, arena);
	struct text head = TEXT_EMPTY;
	struct stored stored = { 0 };

	stored.refusal =
	    cache_meta_make(request, &response, &times, rules, &stored.meta);
	if (stored.refusal == CACHE_STORABLE)
		assert_int_equal(
		    cache_head_write(&response, &head, &stored.meta), 0);
	stored.head = arena_str(arena, text_str(&head));
	text_fini(&head);
	return stored;
}

static inline struct stored
store(unsigned status, const char *fields, struct arena *arena)
{
	struct http_request request = request_of("", arena);
	struct cache_rules rules = CACHE_RULES_DEFAULT;

	rules.keep_parts = true;
	return store_with(&request, status, fields, &rules, arena);
}

/* Of a response that must be storable. */
static inline struct stored
must_store(unsigned status, const char *fields, struct arena *arena)
{
	struct stored stored = store(status, fields, arena);

	if (stored.refusal != CACHE_STORABLE)
		fail_msg("'%s' is not stored: %s", fields,
		    cache_refusal_text(stored.refusal).at);
	return stored;
}

#endif
