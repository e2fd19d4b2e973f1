/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/recoding.h"

#include <errno.h>

#include "base/text.h"
#include "http/octet.h"
#include "http/status.h"

/* In less than this the head of a coding and a field more are no gain, and it
 * fits in the packet that the head goes in. */
#define BYTES_MIN 256

/*
 * Media types that shrink; `*` at either end stands for any letters.  What is
 * compressed in itself (images, video, archives, woff) is not here, so an
 * archive that a server calls coded is never unpacked either.
 */
static const char *const types[] = {
	"text/*",
	"*+json",
	"*+xml",
	"*+text",
	"application/json",
	"application/json-seq",
	"application/x-ndjson",
	"application/ndjson",
	"application/javascript",
	"application/x-javascript",
	"application/ecmascript",
	"application/xml",
	"application/xml-dtd",
	"application/yaml",
	"application/toml",
	"application/graphql",
	"application/sql",
	"application/rtf",
	"application/x-sh",
	"application/x-httpd-php",
	"application/wasm",
	"application/vnd.ms-fontobject",
	"application/x-font-ttf",
	"application/x-font-opentype",
	"application/x-font-truetype",
	"font/ttf",
	"font/otf",
	"font/sfnt",
	"font/collection",
	"image/bmp",
	"image/x-icon",
	"image/vnd.microsoft.icon",
	"model/gltf+json",
	"model/obj",
};

/* An event that waits in a coder is late. */
static const char *const types_not[] = { "text/event-stream" };

static const char *const reason_words[] = {
#define ROW(id, word, meaning) #word,
	HTTP_RECODING_REASONS(ROW)
#undef ROW
};

const char *
http_recoding_reason_word(enum http_recoding_reason reason)
{
	return reason_words[reason];
}

/* ---- whether ---- */

static bool
fits(struct str type, const char *pattern)
{
	struct str wanted = str_of(pattern);

	if (wanted.at[0] == '*') {
		wanted = str_skip(wanted, 1);
		return type.len >= wanted.len &&
		       str_eq_nocase(
			   str_skip(type, type.len - wanted.len), wanted);
	}
	if (wanted.at[wanted.len - 1] == '*') {
		wanted.len--;
		return type.len >= wanted.len &&
		       str_eq_nocase(
			   (struct str){ type.at, wanted.len }, wanted);
	}
	return str_eq_nocase(type, wanted);
}

static bool
is_one_of(struct str type, const char *const *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fits(type, patterns[i]))
			return true;
	return false;
}

/* Of several Content-Type fields none is believed. */
static bool
shrinks(const struct http_fields *fields)
{
	const struct http_field *field =
	    http_fields_get(fields, HTTP_NAME_CONTENT_TYPE);
	size_t count = 0;

	for (size_t i = 0; i < fields->count; i++)
		count += fields->items[i].id == HTTP_NAME_CONTENT_TYPE;
	if (count != 1)
		return false;
	struct str type = field->value;
	type = http_octet_trim(str_cut(&type, ';'));
	return is_one_of(type, types, sizeof(types) / sizeof(types[0])) &&
	       !is_one_of(
		   type, types_not, sizeof(types_not) / sizeof(types_not[0]));
}

/* no-transform, with an argument too (RFC 9111, 5.2: it has none). */
static bool
is_forbidden(const struct http_fields *fields)
{
	struct http_members members =
	    HTTP_MEMBERS(fields, HTTP_NAME_CACHE_CONTROL);
	struct str member;

	while (http_members_next(&members, &member))
		if (str_eq_nocase(http_octet_trim(str_cut(&member, '=')),
			STR("no-transform")))
			return true;
	return false;
}

enum http_coding
http_recoding_coding_of(const struct http_fields *fields)
{
	struct http_members members =
	    HTTP_MEMBERS(fields, HTTP_NAME_CONTENT_ENCODING);
	enum http_coding coding = HTTP_CODING_IDENTITY;
	struct str member;

	while (http_members_next(&members, &member)) {
		if (coding != HTTP_CODING_IDENTITY)
			return HTTP_CODING_OTHER;
		coding = http_coding_find(member);
	}
	return coding;
}

static bool
has_whole_content(const struct http_response *response)
{
	return response->status >= 200 && response->status != 206 &&
	       http_status_has_content(response->status, response->method) &&
	       response->framing != HTTP_FRAMING_NONE &&
	       http_fields_get(&response->fields, HTTP_NAME_CONTENT_RANGE) ==
		   NULL;
}

static bool
is_small(const struct http_response *response)
{
	return response->framing == HTTP_FRAMING_LENGTH &&
	       response->content_length < BYTES_MIN;
}

/*
 * Over TLS, how long compressed content is tells an onlooker what of it was
 * said before, and what was said before may be his own words beside a secret
 * (BREACH).  A server may have chosen not to compress for that reason.
 */
static bool
may_hold_secrets(const struct http_request *request)
{
	return request->uri.scheme == HTTP_SCHEME_HTTPS &&
	       (http_fields_get(&request->fields, HTTP_NAME_COOKIE) != NULL ||
		   http_request_is_somebody_s(request));
}

static struct http_recoding
nothing(enum http_recoding_reason reason)
{
	return (struct http_recoding){ .reason = reason };
}

