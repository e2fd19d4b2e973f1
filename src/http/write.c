/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A head is start line, fields of the message, fields of ours, framing,
 * connection, empty line; one function each, in that order.
 */
#include "http/write.h"

#include <errno.h>

#include "http/forwarded.h"
#include "http/line.h"
#include "http/octet.h"
#include "http/status.h"
#include "http/via.h"

static void
add_if_said(struct text *out, struct str name, struct str value)
{
	if (value.len > 0)
		http_line_add(out, name, value);
}

/*
 * All that goes end to end, in the order in which it came, but for one name
 * (HTTP_NAME_COUNT: none) that is written elsewhere.
 */
static void
add_fields(
    struct text *out, const struct http_fields *fields, enum http_name but)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct http_field *field = &fields->items[i];
		enum http_name name = (enum http_name)field->id;
		if (!field->hop && name != but &&
		    http_name_use(name) == HTTP_NAME_USE_END)
			http_line_add(out, field->name, field->value);
	}
}

static void
add_number_field(struct text *out, struct str name, int64_t number)
{
	text_add(out, name);
	text_add(out, STR(": "));
	text_add_number(out, (uint64_t)number);
	text_add(out, STR("\r\n"));
}

static void
add_length(struct text *out, int64_t length)
{
	add_number_field(out, STR("Content-Length"), length);
}

static void
add_chunked(struct text *out)
{
	text_add(out, STR("Transfer-Encoding: chunked\r\n"));
}

static void
add_connection(struct text *out, struct str option, struct str upgrade)
{
	if (upgrade.len > 0) {
		http_line_add(out, STR("Connection"), STR("upgrade"));
		http_line_add(out, STR("Upgrade"), upgrade);
		return;
	}
	add_if_said(out, STR("Connection"), option);
}

/* RFC 9112, 3.2.1, 3.2.2 and 3.2.4 */
static void
add_target(struct text *out, const struct http_request *request, bool to_parent)
{
	if (request->method == HTTP_METHOD_CONNECT)
		http_uri_add_authority(&request->uri, out);
	else if (to_parent)
		http_uri_add(&request->uri, out);
	else if (request->uri.path.len == 0)
		text_addc(out, '*');
	else
		text_add(out, request->uri.path);
}

static void
add_request_line(
    struct text *out, const struct http_request *request, bool to_parent)
{
	text_add(out, request->method_text);
	text_addc(out, ' ');
	add_target(out, request, to_parent);
	text_add(out, STR(" HTTP/1.1\r\nHost: "));
	http_uri_add_host(&request->uri, out);
	text_add(out, STR("\r\n"));
}

static void
add_request_framing(struct text *out, const struct http_request *request)
{
	if (request->framing == HTTP_FRAMING_CHUNKED ||
	    request->framing == HTTP_FRAMING_UNTIL_CLOSE)
		add_chunked(out);
	else if (request->framing == HTTP_FRAMING_LENGTH)
		add_length(out, request->content_length);
}

static struct str
request_connection(const struct http_request_options *options)
{
	if (!options->keep_alive)
		return options->trailers ? STR("close, TE") : STR("close");
	return options->trailers ? STR("TE") : STR("");
}

int
http_request_write(const struct http_request *request,
    const struct http_request_options *options, struct text *out)
{
	add_request_line(out, request, options->to_parent);
	bool tells = options->forwarded_for.len > 0;
	add_fields(out, &request->fields,
	    tells ? HTTP_NAME_X_FORWARDED_FOR : HTTP_NAME_COUNT);
	http_via_add(
	    &request->fields, http_request_version(request), options->via, out);
	if (tells)
		http_forwarded_add(
		    &request->fields, options->forwarded_for, out);
	/* RFC 9110, 7.6.2: we are one of the hops that are counted. */
	if (request->max_forwards > 0)
		add_number_field(
		    out, STR("Max-Forwards"), request->max_forwards - 1);
	if (options->expect_continue)
		http_line_add(out, STR("Expect"), STR("100-continue"));
	add_if_said(
	    out, STR("Proxy-Authorization"), options->proxy_authorization);
	add_request_framing(out, request);
	if (options->trailers)
		http_line_add(out, STR("TE"), STR("trailers"));
	add_connection(out, request_connection(options), options->upgrade);
	text_add(out, STR("\r\n"));
	return out->full ? -ENOMEM : 0;
}

static void
add_status_line(struct text *out, const struct http_response *response)
{
	text_add(out, STR("HTTP/1.1 "));
	text_add_number(out, response->status);
	text_addc(out, ' ');
	text_add(out, response->reason);
	text_add(out, STR("\r\n"));
}

/* RFC 9110, 8.6: where there is no content, these may tell its length. */
static bool
tells_length(const struct http_response *response)
{
	if (response->content_length < 0)
		return false;
	if (response->method == HTTP_METHOD_HEAD)
		return response->status >= 200 && response->status != 204;
	return response->status == 304;
}

/* RFC 9112, 6.3 as the client will read it. */
static void
add_response_framing(struct text *out, const struct http_response *response)
{
	if (!http_status_has_content(response->status, response->method)) {
		if (tells_length(response))
			add_length(out, response->content_length);
		return;
	}
	switch (response->framing) {
	case HTTP_FRAMING_NONE:
		add_length(out, 0);
		break;
	case HTTP_FRAMING_LENGTH:
		add_length(out, response->content_length);
		break;
	case HTTP_FRAMING_CHUNKED:
		add_chunked(out);
		break;
	case HTTP_FRAMING_UNTIL_CLOSE:
		break;
	}
}

/*
 * Kept is what HTTP/1.1 means when nothing is said, and 1.0 when it is.  An
 * interim answer and one that opens a tunnel leave the question open.
 */
static struct str
connection_option(const struct http_response *response,
    const struct http_response_options *options)
{
	bool content =
	    http_status_has_content(response->status, response->method);

	if (response->status < 200 ||
	    (response->method == HTTP_METHOD_CONNECT && response->status < 300))
		return STR("");
	if (!options->keep_alive ||
	    (content && response->framing == HTTP_FRAMING_UNTIL_CLOSE))
		return STR("close");
	return options->client_minor == 0 ? STR("keep-alive") : STR("");
}

int
http_response_write(const struct http_response *response,
    const struct http_response_options *options, struct text *out)
{
	add_status_line(out, response);
	text_add(out, options->head);
	add_fields(out, &response->fields, HTTP_NAME_COUNT);
	http_via_add(&response->fields, http_response_version(response),
	    options->via, out);
	add_if_said(
	    out, STR("Proxy-Authenticate"), options->proxy_authenticate);
	add_response_framing(out, response);
	add_connection(
	    out, connection_option(response, options), options->upgrade);
	text_add(out, STR("\r\n"));
	return out->full ? -ENOMEM : 0;
}
