/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http2/head.h"

#include "http/limits.h"
#include "http/line.h"
#include "http/name.h"
#include "http/octet.h"

#include <errno.h>
#include <sys/random.h>

/* RFC 9113, 6.5.2 */
#define FIELD_OVERHEAD 32

#define KEY_BYTES 16 /* RFC 6455, 4.1 (7) */

static const struct str pseudo_names[HTTP2_PSEUDO_COUNT] = {
	[HTTP2_PSEUDO_METHOD] = STR_INIT(":method"),
	[HTTP2_PSEUDO_SCHEME] = STR_INIT(":scheme"),
	[HTTP2_PSEUDO_AUTHORITY] = STR_INIT(":authority"),
	[HTTP2_PSEUDO_PATH] = STR_INIT(":path"),
	[HTTP2_PSEUDO_PROTOCOL] = STR_INIT(":protocol"),
	[HTTP2_PSEUDO_STATUS] = STR_INIT(":status"),
};

void
http2_head_clear(struct http2_head *head)
{
	text_clear(&head->bytes);
	text_clear(&head->lines);
	text_clear(&head->cookie);
	text_clear(&head->host);
	memset(head->pseudo, 0, sizeof(head->pseudo));
	head->count = 0;
	head->list = 0;
	head->has_regular = head->has_host = head->faulty = false;
}

static void
wipe(struct text *text)
{
	if (text->at != NULL)
		explicit_bzero(text->at, text->room);
	text_fini(text);
}

/* A password may stand in it. */
void
http2_head_fini(struct http2_head *head)
{
	wipe(&head->bytes);
	wipe(&head->lines);
	wipe(&head->cookie);
	wipe(&head->host);
}

static void
refuse(struct http2_head *head, enum http_fault fault)
{
	if (!head->faulty)
		head->fault = fault;
	head->faulty = true;
}

static bool
knows(const struct http2_head *head, enum http2_pseudo pseudo)
{
	return head->pseudo[pseudo].known;
}

bool
http2_head_opens_tunnel(const struct http2_head *head)
{
	return knows(head, HTTP2_PSEUDO_PROTOCOL);
}

/* ---- as they come ---- */

/* What may stand in it without reaching into what is written beside it. */
static bool
is_pseudo_value(enum http2_pseudo pseudo, struct str value)
{
	switch (pseudo) {
	case HTTP2_PSEUDO_METHOD:
	case HTTP2_PSEUDO_SCHEME:
	case HTTP2_PSEUDO_PROTOCOL:
	case HTTP2_PSEUDO_STATUS:
		return http_octet_all(value, HTTP_OCTET_TOKEN);
	case HTTP2_PSEUDO_AUTHORITY:
		return http_octet_all(value, HTTP_OCTET_AUTHORITY);
	case HTTP2_PSEUDO_PATH:
		return http_octet_all(value, HTTP_OCTET_VISIBLE);
	case HTTP2_PSEUDO_COUNT:
		break;
	}
	return false;
}

static enum http_fault
pseudo_fault(enum http2_pseudo pseudo)
{
	switch (pseudo) {
	case HTTP2_PSEUDO_AUTHORITY:
		return HTTP_FAULT_HOST;
	case HTTP2_PSEUDO_PATH:
		return HTTP_FAULT_PATH;
	case HTTP2_PSEUDO_SCHEME:
		return HTTP_FAULT_SCHEME;
	case HTTP2_PSEUDO_METHOD:
		return HTTP_FAULT_REQUEST_LINE;
	case HTTP2_PSEUDO_STATUS:
		return HTTP_FAULT_STATUS_LINE;
	case HTTP2_PSEUDO_PROTOCOL:
	case HTTP2_PSEUDO_COUNT:
		break;
	}
	return HTTP_FAULT_PROTOCOL;
}

/* RFC 9113, 8.3 */
static void
add_pseudo(struct http2_head *head, struct str name, struct str value)
{
	enum http2_pseudo which = 0;

	while (which < HTTP2_PSEUDO_COUNT && !str_eq(name, pseudo_names[which]))
		which++;
	if (which == HTTP2_PSEUDO_COUNT || head->has_regular ||
	    head->pseudo[which].known) {
		refuse(head, HTTP_FAULT_PSEUDO_FIELD);
		return;
	}
	if (!is_pseudo_value(which, value)) {
		refuse(head, pseudo_fault(which));
		return;
	}
	head->pseudo[which].known = true;
	head->pseudo[which].at = head->bytes.len;
	head->pseudo[which].len = value.len;
	text_add(&head->bytes, value);
}

/* RFC 9113, 8.2.1 */
static bool
is_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] >= 'A' && name.at[i] <= 'Z')
			return false;
	return http_octet_all(name, HTTP_OCTET_TOKEN);
}

static bool
is_value(struct str value)
{
	return http_octet_trim(value).len == value.len &&
	       http_octet_value_span(value) == value.len;
}

static bool
is_of_hop(enum http_name id, struct str value)
{
	return http_name_is_of_connection(id) ||
	       (id == HTTP_NAME_TE && !str_eq_nocase(value, STR("trailers")));
}

