/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/parse_request: a request's head (RFC 9112, 3).
 */
#include "http/parse_impl.h"

#include <errno.h>

#include "base/must.h"
#include "http/limits.h"
#include "http/octet.h"

/* A request begins with a method and one blank. */
static int
starts_request(struct str bytes, enum http_fault *reterr_fault)
{
	size_t method = http_octet_span(bytes, HTTP_OCTET_TOKEN);

	if (method > HTTP_METHOD_BYTES_MAX)
		return http_refuse(reterr_fault, HTTP_FAULT_METHOD_LONG);
	if (method < bytes.len && (method == 0 || bytes.at[method] != ' '))
		return http_refuse(reterr_fault, HTTP_FAULT_START);
	return 0;
}

/* Three words of which none is of HTTP: neither a version nor a target. */
static bool
is_of_others(struct str target, struct str version)
{
	return str_find(target, '/') == target.len &&
	       str_find(target, ':') == target.len && !str_is(target, "*") &&
	       !str_starts(version, STR("HTTP"));
}

struct request_line {
	struct str method;
	struct str target;
	unsigned minor;
};

/*
 * method SP target SP version CRLF, with one blank each.  RFC 9112, 3 lets a
 * server split at any blanks; a target with blanks in it would then mean
 * something else to the next.
 */
static int
cut_request_line(struct str *rest, bool framed, struct request_line *ret,
    enum http_fault *reterr_fault)
{
	size_t method = str_find(*rest, ' '); /* starts_request saw it */
	struct str behind = str_skip(*rest, method + 1);
	size_t target = http_octet_span(behind, HTTP_OCTET_VISIBLE);
	struct str version = str_skip(behind, target + 1);

	if (target == 0 || target == behind.len)
		return http_refuse(reterr_fault, HTTP_FAULT_REQUEST_LINE);
	if (behind.at[target] == '\r') /* a simple request of HTTP/0.9 */
		return http_refuse(reterr_fault, HTTP_FAULT_VERSION);
	if (behind.at[target] != ' ')
		return http_refuse(reterr_fault, HTTP_FAULT_TARGET);
	ret->target = (struct str){ behind.at, target };
	if (is_of_others(ret->target, version))
		return http_refuse(reterr_fault, HTTP_FAULT_NOT_HTTP);
	int error = http_version_cut(&version, framed, &ret->minor,
	    HTTP_FAULT_REQUEST_LINE, reterr_fault);
	if (error < 0)
		return error;
	if (!str_starts(version, STR("\r\n")))
		return http_refuse(reterr_fault, HTTP_FAULT_REQUEST_LINE);
	ret->method = (struct str){ rest->at, method };
	*rest = str_skip(version, 2);
	return 0;
}

/*
 * The authority of a request that has none in its target.  An intercepted
 * client that says no host in HTTP/1.0 means the address that it dialled.
 */
static int
uri_of_host(const struct http_field *host, const struct http_arrival *arrival,
    struct arena *arena, struct http_uri *ret, enum http_fault *reterr_fault)
{
	struct http_uri uri = {
		.scheme = arrival->scheme,
		.port = arrival->destination.port,
		.port_explicit = true,
	};

	if (host != NULL)
		return http_uri_parse_authority(
		    host->value, arrival->scheme, arena, ret, reterr_fault);
	if (arrival->destination.address.family == ADDRESS_NONE)
		return http_refuse(reterr_fault, HTTP_FAULT_HOST_MISSING);
	int error = http_host_of_address(
	    arrival->destination.address, arena, &uri.host);
	if (error == 0)
		*ret = uri;
	return error;
}

/*
 * RFC 9112, 3.2.2: where the target has an authority, a proxy must ignore Host
 * and replace it.  So a Host that disagrees is no fault: nobody behind us sees
 * it, and the policy sees the target's.  One that is no host at all is a fault
 * in any request (3.2), because nobody can have meant it.
 */
static int
check_host(const struct http_field *host, struct arena *arena,
    enum http_fault *reterr_fault)
{
	struct http_uri ignored;

	if (host == NULL)
		return 0;
	return http_uri_parse_authority(
	    host->value, HTTP_SCHEME_HTTP, arena, &ignored, reterr_fault);
}

/* Most often Host is the authority of the target, letter by letter, and that
 * is looked at anyway. */
