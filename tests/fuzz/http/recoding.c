/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A request and its answer, recoded and made private.  Must hold:
 *
 * - what is chosen stands in the table of choices;
 * - the heads that come of it are written and read again;
 * - what is encoded says so once, and varies; nothing of `private` is left.
 */
#include "http/recoding.h"

#include "base/must.h"
#include "http/parse.h"
#include "http/privacy.h"
#include "http/write.h"
#include "pieces.h"

static const enum http_coding ours[] = { HTTP_CODING_BR, HTTP_CODING_ZSTD,
	HTTP_CODING_GZIP };

static void
check_response(struct http_response *response, struct arena *arena,
    const struct http_recoding *recoding)
{
	struct http_response_options options = { .client_minor = 1 };
	struct http_head_scan scan = { 0 };
	struct http_response again;
	struct text out = TEXT_EMPTY;
	enum http_fault fault;

	if (http_recoding_apply(recoding, response, arena) < 0)
		return;
	http_response_fit(response, 1);
	must(http_response_write(response, &options, &out) == 0);
	int used = http_response_parse(
	    text_str(&out), &scan, response->method, arena, &again, &fault);
	must(used < 0 || (size_t)used == out.len);
	if (used > 0 && recoding->kind == HTTP_RECODING_ENCODE)
		must(
		    http_recoding_coding_of(&again.fields) == recoding->coding);
	if (used > 0 && recoding->kind == HTTP_RECODING_DECODE)
		must(http_recoding_coding_of(&again.fields) ==
		     HTTP_CODING_IDENTITY);
	text_fini(&out);
}

static void
check_request(struct http_request *request, struct arena *arena)
{
	struct http_request_options options = { .forwarded_for =
						    STR("192.0.2.1") };
	struct text out = TEXT_EMPTY;

	if (http_privacy_apply(request, arena) < 0)
		return;
	must(http_fields_get(&request->fields, HTTP_NAME_VIA) == NULL);
	must(http_fields_get(&request->fields, HTTP_NAME_X_FORWARDED_FOR) ==
	     NULL);
	size_t count = request->fields.count;
	must(http_privacy_apply(request, arena) == 0);
	must(request->fields.count == count);
	must(http_request_write(request, &options, &out) == 0);
	text_fini(&out);
}

static void
check_exchange(
    struct http_request *request, struct str rest, struct arena *arena)
{
	struct http_head_scan scan = { 0 };
	struct http_response response;
	enum http_fault fault;

	if (http_response_parse(
		rest, &scan, request->method, arena, &response, &fault) <= 0)
		return;
	struct http_accept accept = http_accept_of(&request->fields);
	struct text text = TEXT_EMPTY;
	http_accept_add(&accept, ours, 3, &text);
	must(text.len <= HTTP_ACCEPT_TEXT_BYTES_MAX);
	text_fini(&text);
	struct http_recoding recoding =
	    http_recoding_choose(request, &response, &accept, ours, 3);
	must(recoding.reason < HTTP_RECODING_REASON_COUNT);
	must(recoding.kind == HTTP_RECODING_NONE || recoding.varies);
	check_response(&response, arena, &recoding);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = piece_copy((struct str){ (const char *)data, size });
	struct http_arrival arrival = { .scheme = HTTP_SCHEME_HTTP };
	struct http_head_scan scan = { 0 };
	struct http_request request;
	enum http_fault fault;
	struct arena arena;

	arena_init(&arena, 1 << 18);
	int used = http_request_parse(
	    bytes, &scan, &arrival, &arena, &request, &fault);
	if (used > 0) {
		check_exchange(&request, str_skip(bytes, (size_t)used), &arena);
		check_request(&request, &arena);
	}
	arena_fini(&arena);
	piece_free(bytes);
	return 0;
}
