/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a parsed message says, as one line: tests and fuzzers compare messages
 * by it.  `fields` adds each field on a line of its own, '*' before those that
 * Connection named.
 */
#ifndef GATEHOUSE_TESTS_HTTP_DESCRIBE_H
#define GATEHOUSE_TESTS_HTTP_DESCRIBE_H

#include <inttypes.h>

#include "http/message.h"

static inline void
describe_framing(struct text *out, enum http_framing framing, int64_t length)
{
	static const char *const words[] = { "none", "length", "chunked",
		"until-close" };

	text_addf(out, " %s", words[framing]);
	if (length != HTTP_UNSAID)
		text_addf(out, "=%" PRId64, length);
}

static inline void
describe_fields(struct text *out, const struct http_fields *fields)
{
	for (size_t i = 0; i < fields->count; i++)
		text_addf(out, "\n%s%.*s: %.*s",
		    fields->items[i].hop ? "*" : "",
		    STR_ARG(fields->items[i].name),
		    STR_ARG(fields->items[i].value));
}

static inline void
describe_request(
    struct text *out, const struct http_request *request, bool fields)
{
	static const char *const forms[] = { "origin", "absolute", "authority",
		"asterisk" };

	text_clear(out);
	text_addf(out, "%.*s %s ", STR_ARG(request->method_text),
	    forms[request->target]);
	http_uri_add(&request->uri, out);
	text_addf(out, " 1.%u", request->minor);
	describe_framing(out, request->framing, request->content_length);
	if (request->keep_alive)
		text_addz(out, " keep");
	if (request->expect_continue)
		text_addz(out, " expect");
	if (request->upgrade.at != NULL)
		text_addf(out, " upgrade=%.*s", STR_ARG(request->upgrade));
	if (request->max_forwards != HTTP_UNSAID)
		text_addf(out, " forwards=%" PRId64, request->max_forwards);
	if (fields)
		describe_fields(out, &request->fields);
}

static inline void
describe_response(
    struct text *out, const struct http_response *response, bool fields)
{
	text_clear(out);
	text_addf(out, "%u '%.*s' 1.%u", response->status,
	    STR_ARG(response->reason), response->minor);
	describe_framing(out, response->framing, response->content_length);
	if (response->keep_alive)
		text_addz(out, " keep");
	if (response->upgrade.at != NULL)
		text_addf(out, " upgrade=%.*s", STR_ARG(response->upgrade));
	if (fields)
		describe_fields(out, &response->fields);
}

#endif
