/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/parse_response: a response's head (RFC 9112, 4).
 */
#include "http/parse_impl.h"

#include <errno.h>

#include "http/octet.h"
#include "http/status.h"

/* A response begins with "HTTP/"; nothing may stand before it. */
static int
starts_response(struct str bytes, enum http_fault *reterr_fault)
{
	struct str want = STR("HTTP/");

	if (bytes.len < want.len)
		want.len = bytes.len;
	if (!str_starts(bytes, want))
		return http_refuse(reterr_fault, HTTP_FAULT_STATUS_LINE);
	return 0;
}

/*
 * Three digits.  Those from 600 on are not registered and some servers send
 * them; a client treats them as it likes (RFC 9110, 15).
 */
static int
cut_status(struct str *rest, unsigned *ret, enum http_fault *reterr_fault)
{
	unsigned status = 0;

	if (rest->len < 4 || rest->at[0] != ' ')
		return http_refuse(reterr_fault, HTTP_FAULT_STATUS_LINE);
	for (size_t i = 1; i < 4; i++) {
		if (!ascii_is_digit(rest->at[i]))
			return http_refuse(
			    reterr_fault, HTTP_FAULT_STATUS_LINE);
		status = status * 10 + (unsigned)(rest->at[i] - '0');
	}
	if (status < 100)
		return http_refuse(reterr_fault, HTTP_FAULT_STATUS_LINE);
	*ret = status;
	*rest = str_skip(*rest, 4);
	return 0;
}

/* " reason CRLF"; many servers leave out the blank with the reason. */
static int
cut_reason(struct str *rest, struct str *ret, enum http_fault *reterr_fault)
{
	struct str reason = { rest->at, 0 };

	if (rest->len > 0 && rest->at[0] == ' ') {
		*rest = str_skip(*rest, 1);
		reason = (struct str){ rest->at,
			http_octet_span(*rest, HTTP_OCTET_VALUE) };
	}
	struct str end = str_skip(*rest, reason.len);
	if (end.len < 2 || end.at[0] != '\r')
		return http_refuse(reterr_fault, HTTP_FAULT_STATUS_LINE);
	if (end.at[1] != '\n')
		return http_refuse(reterr_fault, HTTP_FAULT_BARE_CR);
	*ret = http_octet_trim(reason);
	*rest = str_skip(end, 2);
	return 0;
}

/*
 * RFC 9112, 6.3 (1): no content, whatever the fields say.  What they say may
 * still be told on for HEAD and 304.  Content that is announced where none can
 * be is what a server sends that has lost its framing, so its connection is not
 * trusted with another request; only to HEAD it is the rule to announce it.
 */
static void
set_no_content(struct http_response *response, struct http_length length)
{
	bool head = response->method == HTTP_METHOD_HEAD &&
		    response->status >= 200 && response->status != 204;
	bool told = head || response->status == 304;

	response->framing = HTTP_FRAMING_NONE;
	response->content_length = told ? length.length : HTTP_UNSAID;
	if ((length.chunked && !head) || (length.length > 0 && !told))
		response->keep_alive = false;
}

static void
set_framing(
    struct http_response *response, struct http_length length, bool alone)
{
	if (response->framed && alone && length.length == HTTP_UNSAID)
		length.length = 0;
	response->content_length = length.length;
	if (length.chunked) {
		response->framing = HTTP_FRAMING_CHUNKED;
	} else if (length.length != HTTP_UNSAID) {
		response->framing = HTTP_FRAMING_LENGTH;
	} else {
		response->framing = HTTP_FRAMING_UNTIL_CLOSE;
		response->keep_alive = false;
	}
}

/* RFC 9110, 9.3.6: after a 2xx to CONNECT such fields must be ignored. */
static bool
opens_tunnel(const struct http_response *response)
{
	return response->method == HTTP_METHOD_CONNECT &&
	       response->status >= 200 && response->status < 300;
}

/*
 * RFC 9112, 6.3 (4): where Transfer-Encoding does not end in chunked, a
 * response ends with its connection.  So it is for one word that is no coding
 * at all, which some applications send with content that is in none; what is in
 * a coding that there is must not be passed on as if it were in none, and what
 * looks like chunked is refused, as it is in a request.
 */
static bool
is_no_coding(const struct http_field *field)
{
	static const char *const codings[] = { "gzip", "x-gzip", "deflate",
		"compress", "x-compress", "identity", "trailers", "br",
		"zstd" };
	struct str word = field->value;

	if (!http_octet_all(word, HTTP_OCTET_TOKEN) || word.len == 0)
		return false;
	for (size_t i = 0; i + 7 <= word.len; i++)
		if (str_eq_nocase(
			(struct str){ word.at + i, 7 }, STR("chunked")))
			return false;
	for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++)
		if (str_eq_nocase(word, str_of(codings[i])))
			return false;
	return true;
}

static int
read_fields(
    struct http_response *response, bool alone, enum http_fault *reterr_fault)
{
	struct http_length length = { false, HTTP_UNSAID };
	struct http_facts facts;
	int error = http_facts_read(&response->fields, &facts, reterr_fault);

	if (error == 0 && facts.coding != NULL && facts.length == NULL &&
	    response->minor > 0 && is_no_coding(facts.coding))
		facts.coding = NULL;
	if (error == 0 && !opens_tunnel(response))
		error = http_length_read(
		    &facts, response->minor, &length, reterr_fault);
	if (error < 0)
		return error;
	response->keep_alive =
	    response->framed || http_facts_persist(&facts, response->minor);
	if (response->status == 101 && facts.may_upgrade && !facts.odd &&
	    facts.upgrade != NULL)
		response->upgrade = facts.upgrade->value;
	if (http_status_has_content(response->status, response->method))
		set_framing(response, length, alone);
	else
		set_no_content(response, length);
	return 0;
}

static int
parse_head(struct str head, const struct http_head_scan *scan,
    struct arena *arena, struct http_response *response,
    enum http_fault *reterr_fault)
{
	int error = http_version_cut(&head, scan->framed, &response->minor,
	    HTTP_FAULT_STATUS_LINE, reterr_fault);

	if (error == 0)
		error = cut_status(&head, &response->status, reterr_fault);
	if (error == 0)
		error = cut_reason(&head, &response->reason, reterr_fault);
	/* Frames have none, and some programs take an answer without one for
	 * none. */
	if (error == 0 && scan->framed)
		response->reason = http_status_reason(response->status);
	if (error == 0)
		error = http_fields_parse(
		    head, scan->lines, arena, &response->fields, reterr_fault);
	if (error == 0)
		error = read_fields(response, scan->alone, reterr_fault);
	return error;
}

int
http_response_parse(struct str bytes, struct http_head_scan *scan,
    enum http_method method, struct arena *arena, struct http_response *ret,
    enum http_fault *reterr_fault)
{
	struct http_response response = { .method = method,
		.framed = scan->framed };
	struct str head;
	int used = http_head_find(
	    bytes, scan, 0, starts_response, &head, reterr_fault);

	if (used == -EAGAIN)
		return used;
	struct http_head_scan seen = *scan;
	http_head_scan_again(scan);
	if (used < 0)
		return used;
	int error = parse_head(head, &seen, arena, &response, reterr_fault);
	if (error < 0)
		return error;
	*ret = response;
	return used;
}
