/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is true of the model without parsing or writing it.
 */
#include "http/message.h"

#include "http/status.h"

#include <errno.h>

const char *
http_version_word(enum http_version version)
{
	static const char *const words[HTTP_VERSION_COUNT] = {
		[HTTP_VERSION_1_0] = "1.0",
		[HTTP_VERSION_1_1] = "1.1",
		[HTTP_VERSION_2] = "2",
	};

	return words[version];
}

bool
http_request_is_somebody_s(const struct http_request *request)
{
	return request->authenticated || http_fields_get(&request->fields,
					     HTTP_NAME_AUTHORIZATION) != NULL;
}

void
http_response_fit(struct http_response *response, bool takes_chunks)
{
	if (response->framing == HTTP_FRAMING_CHUNKED && !takes_chunks)
		response->framing = HTTP_FRAMING_UNTIL_CLOSE;
	else if (response->framing == HTTP_FRAMING_UNTIL_CLOSE && takes_chunks)
		response->framing = HTTP_FRAMING_CHUNKED;
}

/* Text that lies in `from` lies at the same place in the copy. */
static void
move_text(struct str *text, struct str from, const char *copy)
{
	uintptr_t at = (uintptr_t)text->at, begin = (uintptr_t)from.at;

	if (text->at != NULL && at >= begin && at <= begin + from.len)
		text->at = copy + (at - begin);
}

int
http_request_keep(
    struct http_request *request, struct str head, struct arena *arena)
{
	const char *copy = arena_str(arena, head).at;

	if (copy == NULL)
		return -ENOMEM;
	move_text(&request->method_text, head, copy);
	move_text(&request->uri.host.text, head, copy);
	move_text(&request->uri.path, head, copy);
	move_text(&request->upgrade, head, copy);
	for (size_t i = 0; i < request->fields.count; i++) {
		struct http_field *field = &request->fields.items[i];
		move_text(&field->name, head, copy);
		move_text(&field->value, head, copy);
	}
	return 0;
}

int
http_request_copy(const struct http_request *request, struct arena *arena,
    struct http_request *ret)
{
	const struct http_fields *fields = &request->fields;

	*ret = *request;
	ret->fields = (struct http_fields){ 0 };
	int rc = http_fields_room(&ret->fields, arena, fields->count);
	for (size_t i = 0; rc == 0 && i < fields->count; i++)
		ret->fields.items[ret->fields.count++] = fields->items[i];
	return rc;
}

struct http_response
http_response_own(
    unsigned status, enum http_method method, int64_t content_length)
{
	return (struct http_response){
		.status = status,
		.reason = http_status_reason(status),
		.minor = 1,
		.method = method,
		.framing = http_status_has_content(status, method)
			       ? HTTP_FRAMING_LENGTH
			       : HTTP_FRAMING_NONE,
		.content_length = content_length,
		.keep_alive = true,
	};
}