static bool
is_authority_of(struct str host, struct str target)
{
	struct str rest = str_skip(target, str_find(target, ':'));

	if (!str_starts(rest, STR("://")))
		return false;
	rest = str_skip(rest, strlen("://"));
	return host.len > 0 && str_starts(rest, host) &&
	       (rest.len == host.len || rest.at[host.len] == '/');
}

static int
parse_absolute(struct str target, const struct http_field *host,
    struct arena *arena, struct http_request *request,
    enum http_fault *reterr_fault)
{
	int error = 0;

	request->target = HTTP_TARGET_ABSOLUTE;
	if (host != NULL && !is_authority_of(host->value, target))
		error = check_host(host, arena, reterr_fault);
	if (error == 0)
		error =
		    http_uri_parse(target, arena, &request->uri, reterr_fault);
	if (error < 0)
		return error;
	/* RFC 9112, 3.2.4: OPTIONS without a path asks about the server. */
	if (request->uri.path.len == 0 &&
	    request->method != HTTP_METHOD_OPTIONS)
		request->uri.path = STR("/");
	return 0;
}

static int
parse_authority(struct str target, const struct http_field *host,
    struct arena *arena, struct http_request *request,
    enum http_fault *reterr_fault)
{
	int error = check_host(host, arena, reterr_fault);

	request->target = HTTP_TARGET_AUTHORITY;
	if (error < 0)
		return error;
	return http_uri_parse_authority(
	    target, HTTP_SCHEME_NONE, arena, &request->uri, reterr_fault);
}

static int
parse_origin(struct str target, const struct http_field *host,
    const struct http_arrival *arrival, struct arena *arena,
    struct http_request *request, enum http_fault *reterr_fault)
{
	int error =
	    uri_of_host(host, arrival, arena, &request->uri, reterr_fault);

	request->target = HTTP_TARGET_ORIGIN;
	if (error < 0)
		return error;
	if (target.at[0] == '/')
		return http_uri_parse_path(&request->uri, target, reterr_fault);
	request->target = HTTP_TARGET_ASTERISK;
	return 0;
}

/* RFC 9112, 3.2: the form of the target, told by its first byte and method. */
static int
parse_target(struct str target, const struct http_field *host,
    const struct http_arrival *arrival, struct arena *arena,
    struct http_request *request, enum http_fault *reterr_fault)
{
	bool asterisk =
	    str_is(target, "*") && request->method == HTTP_METHOD_OPTIONS;

	if (host == NULL && request->minor > 0)
		return http_refuse(reterr_fault, HTTP_FAULT_HOST_MISSING);
	if (request->method == HTTP_METHOD_CONNECT)
		return parse_authority(
		    target, host, arena, request, reterr_fault);
	if (target.at[0] == '/' || asterisk)
		return parse_origin(
		    target, host, arrival, arena, request, reterr_fault);
	if (str_find(target, ':') == target.len)
		return http_refuse(reterr_fault, HTTP_FAULT_TARGET);
	return parse_absolute(target, host, arena, request, reterr_fault);
}

/*
 * A request without length or coding has no content (RFC 9112, 6.3 (7)).
 * CONNECT has none ever (RFC 9110, 9.3.6): bytes behind its head are for the
 * tunnel, so a length that says otherwise is refused.  "Content-Length: 0" is
 * sent by real clients and says the same.  In frames content `follows` without
 * a word, and does not where its length is told (RFC 9113, 8.1.1).
 */
static int
set_framing(struct http_request *request, struct http_length length,
    bool follows, enum http_fault *reterr_fault)
{
	request->content_length = length.length;
	if (request->method == HTTP_METHOD_CONNECT) {
		request->content_length = HTTP_UNSAID;
		request->framing = HTTP_FRAMING_NONE;
		if (length.chunked || length.length > 0)
			return http_refuse(
			    reterr_fault, HTTP_FAULT_CONNECT_CONTENT);
	} else if (length.chunked) {
		request->framing = HTTP_FRAMING_CHUNKED;
	} else if (length.length != HTTP_UNSAID) {
		request->framing = HTTP_FRAMING_LENGTH;
		if (request->framed && !follows && length.length > 0)
			return http_refuse(
			    reterr_fault, HTTP_FAULT_LENGTH_WRONG);
	} else if (request->framed && follows) {
		request->framing = HTTP_FRAMING_UNTIL_CLOSE;
	} else {
		request->framing = HTTP_FRAMING_NONE;
	}
	return 0;
}

/*
 * RFC 9110, 10.1.1.  Other expectations are refused; ours is forgotten where
 * it means nothing: in HTTP/1.0, and where no content will come.  A next hop
 * that waits for content after such an Expect is a known way to desynchronise.
 */