static void
add_host(struct http2_head *head, struct str value)
{
	if (head->has_host)
		refuse(head, HTTP_FAULT_HOST_MANY);
	else if (!is_pseudo_value(HTTP2_PSEUDO_AUTHORITY, value))
		refuse(head, HTTP_FAULT_HOST);
	head->has_host = true;
	text_add(&head->host, value);
}

/* RFC 9113, 8.2.3: for the next hop they are one line. */
static void
add_cookie(struct http2_head *head, struct str value)
{
	if (head->cookie.len > 0)
		text_add(&head->cookie, STR("; "));
	text_add(&head->cookie, value);
}

/* RFC 8441, 5: what proves in HTTP/1 that both speak of WebSocket is between us
 * and the server. */
static bool
is_of_opening(const struct http2_head *head, struct str name)
{
	return http2_head_opens_tunnel(head) &&
	       (str_is(name, "sec-websocket-key") ||
		   str_is(name, "sec-websocket-accept"));
}

static void
add_regular(struct http2_head *head, struct str name, struct str value)
{
	enum http_name id = http_name_find(name);

	head->has_regular = true;
	if (++head->count > HTTP_FIELDS_MAX)
		refuse(head, HTTP_FAULT_FIELDS_MANY);
	else if (!is_name(name))
		refuse(head, HTTP_FAULT_FIELD_NAME);
	else if (!is_value(value))
		refuse(head, HTTP_FAULT_FIELD_VALUE);
	else if (is_of_hop(id, value))
		refuse(head, HTTP_FAULT_HOP_FIELD);
	else if (id == HTTP_NAME_HOST)
		add_host(head, value);
	else if (id == HTTP_NAME_COOKIE)
		add_cookie(head, value);
	else if (!is_of_opening(head, name))
		http_line_add(&head->lines, name, value);
}

void
http2_head_add(struct http2_head *head, struct str name, struct str value)
{
	head->list += name.len + value.len + FIELD_OVERHEAD;
	if (head->list > HTTP_HEAD_BYTES_MAX)
		refuse(head, HTTP_FAULT_HEAD_LARGE);
	if (head->faulty)
		return;
	if (name.len > 0 && name.at[0] == ':')
		add_pseudo(head, name, value);
	else
		add_regular(head, name, value);
}

/* ---- all of it ---- */

/* A value that found no room is not there to be looked at. */
static bool
lacks_memory(const struct http2_head *head)
{
	return head->bytes.full || head->lines.full || head->cookie.full ||
	       head->host.full;
}

static struct str
value_of(const struct http2_head *head, enum http2_pseudo pseudo)
{
	return (struct str){ head->bytes.at + head->pseudo[pseudo].at,
		head->pseudo[pseudo].len };
}

static bool
is_connect(const struct http2_head *head)
{
	return knows(head, HTTP2_PSEUDO_METHOD) &&
	       str_is(value_of(head, HTTP2_PSEUDO_METHOD), "CONNECT");
}

/* RFC 9113, 8.3.1 and 8.5; RFC 8441, 4 */
static bool
has_pseudo_fields(const struct http2_head *head)
{
	bool extended = knows(head, HTTP2_PSEUDO_PROTOCOL);
	bool plain_connect = is_connect(head) && !extended;

	if (!knows(head, HTTP2_PSEUDO_METHOD) ||
	    knows(head, HTTP2_PSEUDO_STATUS) || (extended && !is_connect(head)))
		return false;
	if (knows(head, HTTP2_PSEUDO_SCHEME) == plain_connect ||
	    knows(head, HTTP2_PSEUDO_PATH) == plain_connect)
		return false;
	return knows(head, HTTP2_PSEUDO_AUTHORITY) ||
	       (!is_connect(head) && head->has_host);
}

static bool
has_path(const struct http2_head *head)
{
	struct str path = value_of(head, HTTP2_PSEUDO_PATH);

	if (is_connect(head) && !knows(head, HTTP2_PSEUDO_PROTOCOL))
		return true;
	return path.at[0] == '/' ||
	       (str_is(path, "*") &&
		   str_is(value_of(head, HTTP2_PSEUDO_METHOD), "OPTIONS"));
}

static bool
is_host_authority(const struct http2_head *head)
{
	return !head->has_host || !knows(head, HTTP2_PSEUDO_AUTHORITY) ||
	       str_eq_nocase(text_str(&head->host),
		   value_of(head, HTTP2_PSEUDO_AUTHORITY));
}

static void
check_request(struct http2_head *head)
{
	if (head->faulty)
		return;
	if (!has_pseudo_fields(head))
		refuse(head, HTTP_FAULT_PSEUDO_FIELD);
	else if (!has_path(head))
		refuse(head, HTTP_FAULT_PATH);
	else if (!is_host_authority(head))
		refuse(head, HTTP_FAULT_HOST_OTHER);
	else if (knows(head, HTTP2_PSEUDO_PROTOCOL) &&
		 !str_eq_nocase(
		     value_of(head, HTTP2_PSEUDO_PROTOCOL), STR("websocket")))
		refuse(head, HTTP_FAULT_PROTOCOL);
}

