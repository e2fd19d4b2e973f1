/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Readers cut the text at its marks from the left and refuse what is left over;
 * nothing is searched from the right, where "http://a@b@c" has two readings.
 */
#include "http/uri.h"

#include "base/must.h"
#include "http/octet.h"

static const struct {
	struct str text;
	uint16_t port;
} schemes[HTTP_SCHEME_COUNT] = {
	[HTTP_SCHEME_NONE] = { STR_INIT(""), 0 },
	[HTTP_SCHEME_HTTP] = { STR_INIT("http"), 80 },
	[HTTP_SCHEME_HTTPS] = { STR_INIT("https"), 443 },
};

struct str
http_scheme_text(enum http_scheme scheme)
{
	must((unsigned)scheme < HTTP_SCHEME_COUNT);
	return schemes[scheme].text;
}

uint16_t
http_scheme_port(enum http_scheme scheme)
{
	must((unsigned)scheme < HTTP_SCHEME_COUNT);
	return schemes[scheme].port;
}

/*
 * An empty port is the scheme's own (RFC 3986, 3.2.3).  Zero is no port, and
 * "0080" is a second spelling of 80 that nobody needs.
 */
static int
parse_port(struct str text, struct http_uri *uri, enum http_fault *reterr_fault)
{
	uint64_t port;

	if (text.len == 0) {
		uri->port = http_scheme_port(uri->scheme);
		uri->port_explicit = false;
		if (uri->port == 0)
			return http_refuse(reterr_fault, HTTP_FAULT_PORT);
		return 0;
	}
	if (str_number(text, UINT16_MAX, &port) < 0 || port == 0)
		return http_refuse(reterr_fault, HTTP_FAULT_PORT);
	uri->port = (uint16_t)port;
	uri->port_explicit = true;
	return 0;
}

/* "[v6]" and what is behind it, which must be nothing or a port. */
static int
parse_bracketed(struct str text, struct arena *arena, struct http_uri *uri,
    struct str *ret_port, enum http_fault *reterr_fault)
{
	size_t end = str_find(text, ']');
	struct str inside = { text.at + 1, end - 1 };
	struct str behind = str_skip(text, end + 1);

	if (end == text.len || (behind.len > 0 && behind.at[0] != ':'))
		return http_refuse(reterr_fault, HTTP_FAULT_HOST);
	*ret_port = str_skip(behind, 1);
	return http_host_parse_ipv6(inside, arena, &uri->host, reterr_fault);
}

/* A second ':' lands in the port, which then is no number. */
static int
parse_host_port(struct str text, struct arena *arena, struct http_uri *uri,
    enum http_fault *reterr_fault)
{
	struct str port = text;
	int error;

	if (text.len > 0 && text.at[0] == '[')
		error = parse_bracketed(text, arena, uri, &port, reterr_fault);
	else
		error = http_host_parse(
		    str_cut(&port, ':'), arena, &uri->host, reterr_fault);
	if (error < 0)
		return error;
	return parse_port(port, uri, reterr_fault);
}

int
http_uri_parse_authority(struct str text, enum http_scheme scheme,
    struct arena *arena, struct http_uri *ret, enum http_fault *reterr_fault)
{
	struct http_uri uri = { .scheme = scheme };

	if (str_find(text, '@') < text.len)
		return http_refuse(reterr_fault, HTTP_FAULT_USERINFO);
	int error = parse_host_port(text, arena, &uri, reterr_fault);
	if (error < 0)
		return error;
	*ret = uri;
	return 0;
}

int
http_uri_parse_path(
    struct http_uri *uri, struct str path, enum http_fault *reterr_fault)
{
	if (path.len == 0 || path.at[0] != '/' ||
	    !http_octet_all(path, HTTP_OCTET_PATH))
		return http_refuse(reterr_fault, HTTP_FAULT_PATH);
	uri->path = path;
	return 0;
}

/* A query that follows the authority at once gets the "/" it lacks. */
static int
rooted_path(struct str rest, struct arena *arena, struct str *ret)
{
	if (rest.len == 0 || rest.at[0] != '?') {
		*ret = rest;
		return 0;
	}
	char *copy = arena_alloc(arena, rest.len + 1);
	if (copy == NULL)
		return -ENOMEM;
	copy[0] = '/';
	memcpy(copy + 1, rest.at, rest.len);
	*ret = (struct str){ copy, rest.len + 1 };
	return 0;
}

/* Takes "http://" or "https://" off the head of *rest; false if neither. */
static bool
cut_scheme(struct str *rest, enum http_scheme *ret)
{
	size_t colon = str_find(*rest, ':');
	struct str text = { rest->at, colon };

	for (unsigned i = HTTP_SCHEME_HTTP; i < HTTP_SCHEME_COUNT; i++) {
		if (!str_eq_nocase(text, schemes[i].text))
			continue;
		*rest = str_skip(*rest, colon);
		if (!str_starts(*rest, STR("://")))
			return false;
		*rest = str_skip(*rest, 3);
		*ret = (enum http_scheme)i;
		return true;
	}
	return false;
}

static bool
ends_authority(char c)
{
	return c == '/' || c == '?' || c == '#';
}

int
http_uri_parse(struct str text, struct arena *arena, struct http_uri *ret,
    enum http_fault *reterr_fault)
{
	struct str rest = text, path;
	enum http_scheme scheme;
	struct http_uri uri;
	size_t end = 0;

	if (!cut_scheme(&rest, &scheme))
		return http_refuse(reterr_fault, HTTP_FAULT_SCHEME);
	while (end < rest.len && !ends_authority(rest.at[end]))
		end++;
	int error = http_uri_parse_authority(
	    (struct str){ rest.at, end }, scheme, arena, &uri, reterr_fault);
	if (error == 0)
		error = rooted_path(str_skip(rest, end), arena, &path);
	if (error == 0 && path.len > 0)
		error = http_uri_parse_path(&uri, path, reterr_fault);
	if (error < 0)
		return error;
	*ret = uri;
	return 0;
}

struct str
http_uri_path(const struct http_uri *uri)
{
	return (struct str){ uri->path.at, str_find(uri->path, '?') };
}

struct str
http_uri_query(const struct http_uri *uri)
{
	return str_skip(uri->path, str_find(uri->path, '?') + 1);
}

bool
http_uri_same_origin(const struct http_uri *a, const struct http_uri *b)
{
	return a->scheme == b->scheme && a->port == b->port &&
	       str_eq(a->host.text, b->host.text);
}

static void
add_host(const struct http_uri *uri, struct text *out)
{
	bool bracket = uri->host.address.family == ADDRESS_IPV6;

	if (bracket)
		text_addc(out, '[');
	text_add(out, uri->host.text);
	if (bracket)
		text_addc(out, ']');
}

void
http_uri_add_authority(const struct http_uri *uri, struct text *out)
{
	add_host(uri, out);
	text_addc(out, ':');
	text_add_number(out, uri->port);
}

void
http_uri_add_host(const struct http_uri *uri, struct text *out)
{
	if (uri->port == http_scheme_port(uri->scheme))
		add_host(uri, out);
	else
		http_uri_add_authority(uri, out);
}

void
http_uri_add(const struct http_uri *uri, struct text *out)
{
	if (uri->scheme != HTTP_SCHEME_NONE) {
		text_add(out, http_scheme_text(uri->scheme));
		text_addz(out, "://");
	}
	http_uri_add_host(uri, out);
	text_add(out, uri->path);
}