static int
set_expectation(struct http_request *request, enum http_fault *reterr_fault)
{
	struct http_members members =
	    HTTP_MEMBERS(&request->fields, HTTP_NAME_EXPECT);
	bool content = request->framing == HTTP_FRAMING_CHUNKED ||
		       request->framing == HTTP_FRAMING_UNTIL_CLOSE ||
		       request->content_length > 0;
	struct str member;

	request->expect_continue = false;
	while (http_members_next(&members, &member)) {
		if (!str_eq_nocase(member, STR("100-continue")))
			return http_refuse(
			    reterr_fault, HTTP_FAULT_EXPECTATION);
		request->expect_continue = request->minor > 0 && content;
	}
	return 0;
}

/* One number, and only where it has a meaning (RFC 9110, 7.6.2). */
static int
set_max_forwards(struct http_request *request, enum http_fault *reterr_fault)
{
	struct http_members members =
	    HTTP_MEMBERS(&request->fields, HTTP_NAME_MAX_FORWARDS);
	struct str number;

	request->max_forwards = HTTP_UNSAID;
	if (request->method != HTTP_METHOD_OPTIONS &&
	    request->method != HTTP_METHOD_TRACE)
		return 0;
	while (http_members_next(&members, &number))
		if (request->max_forwards != HTTP_UNSAID ||
		    !http_digits_read(number, &request->max_forwards))
			return http_refuse(
			    reterr_fault, HTTP_FAULT_MAX_FORWARDS);
	return 0;
}

/*
 * RFC 9112, 9.3 lets a proxy keep no connection of an HTTP/1.0 client: an old
 * proxy between the two passes "keep-alive" on without knowing it.
 */
static void
set_connection(struct http_request *request, const struct http_facts *facts)
{
	request->keep_alive = request->minor > 0 && !request->framed &&
			      http_facts_persist(facts, request->minor);
	request->upgrade = (struct str){ NULL, 0 };
	if (request->minor > 0 && facts->may_upgrade && !facts->odd &&
	    facts->upgrade != NULL && facts->upgrade->value.len > 0)
		request->upgrade = facts->upgrade->value;
}

static int
read_fields(struct http_request *request, bool follows,
    struct http_facts *facts, enum http_fault *reterr_fault)
{
	struct http_length length;
	int error = http_facts_read(&request->fields, facts, reterr_fault);

	if (error == 0)
		error = http_length_read(
		    facts, request->minor, &length, reterr_fault);
	if (error == 0)
		error = set_framing(request, length, follows, reterr_fault);
	if (error == 0 && facts->expects)
		error = set_expectation(request, reterr_fault);
	if (error == 0)
		error = set_max_forwards(request, reterr_fault);
	if (error == 0)
		set_connection(request, facts);
	return error;
}

static int
parse_head(struct str head, const struct http_head_scan *scan,
    const struct http_arrival *arrival, struct arena *arena,
    struct http_request *request, enum http_fault *reterr_fault)
{
	struct request_line line;
	struct http_facts facts;
	int error = cut_request_line(&head, scan->framed, &line, reterr_fault);

	if (error < 0)
		return error;
	request->method_text = line.method;
	request->method = http_method_find(line.method);
	request->minor = line.minor;
	request->framed = scan->framed;
	error = http_fields_parse(
	    head, scan->lines, arena, &request->fields, reterr_fault);
	if (error == 0)
		error =
		    read_fields(request, !scan->alone, &facts, reterr_fault);
	if (error == 0)
		error = parse_target(line.target, facts.host, arrival, arena,
		    request, reterr_fault);
	return error;
}

int
http_request_parse(struct str bytes, struct http_head_scan *scan,
    const struct http_arrival *arrival, struct arena *arena,
    struct http_request *ret, enum http_fault *reterr_fault)
{
	struct http_request request = { 0 };
	struct str head;

	must(arrival->scheme != HTTP_SCHEME_NONE);
	int used = http_head_find(bytes, scan, HTTP_BLANK_LINES_MAX,
	    starts_request, &head, reterr_fault);

	if (used == -EAGAIN)
		return used;
	struct http_head_scan seen = *scan;
	http_head_scan_again(scan);
	if (used < 0)
		return used;
	int error =
	    parse_head(head, &seen, arrival, arena, &request, reterr_fault);
	if (error < 0)
		return error;
	*ret = request;
	return used;
}