static struct str
authority_of(const struct http2_head *head)
{
	return knows(head, HTTP2_PSEUDO_AUTHORITY)
		   ? value_of(head, HTTP2_PSEUDO_AUTHORITY)
		   : text_str(&head->host);
}

static void
add_url(const struct http2_head *head, struct text *out)
{
	struct str path = value_of(head, HTTP2_PSEUDO_PATH);

	text_add(out, value_of(head, HTTP2_PSEUDO_SCHEME));
	text_add(out, STR("://"));
	text_add(out, authority_of(head));
	/* RFC 9112, 3.2.4: so it stands for a server as a whole. */
	if (!str_is(path, "*"))
		text_add(out, path);
}

static void
add_key(struct text *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno"
				     "pqrstuvwxyz0123456789+/";
	uint8_t key[KEY_BYTES + 2] = { 0 };

	/* It guards nothing: the server proves by it that it knows what it is
	 * asked for (proxy/websocket). */
	(void)!getrandom(key, KEY_BYTES, GRND_NONBLOCK);
	text_add(out, STR("sec-websocket-key: "));
	for (size_t i = 0; i < 22; i++) {
		size_t bit = i * 6;
		unsigned pair = (unsigned)key[bit / 8] << 8 | key[bit / 8 + 1];
		text_addc(out, digits[pair >> (10 - bit % 8) & 63]);
	}
	text_add(out, STR("==\r\n"));
}

static void
add_first_lines(const struct http2_head *head, struct text *out)
{
	bool extended = knows(head, HTTP2_PSEUDO_PROTOCOL);

	text_add(
	    out, extended ? STR("GET") : value_of(head, HTTP2_PSEUDO_METHOD));
	text_addc(out, ' ');
	if (is_connect(head) && !extended)
		text_add(out, authority_of(head));
	else
		add_url(head, out);
	text_add(out, STR(" HTTP/2.0\r\n"));
	http_line_add(out, STR("host"), authority_of(head));
	if (!extended)
		return;
	text_add(out, STR("connection: upgrade\r\nupgrade: websocket\r\n"));
	add_key(out);
}

static int
end(struct http2_head *head, struct text *out)
{
	text_add(out, text_str(&head->lines));
	if (head->cookie.len > 0)
		http_line_add(out, STR("cookie"), text_str(&head->cookie));
	text_add(out, STR("\r\n"));
	return out->full ? -ENOMEM : 0;
}

int
http2_head_write_request(
    struct http2_head *head, struct text *out, enum http_fault *reterr_fault)
{
	if (lacks_memory(head))
		return -ENOMEM;
	check_request(head);
	if (head->faulty)
		return http_refuse(reterr_fault, head->fault);
	add_first_lines(head, out);
	return end(head, out);
}

/* RFC 9113, 8.3.2 and 8.6: there is no 101. */
static bool
read_status(const struct http2_head *head, unsigned *ret)
{
	struct str text = value_of(head, HTTP2_PSEUDO_STATUS);
	unsigned status = 0;

	for (size_t i = 0; i < HTTP2_PSEUDO_STATUS; i++)
		if (knows(head, (enum http2_pseudo)i))
			return false;
	if (!knows(head, HTTP2_PSEUDO_STATUS) || text.len != 3)
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (!ascii_is_digit(text.at[i]))
			return false;
		status = status * 10 + (unsigned)(text.at[i] - '0');
	}
	*ret = status;
	return status >= 100 && status != 101;
}

int
http2_head_write_response(struct http2_head *head, struct text *out,
    unsigned *ret_status, enum http_fault *reterr_fault)
{
	unsigned status = 0;

	if (lacks_memory(head))
		return -ENOMEM;
	if (!head->faulty && !read_status(head, &status))
		refuse(head, HTTP_FAULT_STATUS_LINE);
	if (head->faulty)
		return http_refuse(reterr_fault, head->fault);
	text_add(out, STR("HTTP/2.0 "));
	text_add(out, value_of(head, HTTP2_PSEUDO_STATUS));
	text_add(out, STR(" \r\n"));
	*ret_status = status;
	return end(head, out);
}

int
http2_head_write_trailers(
    struct http2_head *head, struct text *out, enum http_fault *reterr_fault)
{
	struct str rest = text_str(&head->lines);

	if (lacks_memory(head))
		return -ENOMEM;
	for (size_t i = 0; i < HTTP2_PSEUDO_COUNT; i++)
		if (knows(head, (enum http2_pseudo)i))
			refuse(head, HTTP_FAULT_PSEUDO_FIELD);
	if (head->faulty)
		return http_refuse(reterr_fault, head->fault);
	while (rest.len > 0) {
		size_t len = str_find(rest, '\n') + 1;
		struct str line = { rest.at, len };
		struct str name = { line.at, str_find(line, ':') };
		if (http_name_find(name) == HTTP_NAME_OTHER)
			text_add(out, line);
		rest = str_skip(rest, len);
	}
	return out->full ? -ENOMEM : 0;
}