static struct http_recoding
choose_decoding(enum http_coding coding, const struct http_accept *accept)
{
	struct http_recoding recoding = {
		.coding = coding,
		.reason = HTTP_RECODING_REASON_CODED,
		.varies = true,
	};

	if (coding == HTTP_CODING_OTHER)
		return nothing(HTTP_RECODING_REASON_CODING);
	if (!http_accept_has(accept, coding)) {
		recoding.kind = HTTP_RECODING_DECODE;
		recoding.reason = HTTP_RECODING_REASON_DONE;
	}
	return recoding;
}

static struct http_recoding
choose_encoding(const struct http_request *request,
    const struct http_response *response, const struct http_accept *accept,
    const enum http_coding *ours, size_t count)
{
	struct http_recoding recoding = {
		.coding = http_accept_choose(accept, ours, count),
		.reason = HTTP_RECODING_REASON_UNWANTED,
		.varies = count > 0,
	};

	if (is_small(response))
		return nothing(HTTP_RECODING_REASON_SMALL);
	if (may_hold_secrets(request))
		return nothing(HTTP_RECODING_REASON_SECRET);
	if (recoding.coding == HTTP_CODING_IDENTITY)
		return recoding;
	/* Its end would be the end of the connection, seen or not. */
	if (request->minor == 0) {
		recoding.reason = HTTP_RECODING_REASON_VERSION;
		return recoding;
	}
	recoding.kind = HTTP_RECODING_ENCODE;
	recoding.reason = HTTP_RECODING_REASON_DONE;
	return recoding;
}

struct http_recoding
http_recoding_choose(const struct http_request *request,
    const struct http_response *response, const struct http_accept *accept,
    const enum http_coding *ours, size_t count)
{
	enum http_coding coding = http_recoding_coding_of(&response->fields);

	if (request->method == HTTP_METHOD_HEAD ||
	    request->method == HTTP_METHOD_CONNECT)
		return nothing(HTTP_RECODING_REASON_METHOD);
	if (!has_whole_content(response))
		return nothing(HTTP_RECODING_REASON_STATUS);
	if (is_forbidden(&response->fields))
		return nothing(HTTP_RECODING_REASON_FORBIDDEN);
	if (!shrinks(&response->fields))
		return nothing(HTTP_RECODING_REASON_TYPE);
	if (coding != HTTP_CODING_IDENTITY)
		return choose_decoding(coding, accept);
	return choose_encoding(request, response, accept, ours, count);
}

/* ---- the head ---- */

static bool
varies_already(const struct http_fields *fields)
{
	struct http_members members = HTTP_MEMBERS(fields, HTTP_NAME_VARY);
	struct str member;

	while (http_members_next(&members, &member))
		if (str_is(member, "*") ||
		    str_eq_nocase(member, STR("Accept-Encoding")))
			return true;
	return false;
}

/* A line of its own is a member more (RFC 9110, 5.3). */
static int
add_vary(struct http_fields *fields, struct arena *arena)
{
	if (varies_already(fields))
		return 0;
	return http_fields_add(
	    fields, arena, STR("Vary"), STR("Accept-Encoding"));
}

/*
 * Other bytes are another representation, which a strong validator must tell
 * apart (RFC 9110, 8.8.1); a weak one says that they mean the same.
 */
static int
weaken_etag(struct http_fields *fields, struct arena *arena)
{
	const struct http_field *field =
	    http_fields_get(fields, HTTP_NAME_ETAG);

	if (field == NULL || str_starts(field->value, STR("W/")))
		return 0;
	char *weak = arena_alloc(arena, field->value.len + 2);
	if (weak == NULL)
		return -ENOMEM;
	memcpy(weak, "W/", 2);
	memcpy(weak + 2, field->value.at, field->value.len);
	return http_fields_set(fields, arena, STR("ETag"),
	    (struct str){ weak, field->value.len + 2 });
}

/* What was true of the bytes that came and is not of those that go. */
static void
remove_untrue(struct http_fields *fields)
{
	static const char *const digests[] = { "Content-MD5", "Digest",
		"Content-Digest", "Repr-Digest" };

	(void)http_fields_remove(fields, HTTP_NAME_CONTENT_ENCODING);
	(void)http_fields_remove(fields, HTTP_NAME_CONTENT_LENGTH);
	(void)http_fields_remove(fields, HTTP_NAME_ACCEPT_RANGES);
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		(void)http_fields_remove_named(fields, str_of(digests[i]));
}

static int
add_coding(const struct http_recoding *recoding, struct http_fields *fields,
    struct arena *arena)
{
	if (recoding->kind != HTTP_RECODING_ENCODE)
		return 0;
	return http_fields_add(fields, arena, STR("Content-Encoding"),
	    str_of(http_coding_row(recoding->coding)->word));
}

int
http_recoding_apply(const struct http_recoding *recoding,
    struct http_response *response, struct arena *arena)
{
	struct http_fields *fields = &response->fields;
	int rc = recoding->varies ? add_vary(fields, arena) : 0;

	if (rc < 0 || recoding->kind == HTTP_RECODING_NONE)
		return rc;
	rc = weaken_etag(fields, arena);
	if (rc < 0)
		return rc;
	remove_untrue(fields);
	response->framing = HTTP_FRAMING_CHUNKED;
	response->content_length = HTTP_UNSAID;
	return add_coding(recoding, fields, arena);
}
