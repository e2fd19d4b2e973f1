/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Response heads.  The first byte of the input says which method is answered
 * and which version the client speaks, the rest is what the server sent.  Must
 * hold what request.c lists, and:
 *
 * - what is written for an HTTP/1.0 client is not chunked;
 * - an answer that has no content has none after it was written.
 */
#include <errno.h>

#include "http/limits.h"
#include "http/parse.h"
#include "http/status.h"
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
    enum http_method method, struct outcome *outcome)
{
	struct str copy = piece_copy(bytes);
	struct http_response response;
	struct arena arena;

	arena_init(&arena, 1 << 18);
	outcome->fault = HTTP_FAULT_COUNT;
	outcome->used = http_response_parse(
	    copy, scan, method, &arena, &response, &outcome->fault);
	if (outcome->used > 0)
		describe_response(&outcome->text, &response, true);
	arena_fini(&arena);
	piece_free(copy);
}

static void
check_pieces(
    struct str bytes, enum http_method method, const struct outcome *whole)
{
	struct http_head_scan scan = { 0 };
	struct outcome pieces = { 0 };
	size_t len = 0, step = piece_step(bytes.len);

	do {
		len = bytes.len - len < step ? bytes.len : len + step;
		parse_copy(
		    (struct str){ bytes.at, len }, &scan, method, &pieces);
	} while (pieces.used == -EAGAIN && len < bytes.len);
	must(pieces.used == whole->used);
	must(pieces.fault == whole->fault);
	must(whole->used < 0 ||
	     str_eq(text_str(&pieces.text), text_str(&whole->text)));
	text_fini(&pieces.text);
}

static size_t
count_framing(const struct http_fields *fields)
{
	size_t count = 0;

	for (size_t i = 0; i < fields->count; i++)
		count += fields->items[i].id == HTTP_NAME_CONTENT_LENGTH ||
			 fields->items[i].id == HTTP_NAME_TRANSFER_ENCODING;
	return count;
}

static void
check_same(const struct http_response *a, const struct http_response *b,
    unsigned client_minor)
{
	must(a->status == b->status);
	must(str_eq(a->reason, b->reason));
	must(a->framing == b->framing);
	must(a->content_length == b->content_length ||
	     b->content_length == HTTP_UNSAID);
	must(count_framing(&b->fields) <= 1);
	must(client_minor > 0 || b->framing != HTTP_FRAMING_CHUNKED);
	must(http_status_has_content(b->status, b->method) ||
	     b->framing == HTTP_FRAMING_NONE);
}

static void
check_written(struct http_response *response, unsigned client_minor)
{
	struct text once = TEXT_EMPTY, twice = TEXT_EMPTY;
	struct http_response_options options = {
		.client_minor = client_minor,
		.keep_alive = response->keep_alive,
		.upgrade = response->upgrade,
	};
	struct http_head_scan scan = { 0 };
	struct http_response again;
	enum http_fault fault;
	struct arena arena;

	arena_init(&arena, 1 << 18);
	http_response_fit(response, client_minor);
	must(http_response_write(response, &options, &once) == 0);
	int used = http_response_parse(
	    text_str(&once), &scan, response->method, &arena, &again, &fault);
	/* With the fields that we add it may have more than we read. */
	must(used == (int)once.len ||
	     (used < 0 && fault == HTTP_FAULT_FIELDS_MANY &&
		 response->fields.count + HTTP_FIELDS_ADDED_MAX >
		     HTTP_FIELDS_MAX));
	if (used >= 0) {
		check_same(response, &again, client_minor);
		must(http_response_write(&again, &options, &twice) == 0);
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
	enum http_method method =
	    (enum http_method)(directions / 2 % HTTP_METHOD_COUNT);
	struct http_head_scan scan = { 0 };
	struct outcome whole = { 0 };
	struct http_response response;
	enum http_fault fault;
	struct arena arena;

	parse_copy(bytes, &scan, method, &whole);
	check_pieces(bytes, method, &whole);
	if (whole.used > 0) {
		arena_init(&arena, 1 << 18);
		must(http_response_parse(bytes, &scan, method, &arena,
			 &response, &fault) == whole.used);
		check_written(&response, directions & 1);
		arena_fini(&arena);
	}
	text_fini(&whole.text);
	return 0;
}
