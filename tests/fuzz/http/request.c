/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Request heads.  The first byte of the input says how the connection came,
 * the rest is what the client sent.  Must hold:
 *
 * - in pieces and as a whole a head gives the same result;
 * - what is accepted can be written for a server and for a parent, and what is
 *   written parses to the same request and writes to the same bytes;
 * - a written head has one Host, at most one framing field, and ends once.
 *
 * With the fields that we add it may have more than we read: that is refused.
 */
#include <errno.h>

#include "http/limits.h"
#include "http/parse.h"
#include "http/write.h"
#include "pieces.h"
#include "tests/unit/http/describe.h"

struct outcome {
	int used;
	enum http_fault fault;
	struct text text;
};

static void
parse_copy(struct str bytes, struct http_head_scan *scan,
    const struct http_arrival *arrival, struct outcome *outcome)
{
	struct str copy = piece_copy(bytes);
	struct http_request request;
	struct arena arena;

	arena_init(&arena, 1 << 18);
	outcome->fault = HTTP_FAULT_COUNT;
	outcome->used = http_request_parse(
	    copy, scan, arrival, &arena, &request, &outcome->fault);
	if (outcome->used > 0)
		describe_request(&outcome->text, &request, true);
	arena_fini(&arena);
	piece_free(copy);
}

/* The same head in pieces must come to the same. */
static void
check_pieces(struct str bytes, const struct http_arrival *arrival,
    const struct outcome *whole)
{
	struct http_head_scan scan = { 0 };
	struct outcome pieces = { 0 };
	size_t len = 0, step = piece_step(bytes.len);

	do {
		len = bytes.len - len < step ? bytes.len : len + step;
		parse_copy(
		    (struct str){ bytes.at, len }, &scan, arrival, &pieces);
	} while (pieces.used == -EAGAIN && len < bytes.len);
	must(pieces.used == whole->used);
	must(pieces.fault == whole->fault);
	must(whole->used < 0 ||
	     str_eq(text_str(&pieces.text), text_str(&whole->text)));
	text_fini(&pieces.text);
}

/* False: it has too many fields. */
static bool
parse_written(struct str bytes, enum http_scheme scheme, struct arena *arena,
    struct http_request *ret)
{
	struct http_arrival arrival = { .scheme = scheme };
	struct http_head_scan scan = { 0 };
	enum http_fault fault = HTTP_FAULT_COUNT;
	int used =
	    http_request_parse(bytes, &scan, &arrival, arena, ret, &fault);

	must(used == (int)bytes.len ||
	     (used < 0 && fault == HTTP_FAULT_FIELDS_MANY));
	return used >= 0;
}

static size_t
count_fields(const struct http_fields *fields, enum http_name name)
{
	size_t count = 0;

	for (size_t i = 0; i < fields->count; i++)
		count += fields->items[i].id == name;
	return count;
}

static void
check_same(const struct http_request *a, const struct http_request *b)
{
	must(a->method == b->method && str_eq(a->method_text, b->method_text));
	must(a->uri.scheme == b->uri.scheme);
	must(str_eq(a->uri.host.text, b->uri.host.text));
	must(address_eq(a->uri.host.address, b->uri.host.address));
	must(a->uri.port == b->uri.port);
	must(str_eq(a->uri.path, b->uri.path));
	must(a->framing == b->framing);
	must(a->content_length == b->content_length);
	must(a->expect_continue == b->expect_continue);
	must(str_eq(a->upgrade, b->upgrade));
	must(count_fields(&b->fields, HTTP_NAME_HOST) == 1);
	must(count_fields(&b->fields, HTTP_NAME_CONTENT_LENGTH) +
		 count_fields(&b->fields, HTTP_NAME_TRANSFER_ENCODING) ==
	     (b->framing != HTTP_FRAMING_NONE));
	must(count_fields(&b->fields, HTTP_NAME_PROXY_AUTHORIZATION) == 0);
}

/* No fields, and then no length, were lost or won between the two. */
static void
check_fields(const struct http_request *a, const struct http_request *b)
{
	size_t next = 0;

	for (size_t i = 0; i < a->fields.count; i++) {
		const struct http_field *field = &a->fields.items[i];
		if (field->hop || http_name_use((enum http_name)field->id) !=
				      HTTP_NAME_USE_END)
			continue;
		/* Ours stand before and behind, never between. */
		while (
		    next < b->fields.count &&
		    http_name_use((enum http_name)b->fields.items[next].id) !=
			HTTP_NAME_USE_END)
			next++;
		must(next < b->fields.count);
		must(str_eq(field->name, b->fields.items[next].name));
		must(str_eq(field->value, b->fields.items[next].value));
		next++;
	}
}

static void
check_written(const struct http_request *request, bool to_parent)
{
	struct text once = TEXT_EMPTY, twice = TEXT_EMPTY;
	struct http_request_options options = {
		.to_parent = to_parent,
		.keep_alive = request->keep_alive,
		.expect_continue = request->expect_continue,
		.upgrade = request->upgrade,
	};
	enum http_scheme scheme = request->uri.scheme;
	struct http_request again;
	struct arena arena;

	arena_init(&arena, 1 << 18);
	must(http_request_write(request, &options, &once) == 0);
	bool is_read = parse_written(text_str(&once),
	    scheme != HTTP_SCHEME_NONE ? scheme : HTTP_SCHEME_HTTP, &arena,
	    &again);
	must(is_read ||
	     request->fields.count + HTTP_FIELDS_ADDED_MAX > HTTP_FIELDS_MAX);
	if (is_read) {
		check_same(request, &again);
		check_fields(request, &again);
		again.max_forwards = request->max_forwards;
		must(http_request_write(&again, &options, &twice) == 0);
		must(str_eq(text_str(&once), text_str(&twice)));
	}
	arena_fini(&arena);
	text_fini(&once);
	text_fini(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = { (const char *)data, size };
	unsigned directions = piece_directions(&bytes);
	struct http_arrival arrival = {
		.scheme = directions & 1 ? HTTP_SCHEME_HTTPS : HTTP_SCHEME_HTTP,
	};
	struct http_head_scan scan = { 0 };
	struct outcome whole = { 0 };
	struct http_request request;
	enum http_fault fault;
	struct arena arena;

	if (directions & 2)
		(void)address_port_parse(
		    STR("192.0.2.1:8080"), &arrival.destination);
	parse_copy(bytes, &scan, &arrival, &whole);
	check_pieces(bytes, &arrival, &whole);
	if (whole.used > 0) {
		arena_init(&arena, 1 << 18);
		must(http_request_parse(bytes, &scan, &arrival, &arena,
			 &request, &fault) == whole.used);
		check_written(&request, false);
		check_written(&request, true);
		arena_fini(&arena);
	}
	text_fini(&whole.text);
	return 0;
}
